// One problem at each effort, and its bound. Efforts and bound see the same request; a plan of FAST brings the bound, which is
// about the pods that it places: where another effort places other pods, its plan is not held against it. Everything is in
// terms of one objective: list prices, or prices with what else plans are chosen by.
import { create } from '@bufbuild/protobuf';
import {
  CatalogueReferenceSchema,
  Effort,
  ObjectiveKind,
  ObjectiveSchema,
  SolveOptionsSchema,
  type SolveRequest,
  type SolveResponse,
} from '../../proto/index.ts';
import { createLocalSolver, type LocalSolver } from '../../server/index.ts';
import type { BenchCase } from '../measure.ts';
import { type Capacity, onDemandOnly, withoutUncountedRules } from './variants.ts';

/** The efforts, least first. */
export const EFFORTS = ['fast', 'balanced', 'best'] as const;
/** One of EFFORTS. */
export type EffortName = (typeof EFFORTS)[number];

const CODES: Readonly<Record<EffortName, Effort>> = {
  fast: Effort.FAST,
  balanced: Effort.BALANCED,
  best: Effort.BEST,
};

/** What plans are chosen by and bounds are on, by the names of the command line. */
export const OBJECTIVES = ['list-price', 'default'] as const;
/** One of OBJECTIVES. */
export type ObjectiveName = (typeof OBJECTIVES)[number];

const OBJECTIVE_KINDS: Readonly<Record<ObjectiveName, ObjectiveKind>> = {
  'list-price': ObjectiveKind.LIST_PRICE,
  default: ObjectiveKind.DEFAULT,
};

/** What is measured how. */
export interface BoundsOptions {
  readonly capacity: Capacity;
  readonly objective: ObjectiveName;
  /** Keeps spreads, affinities and preferences: plans keep them, the bound does not. */
  readonly keepsRules: boolean;
  /** Time of BEST; 0 leaves it out. */
  readonly bestMs: number;
}

/** A plan of one effort. */
export interface EffortResult {
  readonly effort: EffortName;
  /** By the objective. */
  readonly costUsdPerHour: number;
  readonly nodeCount: number;
  readonly unplacedCount: number;
  /** In the worker. */
  readonly solveMs: number;
  /** Cost ÷ bound − 1; absent where the bound is 0 or about other pods. */
  readonly gap?: number;
}

/** One problem, measured. */
export interface BoundsResult {
  readonly name: string;
  readonly capacity: Capacity;
  readonly seed?: number;
  readonly podCount: number;
  readonly boundUsdPerHour: number;
  readonly converged: boolean;
  /** In the worker, the plan beside it not counted. */
  readonly boundMs: number;
  readonly efforts: readonly EffortResult[];
}

const NANO_PER_DOLLAR = 1e9;

/** Measures one problem. Efforts come after a solve that warms the code up. */
export async function measureBounds(benchCase: BenchCase, options: BoundsOptions): Promise<BoundsResult> {
  const solver = await createLocalSolver({ workerCount: 1 });
  try {
    const problem = benchCase.fresh();
    const contentHash = solver.loadCatalogue(problem.catalogue);
    const reference =
      problem.catalogue.catalogue.case === 'identity'
        ? problem.catalogue
        : create(CatalogueReferenceSchema, { catalogue: { case: 'contentHash', value: contentHash } });
    let request = problem.buildRequest(reference);
    if (options.capacity === 'on-demand') request = onDemandOnly(request);
    if (!options.keepsRules) request = withoutUncountedRules(request);
    request = withObjective(request, options.objective);
    await solve(solver, request, 'balanced', 0, false);
    const efforts = EFFORTS.filter((effort) => effort !== 'best' || options.bestMs > 0);
    const plans = new Map<EffortName, SolveResponse>();
    for (const effort of efforts) {
      plans.set(effort, await solve(solver, request, effort, effort === 'best' ? options.bestMs : 0, false));
    }
    const bounded = await solve(solver, request, 'fast', 0, true);
    const bound = bounded.plan?.bound;
    if (bound === undefined) throw new Error('measure bounds: the answer has no bound');
    const boundUsdPerHour = Number(bound.lowerBoundNanoUsdPerHour) / NANO_PER_DOLLAR;
    const fastMs = workerMs(plans.get('fast'));
    const covered = unplacedOf(bounded);
    return {
      name: benchCase.name,
      capacity: options.capacity,
      ...(benchCase.seed === undefined ? {} : { seed: benchCase.seed }),
      podCount: problem.podCount,
      boundUsdPerHour,
      converged: bound.converged,
      boundMs: Math.max(0, workerMs(bounded) - fastMs),
      efforts: efforts.map((effort) => resultOf(effort, plans.get(effort), boundUsdPerHour, covered)),
    };
  } finally {
    await solver.close();
  }
}

function withObjective(request: SolveRequest, objective: ObjectiveName): SolveRequest {
  const kind = OBJECTIVE_KINDS[objective];
  const options = request.options ?? create(SolveOptionsSchema);
  return { ...request, options: { ...options, objective: create(ObjectiveSchema, { kind }) } };
}

function solve(
  solver: LocalSolver,
  request: SolveRequest,
  effort: EffortName,
  timeLimitMs: number,
  lowerBound: boolean,
): Promise<SolveResponse> {
  const options = {
    ...(request.options ?? create(SolveOptionsSchema)),
    effort: CODES[effort],
    timeLimitMs,
    lowerBound,
  };
  return solver.solve({ ...request, options });
}

function workerMs(response: SolveResponse | undefined): number {
  return Number(response?.stats?.solveUs ?? 0n) / 1000;
}

/** Pods without a place by group, as a text: equal where the same pods have one. */
function unplacedOf({ plan }: SolveResponse): string {
  const counts = new Map<number, number>();
  for (const { pods } of plan?.unplaced ?? []) {
    if (pods !== undefined) counts.set(pods.group, (counts.get(pods.group) ?? 0) + pods.names.length);
  }
  return [...counts]
    .sort(([left], [right]) => left - right)
    .map(([group, count]) => `${group}x${count}`)
    .join(' ');
}

function resultOf(
  effort: EffortName,
  response: SolveResponse | undefined,
  bound: number,
  covered: string,
): EffortResult {
  const plan = response?.plan;
  if (response === undefined || plan === undefined) throw new Error('measure bounds: an answer has no plan');
  const costUsdPerHour = Number(plan.totalCostNanoUsdPerHour) / NANO_PER_DOLLAR;
  const isComparable = bound > 0 && unplacedOf(response) === covered;
  return {
    effort,
    costUsdPerHour,
    nodeCount: plan.nodes.length,
    unplacedCount: plan.unplaced.reduce((sum, { pods }) => sum + (pods?.names.length ?? 0), 0),
    solveMs: workerMs(response),
    ...(isComparable ? { gap: costUsdPerHour / bound - 1 } : {}),
  };
}
