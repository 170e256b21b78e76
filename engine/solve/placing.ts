// Places shapes on new nodes: pools of one weight compete by price, heavier ones come first, limits shrink as nodes are
// planned. What existing nodes can take has been taken before.
import type { CompiledProblem, CompiledTemplate, TemplateFilter, Unit } from '../compile/index.ts';
import {
  type Budget,
  buildInstance,
  type Candidate,
  dealUnits,
  type FloorRule,
  isBetterPacking,
  type Kind,
  type LimitTable,
  nodesForGroups,
  type Packing,
  type PackingInstance,
  packGreedily,
  packingGoals,
  packUniformly,
  roughNodeCount,
  sortIntoKinds,
} from '../pack/index.ts';
import { buildHostRules, type HostRules, selectHostRules } from '../topology/index.ts';
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

/**
 * Packs what the tier can take off the units' counts and off the limits, and returns the nodes. Units that stay keep
 * their counts. Floors are kept where that places pods; what is left then may go without, if the policy has it so.
 * Up to `fewKinds` kinds of units every rule on hosts is kept while packing, beyond it those that decide how many nodes
 * there are.
 */
export function placeOnNewNodes(
  compiled: CompiledProblem,
  filter: TemplateFilter,
  templates: readonly CompiledTemplate[],
  units: readonly UnitCount[],
  limits: LimitTable,
  budget: Budget,
  fewKinds = FEW_KINDS,
): NewNodes[] {
  const floored = templates.filter(({ floors }) => floors !== undefined);
  const tier = { compiled, filter, units, limits, budget, fewKinds };
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
}

/** Candidates of one tier as the packer sees them. */
interface TierQuestion extends Omit<Tier, 'filter' | 'templates' | 'units'> {
  readonly candidates: readonly Candidate[];
  /** `Float64Array[candidates]`: units that wait; what is placed is taken off. */
  readonly counts: Float64Array;
  readonly rules: HostRules | undefined;
}

function packTier({ filter, templates, units, ...tier }: Tier): NewNodes[] {
  const found = candidatesFor(filter, templates, units);
  if (found.length === 0) return [];
  const candidates = found.map(({ candidate }) => candidate);
  const counts = Float64Array.from(found, ({ entry }) => entry.count);
  const rules = buildHostRules(candidates.map(({ unit }) => unit));
  const question = { ...tier, candidates, counts, rules };
  const { binds, plain } = bindingGroups(question);
  const made = packKinds(question, binds, plain);
  found.forEach(({ entry }, position) => {
    entry.count = counts[position]!;
  });
  return made;
}

/**
 * From this share of the nodes on, a rule on hosts decides how many nodes there are, and packing must know it; below it,
 * its pods find nodes enough among those that there are.
 */
const BINDING_SHARE = 0.5;

/** Kinds packed without regard to rules on hosts. */
interface PlainKinds {
  readonly kindCount: number;
  readonly instance: PackingInstance;
}

/** Which groups the packing keeps itself. `plain` is what was built to find out. */
function bindingGroups(question: TierQuestion): {
  readonly binds: (group: number) => boolean;
  readonly plain?: PlainKinds;
} {
  const { candidates, counts, limits, rules, compiled, floorRule, fewKinds } = question;
  const all = { binds: (): boolean => true };
  if (rules === undefined) return all;
  const units = candidates.map(({ unit }) => unit);
  if (limits.free.length > 0) return all;
  const kinds = sortIntoKinds(units, counts, rules, () => false);
  if (kinds.length <= fewKinds && sortIntoKinds(units, counts, rules, () => true).length <= fewKinds) return all;
  const instance = buildInstance(compiled, firstOf(kinds, candidates), limits, floorRule, undefined);
  if (instance.classCount === 0) return all;
  const needed = nodesForGroups(rules, counts);
  // Groups that ask for more nodes than that bring them, and then there are more for the others too.
  const most = Math.max(roughNodeCount(instance, countsOf(kinds)), ...needed);
  // Where limits bind, a slot that nobody takes would be a place lost.
  if (mayExceedLimits(instance, limits, most)) return all;
  return {
    binds: (group) => needed[group]! > BINDING_SHARE * most,
    plain: { kindCount: kinds.length, instance },
  };
}

