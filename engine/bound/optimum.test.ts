// The bound against the optimum of small problems, found by trying every plan: never above it, and mostly near it.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { BRUTE_FORCE_POD_LIMIT, bruteForce } from '../testing/brute-force.ts';
import { bruteForceReserved, comparePlaced, prioritiesOf } from '../testing/brute-force-reserved.ts';
import { type Situation, tinySituation } from '../testing/generate.ts';
import { withReserved } from '../testing/generate-reserved.ts';
import { tinyVariedSituation } from '../testing/generate-variety.ts';
import { openMarket, problemOf } from '../testing/situations.ts';
import { boundedPlan, placedCount } from './testing/bounded.ts';
import { bestOfCrowded, crowdedProblem, openCrowded, untrueClaims } from './testing/crowded.ts';

/** Asserts that so many optima were compared with, and that bounds come to this share of them in the mean. */
function assertNear(context: TestContext, ratios: readonly number[], least: { count: number; mean: number }): void {
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  context.diagnostic(`bound ÷ optimum: mean ${mean.toFixed(3)} of ${ratios.length}`);
  assert.ok(ratios.length > least.count && mean > least.mean, `${ratios.length} compared, mean ${mean}`);
}

/** Bound ÷ optimum of situations of one pool without limits. */
function ratiosOf(situations: fc.Arbitrary<Situation>, seed: number): number[] {
  const ratios: number[] = [];
  fc.assert(
    fc.property(situations, ({ market: sold, parts }) => {
      const problem = problemOf(parts);
      const { plan, bound } = boundedPlan(openMarket(sold), problem);
      const best = bruteForce(sold, problem, true);
      if (placedCount(plan) !== best.placedCount) return;
      const { lowerBoundNanoUsdPerHour: proven } = bound;
      const price = best.priceNanoUsdPerHour;
      assert.ok(proven <= price, `${proven} is above the optimum of ${price}`);
      if (price > 0) ratios.push(proven / price);
    }),
    { numRuns: 500, seed },
  );
  return ratios;
}

describe('the bound is never above the optimum', () => {
  test('of small problems, and mostly near it', (context) => {
    assertNear(context, ratiosOf(tinySituation(4, BRUTE_FORCE_POD_LIMIT), 32), { count: 150, mean: 0.6 });
  });

  test('of small problems with minValues', (context) => {
    assertNear(context, ratiosOf(tinyVariedSituation(4, BRUTE_FORCE_POD_LIMIT), 35), { count: 50, mean: 0.5 });
  });

  test('of small problems with reservations', () => {
    let compared = 0;
    fc.assert(
      fc.property(withReserved(tinySituation(3, 6)), ({ market: sold, parts }) => {
        const problem = problemOf(parts);
        if (problem.pools.some(({ requirements }) => requirements.some(({ minValues }) => minValues !== undefined)))
          return;
        const { plan, bound } = boundedPlan(openMarket(sold), problem);
        const best = bruteForceReserved(sold, problem, true);
        const placed = prioritiesOf(problem).map((priority) =>
          problem.shapes.reduce((sum, one, index) => {
            if (one.shape.priority !== priority) return sum;
            const out = plan.unplaced.find(({ shapeIndex }) => shapeIndex === index)?.count ?? 0;
            return sum + one.count - out;
          }, 0),
        );
        if (comparePlaced(placed, best.placed) !== 0 || plan.unplaced.length > 0) return;
        compared += 1;
        assert.ok(bound.lowerBoundNanoUsdPerHour <= best.priceNanoUsdPerHour);
      }),
      { numRuns: 400, seed: 33 },
    );
    assert.ok(compared > 60, `only ${compared} were compared`);
  });

  test('of small problems with nodes that exist, limits, charges, rules over hosts, daemonsets and GPUs', (context) => {
    const ratios: number[] = [];
    const seen = { standing: 0, limited: 0, charged: 0, apart: 0, spread: 0 };
    fc.assert(
      fc.property(crowdedProblem, (drawn) => {
        const { open, problem } = openCrowded(drawn);
        const { plan, bound } = boundedPlan(open, problem);
        if (plan.unplaced.length > 0) return;
        assert.deepEqual(untrueClaims(drawn, problem, bound), []);
        const best = bestOfCrowded(drawn);
        const { lowerBoundNanoUsdPerHour: proven } = bound;
        assert.ok(proven <= best, `${proven} is above the optimum of ${best}`);
        assert.ok(best <= plan.costNanoUsdPerHour, `the plan costs less than the optimum of ${best}`);
        if (best === 0) return;
        ratios.push(proven / best);
        if (drawn.standing.length > 0) seen.standing += 1;
        if (Number.isFinite(drawn.cpuLimit)) seen.limited += 1;
        if (drawn.nodeCharge > 0) seen.charged += 1;
        for (const rule of ['apart', 'spread'] as const) {
          if (drawn.groups.some((group) => group.rule === rule)) seen[rule] += 1;
        }
      }),
      { numRuns: 800, seed: 34 },
    );
    for (const [what, count] of Object.entries(seen)) assert.ok(count > 60, `${what}: only ${count}`);
    assertNear(context, ratios, { count: 240, mean: 0.5 });
  });
});
