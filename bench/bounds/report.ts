// The table of prices and bounds, and how far efforts come of what they are to reach. Numbers only.
import type { Environment } from '../environment.ts';
import { milliseconds, renderColumns, renderEnvironment } from '../report.ts';
import { type BoundsOptions, type BoundsResult, EFFORTS, type EffortName, type ObjectiveName } from './measure.ts';

/** What gaps are to be at most, over problems whose bound has converged. */
export const GOALS: Readonly<Record<EffortName, { readonly mean: number; readonly worst?: number }>> = {
  fast: { mean: 0.06 },
  balanced: { mean: 0.015, worst: 0.04 },
  best: { mean: 0.007, worst: 0.02 },
};

const COUNTED: Readonly<Record<ObjectiveName, string>> = {
  'list-price': 'list prices of the instances alone',
  default: 'prices with volumes and charges',
};

/** A problem that could not be measured. */
export interface BoundsFailure {
  readonly name: string;
  readonly error: string;
}

/** How far one effort comes. */
export interface GoalResult {
  readonly effort: EffortName;
  /** Problems that count. */
  readonly count: number;
  /** The geometric mean of cost ÷ bound, less 1. */
  readonly mean: number;
  readonly worst: number;
  readonly worstName: string;
  readonly reached: boolean;
}

/** Holds the gaps of converged bounds against the goals, for each effort that was measured. */
export function judge(results: readonly BoundsResult[]): GoalResult[] {
  return measuredEfforts(results).map((effort) => {
    const gaps = results.flatMap(({ name, capacity, converged, efforts }) => {
      const gap = efforts.find((one) => one.effort === effort)?.gap;
      return converged && gap !== undefined ? [{ name: `${name} ${capacity}`, gap }] : [];
    });
    const logs = gaps.reduce((sum, { gap }) => sum + Math.log1p(gap), 0);
    const mean = gaps.length === 0 ? 0 : Math.expm1(logs / gaps.length);
    const worst = gaps.reduce((most, one) => (one.gap > most.gap ? one : most), { name: '-', gap: 0 });
    const goal = GOALS[effort];
    const reached = gaps.length > 0 && mean <= goal.mean && (goal.worst === undefined || worst.gap <= goal.worst);
    return { effort, count: gaps.length, mean, worst: worst.gap, worstName: worst.name, reached };
  });
}

function measuredEfforts(results: readonly BoundsResult[]): EffortName[] {
  return EFFORTS.filter((name) => results.some(({ efforts }) => efforts.some(({ effort }) => effort === name)));
}

/** The whole report. */
export function renderBounds(
  environment: Environment,
  results: readonly BoundsResult[],
  failures: readonly BoundsFailure[],
  { objective, keepsRules }: Pick<BoundsOptions, 'objective' | 'keepsRules'>,
): string {
  const header = ['problem', 'capacity', 'pods', 'bound', 'ms', 'conv'];
  for (const effort of measuredEfforts(results)) header.push(effort, 'gap', 'nodes', 'ms');
  const rows = results.map((result) => [
    result.seed === undefined ? result.name : `${result.name} seed ${result.seed}`,
    result.capacity,
    String(result.podCount),
    result.boundUsdPerHour.toFixed(3),
    milliseconds(result.boundMs),
    result.converged ? 'yes' : 'no',
    ...result.efforts.flatMap(({ costUsdPerHour, gap, nodeCount, solveMs }) => [
      costUsdPerHour.toFixed(3),
      gap === undefined ? '-' : percent(gap),
      String(nodeCount),
      milliseconds(solveMs),
    ]),
  ]);
  const lines = [renderEnvironment(environment), '', ...renderColumns([header, ...rows], (column) => column < 2), ''];
  for (const { effort, count, mean, worst, worstName, reached } of judge(results)) {
    const { mean: meanGoal, worst: worstGoal } = GOALS[effort];
    const goal = worstGoal === undefined ? percent(meanGoal) : `${percent(meanGoal)}, worst ${percent(worstGoal)}`;
    lines.push(
      `${effort}: mean ${percent(mean)}, worst ${percent(worst)} (${worstName}) over ${count} converged bounds; ` +
        `goal ${goal}: ${reached ? 'reached' : 'missed'}`,
    );
  }
  for (const { name, error } of failures) lines.push(`FAILED ${name}: ${error}`);
  lines.push(
    '',
    `Plans and bounds in dollars an hour, ${COUNTED[objective]}; times in the worker, warm. gap: plan over bound,`,
    'less 1. A bound that has converged is within 0.1 % of what its relaxation can prove; others hold as well.',
    keepsRules
      ? 'Spreads, affinities and preferences are kept by the plans and left out by the bound.'
      : 'Spreads, affinities and preferences are taken out of the problems; pods that keep apart on hosts are not.',
  );
  return lines.join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
