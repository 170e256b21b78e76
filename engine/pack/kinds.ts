// Kinds: units that packing can't tell apart, packed as one. Pods of a thousand workloads come in a few sizes, and what
// else tells them apart (whom a spread over hosts counts, who keeps off whom) decides how many nodes are made only where
// it binds. Where it does not, kinds are packed by size and the units dealt to the nodes afterwards: see dealing.ts.
import type { Unit } from '../compile/index.ts';
import type { HostRules } from '../topology/index.ts';

/** Units of one kind, by their positions. */
export interface Kind {
  /** Ascending; the first one stands for all. */
  readonly members: readonly number[];
  readonly count: number;
}

/**
 * Sorts units into kinds: equal in what they take, where they may go, and in their part in the groups that bind. In the
 * order of their first members.
 */
export function sortIntoKinds(
  units: readonly Pick<Unit, 'kind'>[],
  counts: Float64Array,
  rules: HostRules | undefined,
  binds: (group: number) => boolean,
): Kind[] {
  const kinds = new Map<string | number, { readonly members: number[]; count: number }>();
  units.forEach(({ kind }, position) => {
    const bound = kind === undefined ? '' : bindingText(rules, position, binds);
    const key = kind === undefined ? `unit ${position}` : bound === '' ? kind : `${kind}${bound}`;
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { members: [position], count: counts[position]! });
    else {
      known.members.push(position);
      known.count += counts[position]!;
    }
  });
  return [...kinds.values()];
}

function bindingText(rules: HostRules | undefined, unit: number, binds: (group: number) => boolean): string {
  if (rules === undefined) return '';
  const parts: string[] = [];
  for (let entry = rules.starts[unit]!; entry < rules.starts[unit + 1]!; entry++) {
    const group = rules.groups[entry]!;
    if (binds(group)) parts.push(`${group}.${rules.amounts[entry]}.${rules.owners[entry]}`);
  }
  return parts.length === 0 ? '' : `|${parts.sort().join(' ')}`;
}

/** `Float64Array[groups]`: nodes that a group needs for all of its pods, each as full of them as it allows. */
export function nodesForGroups(rules: HostRules, counts: Float64Array): Float64Array {
  const pods = new Float64Array(rules.groupCount);
  for (let unit = 0; unit < counts.length; unit++) {
    for (let entry = rules.starts[unit]!; entry < rules.starts[unit + 1]!; entry++) {
      pods[rules.groups[entry]!]! += counts[unit]! * rules.amounts[entry]!;
    }
  }
  return pods.map((count, group) => count / rules.caps[group]!);
}
