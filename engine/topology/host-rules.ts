// Rules that one node decides: how many pods of a spread over hosts it takes, which pods keep apart on it, which ports
// are taken. Two forms of the same rules: arithmetic for the packer (HostRules), which fills a node with many pods at a
// time, and a check for one pod and the pods of one node (hostObstacle), for nodes that exist and for single steps.
import type { HostPortInput, PodShape } from '../model/index.ts';
import { type AffinityRule, type Counter, isOnHostname, type SpreadRule, type TopologyRules } from './rules.ts';

/** A pod as host rules see it. */
export interface HostPod {
  readonly shape: Pick<PodShape, 'namespace' | 'labels' | 'hostPorts'>;
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
 * affinity may start a group on a node without a pod that it means.
 */
export function hostObstacle(
  pod: HostPod,
  others: Iterable<readonly [HostPod, number]>,
  mayStart: boolean,
): HostObstacle | undefined {
  const present = [...others].filter(([, count]) => count > 0);
  const counted = (counter: Counter): number =>
    present.reduce((sum, [other, count]) => sum + (other.counting.has(counter) ? count : 0), 0);
  for (const rule of pod.rules.spreads) {
    if (!isOnHostname(rule)) continue;
    if (counted(rule.counter) + (rule.countsItself ? 1 : 0) > rule.input.maxSkew) return { kind: 'spread', rule };
  }
  for (const rule of pod.rules.affinities) {
    if (isOnHostname(rule) && counted(rule.counter) === 0 && !mayStart) return { kind: 'affinity', rule };
  }
  for (const rule of pod.rules.antiAffinities) {
    if (isOnHostname(rule) && counted(rule.counter) > 0) return { kind: 'anti-affinity', rule };
  }
  for (const [other] of present) {
    const holds = other.rules.antiAffinities.some(
      (rule) => rule.weight === undefined && isOnHostname(rule) && pod.counting.has(rule.counter),
    );
    if (holds) return { kind: 'held-away' };
    const port = collidingPort(pod.shape.hostPorts, other.shape.hostPorts);
    if (port !== undefined) return { kind: 'host-port', port };
  }
  return undefined;
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

function isAnyAddress(address: string): boolean {
  return address === '' || address === '0.0.0.0' || address === '::';
}

/** Units of pods that go together, as the packer counts them: members with their pods. */
export interface HostUnit {
  readonly members: readonly { readonly pod: HostPod; readonly podCount: number }[];
}

/** Host rules of the units of one packing. Units are named by position; groups are spreads over hosts. */
export interface HostRules {
  /** Most units of one kind on a node by themselves; Infinity where nothing caps them. */
  readonly selfCaps: Float64Array;
  /** Units that may not be beside each other: a bitset over units, undefined where there is none. */
  readonly conflicts: readonly (Uint32Array | undefined)[];
  readonly groupCount: number;
  /** `Float64Array[groups]`: most counted pods on a node that holds an owner. */
  readonly caps: Float64Array;
  /** Groups of unit u: entries `[starts[u], starts[u + 1])` of the next three. */
  readonly starts: Uint32Array;
  readonly groups: Uint32Array;
  /** Pods of one unit that the group counts. */
  readonly amounts: Float64Array;
  /** 1 where the unit holds the constraint itself. */
  readonly owners: Uint8Array;
  /** Counter of each group, for counting what is there already. */
  readonly counters: readonly Counter[];
}

/** The host rules of these units; undefined where there are none, so that packing need not look. */
export function buildHostRules(units: readonly HostUnit[]): HostRules | undefined {
  if (!units.some((unit) => unit.members.some(({ pod }) => hasHostRules(pod)))) return undefined;
  const groups = collectGroups(units);
  const selfCaps = new Float64Array(units.length).fill(Number.POSITIVE_INFINITY);
  const conflicts: (Uint32Array | undefined)[] = units.map(() => undefined);
  const conflict = (left: number, right: number): void => {
    if (left === right) {
      selfCaps[left] = 1;
      return;
    }
    for (const [one, other] of [
      [left, right],
      [right, left],
    ] as const) {
      let bits = conflicts[one];
      if (bits === undefined) {
        bits = new Uint32Array((units.length + 31) >>> 5);
        conflicts[one] = bits;
      }
      bits[other >>> 5]! |= 1 << (other & 31);
    }
  };
  markAntiAffinities(units, conflict);
  markPorts(units, conflict);
  const starts = new Uint32Array(units.length + 1);
  const unitGroups: number[] = [];
  const amounts: number[] = [];
  const owners: number[] = [];
  units.forEach((unit, index) => {
    groups.forEach(({ counter, maxSkew }, group) => {
      const amount = unit.members.reduce(
        (sum, { pod, podCount }) => sum + (pod.counting.has(counter) ? podCount : 0),
        0,
      );
      const owns = unit.members.some(({ pod }) => ownsSpread(pod, counter, maxSkew));
      if (amount === 0 && !owns) return;
      unitGroups.push(group);
      amounts.push(amount);
      owners.push(owns ? 1 : 0);
      if (owns && amount > 0) selfCaps[index] = Math.min(selfCaps[index]!, Math.floor(maxSkew / amount));
    });
    starts[index + 1] = unitGroups.length;
  });
  return {
    selfCaps,
    conflicts,
    groupCount: groups.length,
    caps: Float64Array.from(groups, ({ maxSkew }) => maxSkew),
    starts,
    groups: Uint32Array.from(unitGroups),
    amounts: Float64Array.from(amounts),
    owners: Uint8Array.from(owners),
    counters: groups.map(({ counter }) => counter),
  };
}

function ownsSpread(pod: HostPod, counter: Counter, maxSkew: number): boolean {
  return pod.rules.spreads.some((rule) => rule.counter === counter && rule.input.maxSkew === maxSkew);
}

function collectGroups(units: readonly HostUnit[]): { counter: Counter; maxSkew: number }[] {
  const groups = new Map<string, { counter: Counter; maxSkew: number }>();
  for (const { members } of units) {
    for (const { pod } of members) {
      for (const rule of pod.rules.spreads) {
        if (!isOnHostname(rule)) continue;
        const { counter, input } = rule;
        groups.set(`${counter.index} ${input.maxSkew}`, { counter, maxSkew: input.maxSkew });
      }
    }
  }
  return [...groups.values()];
}

/** Pods with an anti-affinity over hosts conflict with all that it means. O(rules × units). */
function markAntiAffinities(units: readonly HostUnit[], conflict: (left: number, right: number) => void): void {
  const holders = new Map<Counter, number[]>();
  units.forEach(({ members }, index) => {
    for (const { pod } of members) {
      for (const rule of pod.rules.antiAffinities) {
        if (!isOnHostname(rule)) continue;
        const list = holders.get(rule.counter);
        if (list === undefined) holders.set(rule.counter, [index]);
        else if (list.at(-1) !== index) list.push(index);
      }
    }
  });
  for (const [counter, list] of holders) {
    units.forEach(({ members }, index) => {
      if (!members.some(({ pod }) => pod.counting.has(counter))) return;
      for (const holder of list) conflict(holder, index);
    });
  }
}

function markPorts(units: readonly HostUnit[], conflict: (left: number, right: number) => void): void {
  const withPorts = units.flatMap(({ members }, index) => {
    const ports = members.flatMap(({ pod }) => pod.shape.hostPorts);
    return ports.length === 0 ? [] : [{ index, ports }];
  });
  withPorts.forEach((left, position) => {
    for (const right of withPorts.slice(position)) {
      if (collidingPort(left.ports, right.ports) !== undefined) conflict(left.index, right.index);
    }
  });
}

/** Counts of one node while it is filled. Scratch, made once a filler. */
export class HostTracker {
  readonly #rules: HostRules;
  readonly #counts: Float64Array;
  readonly #ownerCounts: Uint32Array;
  readonly #taken: Uint32Array;

  constructor(rules: HostRules) {
    this.#rules = rules;
    this.#counts = new Float64Array(rules.groupCount);
    this.#ownerCounts = new Uint32Array(rules.groupCount);
    this.#taken = new Uint32Array((rules.selfCaps.length + 31) >>> 5);
  }

  /** Starts a node. `counts` and `ownerCounts` say what is there already (`[groups]` from `at`); none for a new node. */
  reset(counts?: Float64Array, ownerCounts?: Uint32Array, at = 0): void {
    this.#taken.fill(0);
    for (let group = 0; group < this.#counts.length; group++) {
      this.#counts[group] = counts === undefined ? 0 : counts[at + group]!;
      this.#ownerCounts[group] = ownerCounts === undefined ? 0 : ownerCounts[at + group]!;
    }
  }

  /** How many of `most` units the node still takes. */
  most(unit: number, most: number): number {
    const { selfCaps, conflicts, starts, groups, amounts, owners, caps } = this.#rules;
    const conflict = conflicts[unit];
    if (conflict !== undefined) {
      for (let word = 0; word < conflict.length; word++) if ((conflict[word]! & this.#taken[word]!) !== 0) return 0;
    }
    let allowed = Math.min(most, selfCaps[unit]!);
    for (let entry = starts[unit]!; entry < starts[unit + 1]!; entry++) {
      const group = groups[entry]!;
      if (owners[entry] === 0 && this.#ownerCounts[group] === 0) continue;
      const room = caps[group]! - this.#counts[group]!;
      if (amounts[entry]! > 0) allowed = Math.min(allowed, Math.floor(room / amounts[entry]!));
      else if (room < 0) return 0;
    }
    return Math.max(0, allowed);
  }

  /** Notes units that were put on the node. */
  take(unit: number, unitCount: number): void {
    const { starts, groups, amounts, owners } = this.#rules;
    this.#taken[unit >>> 5]! |= 1 << (unit & 31);
    for (let entry = starts[unit]!; entry < starts[unit + 1]!; entry++) {
      const group = groups[entry]!;
      this.#counts[group]! += amounts[entry]! * unitCount;
      this.#ownerCounts[group]! += owners[entry]! * unitCount;
    }
  }
}
