// One problem on one market: Karpenter's cheapest valid plan, and ours for the pods that it places, by every effort and each
// objective. A plan of ours that is dearer at BALANCED passes only where it is better by what comes before price, and where
// with Karpenter's pools taken for granted it is not dearer.
import { type KarpenterResult, type PlanPrice, priceOf, priceOfPlan } from '../peers/index.ts';
import {
  type DovetailAnswer,
  judgedDifferences,
  leftOutBy,
  leftOutWithinNodeLimits,
  placesOfKarpenter,
  refusedOnArrival,
} from '../verify/index.ts';
import { costOf, isDearer, type ObjectiveName } from './costs.ts';
import {
  ask,
  type BoundFigures,
  type EffortName,
  type OurPlanFigures,
  type PlanFigures,
  type PriceTools,
  solveEfforts,
} from './efforts.ts';
import { type Excuse, excuseFor } from './excuses.ts';
import { type Flexibility, flexibilityOf } from './flexibility.ts';
import { asKarpenterDecided, type MarketName, type PriceInput, withPods } from './questions.ts';
import { hasUncountedRules } from './uncounted-rules.ts';

/** Ours by one objective. */
export interface OurFigures {
  readonly objective: ObjectiveName;
  readonly efforts: Readonly<Record<EffortName, OurPlanFigures>>;
  readonly bound: BoundFigures;
  /** Cost of Karpenter's plan by the objective, US dollars an hour; absent without Karpenter. */
  readonly karpenterCost?: number;
  /** Of BALANCED. */
  readonly flexibility: Flexibility;
  readonly verdict: Verdict;
}

/** What is said of ours beside Karpenter's: all pass but `dearer` and `fewer pods`. */
export type Verdict = 'no rival' | 'cheaper' | 'equal' | Excuse | 'dearer' | 'fewer pods';

/** Verdicts that fail a problem. */
export const FAILING: ReadonlySet<Verdict> = new Set(['dearer', 'fewer pods']);

/** What came of one problem on one market. */
export interface PriceOutcome {
  readonly name: string;
  readonly market: MarketName;
  /** Pods that the plans are compared over. */
  readonly podCount: number;
  /** Whether plans keep rules that the bound leaves out. */
  readonly hasUncountedRules: boolean;
  /** Absent where it was not asked, or has no valid plan. */
  readonly karpenter?: PlanFigures;
  /** Runs of Karpenter that were set aside: kube-scheduler would refuse some of their pods, or limits on nodes their nodes. */
  readonly invalidRunCount: number;
  readonly ours: readonly OurFigures[];
  readonly passed: boolean;
}

/** Pods up to which an answer is held against the filters of kube-scheduler: it takes long, and larger ones count as valid. */
const JUDGED_POD_LIMIT = 1_000;

/** Karpenter's answers vary: the cheapest of so many is the rival. */
const KARPENTER_RUNS = 3;

/** Compares. Throws when a side can't answer at all. */
export async function comparePrices(
  name: string,
  market: MarketName,
  problem: PriceInput,
  tools: PriceTools,
): Promise<PriceOutcome> {
  let asked = await askKarpenter(problem, tools);
  let placesFewer = false;
  if (asked.rival !== undefined) {
    // Over the pods that both place: those that Karpenter alone places, wrongly or by a difference that is meant, would count
    // on one side only.
    const whole = await ask(tools, problem, 'list price', 'BALANCED');
    placesFewer = await placesFewerThan(asked.rival, problem, whole, tools);
    const leftOut = leftOutWithinNodeLimits(problem, asked.rival);
    const both = withPods(problem, (pod) => !leftOut.has(pod) && !whole.unplaced.has(pod));
    if (!placesFewer && both.pods.length < problem.pods.length - asked.rival.unscheduled.length) {
      asked = await askKarpenter(both, tools, keepsNodeLimits);
    }
  }
  const { rival, invalidRunCount } = asked;
  const question = rival === undefined ? asked.problem : withPods(asked.problem, (pod) => !leftOutBy(rival).has(pod));
  const ours: OurFigures[] = [];
  for (const objective of tools.objectives) {
    const figures = await oursBy(objective, { question, rival, tools });
    ours.push(placesFewer ? { ...figures, verdict: 'fewer pods' } : figures);
  }
  return {
    name,
    market,
    podCount: question.pods.length,
    hasUncountedRules: hasUncountedRules(question),
    ...(rival === undefined ? {} : { karpenter: { ...priceOf(rival, problem), solveMs: rival.solveMs } }),
    invalidRunCount,
    ours,
    passed: ours.every(({ verdict }) => !FAILING.has(verdict)),
  };
}

