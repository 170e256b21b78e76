// Measures one case in this process: cold first, then other problems, then warm. The clock runs from parsed pods in
// memory to the finished plan with its names, through the same grouping, checks, workers and writing as the service.
import { create } from '@bufbuild/protobuf';
import {
  type CatalogueReference,
  CatalogueReferenceSchema,
  Effort,
  type PlacedPods,
  SolveOptionsSchema,
  type SolveRequest,
  type SolveResponse,
  UnplacedReasonCodeSchema,
} from '../proto/index.ts';
import { createLocalSolver, type LocalSolver } from '../server/index.ts';
import type { Answer, CaseResult, RefusedCount, SolveTimes } from './result.ts';

/** One problem, parsed and in memory. */
export interface BenchProblem {
  readonly podCount: number;
  readonly nodeInputCount: number;
  /** What is on sale. */
  readonly catalogue: CatalogueReference;
  /** Groups the pods and writes the request. This is timed. */
  buildRequest(catalogue: CatalogueReference): SolveRequest;
}

/** What is measured: the problem, and others of its kind to warm up with. */
export interface BenchCase {
  readonly name: string;
  readonly description: string;
  readonly seed?: number;
  /** The problem, parsed anew each time, so that no run finds what another one left in its objects. */
  readonly fresh: () => BenchProblem;
  /** A different problem of the same kind for each number from 0. */
  readonly other: (number: number) => BenchProblem;
}

/** Efforts that are measured, by the names that they have on the command line. */
export const BENCH_EFFORTS = { fast: Effort.FAST, balanced: Effort.BALANCED } as const;

/** One of them. */
export type BenchEffort = keyof typeof BENCH_EFFORTS;

/** How a case is measured. */
export interface MeasureOptions {
  readonly workerCount: number;
  /** Warm solves, of which the median is reported. */
  readonly warmRunCount: number;
  readonly effort: BenchEffort;
  /** Time to spend on solving other problems between the cold run and the warm ones. */
  readonly warmUpMs: number;
}

/** Other problems solved before the warm runs, however short or long they take. */
const WARM_UP_PROBLEMS = { least: 3, most: 200 } as const;

/** Measures a case. Throws when an answer is not sound or differs between runs: a figure for it would be worth nothing. */
export async function measureCase(benchCase: BenchCase, options: MeasureOptions): Promise<CaseResult> {
  const startedMs = performance.now();
  const solver = await createLocalSolver({ workerCount: options.workerCount });
  try {
    const startMs = performance.now() - startedMs;
    const first = benchCase.fresh();
    const indexStartMs = performance.now();
    let catalogue = loadCatalogue(solver, first);
    const indexMs = performance.now() - indexStartMs;
    const cold = await solveOnce(solver, first, catalogue, options.effort);
    await warmUp(solver, benchCase, options);
    const warm: SolveTimes[] = [];
    for (let run = 0; run < options.warmRunCount; run += 1) {
      const problem = benchCase.fresh();
      catalogue = loadCatalogue(solver, problem);
      const solved = await solveOnce(solver, problem, catalogue, options.effort);
      if (solved.answer.hash !== cold.answer.hash) {
        throw new Error(`solve ${benchCase.name}: two runs of the same problem gave different plans`);
      }
      warm.push(solved.times);
    }
    return {
      name: benchCase.name,
      description: benchCase.description,
      effort: options.effort,
      ...(benchCase.seed === undefined ? {} : { seed: benchCase.seed }),
      podCount: first.podCount,
      nodeInputCount: first.nodeInputCount,
      startMs,
      indexMs,
      cold: cold.times,
      warm: median(warm),
      warmRunCount: warm.length,
      answer: cold.answer,
    };
  } finally {
    await solver.close();
  }
}

/** Solves other problems of the case's kind, so that the code is compiled and no answer is known. */
async function warmUp(solver: LocalSolver, benchCase: BenchCase, { warmUpMs, effort }: MeasureOptions): Promise<void> {
  let spentMs = 0;
  for (let number = 0; number < WARM_UP_PROBLEMS.most; number += 1) {
    if (number >= WARM_UP_PROBLEMS.least && spentMs >= warmUpMs) return;
    const other = benchCase.other(number);
    const { times } = await solveOnce(solver, other, loadCatalogue(solver, other), effort);
    spentMs += times.totalMs;
  }
}

