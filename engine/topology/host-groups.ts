// Rules that one node decides as arithmetic: every rule is a group with those who hold it and those whom it counts, and
// a node is filled by counting. The same rules as a check for one pod are in host-rules.ts.
import type { HostPortInput } from '../model/index.ts';
import { type HostPod, hasHostRules, isAnyAddress } from './host-rules.ts';
import { type AffinityRule, type Counter, isOnHostname, type SpreadRule } from './rules.ts';

/** Units of pods that go together, as the packer counts them: members with their pods. */
export interface HostUnit {
  readonly members: readonly { readonly pod: HostPod; readonly podCount: number }[];
}

/**
 * Host rules of the units of one packing. Units are named by position. A group is one rule with all who hold it (its
 * owners) and all whom it counts: a spread over hosts, or pods that keep apart (an anti-affinity over hosts, a port).
 */
export interface HostRules {
  readonly groupCount: number;
  /** `Float64Array[groups]`: most counted pods on a node that holds an owner; 1 where they keep apart. */
  readonly caps: Float64Array;
  /** `Uint8Array[groups]`: 1 where no owner may be beside a counted pod. */
  readonly apart: Uint8Array;
  /** Groups of unit u: entries `[starts[u], starts[u + 1])` of the next three. */
  readonly starts: Uint32Array;
  readonly groups: Uint32Array;
  /** Pods of one unit that the group counts. */
  readonly amounts: Float64Array;
  /** 1 where the unit holds the rule itself. */
  readonly owners: Uint8Array;
  /** Most units of one kind on a node by themselves; Infinity where nothing caps them. */
  readonly selfCaps: Float64Array;
  /** Counter of each group, for counting what is there already; undefined for ports. */
  readonly counters: readonly (Counter | undefined)[];
}

/**
 * The host rules of these units; undefined where there are none, so that packing need not look. Where pods may come last
 * (`comesLast`), spreads do not count those that come after all who hold them: kube-scheduler looks at a spread only when a
 * pod that holds it arrives. O(rules of all units).
 */
export function buildHostRules(
  units: readonly HostUnit[],
  comesLast?: (pod: HostPod) => boolean,
): HostRules | undefined {
  if (!units.some((unit) => unit.members.some(({ pod }) => hasHostRules(pod)))) return undefined;
  const table = new GroupTable(comesLast);
  for (const { members } of units) for (const { pod } of members) table.addOwner(pod);
  const starts = new Uint32Array(units.length + 1);
  const groups: number[] = [];
  const amounts: number[] = [];
  const owners: number[] = [];
  units.forEach(({ members }, index) => {
    for (const [group, entry] of table.entriesOf(members)) {
      groups.push(group);
      amounts.push(entry.amount);
      owners.push(entry.owns ? 1 : 0);
    }
    starts[index + 1] = groups.length;
  });
  return finish(table.groups, starts, groups, amounts, owners);
}

/** The rules of other units: `rows` names for each of them a unit of `rules` that stands for it; other groups are left out. */
export function selectHostRules(
  rules: HostRules,
  rows: readonly number[],
  keeps: (group: number) => boolean,
): HostRules | undefined {
  const numbers = new Map<number, number>();
  const kept: HostGroup[] = [];
  const starts = new Uint32Array(rows.length + 1);
  const groups: number[] = [];
  const amounts: number[] = [];
  const owners: number[] = [];
  rows.forEach((unit, row) => {
    for (let entry = rules.starts[unit]!; entry < rules.starts[unit + 1]!; entry++) {
      const group = rules.groups[entry]!;
      if (!keeps(group)) continue;
      let number = numbers.get(group);
      if (number === undefined) {
        number = kept.length;
        numbers.set(group, number);
        kept.push({ counter: rules.counters[group], cap: rules.caps[group]!, apart: rules.apart[group] === 1 });
      }
      groups.push(number);
      amounts.push(rules.amounts[entry]!);
      owners.push(rules.owners[entry]!);
    }
    starts[row + 1] = groups.length;
  });
  return kept.length === 0 ? undefined : finish(kept, starts, groups, amounts, owners);
}

function finish(
  groups: readonly HostGroup[],
  starts: Uint32Array,
  groupsOf: readonly number[],
  amounts: readonly number[],
  owners: readonly number[],
): HostRules {
  const selfCaps = new Float64Array(starts.length - 1).fill(Number.POSITIVE_INFINITY);
  for (let unit = 0; unit < selfCaps.length; unit++) {
    for (let entry = starts[unit]!; entry < starts[unit + 1]!; entry++) {
      if (owners[entry] === 0 || amounts[entry] === 0) continue;
      const { cap, apart } = groups[groupsOf[entry]!]!;
      selfCaps[unit] = Math.min(selfCaps[unit]!, apart ? 1 : Math.floor(cap / amounts[entry]!));
    }
  }
  return {
    groupCount: groups.length,
    caps: Float64Array.from(groups, ({ cap }) => cap),
    apart: Uint8Array.from(groups, ({ apart }) => (apart ? 1 : 0)),
    starts,
    groups: Uint32Array.from(groupsOf),
    amounts: Float64Array.from(amounts),
    owners: Uint8Array.from(owners),
    selfCaps,
    counters: groups.map(({ counter }) => counter),
  };
}

