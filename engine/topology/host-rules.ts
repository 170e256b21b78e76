// Rules that one node decides: how many pods of a spread over hosts it takes, which pods keep apart on it, which ports
// are taken. Here as a check for one pod and the pods of one node, for nodes that exist and for single steps; as arithmetic
// for the packer, which fills a node with many pods at a time, they are in host-groups.ts.
import type { HostPortInput, PodShape } from '../model/index.ts';
import { type AffinityRule, type Counter, isOnHostname, type SpreadRule, type TopologyRules } from './rules.ts';

/** A pod as host rules see it. */
export interface HostPod {
  readonly shape: Pick<PodShape, 'namespace' | 'labels' | 'hostPorts' | 'priority'>;
  /** Counters that count it. */
  readonly counting: ReadonlySet<Counter>;
  readonly rules: TopologyRules;
}

/** Why a pod can't be beside the others of a node. */
export type HostObstacle =
  | { readonly kind: 'spread'; readonly rule: SpreadRule }
  | { readonly kind: 'affinity'; readonly rule: AffinityRule }
  | { readonly kind: 'anti-affinity'; readonly rule: AffinityRule }
  | { readonly kind: 'held-away' }
  | { readonly kind: 'host-port'; readonly port: HostPortInput };

/** Whether the pod brings a rule of this kind, or could be kept away by another pod's. */
export function hasHostRules(pod: HostPod): boolean {
  const { spreads, affinities, antiAffinities } = pod.rules;
  return (
    pod.shape.hostPorts.length > 0 ||
    spreads.some(isOnHostname) ||
    affinities.some(isOnHostname) ||
    antiAffinities.some(isOnHostname)
  );
}

/**
 * What keeps one more pod off a node that holds `others` (pods and how many of each). `mayStart` says whether an
 * affinity may start a group on a node without a pod that it means, `leastOf` from how many pods on the least full host a
 * spread is counted: from none while nodes without any can still come.
 */
export function hostObstacle(
  pod: HostPod,
  others: ReadonlyMap<HostPod, number>,
  mayStart: boolean,
  leastOf: (rule: SpreadRule) => number = countsFromNone,
): HostObstacle | undefined {
  for (const rule of pod.rules.spreads) {
    if (!isOnHostname(rule)) continue;
    if (countedBy(rule.counter, others) + (rule.countsItself ? 1 : 0) - leastOf(rule) > rule.input.maxSkew) {
      return { kind: 'spread', rule };
    }
  }
  for (const rule of pod.rules.affinities) {
    if (isOnHostname(rule) && !mayStart && countedBy(rule.counter, others) === 0) return { kind: 'affinity', rule };
  }
  for (const rule of pod.rules.antiAffinities) {
    if (isOnHostname(rule) && countedBy(rule.counter, others) > 0) return { kind: 'anti-affinity', rule };
  }
  for (const [other, count] of others) {
    if (count <= 0) continue;
    for (const rule of other.rules.antiAffinities) {
      if (rule.weight === undefined && isOnHostname(rule) && pod.counting.has(rule.counter)) {
        return { kind: 'held-away' };
      }
    }
    if (pod.shape.hostPorts.length === 0 || other.shape.hostPorts.length === 0) continue;
    const port = collidingPort(pod.shape.hostPorts, other.shape.hostPorts);
    if (port !== undefined) return { kind: 'host-port', port };
  }
  return undefined;
}

const countsFromNone = (): number => 0;

function countedBy(counter: Counter, others: ReadonlyMap<HostPod, number>): number {
  let sum = 0;
  for (const [other, count] of others) if (other.counting.has(counter)) sum += count;
  return sum;
}

/** The first port of `left` that `right` takes as well; an empty or unspecified address stands for all addresses. */
export function collidingPort(
  left: readonly HostPortInput[],
  right: readonly HostPortInput[],
): HostPortInput | undefined {
  return left.find((port) =>
    right.some(
      (other) =>
        port.port === other.port &&
        port.protocol === other.protocol &&
        (isAnyAddress(port.hostIp) || isAnyAddress(other.hostIp) || port.hostIp === other.hostIp),
    ),
  );
}

/** Whether a host address stands for all addresses. */
export function isAnyAddress(address: string): boolean {
  return address === '' || address === '0.0.0.0' || address === '::';
}
