// What our plans are to come to, and how far they come: beside bounds that have converged, beside the best plan that is known
// where none has or rules are left out of it, and in small batches, where whole nodes are far from what bounds can prove.
import { BOUND_GOALS, type GapGoal, type GapSummary, type NamedGap, summarizeGaps } from '../gaps.ts';
import type { OurFigures, PriceOutcome } from './compare.ts';
import { EFFORTS, type EffortName } from './efforts.ts';

/** Pods up to which a problem is a small batch. */
const SMALL_BATCH_POD_COUNT = 100;

/** A goal and what became of it. */
export interface GoalOutcome {
  readonly label: string;
  /** What the gaps are to. */
  readonly over: string;
  readonly goal: GapGoal;
  readonly found: GapSummary;
}

const GOAL_OF: Readonly<Record<EffortName, GapGoal>> = {
  FAST: BOUND_GOALS.fast,
  BALANCED: BOUND_GOALS.balanced,
  BEST: BOUND_GOALS.best,
};

/** Of BALANCED, to the best plan known: with rules that the bound leaves out, and of small batches. */
const UNCOUNTED_GOAL: GapGoal = { worst: 0.03 };
const SMALL_BATCH_GOAL: GapGoal = { mean: 0.01, worst: 0.05 };

/** A plan by one objective, and what it is a plan for. */
interface Case {
  readonly outcome: PriceOutcome;
  readonly ours: OurFigures;
}

function isSmall({ podCount }: PriceOutcome): boolean {
  return podCount <= SMALL_BATCH_POD_COUNT;
}

/** The goals that some of the outcomes are about. */
export function judgeGoals(outcomes: readonly PriceOutcome[]): GoalOutcome[] {
  const cases: readonly Case[] = outcomes.flatMap((outcome) => outcome.ours.map((ours) => ({ outcome, ours })));
  const gapsOf = (effort: EffortName, kind: 'boundGap' | 'bestGap', counts: (one: Case) => boolean): NamedGap[] =>
    cases.filter(counts).flatMap(({ outcome: { name, market }, ours: { objective, efforts } }) => {
      const gap = efforts[effort][kind];
      return gap === undefined ? [] : [{ name: `${name}, ${market}, ${objective}`, gap }];
    });
  const found: GoalOutcome[] = [];
  const judge = (label: string, over: string, goal: GapGoal, gaps: readonly NamedGap[]): void => {
    if (gaps.length > 0) found.push({ label, over, goal, found: summarizeGaps(gaps, goal) });
  };
  const isTight = ({ outcome }: Case): boolean => !outcome.hasUncountedRules && !isSmall(outcome);
  for (const effort of EFFORTS) {
    const gaps = gapsOf(effort, 'boundGap', (one) => isTight(one) && one.ours.bound.converged);
    judge(`${effort} over the bound`, 'converged bounds', GOAL_OF[effort], gaps);
  }
  const open = gapsOf('BALANCED', 'bestGap', (one) => isTight(one) && !one.ours.bound.converged);
  judge('BALANCED over the best known', 'bounds that have not converged', BOUND_GOALS.balanced, open);
  const ruled = gapsOf('BALANCED', 'bestGap', ({ outcome }) => outcome.hasUncountedRules && !isSmall(outcome));
  judge('BALANCED over the best known', 'problems with rules that bounds leave out', UNCOUNTED_GOAL, ruled);
  const small = gapsOf('BALANCED', 'bestGap', ({ outcome }) => isSmall(outcome));
  judge('BALANCED over the best known', `batches of up to ${SMALL_BATCH_POD_COUNT} pods`, SMALL_BATCH_GOAL, small);
  return found;
}
