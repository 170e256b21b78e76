// Rules on hosts for tests, written as what each unit is to each group. Not for product code.
import type { HostRules } from '../../topology/index.ts';

/** By group: whether the unit holds the rule (and is counted), is only counted, or holds it and is not counted. */
export type RuledUnit = Readonly<Record<number, 'owner' | 'counted' | 'owner, not counted'>>;

/** How many counted pods a node with an owner may have; or that owners and counted pods keep apart. */
export interface TestGroup {
  readonly cap?: number;
  readonly apart?: boolean;
}

/** The columns of these rules, every unit one pod. */
export function hostRulesOf(units: readonly RuledUnit[], groups: readonly TestGroup[]): HostRules {
  const starts = new Uint32Array(units.length + 1);
  const entries = units.flatMap((unit, index) => {
    const ofUnit = Object.entries(unit).map(([group, part]) => ({ group: Number(group), part }));
    starts[index + 1] = starts[index]! + ofUnit.length;
    return ofUnit;
  });
  return {
    groupCount: groups.length,
    caps: Float64Array.from(groups, ({ cap = 1 }) => cap),
    apart: Uint8Array.from(groups, ({ apart = false }) => Number(apart)),
    starts,
    groups: Uint32Array.from(entries, ({ group }) => group),
    amounts: Float64Array.from(entries, ({ part }) => Number(part !== 'owner, not counted')),
    owners: Uint8Array.from(entries, ({ part }) => Number(part !== 'counted')),
    selfCaps: new Float64Array(units.length).fill(Number.POSITIVE_INFINITY),
    counters: groups.map(() => undefined),
  };
}