/** Sends the problem's catalogue once; from then on it is named by its hash, as a caller should. */
function loadCatalogue(solver: LocalSolver, problem: BenchProblem): CatalogueReference {
  if (problem.catalogue.catalogue.case === 'identity') {
    solver.loadCatalogue(problem.catalogue);
    return problem.catalogue;
  }
  const contentHash = solver.loadCatalogue(problem.catalogue);
  return create(CatalogueReferenceSchema, { catalogue: { case: 'contentHash', value: contentHash } });
}

async function solveOnce(
  solver: LocalSolver,
  problem: BenchProblem,
  catalogue: CatalogueReference,
  effort: BenchEffort,
): Promise<{ times: SolveTimes; answer: Answer }> {
  const startMs = performance.now();
  const request = problem.buildRequest(catalogue);
  request.options ??= create(SolveOptionsSchema);
  request.options.effort = BENCH_EFFORTS[effort];
  const groupedMs = performance.now();
  const response = await solver.solve(request);
  const endMs = performance.now();
  const { stats } = response;
  if (stats === undefined) throw new Error('solve: the answer has no stats');
  const queueMs = Number(stats.queueUs) / 1000;
  const workerMs = Number(stats.solveUs) / 1000;
  return {
    times: {
      totalMs: endMs - startMs,
      groupMs: groupedMs - startMs,
      queueMs,
      workerMs,
      serverMs: endMs - groupedMs - queueMs - workerMs,
    },
    answer: readAnswer(response, request, problem),
  };
}

/** Counts an answer, and checks that it accounts for every pod once. */
function readAnswer(response: SolveResponse, request: SolveRequest, problem: BenchProblem): Answer {
  const { plan, stats } = response;
  if (plan === undefined || stats === undefined) throw new Error('solve: the answer has no plan');
  const placed = new Set<string>();
  const countNames = (pods: readonly PlacedPods[]): number => {
    let count = 0;
    for (const { group, names } of pods) {
      for (const name of names) placed.add(`${group}/${name}`);
      count += names.length;
    }
    return count;
  };
  const placedOnNewCount = plan.nodes.reduce((sum, node) => sum + countNames(node.pods), 0);
  const placedOnExistingCount = plan.existing.reduce((sum, node) => sum + countNames(node.pods), 0);
  const refused = new Map<string, number>();
  let refusedCount = 0;
  for (const { pods, reasons } of plan.unplaced) {
    const count = pods === undefined ? 0 : countNames([pods]);
    refusedCount += count;
    // Pools are named in the order in which they are used: the first one's reason stands for the pod.
    const code = UnplacedReasonCodeSchema.value[reasons[0]?.code ?? 0]?.localName ?? 'unknown';
    refused.set(code, (refused.get(code) ?? 0) + count);
  }
  const total = placedOnNewCount + placedOnExistingCount + refusedCount;
  const known = request.podGroups.every((group, index) => group.names.every((name) => placed.has(`${index}/${name}`)));
  if (total !== problem.podCount || placed.size !== problem.podCount || !known) {
    throw new Error(
      `solve: the plan does not account for every pod once (pods=${problem.podCount}, named=${total}, different=${placed.size})`,
    );
  }
  return {
    nodeCount: plan.nodes.length,
    priceUsdPerHour: Number(plan.totalPriceNanoUsdPerHour) / 1e9,
    placedCount: placedOnNewCount + placedOnExistingCount,
    placedOnExistingCount,
    refused: [...refused].map(([code, podCount]): RefusedCount => ({ code, podCount })).sort(byCount),
    shapeCount: stats.shapeCount,
    workUnits: Number(stats.workUnits),
    hash: plan.hash,
  };
}

function byCount(left: RefusedCount, right: RefusedCount): number {
  return right.podCount - left.podCount || (left.code < right.code ? -1 : 1);
}

/** The run of median total time, with its parts as they were. */
function median(runs: readonly SolveTimes[]): SolveTimes {
  const sorted = [...runs].sort((left, right) => left.totalMs - right.totalMs);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('take the median: there are no runs');
  return middle;
}
