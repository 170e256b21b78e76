// Requests and room as numbers: CPU in thousandths, everything else in whole units. What is asked for rounds up, what is
// offered down. Every number here is exact below 2⁵³.
import { parseQuantity } from '../../kubernetes/index.ts';
import type { Container, PodSpec, Quantities } from '../objects.ts';

/** Resource name to amount. */
export type Amounts = ReadonlyMap<string, number>;

function nanoPerUnit(resource: string): bigint {
  return resource === 'cpu' ? 1_000_000n : 1_000_000_000n;
}

/** Amounts of quantities; what can't be read is zero. */
export function amountsOf(quantities: Quantities | undefined, rounding: 'up' | 'down'): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(quantities ?? {})) {
    const nano = parseQuantity(quantity) ?? 0n;
    const unit = nanoPerUnit(resource);
    amounts.set(resource, Number(rounding === 'up' ? (nano + unit - 1n) / unit : nano / unit));
  }
  return amounts;
}

/**
 * What a pod needs: the sum of its containers and sidecars, or the most that an init container needs beside the sidecars
 * before it, with overhead; what is asked for the pod as a whole counts instead where it is written. One of `pods`.
 */
export function requestsOf(spec: PodSpec): Map<string, number> {
  const running = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of spec.initContainers ?? []) {
    const own = requestsOfContainer(container);
    if (container.restartPolicy === 'Always') {
      add(running, own);
      raise(peak, running);
    } else {
      const beside = new Map(running);
      add(beside, own);
      raise(peak, beside);
    }
  }
  for (const container of spec.containers) add(running, requestsOfContainer(container));
  raise(peak, running);
  for (const [resource, amount] of amountsOf(spec.resources?.requests, 'up')) peak.set(resource, amount);
  add(peak, amountsOf(spec.overhead, 'up'));
  peak.set('pods', 1);
  return peak;
}

function requestsOfContainer(container: Container): Amounts {
  return amountsOf(container.resources?.requests, 'up');
}

function add(to: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts) to.set(resource, (to.get(resource) ?? 0) + amount);
}

function raise(to: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts) to.set(resource, Math.max(to.get(resource) ?? 0, amount));
}
