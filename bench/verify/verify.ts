// One problem, both sides: solves it, runs Karpenter, sorts the differences into classes and puts the prices side by side.
import type { LocalSolver } from '../../server/index.ts';
import { type KarpenterResult, type PlanPrice, type PricedProblem, priceOf, priceOfPlan } from '../peers/index.ts';
import { compareRun, type Difference, placedCount } from './compare.ts';
import { classOf, type VerifiedProblem, type WaitingPod } from './differences.ts';
import { type DovetailAnswer, solveWithDovetail } from './dovetail.ts';

/** A difference and the class it belongs to; without a class it fails the problem. */
export interface JudgedDifference extends Difference {
  readonly className?: string;
}

/** One side's answer in figures. */
export interface SideFigures extends PlanPrice {
  readonly placedCount: number;
  readonly solveMs: number;
}

/** What came of one problem. */
export interface VerifyOutcome {
  readonly name: string;
  readonly passed: boolean;
  readonly differences: readonly JudgedDifference[];
  /** Absent where something failed before the answers were there. */
  readonly figures?: {
    readonly podCount: number;
    readonly dovetail: SideFigures;
    /** One a run. */
    readonly karpenter: readonly SideFigures[];
  };
  readonly error?: string;
}

/** What is needed to verify a problem. */
export interface VerifyTools {
  readonly solver: LocalSolver;
  /** Runs Karpenter on a problem so many times. */
  readonly runKarpenter: (problem: object, runs: number) => Promise<readonly KarpenterResult[]>;
  /** Runs on the problem itself. */
  readonly runs: number;
}

/** A problem of the format, as far as it is read here: Dovetail's own reader checks the file. */
export type VerifyInput = VerifiedProblem & PricedProblem;

/** Verifies a problem. Throws when a side can't answer it at all. */
export async function verifyProblem(name: string, problem: VerifyInput, tools: VerifyTools): Promise<VerifyOutcome> {
  const answer = await solveWithDovetail(tools.solver, problem);
  const results = await tools.runKarpenter(problem, tools.runs);
  const differences: JudgedDifference[] = [];
  const placesAlone = memoized(async (side: Side, pod: WaitingPod) => {
    const alone = { ...problem, pods: [pod] };
    if (side === 'dovetail') return (await solveWithDovetail(tools.solver, alone)).unplaced.size === 0;
    return (await tools.runKarpenter(alone, 1)).every(({ unscheduled }) => unscheduled.length === 0);
  });
  for (const result of results) {
    for (const difference of compareRun(answer, result)) {
      const found = await classOf(difference, { problem, unplaced: answer.unplaced, result, placesAlone });
      differences.push(found === undefined ? difference : { ...difference, className: found.name });
    }
  }
  return {
    name,
    passed: differences.every(({ className }) => className !== undefined),
    differences,
    figures: figuresOf(problem, answer, results),
  };
}

function figuresOf(problem: VerifyInput, answer: DovetailAnswer, results: readonly KarpenterResult[]) {
  const podCount = problem.pods.length;
  return {
    podCount,
    dovetail: {
      ...priceOfPlan(answer.nodes, problem),
      placedCount: podCount - answer.unplaced.size,
      solveMs: answer.solveMs,
    },
    karpenter: results.map((result) => ({
      ...priceOf(result, problem),
      placedCount: placedCount(result),
      solveMs: result.solveMs,
    })),
  };
}

type Side = 'karpenter' | 'dovetail';

/** Each question is asked once. */
function memoized(ask: (side: Side, pod: WaitingPod) => Promise<boolean>): typeof ask {
  const known = new Map<string, Promise<boolean>>();
  return (side, pod) => {
    const key = `${side} ${JSON.stringify(pod)}`;
    let answer = known.get(key);
    if (answer === undefined) {
      answer = ask(side, pod);
      known.set(key, answer);
    }
    return answer;
  };
}
