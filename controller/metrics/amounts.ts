// Amounts of resources as metrics tell them: cores of CPU, whole units of everything else.
import { parseQuantity, podRequests } from '../kubernetes/index.ts';
import { asPod, conditionOf, type Quantities } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** Resource to amount. */
export type Amounts = ReadonlyMap<string, number>;

const NANO_PER_MILLI = 1_000_000n;
const NANO_PER_WHOLE = 1_000_000_000n;
const NONE: Amounts = new Map();

/** CPU to the thousandth of a core, everything else whole; what is finer counts up, as Kubernetes rounds quantities. */
function amountOf(resource: string, nano: bigint): number {
  const step = resource === 'cpu' ? NANO_PER_MILLI : NANO_PER_WHOLE;
  const steps = nano > 0n ? (nano + step - 1n) / step : nano / step;
  return resource === 'cpu' ? Number(steps) / 1_000 : Number(steps);
}

/** Amounts that an object of the API says; what is no quantity is left out. */
export function writtenAmounts(written: Quantities | undefined): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [resource, value] of Object.entries(written ?? {})) {
    const nano = parseQuantity(value);
    if (nano !== undefined) amounts.set(resource, amountOf(resource, nano));
  }
  return amounts;
}

/** What a pod takes. */
export interface PodAmounts {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** Reads what pods take. Most pods are like others: what was worked out for one is kept for the next, up to a bound. */
export function podAmountsReader(): (pod: ApiObject) => PodAmounts {
  const known = new Map<string, PodAmounts>();
  return (pod) => {
    const { containers, initContainers, resources, overhead } = (pod.spec ?? {}) as Fields;
    const { containerStatuses, initContainerStatuses } = (pod.status ?? {}) as Fields;
    const held = [containerStatuses, initContainerStatuses, conditionOf(pod, 'PodResizePending')?.reason];
    const key = JSON.stringify([containers, initContainers, resources, overhead, held]);
    let amounts = known.get(key);
    if (amounts === undefined) {
      if (known.size >= LIMITS.podShapeCount) known.clear();
      amounts = podAmounts(pod);
      known.set(key, amounts);
    }
    return amounts;
  };
}

/** Requests and limits of a pod, itself as one of `pods` included. */
function podAmounts(pod: ApiObject): PodAmounts {
  return {
    requests: totals(pod.spec, asPod(pod).status),
    limits: totals(limitsAsRequests(pod.spec), undefined),
  };
}

/** A pod that can't be understood takes nothing: whoever plans tells its owner. */
function totals(spec: unknown, status: unknown): Amounts {
  try {
    const exact = podRequests((spec ?? {}) as never, undefined, status as never, undefined);
    const amounts = new Map<string, number>([['pods', 1]]);
    for (const [resource, nano] of exact) amounts.set(resource, amountOf(resource, nano));
    return amounts;
  } catch {
    return NONE;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** A spec whose containers ask for their limits and nothing else. */
function limitsAsRequests(spec: unknown): Fields {
  const limited = (entry: unknown): unknown => {
    const { resources, ...rest } = entry as Fields;
    return { ...rest, resources: { limits: (resources as Fields | undefined)?.limits } };
  };
  const { containers, initContainers, resources, ...rest } = (spec ?? {}) as Fields;
  const lists = { containers, initContainers };
  const changed = Object.entries(lists).map(([key, list]) => [key, Array.isArray(list) ? list.map(limited) : list]);
  return {
    ...rest,
    ...Object.fromEntries(changed),
    ...(resources === undefined ? {} : { resources: { limits: (resources as Fields).limits } }),
  };
}

/** Adds amounts to a sum. */
export function addTo(sum: Map<string, number>, amounts: Amounts): void {
  for (const [resource, amount] of amounts) {
    const total = (sum.get(resource) ?? 0) + amount;
    // Back to thousandths, so that ten times 0.1 is 1.
    sum.set(resource, resource === 'cpu' ? Math.round(total * 1_000) / 1_000 : total);
  }
}
