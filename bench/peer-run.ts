// A case beside Karpenter: both get the same problem in the same run, each in a process of its own, Karpenter before and
// after, so that what else the machine does falls on both.
import type { CaseOrder } from './case-process.ts';
import { type KarpenterResult, type PricedProblem, priceOf, readProblemFile, runKarpenter } from './peers/index.ts';
import { corpusProblem } from './problems.ts';
import type { CaseOutcome, PeerOutcome, PeerRun } from './result.ts';

/** Workers of a default install, on the one side of our own run, and of Karpenter's benchmark, on the other. */
const WORKERS_BEFORE = 1;
const WORKERS_AFTER = 5;

/** Measures a case with `runCase`, at each effort, between two rounds of Karpenter. */
export async function measureBeside(
  subject: CaseOrder['subject'],
  runCase: () => Promise<readonly CaseOutcome[]>,
): Promise<{ readonly outcomes: readonly CaseOutcome[]; readonly peer: PeerOutcome }> {
  let problem: Record<string, unknown>;
  let before: PeerRun;
  try {
    problem =
      subject.kind === 'file' ? readProblemFile(subject.path) : corpusProblem(subject.name, subject.size, subject.seed);
    before = await runOnce(problem, WORKERS_BEFORE);
  } catch (error) {
    return { outcomes: await runCase(), peer: { error: textOf(error) } };
  }
  const outcomes = await runCase();
  try {
    return { outcomes, peer: { runs: [before, await runOnce(problem, WORKERS_AFTER)] } };
  } catch (error) {
    return { outcomes, peer: { error: textOf(error) } };
  }
}

async function runOnce(problem: Record<string, unknown>, workers: number): Promise<PeerRun> {
  const [result] = await runKarpenter(problem, { workers, runs: 1 });
  if (result === undefined) throw new Error('run Karpenter: it gave no answer');
  return readRun(result, problem as unknown as PricedProblem, workers);
}

function readRun(result: KarpenterResult, problem: PricedProblem, workerCount: number): PeerRun {
  const { nodeCount, usdPerHour } = priceOf(result, problem);
  const count = (nodes: readonly { readonly pods: readonly string[] }[]): number =>
    nodes.reduce((sum, { pods }) => sum + pods.length, 0);
  return {
    workerCount,
    solveMs: result.solveMs,
    nodeCount,
    priceUsdPerHour: usdPerHour,
    placedCount: count(result.nodeClaims) + count(result.existingNodes),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
