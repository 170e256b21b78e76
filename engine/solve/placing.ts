// Places shapes on new nodes: pools of one weight compete by price, heavier ones come first, limits shrink as nodes are
// planned. What existing nodes can take has been taken before.
import type { CompiledProblem, CompiledTemplate, TemplateFilter, Unit } from '../compile/index.ts';
import type { Budget, Candidate, FloorRule, LimitTable } from '../pack/index.ts';
import { buildHostRules, type HostPod } from '../topology/index.ts';
import { packUnits } from './kind-packing.ts';
import type { UnitCount } from './waiting.ts';

/** Equal nodes to make, before their offerings are ranked. */
export interface NewNodes {
  readonly template: CompiledTemplate;
  readonly nodeCount: number;
  readonly units: readonly Unit[];
  /** Units of each kind in one node. */
  readonly unitCounts: readonly number[];
  /** `Float64Array[limit names]`: what one of the nodes may take of its pool's limits at most. */
  readonly limitTakes: Float64Array;
  /** Whether their offerings must keep the pool's minValues. */
  readonly floorRule: FloorRule;
  /** Reservations of which each of the nodes takes one instance; none where they are not on reserved capacity. */
  readonly reservations: readonly number[];
}

/** The units of groups of nodes, each with how many of it are on all nodes of its group together. */
export function* unitsOn(
  groups: readonly NewNodes[],
): Generator<{ readonly group: NewNodes; readonly unit: Unit; readonly count: number }> {
  for (const group of groups) {
    for (const [entry, unit] of group.units.entries()) {
      yield { group, unit, count: group.unitCounts[entry]! * group.nodeCount };
    }
  }
}

/** Templates by weight, heaviest first. */
export function tiersOf(compiled: CompiledProblem): CompiledTemplate[][] {
  const tiers: CompiledTemplate[][] = [];
  let weight: number | undefined;
  for (const template of compiled.templates) {
    if (template.pool.input.weight !== weight) tiers.push([]);
    weight = template.pool.input.weight;
    tiers[tiers.length - 1]!.push(template);
  }
  return tiers;
}

/** Units with a count and the templates of the tier that let them in as far as labels and taints go. */
export function candidatesFor(
  filter: TemplateFilter,
  templates: readonly CompiledTemplate[],
  units: readonly UnitCount[],
): { readonly candidate: Candidate; readonly entry: UnitCount }[] {
  return units.flatMap((entry) => {
    if (entry.count === 0) return [];
    const open = filter.open(templates, entry.unit);
    return open.length === 0 ? [] : [{ candidate: { unit: entry.unit, templates: open }, entry }];
  });
}

/** Kinds up to which all rules on hosts are kept by the packing itself: it costs little and packs better. */
const FEW_KINDS = 48;

/** How rules on hosts are kept. */
export interface HostKeeping {
  /** Kinds of units up to which every one is kept while packing, beyond it those that decide how many nodes there are. */
  readonly fewKinds?: number;
  /** As in buildHostRules. */
  readonly comesLast?: ((pod: HostPod) => boolean) | undefined;
}

/**
 * Packs what the tier can take off the units' counts and off the limits, and returns the nodes. Units that stay keep
 * their counts. Floors are kept where that places pods; what is left then may go without, if the policy has it so.
 */
export function placeOnNewNodes(
  compiled: CompiledProblem,
  filter: TemplateFilter,
  templates: readonly CompiledTemplate[],
  units: readonly UnitCount[],
  limits: LimitTable,
  budget: Budget,
  { fewKinds = FEW_KINDS, comesLast }: HostKeeping = {},
): NewNodes[] {
  const floored = templates.filter(({ floors }) => floors !== undefined);
  const tier = { compiled, filter, units, limits, budget, fewKinds, comesLast };
  const made = packTier({ ...tier, templates, floorRule: 'floors-kept' });
  if (floored.length === 0) return made;
  // A node of a limited pool takes what the greediest of its offerings takes: with less left, narrower sets may do.
  const bounded = limits.free.length > 0 || floored.some(({ pool }) => limits.groupOf.has(pool.index));
  for (let more = made; bounded && more.length > 0; ) {
    more = packTier({ ...tier, templates: floored, floorRule: 'floors-kept' });
    made.push(...more);
  }
  if (compiled.mayRelaxFloors) {
    made.push(...packTier({ ...tier, templates: floored, floorRule: 'floors-relaxed' }));
  }
  return made;
}

/** Units for the templates of one tier. */
interface Tier {
  readonly compiled: CompiledProblem;
  readonly filter: TemplateFilter;
  readonly templates: readonly CompiledTemplate[];
  readonly units: readonly UnitCount[];
  readonly limits: LimitTable;
  readonly budget: Budget;
  readonly floorRule: FloorRule;
  readonly fewKinds: number;
  readonly comesLast: HostKeeping['comesLast'];
}

function packTier({ filter, templates, units, comesLast, ...tier }: Tier): NewNodes[] {
  const found = candidatesFor(filter, templates, units);
  if (found.length === 0) return [];
  const candidates = found.map(({ candidate }) => candidate);
  const counts = Float64Array.from(found, ({ entry }) => entry.count);
  const rules = buildHostRules(
    candidates.map(({ unit }) => unit),
    comesLast,
  );
  const made = packUnits({ ...tier, candidates, counts, rules });
  found.forEach(({ entry }, position) => {
    entry.count = counts[position]!;
  });
  return made;
}
