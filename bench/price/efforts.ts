// Our plans for one problem by one objective, effort by effort, and the bound that they are held against.
import { create } from '@bufbuild/protobuf';
import { Effort, ObjectiveSchema, type SolveOptions } from '../../proto/index.ts';
import type { LocalSolver } from '../../server/index.ts';
import { type KarpenterResult, type PlanPrice, priceOfPlan } from '../peers/index.ts';
import { type DovetailAnswer, solveWithDovetail } from '../verify/index.ts';
import { costOf, OBJECTIVE_KINDS, type ObjectiveName } from './costs.ts';
import type { PriceInput } from './questions.ts';

/** The efforts, least first. */
export const EFFORTS = ['FAST', 'BALANCED', 'BEST'] as const;
/** One of EFFORTS. */
export type EffortName = (typeof EFFORTS)[number];

/** What comparing needs. */
export interface PriceTools {
  readonly solver: LocalSolver;
  /** Runs Karpenter so many times; absent where nothing is compared. */
  readonly runKarpenter?: (problem: object, runs: number) => Promise<readonly KarpenterResult[]>;
  /** Time that BEST may take, in milliseconds. */
  readonly bestMs: number;
  /** What plans are chosen by. */
  readonly objectives: readonly ObjectiveName[];
}

/** A plan in figures. */
export interface PlanFigures extends PlanPrice {
  readonly solveMs: number;
}

/** A plan of ours in figures. */
export interface OurPlanFigures extends PlanFigures {
  /** What it counts for by the objective, US dollars an hour. */
  readonly cost: number;
  /** Cost ÷ bound − 1; absent where the bound is 0 or about other pods. */
  readonly boundGap?: number;
  /** Cost ÷ least cost of any effort − 1; absent where that is 0, or for fewer pods. */
  readonly bestGap?: number;
}

/** What no plan for the pods that FAST places costs less than, by the objective. */
export interface BoundFigures {
  readonly usdPerHour: number;
  readonly converged: boolean;
}

/** Our plans for one problem. */
export interface EffortFigures {
  readonly efforts: Readonly<Record<EffortName, OurPlanFigures>>;
  readonly bound: BoundFigures;
  /** The plan of BALANCED. */
  readonly balanced: DovetailAnswer;
}

/** Solves at every effort, after solves that warm the code up: one of them brings the bound, so that its time is in no figure. */
export async function solveEfforts(
  tools: PriceTools,
  question: PriceInput,
  objective: ObjectiveName,
): Promise<EffortFigures> {
  await ask(tools, question, objective, 'BALANCED');
  const bounded = await ask(tools, question, objective, 'FAST', true);
  if (bounded.bound === undefined) throw new Error('measure prices: the answer has no bound');
  const answers = new Map<EffortName, DovetailAnswer>();
  for (const effort of EFFORTS) answers.set(effort, await ask(tools, question, objective, effort));
  const price = (answer: DovetailAnswer) => priceOfPlan(answer.nodes, question);
  const placed = [...answers.values()].sort((left, right) => left.unplaced.size - right.unplaced.size)[0]!;
  const costs = [...answers.values()]
    .filter((answer) => unplacedOf(answer) === unplacedOf(placed))
    .map((answer) => costOf(objective, price(answer)));
  const least = Math.min(...costs);
  const figuresOf = (answer: DovetailAnswer): OurPlanFigures => {
    const figures = price(answer);
    const cost = costOf(objective, figures);
    const boundGap = gapTo(bounded.bound!.usdPerHour, cost, unplacedOf(answer) === unplacedOf(bounded));
    const bestGap = gapTo(least, cost, unplacedOf(answer) === unplacedOf(placed));
    return { ...figures, solveMs: answer.solveMs, cost, ...named('boundGap', boundGap), ...named('bestGap', bestGap) };
  };
  const efforts = Object.fromEntries([...answers].map(([effort, answer]) => [effort, figuresOf(answer)]));
  return {
    efforts: efforts as Record<EffortName, OurPlanFigures>,
    bound: bounded.bound,
    balanced: answers.get('BALANCED')!,
  };
}

/** Solves once. */
export function ask(
  { solver, bestMs }: PriceTools,
  problem: object,
  objective: ObjectiveName,
  effort: EffortName,
  lowerBound = false,
): Promise<DovetailAnswer> {
  const limit = effort === 'BEST' ? { timeLimitMs: bestMs } : {};
  return solveWithDovetail(solver, problem, { ...optionsOf(objective, effort), ...limit, lowerBound });
}

/** What a request says of an objective and an effort. */
export function optionsOf(objective: ObjectiveName, effort: EffortName): Pick<SolveOptions, 'effort' | 'objective'> {
  return { effort: Effort[effort], objective: create(ObjectiveSchema, { kind: OBJECTIVE_KINDS[objective] }) };
}

function gapTo(least: number, cost: number, isComparable: boolean): number | undefined {
  return isComparable && least > 0 ? Math.max(0, cost / least - 1) : undefined;
}

function named<Key extends string>(key: Key, value: number | undefined): { readonly [K in Key]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: number });
}

/** How many pods of each group are left out, as a text: equal where pods that are left out are. */
function unplacedOf({ groups, unplaced }: DovetailAnswer): string {
  return groups.map((names) => names.filter((name) => unplaced.has(name)).length).join(' ');
}
