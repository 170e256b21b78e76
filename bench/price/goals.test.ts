// Which plans are held against which goals, on made-up figures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OurFigures, PriceOutcome } from './compare.ts';
import { judgeGoals } from './goals.ts';

interface Sketch {
  readonly podCount?: number;
  readonly hasUncountedRules?: boolean;
  readonly converged?: boolean;
  /** Of FAST, BALANCED and BEST, to the bound and to the best. */
  readonly boundGaps?: readonly number[];
  readonly bestGaps?: readonly number[];
}

function outcome(name: string, sketch: Sketch): PriceOutcome {
  const figures = (at: number) => ({
    nodeCount: 1,
    usdPerHour: 1,
    onDemandUsdPerHour: 1,
    neverOnDemandCount: 0,
    narrowSpotUsdPerHour: 0,
    solveMs: 1,
    cost: 1,
    ...(sketch.boundGaps === undefined ? {} : { boundGap: sketch.boundGaps[at]! }),
    ...(sketch.bestGaps === undefined ? {} : { bestGap: sketch.bestGaps[at]! }),
  });
  const ours: OurFigures = {
    objective: 'list price',
    efforts: { FAST: figures(0), BALANCED: figures(1), BEST: figures(2) },
    bound: { usdPerHour: 1, converged: sketch.converged ?? true },
    flexibility: { spotNodeCount: 0, wideCount: 0, wideUsdPerHour: 0, fifteenthUsdPerHour: 0 },
    verdict: 'no rival',
  };
  return {
    name,
    market: 'on demand',
    podCount: sketch.podCount ?? 500,
    hasUncountedRules: sketch.hasUncountedRules ?? false,
    invalidRunCount: 0,
    ours: [ours],
    passed: true,
  };
}

const judged = (...outcomes: PriceOutcome[]) =>
  judgeGoals(outcomes).map(({ label, over, found: { count, worst, reached } }) => [label, over, count, worst, reached]);

test('efforts are held against bounds that have converged, and BALANCED against the best known where none has', () => {
  const found = judged(
    outcome('near', { boundGaps: [0.05, 0.02, 0.006], bestGaps: [0.04, 0.01, 0] }),
    outcome('far', { boundGaps: [0.06, 0.03, 0.03], bestGaps: [0.04, 0.01, 0] }),
    outcome('open', { converged: false, boundGaps: [9, 9, 9], bestGaps: [0.04, 0.01, 0] }),
  );
  assert.deepEqual(found, [
    ['FAST over the bound', 'converged bounds', 2, 0.06, true],
    ['BALANCED over the bound', 'converged bounds', 2, 0.03, false],
    ['BEST over the bound', 'converged bounds', 2, 0.03, false],
    ['BALANCED over the best known', 'bounds that have not converged', 1, 0.01, true],
  ]);
});

test('rules that bounds leave out, and small batches, have goals of their own and are in no other', () => {
  const found = judged(
    outcome('spread', { hasUncountedRules: true, boundGaps: [1, 1, 1], bestGaps: [0.1, 0.031, 0] }),
    outcome('small', { podCount: 100, boundGaps: [1, 1, 1], bestGaps: [0.1, 0.02, 0] }),
    outcome('small and spread', { podCount: 8, hasUncountedRules: true, bestGaps: [0.1, 0, 0] }),
  );
  assert.deepEqual(found, [
    ['BALANCED over the best known', 'problems with rules that bounds leave out', 1, 0.031, false],
    ['BALANCED over the best known', 'batches of up to 100 pods', 2, 0.02, true],
  ]);
});

test('plans that nothing can be said of are left out, and so are goals without plans', () => {
  assert.deepEqual(judged(outcome('other pods', {})), []);
});
