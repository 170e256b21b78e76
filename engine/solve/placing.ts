// Places shapes on new nodes: pools of one weight compete by price, heavier ones come first, limits shrink as nodes are
// planned. What existing nodes can take has been taken before.
import type { CompiledProblem, CompiledTemplate, TemplateFilter, Unit } from '../compile/index.ts';
import {
  type Budget,
  buildInstance,
  type Candidate,
  type FloorRule,
  isBetterPacking,
  type LimitTable,
  type Packing,
  type PackingInstance,
  packGreedily,
  packingGoals,
  packUniformly,
} from '../pack/index.ts';
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
): NewNodes[] {
  const floored = templates.filter(({ floors }) => floors !== undefined);
  const made = packTier(compiled, filter, templates, units, limits, budget, 'floors-kept');
  if (floored.length === 0) return made;
  // A node of a limited pool takes what the greediest of its offerings takes: with less left, narrower sets may do.
  const bounded = limits.free.length > 0 || floored.some(({ pool }) => limits.groupOf.has(pool.index));
  for (let more = made; bounded && more.length > 0; ) {
    more = packTier(compiled, filter, floored, units, limits, budget, 'floors-kept');
    made.push(...more);
  }
  if (compiled.mayRelaxFloors) {
    made.push(...packTier(compiled, filter, floored, units, limits, budget, 'floors-relaxed'));
  }
  return made;
}

function packTier(
  compiled: CompiledProblem,
  filter: TemplateFilter,
  templates: readonly CompiledTemplate[],
  units: readonly UnitCount[],
  limits: LimitTable,
  budget: Budget,
  floorRule: FloorRule,
): NewNodes[] {
  const candidates = candidatesFor(filter, templates, units);
  if (candidates.length === 0) return [];
  const instance = buildInstance(
    compiled,
    candidates.map(({ candidate }) => candidate),
    limits,
    floorRule,
  );
  if (instance.classCount === 0) return [];
  const counts = Float64Array.from(candidates, ({ entry }) => entry.count);
  const packing = pack(instance, counts, limits, budget);
  limits.remaining.set(packing.limitsLeft);
  limits.free.set(packing.freeLeft);
  candidates.forEach(({ entry }, position) => {
    entry.count = packing.left[position]!;
  });
  const nameCount = limits.names.length;
  return packing.nodes.map((node) => ({
    template: instance.templates[node.classIndex]!,
    nodeCount: node.nodeCount,
    units: node.shapes.map((shape) => instance.shapes[shape]!),
    unitCounts: node.pods,
    limitTakes: instance.limitTakes.slice(node.classIndex * nameCount, (node.classIndex + 1) * nameCount),
    floorRule,
    reservations: instance.reservations[node.classIndex]!,
  }));
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
