// One solve from a problem to a plan: refuse what is not planned for, place the rest, and where pods stay out that could
// have had a place, try again with those pods first. Then rank each node's offerings and say why the rest stays out.
// Pure: no clock, no randomness; `interrupt` is all that comes from outside.
import type { Catalogue, PriceSnapshot } from '../catalogue/index.ts';
import { CompiledProblem, type CompiledShape } from '../compile/index.ts';
import type { EnginePlan, Problem } from '../model/index.ts';
import { Budget } from '../pack/index.ts';
import { type Attempt, attemptPlacement, type Phases, type Variation } from './attempt.ts';
import { boundOf } from './bounding.ts';
import { Allowance } from './effort.ts';
import { emptyNodes } from './emptying.ts';
import { improveSmall, prefersAboutPods } from './exact/index.ts';
import { improveAttempt, placedPodCount } from './improving.ts';
import { stepsInTheEnd } from './kept-preferences.ts';
import { placeLatecomers } from './latecomers.ts';
import { moreOpenValues, WIDENING_LIMIT } from './open-values.ts';
import { placesMore } from './order-of-plans.ts';
import { otherAttempts } from './other-attempts.ts';
import type { LeaningDomain } from './places.ts';
import { writePlan } from './plan-writer.ts';
import {
  type FirstShapes,
  groupsOnNodes,
  leaningsFor,
  ordersWithFirst,
  ordersWithOneFirst,
  ordersWithOneLast,
} from './retrying.ts';

/** Times that pods which stayed out are tried again before the others. */
const RETRY_LIMIT = 3;

/** Attempts in which pods lean to domains that hold others back. */
const LEANING_LIMIT = 8;

/**
 * Solves a problem against a catalogue and its prices. `interrupt` is polled between units of work; once it says true
 * the best plan so far is returned, marked as cut. A bound that is asked for is worked out afterwards, until
 * `interruptBound` says true: a plan that was searched for as long as it may has its bound all the same.
 */
export function solve(
  catalogue: Catalogue,
  prices: PriceSnapshot,
  problem: Problem,
  interrupt?: () => boolean,
  interruptBound = interrupt,
): EnginePlan {
  const { plan, compiled, attempt } = solvePlan(catalogue, prices, problem, interrupt);
  if (problem.wantsBound !== true) return plan;
  return { ...plan, bound: boundOf(compiled, attempt.domains, plan, interruptBound) };
}

/** A plan with what it was made of. */
interface Solved {
  readonly plan: EnginePlan;
  readonly compiled: CompiledProblem;
  readonly attempt: Attempt;
}

function solvePlan(
  catalogue: Catalogue,
  prices: PriceSnapshot,
  problem: Problem,
  interrupt: (() => boolean) | undefined,
): Solved {
  const budget = new Budget(problem.workLimit, interrupt);
  let compiled = new CompiledProblem(catalogue, prices, problem);
  let best = bestAttempt(compiled, budget);
  let values: ReadonlyMap<string, number> | undefined = new Map<string, number>();
  for (let widening = 0; widening < WIDENING_LIMIT && !budget.cut; widening++) {
    values = moreOpenValues(compiled, best, values);
    if (values === undefined) break;
    const wider = new CompiledProblem(catalogue, prices, problem, values);
    const attempt = bestAttempt(wider, budget);
    if (budget.cut || !placesMore(attempt, best)) continue;
    compiled = wider;
    best = attempt;
  }
  const cutPlacing = budget.cut;
  const others = otherAttempts(compiled, best, budget);
  const means: Means = { budget, cutPlacing };
  const finish = (attempt: Attempt, allowance?: Allowance): Finished =>
    improvedPlan(compiled, attempt, { ...means, ...(allowance === undefined ? {} : { allowance }) });
  // What each of them costs once it is improved decides; a long search goes on with the best of them.
  const allowance = problem.effort === 'fast' ? undefined : balancedAllowance(best, budget);
  let finished = finish(best, allowance);
  for (const other of others) {
    const made = finish(other, allowance);
    if (made.plan.costNanoUsdPerHour >= finished.plan.costNanoUsdPerHour) continue;
    if (givesUpMore(compiled, made.attempt, finished.attempt, budget)) continue;
    finished = made;
    best = other;
  }
  finished = withoutSpare(compiled, finished, means);
  if (problem.effort === 'best') {
    const longer = finish(finished.attempt);
    if (isNoWorse(longer.plan, finished.plan, compiled.costs.objective.tieShare)) finished = longer;
  }
  return { plan: { ...finished.plan, workUnits: budget.spent, cut: budget.cut }, compiled, attempt: best };
}

function balancedAllowance(attempt: Attempt, budget: Budget): Allowance {
  return new Allowance('balanced', budget.spent, placedPodCount(attempt), budget);
}

/** What a plan may be made with. */
interface Means {
  readonly budget: Budget;
  /** Whether pods may have been left out because work ran out. */
  readonly cutPlacing: boolean;
  /** Work for improving; by default as much as the effort allows. */
  readonly allowance?: Allowance;
}

/** An attempt that is improved, and its plan. */
interface Finished {
  readonly attempt: Attempt;
  readonly plan: EnginePlan;
}

/** The attempt improved, or as it is where limits make that dearer. */
function improvedPlan(compiled: CompiledProblem, attempt: Attempt, means: Means): Finished {
  const { budget, cutPlacing } = means;
  const improved = improveAttempt(compiled, attempt, budget, means);
  const plan = writePlan(compiled, { ...improved, budget, cutPlacing });
  if (improved === attempt || !isPricedByLimits(attempt)) return { attempt: improved, plan };
  const first = writePlan(compiled, { ...attempt, budget, cutPlacing });
  if (isNoWorse(plan, first, compiled.costs.objective.tieShare)) return { attempt: improved, plan };
  return { attempt, plan: first };
}

