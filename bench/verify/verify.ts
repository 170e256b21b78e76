// One problem, both sides: solves it, runs Karpenter, sorts the differences into classes and puts the prices side by side.
import type { LocalSolver } from '../../server/index.ts';
import { type KarpenterResult, type PlanPrice, type PricedProblem, priceOf, priceOfPlan } from '../peers/index.ts';
import { refusedOnArrival } from './arrival/index.ts';
import { compareRun, type Difference, leftOutBy, placedCount, placesAsMany } from './compare.ts';
import { classOf, type DifferenceContext, type VerifiedProblem, type WaitingPod } from './differences.ts';
import { type DovetailAnswer, solveWithDovetail } from './dovetail.ts';
import { answersWithinNodeLimits } from './node-limits.ts';
import { afterBatch, fullPlaces, type PlaceableProblem, placesOfKarpenter, placesOfPlan } from './places.ts';

/** A difference and the class it belongs to; without a class it fails the problem. */
export interface JudgedDifference extends Difference {
  readonly className?: string;
  /** How many pods of Karpenter's answer kube-scheduler would keep out by rules about other pods. */
  readonly karpenterRefusedCount: number;
}

/** One side's answer in figures. */
export interface SideFigures extends PlanPrice {
  readonly placedCount: number;
  readonly solveMs: number;
}