/** Karpenter's cheapest valid run on a problem, of those that `accepts` lets count. */
async function askKarpenter(
  problem: PriceInput,
  { runKarpenter }: PriceTools,
  accepts: (problem: PriceInput, result: KarpenterResult) => boolean = () => true,
) {
  const results = (await runKarpenter?.(problem, KARPENTER_RUNS)) ?? [];
  const valid = results.filter((result) => isValid(problem, result) && accepts(problem, result));
  return { problem, rival: cheapestOf(problem, valid), invalidRunCount: results.length - valid.length };
}

/** Whether Karpenter places pods that we leave out, and no difference that is meant explains it. */
async function placesFewerThan(
  rival: KarpenterResult,
  problem: PriceInput,
  answer: DovetailAnswer,
  { solver, runKarpenter }: PriceTools,
): Promise<boolean> {
  if (answer.unplaced.size === 0 || runKarpenter === undefined) return false;
  const differences = await judgedDifferences(problem, answer, [rival], { solver, runKarpenter, runs: KARPENTER_RUNS });
  return differences.some(
    ({ direction, className }) => direction === 'karpenter places more' && className === undefined,
  );
}

/** Whether a run keeps to the limits on nodes, which Karpenter does not hold against the nodes of one batch. */
function keepsNodeLimits(problem: PriceInput, result: KarpenterResult): boolean {
  return leftOutWithinNodeLimits(problem, result).size === leftOutBy(result).size;
}

function isValid(problem: PriceInput, result: KarpenterResult): boolean {
  if (problem.pods.length > JUDGED_POD_LIMIT) return true;
  return refusedOnArrival(placesOfKarpenter(problem, result), problem.namespaces ?? []).size === 0;
}

/** Most pods first, then the price. */
function cheapestOf(problem: PriceInput, results: readonly KarpenterResult[]): KarpenterResult | undefined {
  const ranked = results.map((result) => ({ result, price: priceOf(result, problem).usdPerHour }));
  ranked.sort(
    (left, right) => left.result.unscheduled.length - right.result.unscheduled.length || left.price - right.price,
  );
  return ranked[0]?.result;
}

/** What ours is compared over. */
interface Comparison {
  /** With the pods that Karpenter places. */
  readonly question: PriceInput;
  readonly rival: KarpenterResult | undefined;
  readonly tools: PriceTools;
}

async function oursBy(objective: ObjectiveName, comparison: Comparison): Promise<OurFigures> {
  const { question, rival, tools } = comparison;
  const { efforts, bound, balanced } = await solveEfforts(tools, question, objective);
  const price = rival === undefined ? undefined : priceOf(rival, question);
  const verdict =
    rival === undefined || price === undefined
      ? 'no rival'
      : await verdictOn(objective, comparison, rival, { answer: balanced, price: efforts.BALANCED, theirs: price });
  return {
    objective,
    efforts,
    bound,
    flexibility: flexibilityOf(balanced.nodes, question),
    ...(price === undefined ? {} : { karpenterCost: costOf(objective, price) }),
    verdict,
  };
}

/** Our plan at BALANCED and what the two plans cost. */
interface Pair {
  readonly answer: DovetailAnswer;
  readonly price: PlanPrice;
  readonly theirs: PlanPrice;
}

async function verdictOn(
  objective: ObjectiveName,
  { question, tools }: Comparison,
  rival: KarpenterResult,
  { answer, price, theirs }: Pair,
): Promise<Verdict> {
  if (answer.unplaced.size > 0) return 'fewer pods';
  if (!isDearer(objective, price, theirs)) return isDearer(objective, theirs, price) ? 'cheaper' : 'equal';
  const { excuse, kept } = excuseFor({ question, ours: answer, theirs: rival });
  if (excuse === undefined) return 'dearer';
  const again = await ask(tools, asKarpenterDecided(question, rival, kept), objective, 'BALANCED');
  const isCheapEnough = again.unplaced.size === 0 && !isDearer(objective, priceOfPlan(again.nodes, question), theirs);
  return isCheapEnough ? excuse : 'dearer';
}