/** The plan without nodes whose pods have room on others, where that costs less. */
function withoutSpare(compiled: CompiledProblem, finished: Finished, { budget, cutPlacing }: Means): Finished {
  const { attempt, plan } = finished;
  if (compiled.problem.effort === 'fast') return finished;
  const emptied = emptyNodes(compiled, attempt, budget);
  if (emptied === attempt) return finished;
  const made = writePlan(compiled, { ...emptied, budget, cutPlacing });
  if (made.costNanoUsdPerHour >= plan.costNanoUsdPerHour) return finished;
  return givesUpMore(compiled, emptied, attempt, budget) ? finished : { attempt: emptied, plan: made };
}

/** Whether an attempt may give up more preferences than another one, where that shows only once all pods have their places. */
function givesUpMore(compiled: CompiledProblem, attempt: Attempt, other: Attempt, budget: Budget): boolean {
  if (!compiled.shapes.some(prefersAboutPods)) return false;
  const { least } = stepsInTheEnd(compiled, other, budget);
  return stepsInTheEnd(compiled, attempt, budget).most > least;
}

/** Whether a plan costs no more than another one, or nearly as little with fewer nodes. */
function isNoWorse(plan: EnginePlan, other: EnginePlan, tieShare: number): boolean {
  if (plan.costNanoUsdPerHour <= other.costNanoUsdPerHour) return true;
  const nodesOf = ({ nodes }: EnginePlan): number => nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0);
  return nodesOf(plan) < nodesOf(other) && plan.costNanoUsdPerHour <= other.costNanoUsdPerHour * (1 + tieShare);
}

/** Whether what a node may be bought as, and so its price, depends on what others leave of limits or of reservations. */
function isPricedByLimits({ limits }: Attempt): boolean {
  return limits.names.length > 0 || limits.free.length > 0;
}

/** The best way to place all pods that is found. */
function bestAttempt(compiled: CompiledProblem, budget: Budget): Attempt {
  const best = bestOrder(compiled, budget);
  if (budget.cut) return best;
  const small = placeLatecomers(compiled, budget, improveSmall(compiled, budget, best));
  const onNewNodes = groupsOnNodes(compiled, small).map((keptOffNodes) => ({ keptOffNodes }));
  const gathered = bestOf(compiled, budget, [[compiled.shapes]], small, onNewNodes);
  const leant = bestLeaning(compiled, budget, gathered);
  const first = bestOf(compiled, budget, ordersWithOneFirst(compiled, leant), leant);
  return bestOf(compiled, budget, ordersWithOneLast(compiled, first), first);
}

/** The best of several orders of placing. */
function bestOrder(compiled: CompiledProblem, budget: Budget): Attempt {
  let best = attemptPlacement(compiled, budget, [compiled.shapes]);
  let last: Attempt = best;
  const first: FirstShapes = { order: [], begun: new Set() };
  for (let retry = 0; retry < RETRY_LIMIT && !budget.cut; retry++) {
    const orders = ordersWithFirst(compiled, last, first);
    if (orders.length === 0) break;
    for (const phases of orders) {
      const attempt = attemptPlacement(compiled, budget, phases);
      // A cut attempt may have left out what it had not come to.
      if (budget.cut) break;
      last = attempt;
      if (placesMore(last, best)) best = last;
    }
  }
  return best;
}

/**
 * The best of what was found and of attempts in which pods lean to domains that hold others back, one shape after the other:
 * where one that leans brings nothing by itself, it may together with the next.
 */
function bestLeaning(compiled: CompiledProblem, budget: Budget, found: Attempt): Attempt {
  let best = found;
  let open: Leant[] = [{ attempt: found, domains: new Map() }];
  for (let tries = 0; open.length > 0; ) {
    const from = open.shift()!;
    for (const domains of leaningsFor(compiled, from.attempt, from.domains)) {
      if (tries++ === LEANING_LIMIT) return best;
      // They come last: as long as the other domains are empty, a spread keeps them out of where they are to go.
      const phases = [compiled.shapes.filter((shape) => !domains.has(shape)), [...domains.keys()]];
      const made = attemptPlacement(compiled, budget, phases, { leaning: { domains } });
      const attempt = placeLatecomers(compiled, budget, made);
      if (budget.cut) return best;
      if (placesMore(attempt, best)) {
        best = attempt;
        open = [{ attempt, domains }];
        break;
      }
      open.push({ attempt, domains });
    }
  }
  return best;
}

/** An attempt in which shapes lean to domains. */
interface Leant {
  readonly attempt: Attempt;
  readonly domains: ReadonlyMap<CompiledShape, LeaningDomain>;
}

/** The best of what was found and of the attempts of some orders, each in some variations. */
function bestOf(
  compiled: CompiledProblem,
  budget: Budget,
  orders: readonly Phases[],
  found: Attempt,
  variations: readonly Variation[] = [{}],
): Attempt {
  let best = found;
  for (const phases of orders) {
    for (const variation of variations) {
      if (budget.cut) return best;
      const attempt = placeLatecomers(compiled, budget, attemptPlacement(compiled, budget, phases, variation));
      if (!budget.cut && placesMore(attempt, best)) best = attempt;
    }
  }
  return best;
}