/** How much more than the rough number of nodes a plan may come to have. */
const ROUGH_FACTOR = 4;

/** Whether so many nodes, each the greediest there is, could come near some limit. */
function mayExceedLimits(instance: PackingInstance, { names, remaining }: LimitTable, nodeCount: number): boolean {
  for (let index = 0; index < instance.classCount; index++) {
    const group = instance.limitGroups[index]!;
    for (let name = 0; group >= 0 && name < names.length; name++) {
      const take = instance.limitTakes[index * names.length + name]!;
      if (take * ROUGH_FACTOR * nodeCount > remaining[group * names.length + name]!) return true;
    }
  }
  return false;
}

function packKinds(question: TierQuestion, binds: (group: number) => boolean, plain?: PlainKinds): NewNodes[] {
  const { compiled, candidates, counts, limits, budget, rules, floorRule } = question;
  const units = candidates.map(({ unit }) => unit);
  const kinds = sortIntoKinds(units, counts, rules, binds).filter(({ count }) => count > 0);
  if (kinds.length === 0) return [];
  const rows = kinds.map(({ members }) => members[0]!);
  const kept = rules === undefined ? undefined : selectHostRules(rules, rows, binds);
  // Rules that tell no kinds apart change nothing about the classes.
  const instance: PackingInstance =
    plain?.kindCount === kinds.length
      ? { ...plain.instance, hostRules: kept }
      : buildInstance(compiled, firstOf(kinds, candidates), limits, floorRule, kept);
  if (instance.classCount === 0) return [];
  const packing = pack(instance, countsOf(kinds), limits, budget);
  limits.remaining.set(packing.limitsLeft);
  limits.free.set(packing.freeLeft);
  const others =
    rules === undefined
      ? undefined
      : selectHostRules(
          rules,
          units.map((_, unit) => unit),
          (group) => !binds(group),
        );
  const wanted = packing.left.reduce((sum, left) => sum + left, 0);
  const dealt = dealUnits(packing.nodes, kinds, counts, others);
  const nameCount = limits.names.length;
  const made = dealt.map(
    (node): NewNodes => ({
      template: instance.templates[node.classIndex]!,
      nodeCount: node.nodeCount,
      units: node.units.map((unit) => units[unit]!),
      unitCounts: node.unitCounts,
      limitTakes: instance.limitTakes.slice(node.classIndex * nameCount, (node.classIndex + 1) * nameCount),
      floorRule,
      reservations: instance.reservations[node.classIndex]!,
    }),
  );
  // Units that no node took because of the others there: few, and packed with every rule in mind.
  const undealt = counts.reduce((sum, count) => sum + count, 0) - wanted;
  if (undealt > 0 && !budget.cut) made.push(...packKinds(question, () => true));
  return made;
}

function firstOf(kinds: readonly Kind[], candidates: readonly Candidate[]): Candidate[] {
  return kinds.map(({ members }) => candidates[members[0]!]!);
}

function countsOf(kinds: readonly Kind[]): Float64Array {
  return Float64Array.from(kinds, ({ count }) => count);
}

function pack(instance: PackingInstance, wanted: Float64Array, limits: LimitTable, budget: Budget): Packing {
  if (instance.shapes.length === 1) {
    const exact = packUniformly(instance, wanted[0]!, limits, budget);
    if (exact !== undefined) return exact;
  }
  const goals = packingGoals(instance);
  let best = packGreedily(instance, wanted, limits, goals.usual, budget);
  const limited =
    instance.limitGroups.some((group) => group >= 0) || instance.reservations.some((drawn) => drawn.length > 0);
  if (!limited || budget.cut || best.left.every((left) => left === 0)) return best;
  for (const goal of goals.whenLimited) {
    const packing = packGreedily(instance, wanted, limits, goal, budget);
    if (budget.cut) break;
    if (isBetterPacking(instance, packing, best)) best = packing;
  }
  return best;
}
