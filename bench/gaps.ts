// How far plans are from what they are held against, and what the goals ask. Pure; what a gap is to is the caller's.

/** What gaps are to be at most: their geometric mean, and each of them. */
export interface GapGoal {
  readonly mean?: number;
  readonly worst?: number;
}

/** To a bound that has converged, by effort; of BEST for a minute. */
export const BOUND_GOALS = {
  fast: { mean: 0.06 },
  balanced: { mean: 0.015, worst: 0.04 },
  best: { mean: 0.007, worst: 0.02 },
} as const satisfies Readonly<Record<string, GapGoal>>;

/** How much dearer something is than what it is held against, as a share of that. */
export interface NamedGap {
  readonly name: string;
  readonly gap: number;
}

/** What gaps come to. */
export interface GapSummary {
  readonly count: number;
  /** The geometric mean of what is more than nothing by these gaps, less 1. */
  readonly mean: number;
  readonly worst: number;
  readonly worstName: string;
  readonly reached: boolean;
}

/** Holds gaps against a goal; without any of them nothing is reached. */
export function summarizeGaps(gaps: readonly NamedGap[], goal: GapGoal): GapSummary {
  const logs = gaps.reduce((sum, { gap }) => sum + Math.log1p(gap), 0);
  const mean = gaps.length === 0 ? 0 : Math.expm1(logs / gaps.length);
  const worst = gaps.reduce((most, one) => (one.gap > most.gap ? one : most), { name: '-', gap: 0 });
  const reached =
    gaps.length > 0 &&
    (goal.mean === undefined || mean <= goal.mean) &&
    (goal.worst === undefined || worst.gap <= goal.worst);
  return { count: gaps.length, mean, worst: worst.gap, worstName: worst.name, reached };
}

/** The line about them. `over` says what was counted. */
export function gapLine(label: string, over: string, found: GapSummary, { mean, worst }: GapGoal): string {
  const goals = [
    ...(mean === undefined ? [] : [`mean ${percent(mean)}`]),
    ...(worst === undefined ? [] : [`worst ${percent(worst)}`]),
  ];
  return (
    `${label}: mean ${percent(found.mean)}, worst ${percent(found.worst)} (${found.worstName}) over ${found.count} ` +
    `${over}; goal ${goals.join(', ')}: ${found.reached ? 'reached' : 'missed'}`
  );
}

/** A share as people read it. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