/** What came of one problem. */
export interface VerifyOutcome {
  readonly name: string;
  /** Rules that the problem was drawn with; empty for a file. */
  readonly rules: readonly string[];
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
export type VerifyInput = VerifiedProblem & PricedProblem & PlaceableProblem;

/** Batches after the first that Karpenter is given to place a pod. */
const LATER_BATCHES = 3;

/** Verifies a problem. Throws when a side can't answer it at all. */
export async function verifyProblem(
  name: string,
  problem: VerifyInput,
  tools: VerifyTools,
): Promise<Omit<VerifyOutcome, 'rules'>> {
  const answer = await solveWithDovetail(tools.solver, problem);
  const results = await tools.runKarpenter(problem, tools.runs);
  const differences = await judgedDifferences(problem, answer, results, tools);
  const refusedOfOurs = refusedOnArrival(placesOfPlan(problem, answer), problem.namespaces ?? []);
  const error = `kube-scheduler would keep ${[...refusedOfOurs].join(', ')} off the nodes that Dovetail plans`;
  return {
    name,
    passed: refusedOfOurs.size === 0 && differences.every(({ className }) => className !== undefined),
    differences,
    figures: figuresOf(problem, answer, results),
    ...(refusedOfOurs.size === 0 ? {} : { error }),
  };
}

/** Where the two place different pods, in each of Karpenter's runs, with the class that each difference belongs to. */
export async function judgedDifferences(
  problem: VerifyInput,
  answer: DovetailAnswer,
  results: readonly KarpenterResult[],
  tools: VerifyTools,
): Promise<JudgedDifference[]> {
  const asked = memoized((side, pods) => asksAlone(problem, tools, side, pods));
  const karpenterPlaces = asking(problem, tools, answer);
  const namespaces = problem.namespaces ?? [];
  const ours = placesOfPlan(problem, answer);
  const labelsByPod = new Map(
    ours.flatMap(({ arriving, options }) => arriving.map(({ metadata }) => [metadata.name, options[0] ?? {}] as const)),
  );
  const differences: JudgedDifference[] = [];
  for (const result of results) {
    const found = compareRun(answer, result);
    if (found.length === 0) continue;
    const refused = refusedOnArrival(placesOfKarpenter(problem, result), namespaces);
    const refusedOverAllDomains = once(async () =>
      refusedOnArrival([...placesOfKarpenter(problem, result), ...fullPlaces(problem)], namespaces),
    );
    const outWithinNodeLimits = once(async () => leftOutAsCounted(problem, result));
    const leftInTheEnd = once(() => leftAfterBatches(problem, result, tools));
    for (const difference of found) {
      const matched = await classOf(difference, {
        problem,
        unplaced: answer.unplaced,
        groupOf: (pod) => answer.groups.find((names) => names.includes(pod)) ?? [],
        result,
        refused,
        refusedOverAllDomains,
        outWithinNodeLimits,
        placesAlone: (side, pod, fellows = []) => asked(side, [pod, ...fellows]),
        placesLater: async (pod) => !(await leftInTheEnd()).has(pod),
        karpenterPlaces,
        ourLabels: (pod) => labelsByPod.get(pod),
      });
      const judged = { ...difference, karpenterRefusedCount: refused.size };
      differences.push(matched === undefined ? judged : { ...judged, className: matched.name });
    }
  }
  return differences;
}

/**
 * Pods out of Karpenter's answer within the limits on nodes. With some of its nodes taken back, spreads no longer hold as it
 * counts them, over the domains that pools offer: what they keep out then is out as well. The
 * nodes are kept of which most pods stay.
 */
function leftOutAsCounted(problem: VerifyInput, result: KarpenterResult): ReadonlySet<string> {
  const ways = answersWithinNodeLimits(problem, result).map((kept) => {
    const places = [...placesOfKarpenter(problem, kept), ...fullPlaces(problem)];
    return new Set([...leftOutBy(kept), ...refusedOnArrival(places, problem.namespaces ?? [])]);
  });
  const [fewest] = ways.sort((left, right) => left.size - right.size);
  return fewest ?? leftOutBy(result);
}

/** Whether a side places all of the pods when no other waits. */
async function asksAlone(
  problem: VerifyInput,
  tools: VerifyTools,
  side: Side,
  pods: readonly WaitingPod[],
): Promise<boolean> {
  const alone = { ...problem, pods };
  if (side === 'dovetail') return (await solveWithDovetail(tools.solver, alone)).unplaced.size === 0;
  return (await tools.runKarpenter(alone, 1)).every(({ unscheduled }) => unscheduled.length === 0);
}

async function onlyRun(tools: VerifyTools, problem: object): Promise<KarpenterResult> {
  const [result] = await tools.runKarpenter(problem, 1);
  if (result === undefined) throw new Error('run Karpenter once: it answered nothing');
  return result;
}

/** Times that Karpenter is asked a changed question: of three domains it may choose the wrong two again and again. */
const PROOF_RUNS = 12;

/**
 * Asks Karpenter changed questions, each more often than the problem itself, since its answers vary. It places a pod when it
 * does so in one of the runs; of the whole problem it has to place as many pods equal to that one as we do, whichever, or
 * more pods in all, by priority.
 */
function asking(
  problem: VerifyInput,
  tools: VerifyTools,
  { groups, unplaced }: DovetailAnswer,
): DifferenceContext['karpenterPlaces'] {
  const answers = new Map<string, Promise<readonly KarpenterResult[]>>();
  return async (pod, question) => {
    const changed = 'only' in question ? { ...(question.among ?? problem), pods: [question.only] } : question.problem;
    const key = JSON.stringify(changed);
    const inLaterBatches = 'problem' in question && question.inLaterBatches === true;
    const results = answers.get(key) ?? tools.runKarpenter(changed, Math.max(PROOF_RUNS, tools.runs));
    answers.set(key, results);
    const group = 'only' in question ? [pod] : (groups.find((names) => names.includes(pod)) ?? [pod]);
    const mostOut = 'only' in question ? 0 : group.filter((name) => unplaced.has(name)).length;
    const moreInAll = 'problem' in question && question.moreInAll === true;
    for (const result of await results) {
      const out = inLaterBatches ? await leftAfterBatches(changed as VerifyInput, result, tools) : leftOutBy(result);
      const isPlaced = moreInAll
        ? !placesAsMany(problem.pods, unplaced, out)
        : group.filter((name) => out.has(name)).length <= mostOut;
      if (isPlaced) return true;
    }
    return false;
  };
}

/** Pods that Karpenter leaves out still when its answer was carried out and it is asked again, a few times over. */
async function leftAfterBatches(
  problem: VerifyInput,
  first: KarpenterResult,
  tools: VerifyTools,
): Promise<Set<string>> {
  let state = problem;
  let result = first;
  for (let batch = 0; batch < LATER_BATCHES && result.unscheduled.length > 0; batch += 1) {
    state = afterBatch(state, result);
    result = await onlyRun(tools, state);
  }
  return leftOutBy(result);
}

/** The question, asked when it is needed and once. */
function once<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let answer: Promise<Answer> | undefined;
  return () => {
    answer ??= ask();
    return answer;
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
function memoized(ask: (side: Side, pods: readonly WaitingPod[]) => Promise<boolean>): typeof ask {
  const known = new Map<string, Promise<boolean>>();
  return (side, pods) => {
    const key = `${side} ${JSON.stringify(pods)}`;
    let answer = known.get(key);
    if (answer === undefined) {
      answer = ask(side, pods);
      known.set(key, answer);
    }
    return answer;
  };
}