interface HostGroup {
  readonly counter: Counter | undefined;
  readonly cap: number;
  readonly apart: boolean;
}

/** Those who hold a spread, as they come. */
interface Holders {
  /** Of the last of them. */
  turn: number;
  leastPriority: number;
}

interface GroupEntry {
  amount: number;
  owns: boolean;
}

/** Collects groups from those who own them, then tells every unit's part in them. */
class GroupTable {
  readonly groups: HostGroup[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #byCounter = new Map<Counter, number[]>();
  readonly #byPod = new Map<HostPod, ReadonlyMap<number, GroupEntry>>();
  readonly #seen = new Set<HostPod>();
  readonly #comesLast: ((pod: HostPod) => boolean) | undefined;
  /** By group, and when pods have their turn: worked out once all owners are known. */
  #holders: Holders[] | undefined;
  readonly #turns = new Map<HostPod, number>();

  constructor(comesLast?: (pod: HostPod) => boolean) {
    this.#comesLast = comesLast;
  }

  addOwner(pod: HostPod): void {
    if (this.#seen.has(pod)) return;
    this.#seen.add(pod);
    for (const rule of pod.rules.spreads) {
      if (isOnHostname(rule)) this.#numberOf(spreadKey(rule), rule.counter, rule.input.maxSkew, false);
    }
    for (const rule of pod.rules.antiAffinities) {
      if (isOnHostname(rule)) this.#numberOf(antiAffinityKey(rule), rule.counter, 1, true);
    }
    for (const port of pod.shape.hostPorts) for (const key of portKeys(port)) this.#numberOf(key, undefined, 1, true);
  }

  /** What a unit is to the groups that it has to do with. */
  entriesOf(members: HostUnit['members']): ReadonlyMap<number, GroupEntry> {
    const [first] = members;
    if (members.length === 1 && first!.podCount === 1) return this.#entriesOfPod(first!.pod);
    const entries = new Map<number, GroupEntry>();
    for (const { pod, podCount } of members) {
      for (const [group, { amount, owns }] of this.#entriesOfPod(pod)) {
        const known = entries.get(group);
        if (known === undefined) entries.set(group, { amount: amount * podCount, owns });
        else {
          known.amount += amount * podCount;
          known.owns ||= owns;
        }
      }
    }
    return entries;
  }

  #entriesOfPod(pod: HostPod): ReadonlyMap<number, GroupEntry> {
    const known = this.#byPod.get(pod);
    if (known !== undefined) return known;
    const entries = new Map<number, GroupEntry>();
    const entryOf = (group: number): GroupEntry => {
      let entry = entries.get(group);
      if (entry === undefined) {
        entry = { amount: 0, owns: false };
        entries.set(group, entry);
      }
      return entry;
    };
    for (const rule of pod.rules.spreads) {
      if (isOnHostname(rule)) entryOf(this.#numbers.get(spreadKey(rule))!).owns = true;
    }
    for (const rule of pod.rules.antiAffinities) {
      if (isOnHostname(rule)) entryOf(this.#numbers.get(antiAffinityKey(rule))!).owns = true;
    }
    for (const counter of pod.counting) {
      for (const group of this.#byCounter.get(counter) ?? []) {
        if (entries.get(group)?.owns === true || !this.#comesAfter(pod, group)) entryOf(group).amount = 1;
      }
    }
    for (const port of pod.shape.hostPorts) {
      const [all, own] = portKeys(port);
      // A port on all addresses keeps every other user of the port away; one on an address only those of that address.
      const everywhere = entryOf(this.#numbers.get(all!)!);
      everywhere.amount = 1;
      everywhere.owns ||= own === undefined;
      if (own !== undefined) Object.assign(entryOf(this.#numbers.get(own)!), { amount: 1, owns: true });
    }
    this.#byPod.set(pod, entries);
    return entries;
  }

  /** Whether a pod that does not hold a spread comes after all who do. */
  #comesAfter(pod: HostPod, group: number): boolean {
    if (this.#comesLast === undefined || this.groups[group]!.apart || !this.#comesLast(pod)) return false;
    this.#holders ??= this.#orderHolders();
    const { turn, leastPriority } = this.#holders[group]!;
    return (this.#turns.get(pod) ?? Number.POSITIVE_INFINITY) > turn && pod.shape.priority <= leastPriority;
  }

  /**
   * Gives those who hold spreads their turns: wide spreads first, so that most of those whom they count come later. Who holds
   * several has the turn of the widest, and who can't come last has the first one.
   */
  #orderHolders(): Holders[] {
    const widths = this.groups.map(({ counter }) => {
      let width = 0;
      if (counter !== undefined) for (const pod of this.#seen) if (pod.counting.has(counter)) width++;
      return width;
    });
    const order = widths.map((_, group) => group).sort((left, right) => widths[right]! - widths[left]! || left - right);
    const turnOf = new Map(order.map((group, turn) => [group, turn]));
    const holders = widths.map(() => ({ turn: -1, leastPriority: Number.POSITIVE_INFINITY }));
    for (const pod of this.#seen) {
      const held = pod.rules.spreads.filter(isOnHostname).map((rule) => this.#numbers.get(spreadKey(rule))!);
      if (held.length === 0) continue;
      const turn = this.#comesLast?.(pod) === true ? Math.min(...held.map((group) => turnOf.get(group)!)) : -1;
      this.#turns.set(pod, turn);
      for (const group of held) {
        holders[group]!.turn = Math.max(holders[group]!.turn, turn);
        holders[group]!.leastPriority = Math.min(holders[group]!.leastPriority, pod.shape.priority);
      }
    }
    return holders;
  }

  #numberOf(key: string, counter: Counter | undefined, cap: number, apart: boolean): void {
    if (this.#numbers.has(key)) return;
    const group = this.groups.length;
    this.#numbers.set(key, group);
    this.groups.push({ counter, cap, apart });
    if (counter === undefined) return;
    const list = this.#byCounter.get(counter);
    if (list === undefined) this.#byCounter.set(counter, [group]);
    else list.push(group);
  }
}

function spreadKey(rule: SpreadRule): string {
  return `spread ${rule.counter.index} ${rule.input.maxSkew}`;
}

function antiAffinityKey(rule: AffinityRule): string {
  return `apart ${rule.counter.index}`;
}

/** The group of all users of a port, and that of the users of one address where the port is on one. */
function portKeys(port: HostPortInput): string[] {
  const all = `port ${port.protocol} ${port.port}`;
  return isAnyAddress(port.hostIp) ? [all] : [all, `${all} ${port.hostIp}`];
}

/** Counts of one node while it is filled. Scratch, made once a filler. */
export class HostTracker {
  readonly #rules: HostRules;
  readonly #counts: Float64Array;
  readonly #ownerCounts: Uint32Array;
  /** Groups that may be above zero, so that a new node costs what the last one held. */
  readonly #touched: Uint32Array;
  #touchedCount = 0;

  constructor(rules: HostRules) {
    this.#rules = rules;
    this.#counts = new Float64Array(rules.groupCount);
    this.#ownerCounts = new Uint32Array(rules.groupCount);
    this.#touched = new Uint32Array(rules.groupCount);
  }

  /** Starts a node. `counts` and `ownerCounts` say what is there already (`[groups]` from `at`); none for a new node. */
  reset(counts?: Float64Array, ownerCounts?: Uint32Array, at = 0): void {
    for (let place = 0; place < this.#touchedCount; place++) {
      this.#counts[this.#touched[place]!] = 0;
      this.#ownerCounts[this.#touched[place]!] = 0;
    }
    this.#touchedCount = 0;
    if (counts === undefined || ownerCounts === undefined) return;
    for (let group = 0; group < this.#counts.length; group++) {
      this.#add(group, counts[at + group]!, ownerCounts[at + group]!);
    }
  }

  /** How many of `most` units the node still takes. */
  most(unit: number, most: number): number {
    const { selfCaps, starts, groups, amounts, owners, caps, apart } = this.#rules;
    let allowed = Math.min(most, selfCaps[unit]!);
    for (let entry = starts[unit]!; entry < starts[unit + 1]!; entry++) {
      const group = groups[entry]!;
      if (apart[group] === 1) {
        if (owners[entry] === 1 && this.#counts[group]! > 0) return 0;
        if (amounts[entry]! > 0 && this.#ownerCounts[group]! > 0) return 0;
        continue;
      }
      if (owners[entry] === 0 && this.#ownerCounts[group] === 0) continue;
      const room = caps[group]! - this.#counts[group]!;
      if (amounts[entry]! > 0) allowed = Math.min(allowed, Math.floor(room / amounts[entry]!));
      // One that holds the spread but is not counted itself stays below the same skew: nothing else counts as empty.
      else if (room < 0) return 0;
    }
    return Math.max(0, allowed);
  }

  /** Notes units that were put on the node. */
  take(unit: number, unitCount: number): void {
    const { starts, groups, amounts, owners } = this.#rules;
    for (let entry = starts[unit]!; entry < starts[unit + 1]!; entry++) {
      this.#add(groups[entry]!, amounts[entry]! * unitCount, owners[entry]! * unitCount);
    }
  }

  #add(group: number, count: number, ownerCount: number): void {
    if (count === 0 && ownerCount === 0) return;
    if (this.#counts[group] === 0 && this.#ownerCounts[group] === 0) this.#touched[this.#touchedCount++] = group;
    this.#counts[group]! += count;
    this.#ownerCounts[group]! += ownerCount;
  }
}
