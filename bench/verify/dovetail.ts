// Dovetail's side of a comparison: a problem through the same reader and solver as `dovetail solve --problem`, without
// transports, and its answer by groups of equal pods.
import { create } from '@bufbuild/protobuf';
import { readProblem, readProblemCatalogue, reportPlan } from '../../controller/kubernetes/index.ts';
import { type SolveOptions, SolveOptionsSchema } from '../../proto/index.ts';
import type { LocalSolver } from '../../server/index.ts';
import type { PlannedNode } from '../peers/index.ts';

/** A new node of a plan. */
export interface PlannedNodeWithPods extends PlannedNode {
  readonly nodePool: string;
  readonly pods: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** What of its pool's minValues it falls short of. */
  readonly relaxedMinValues?: readonly unknown[];
}

/** Dovetail's answer to a problem. */
export interface DovetailAnswer {
  /** Pods that are equal but for their names: which of them are placed makes no difference. */
  readonly groups: readonly (readonly string[])[];
  readonly nodes: readonly PlannedNodeWithPods[];
  /** Nodes that exist and take pods. */
  readonly existing: readonly { readonly name: string; readonly pods: readonly string[] }[];
  /** Pods left out, each with why. */
  readonly unplaced: ReadonlyMap<string, string>;
  readonly solveMs: number;
  /** What no plan for the same pods costs less than, by the objective; absent where it was not asked for. */
  readonly bound?: { readonly usdPerHour: number; readonly converged: boolean };
}

/** Solves a parsed problem, with options of the request beside its own. Throws what the reader and the solver throw. */
export async function solveWithDovetail(
  solver: LocalSolver,
  problem: unknown,
  options: Partial<Omit<SolveOptions, '$typeName'>> = {},
): Promise<DovetailAnswer> {
  const catalogue = readProblemCatalogue(problem);
  // The catalogue's index is made before the clock runs, as for Karpenter.
  solver.loadCatalogue(catalogue);
  const startMs = performance.now();
  const { request } = readProblem(problem, catalogue);
  const conversionMs = performance.now() - startMs;
  const asked = { ...(request.options ?? create(SolveOptionsSchema)), ...options };
  const response = await solver.solve({ ...request, options: asked });
  const report = reportPlan(response, conversionMs);
  return {
    groups: request.podGroups.map(({ names }) => names),
    nodes: report.nodes,
    existing: report.existing,
    unplaced: new Map(report.unscheduled.map(({ pod, reason }) => [pod, reason])),
    solveMs: report.timings.solveMs ?? 0,
    ...(report.bound === undefined || report.lowerBound === undefined
      ? {}
      : { bound: { usdPerHour: report.lowerBound, converged: report.bound.converged } }),
  };
}
