// The table of prices and bounds, and how far efforts come of what they are to reach. Numbers only.
import type { Environment } from '../environment.ts';
import { BOUND_GOALS, type GapSummary, gapLine, percent, summarizeGaps } from '../gaps.ts';
import { milliseconds, renderColumns, renderEnvironment } from '../report.ts';
import { type BoundsOptions, type BoundsResult, EFFORTS, type EffortName, type ObjectiveName } from './measure.ts';

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
export interface GoalResult extends GapSummary {
  readonly effort: EffortName;
}

/** Holds the gaps of converged bounds against the goals, for each effort that was measured. */
export function judge(results: readonly BoundsResult[]): GoalResult[] {
  return measuredEfforts(results).map((effort) => {
    const gaps = results.flatMap(({ name, capacity, converged, efforts }) => {
      const gap = efforts.find((one) => one.effort === effort)?.gap;
      return converged && gap !== undefined ? [{ name: `${name} ${capacity}`, gap }] : [];
    });
    return { effort, ...summarizeGaps(gaps, BOUND_GOALS[effort]) };
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
  for (const goal of judge(results)) {
    lines.push(gapLine(goal.effort, 'converged bounds', goal, BOUND_GOALS[goal.effort]));
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
