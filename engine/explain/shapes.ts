// Everything about the pods of one shape: where they went, and against each pool, term by term, what stands in the way.
import type { CompiledPool, CompiledProblem, CompiledShape } from '../compile/index.ts';
import type { EnginePlan, NodeTermInput } from '../model/index.ts';
import { type Requirement, RequirementSet } from '../requirements/index.ts';
import { type Board, lastDemand } from './board.ts';
import type { Condition } from './condition.ts';
import { existingFacts } from './existing.ts';
import type { Count, PlacementFact, PoolFact, ShapeFact, TermFact } from './explanation.ts';
import { floorConditions } from './floor-conditions.ts';
import { countFunnel } from './funnel.ts';
import { ignoredFacts } from './ignored.ts';
import { selectorConditions, termConditions } from './label-conditions.ts';
import { EXPLAIN_LIMITS } from './limits.ts';
import { LimitUse, limitConditions, saleConditions } from './market-conditions.ts';
import { daemonConditions, resourceConditions, taintConditions, volumeConditions } from './pod-conditions.ts';
import { poolConditions } from './pool-conditions.ts';
import { PoolSpace } from './space.ts';
import { topologyConditions } from './topology-conditions.ts';

/** What explaining works on. */
export interface ExplainWork {
  readonly compiled: CompiledProblem;
  readonly plan: EnginePlan;
  readonly board: Board;
  readonly meter: WorkMeter;
}

/** Counts the comparisons, so that they end. */
export interface WorkMeter {
  /** Takes units; false once there are none left. */
  readonly take: (units: number) => boolean;
}

/** The facts of one shape. */
export function explainShape(
  work: ExplainWork,
  shape: CompiledShape,
  existingNodes: readonly string[] | undefined,
): ShapeFact {
  const { compiled, plan } = work;
  const pools: PoolFact[] = [];
  // Pods that are refused have no place whatever the pool: the plan's own reasons say it all.
  const explained = shape.refusals.length > 0 ? [] : compiled.pools.slice(0, EXPLAIN_LIMITS.poolCount);
  for (const pool of explained) {
    const fact = explainPool(work, pool, shape);
    if (fact === undefined) break;
    pools.push(fact);
  }
  const existing = existingFacts(work, shape, existingNodes);
  return {
    shapeIndex: shape.index,
    unplacedCount: plan.unplaced.find(({ shapeIndex }) => shapeIndex === shape.index)?.count ?? 0,
    placements: placementsOf(plan, shape.index),
    pools,
    poolsNotShown: compiled.pools.length - pools.length,
    ...existing,
    ignored: ignoredFacts(compiled, shape),
  };
}

function placementsOf(plan: EnginePlan, shapeIndex: number): PlacementFact[] {
  const countIn = (pods: EnginePlan['existing'][number]['pods']): number =>
    pods.filter((share) => share.shapeIndex === shapeIndex).reduce((sum, { count }) => sum + count, 0);
  return [
    ...plan.existing.map(({ nodeIndex, pods }) => ({ nodeIndex, existing: true, count: countIn(pods) })),
    ...plan.nodes.map(({ pods, nodeCount }, nodeIndex) => ({
      nodeIndex,
      existing: false,
      count: nodeCount * countIn(pods),
    })),
  ].filter(({ count }) => count > 0);
}

