// minValues over generated problems: every plan passes the checker, in small cases nothing is left out or dearer than the
// best, and orders do not matter. Single rules of it are in engine/solve/min-values.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BRUTE_FORCE_POD_LIMIT, bruteForce } from './brute-force.ts';
import { planViolations } from './checker.ts';
import { topologySituation } from './generate-topology.ts';
import { tinyVariedSituation, variedSituation, withVariety } from './generate-variety.ts';
import { permuted } from './permute.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

test('every plan of pools with minValues passes the checker, whether they must be kept or not', () => {
  const seen = { kept: 0, relaxed: 0, refused: 0, wide: 0 };
  fc.assert(
    fc.property(variedSituation, (situation) => {
      const subject = solveCase(openMarket(situation.market), problemOf(situation.parts));
      assert.deepEqual(planViolations(subject), []);
      const { plan, problem } = subject;
      for (const nodes of plan.nodes) {
        const floored =
          problem.pools[nodes.poolIndex]?.requirements.some(({ minValues = 0 }) => minValues > 1) === true;
        if (floored && nodes.relaxedMinValues.length === 0) seen.kept += 1;
        if (nodes.relaxedMinValues.length > 0) seen.relaxed += 1;
        if ((plan.offeringLists[nodes.offeringListIndex]?.length ?? 0) > 3) seen.wide += 1;
      }
      for (const { reasons } of plan.unplaced)
        seen.refused += reasons.filter(({ code }) => code === 'min-values').length;
    }),
    { numRuns: 400, seed: 20_261_127 },
  );
  for (const [what, count] of Object.entries(seen))
    assert.ok(count > 30, `${what}: ${count} of ${JSON.stringify(seen)}`);
});

test('so does every plan for pods that look at each other in such pools', () => {
  fc.assert(
    fc.property(withVariety(topologySituation), (situation) => {
      const subject = solveCase(openMarket(situation.market), problemOf(situation.parts));
      assert.deepEqual(planViolations(subject), []);
    }),
    { numRuns: 200, seed: 20_261_128 },
  );
});

test('orders of pools, pods and offerings do not matter to plans with minValues', () => {
  fc.assert(
    fc.property(variedSituation, fc.nat(), (situation, seed) => {
      const plan = (one: typeof situation) => solveCase(openMarket(one.market), problemOf(one.parts)).plan;
      assert.equal(plan(permuted(situation, seed)).canonicalForm, plan(situation).canonicalForm);
    }),
    { numRuns: 150, seed: 3 },
  );
});

test('in small cases as many pods are placed as can be with minValues kept, one shape at the best price', (context) => {
  const gaps: number[] = [];
  for (const groupLimit of [1, 3]) {
    fc.assert(
      fc.property(tinyVariedSituation(groupLimit, BRUTE_FORCE_POD_LIMIT), (situation) => {
        const problem = problemOf(situation.parts);
        const { plan } = solveCase(openMarket(situation.market), problem);
        const needed = bruteForce(situation.market, problem, false);
        const best = bruteForce(situation.market, problem, true);
        const placed = plan.nodes.reduce(
          (sum, nodes) => sum + nodes.nodeCount * nodes.pods.reduce((inner, pod) => inner + pod.count, 0),
          0,
        );
        assert.ok(placed >= needed.placedCount, `placed ${placed}, brute force ${needed.placedCount}`);
        const price = plan.totalPriceNanoUsdPerHour;
        if (placed === best.placedCount) assert.ok(price >= best.priceNanoUsdPerHour, `${price} is below the best`);
        if (placed !== needed.placedCount || needed.priceNanoUsdPerHour === 0) return;
        const gap = price / needed.priceNanoUsdPerHour - 1;
        gaps.push(gap);
        if (groupLimit === 1) assert.ok(gap <= 0, `${gap} above the best`);
      }),
      { numRuns: 700, seed: 21 },
    );
  }
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  context.diagnostic(`gap over the best: mean ${(mean * 100).toFixed(2)} % of ${gaps.length}`);
  assert.ok(gaps.length > 120, `only ${gaps.length} were compared`);
  assert.ok(mean <= 0.02, `mean ${mean}`);
});