/** Undefined once the bound on the work is reached. */
function explainPool(work: ExplainWork, pool: CompiledPool, shape: CompiledShape): PoolFact | undefined {
  const { compiled } = work;
  const unusable = compiled.unusable.get(pool.index);
  const base = { poolIndex: pool.index, catalogue: wholeCatalogue(compiled), offered: NOTHING };
  if (unusable !== undefined) return { ...base, unusable, terms: [], termsNotShown: 0 };
  const space = new PoolSpace(compiled, pool, wantedBy(shape));
  // Laying the conditions open costs as much as counting them: what they will be is known before they are made.
  if (!work.meter.take(unitsOf(space, sharedConditionCount(compiled, pool, shape)))) return undefined;
  const { requiredNodeTerms } = shape.input.shape;
  const terms = requiredNodeTerms.length === 0 ? [undefined] : requiredNodeTerms.slice(0, EXPLAIN_LIMITS.termCount);
  const facts: TermFact[] = [];
  let offered = NOTHING;
  const conditions = new PodConditions(work, space, shape);
  for (const [index, term] of terms.entries()) {
    const all = conditions.of(term, index);
    if (!work.meter.take(unitsOf(space, all.length))) {
      if (facts.length === 0) return undefined;
      break;
    }
    const { offered: count, ...fact } = countFunnel(space, all);
    offered = count;
    facts.push({ ...(term === undefined ? {} : { termIndex: index }), ...fact });
  }
  const termsNotShown = Math.max(1, requiredNodeTerms.length) - facts.length;
  return { ...base, offered, terms: facts, termsNotShown };
}

const NOTHING: Count = { typeCount: 0, offeringCount: 0 };

function wholeCatalogue({ catalogue }: CompiledProblem): Count {
  return { typeCount: catalogue.typeCount, offeringCount: catalogue.offeringCount };
}

/** Comparisons that so many conditions take. */
function unitsOf(space: PoolSpace, conditionCount: number): number {
  const offerings = Math.max(EXPLAIN_LIMITS.unitsPerCondition, space.compiled.catalogue.offeringCount);
  return space.variants.length * conditionCount * offerings;
}

/** About how many conditions all terms of a shape share. */
function sharedConditionCount({ dimensions }: CompiledProblem, pool: CompiledPool, shape: CompiledShape): number {
  const { nodeSelector, volumes, topologySpread, podAffinity, podAntiAffinity } = shape.input.shape;
  const { requirements, labels, limits } = pool.input;
  return (
    requirements.length +
    Object.keys(labels).length +
    Object.keys(limits).length +
    Object.keys(nodeSelector).length +
    volumes.reduce((sum, { nodeTerms }) => sum + nodeTerms.length, 0) +
    topologySpread.length +
    podAffinity.length +
    podAntiAffinity.length +
    shape.counting.size +
    dimensions.length +
    SALE_CONDITIONS
  );
}

/** Conditions by availability, price and node class. */
const SALE_CONDITIONS = 6;

function wantedBy(shape: CompiledShape): Requirement[] {
  const { nodeSelector, requiredNodeTerms } = shape.input.shape;
  const sets = requiredNodeTerms.map((term) => RequirementSet.ofInputs(term.matchExpressions));
  return [RequirementSet.ofSelector(nodeSelector), ...sets].flatMap((set) => [...set.requirements()]);
}

/** The conditions of a shape against one pool: those of the term stand between those that all terms share. */
export class PodConditions {
  readonly #space: PoolSpace;
  readonly #before: readonly Condition[];
  readonly #after: readonly Condition[];

  constructor({ compiled, plan, board }: ExplainWork, space: PoolSpace, shape: CompiledShape) {
    const { nodeSelector, tolerations, volumes } = shape.input.shape;
    this.#space = space;
    this.#before = [
      ...poolConditions(space),
      ...taintConditions(space, tolerations),
      ...selectorConditions(space, nodeSelector),
    ];
    this.#after = [
      ...volumeConditions(space, volumes),
      ...daemonConditions(space, shape),
      ...resourceConditions(space, shape),
      ...saleConditions(space),
      ...limitConditions(space, new LimitUse(compiled, plan)),
      ...topologyConditions(space, board, lastDemand(compiled, shape.index)),
    ];
  }

  /** The conditions with one term's, or with none. */
  of(term: NodeTermInput | undefined, index: number): Condition[] {
    const own = term === undefined ? [] : termConditions(this.#space, term, index);
    const all = [...this.#before, ...own, ...this.#after];
    return [...all, ...floorConditions(this.#space, all)];
  }
}
