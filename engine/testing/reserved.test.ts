// Reserved capacity over generated problems: every plan passes the checker, and orders do not matter. Single rules of it are
// in engine/solve/reserved.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BRUTE_FORCE_POD_LIMIT } from './brute-force.ts';
import { bruteForceReserved, comparePlaced, prioritiesOf } from './brute-force-reserved.ts';
import type { Case } from './case.ts';
import { planViolations } from './checker.ts';
import { anySituation, tinySituation } from './generate.ts';
import { withReserved } from './generate-reserved.ts';
import { topologySituation } from './generate-topology.ts';
import { variedSituation } from './generate-variety.ts';
import { permuted } from './permute.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

test('every plan on a market with reservations passes the checker', () => {
  const seen = { reserved: 0, beside: 0, several: 0, refused: 0 };
  fc.assert(
    fc.property(withReserved(anySituation), (situation) => {
      const subject = solveCase(openMarket(situation.market), problemOf(situation.parts));
      assert.deepEqual(planViolations(subject), []);
      const { plan } = subject;
      const heads = plan.nodes.map(({ offeringListIndex }) => {
        const list = [...(plan.offeringLists[offeringListIndex] ?? [])];
        return list.filter((row) =>
          subject.identityAt(plan.offerings.offeringIndex[row] ?? -1)?.includes('|reserved|'),
        );
      });
      if (heads.some((list) => list.length > 0)) seen.reserved += 1;
      if (heads.some((list) => list.length > 0) && heads.some((list) => list.length === 0)) seen.beside += 1;
      if (heads.some((list) => list.length > 1)) seen.several += 1;
      const texts = plan.unplaced.flatMap(({ reasons }) => reasons.map(({ message }) => message));
      if (texts.some((text) => text.includes('use up its reservations'))) seen.refused += 1;
    }),
    { numRuns: 500, seed: 20_261_129 },
  );
  for (const [what, count] of Object.entries(seen))
    assert.ok(count > 10, `${what}: ${count} of ${JSON.stringify(seen)}`);
});

test('so does every plan for pods that look at each other, and for pools with minValues', () => {
  fc.assert(
    fc.property(fc.oneof(withReserved(topologySituation), withReserved(variedSituation)), (situation) => {
      const subject = solveCase(openMarket(situation.market), problemOf(situation.parts));
      assert.deepEqual(planViolations(subject), []);
    }),
    { numRuns: 400, seed: 20_261_130 },
  );
});

test('orders do not matter to plans with reservations', () => {
  fc.assert(
    fc.property(withReserved(anySituation), fc.nat(), (situation, seed) => {
      const plan = (one: typeof situation) => solveCase(openMarket(one.market), problemOf(one.parts)).plan;
      assert.equal(plan(permuted(situation, seed)).canonicalForm, plan(situation).canonicalForm);
    }),
    { numRuns: 150, seed: 4 },
  );
});

/** Less than this an hour, in nano US dollars, is what reserved capacity costs: which of it is used is nobody's concern. */
const NOTHING_TO_GAIN = 1_000_000;

function placedByPriority({ plan, problem }: Case): number[] {
  const priorities = prioritiesOf(problem);
  const placed = priorities.map(() => 0);
  for (const { nodeCount, pods } of plan.nodes) {
    for (const { shapeIndex, count } of pods) {
      const at = priorities.indexOf(problem.shapes[shapeIndex]?.shape.priority ?? Number.NaN);
      placed[at] = (placed[at] ?? 0) + count * nodeCount;
    }
  }
  return placed;
}

test('in small cases no way to use reservations places more, from the highest priority down, and hardly any costs less', (context) => {
  const seen = { scarce: 0, reserved: 0, compared: 0, dearer: 0, worst: 0 };
  for (const groupLimit of [1, 4]) {
    fc.assert(
      fc.property(withReserved(tinySituation(groupLimit, BRUTE_FORCE_POD_LIMIT)), (situation) => {
        const problem = problemOf(situation.parts);
        const subject = solveCase(openMarket(situation.market), problem);
        const placed = placedByPriority(subject);
        const needed = bruteForceReserved(situation.market, problem, false);
        const best = bruteForceReserved(situation.market, problem, true);
        assert.ok(comparePlaced(placed, needed.placed) >= 0, `placed ${placed}, brute force ${needed.placed}`);
        assert.ok(comparePlaced(placed, best.placed) <= 0, `placed ${placed}, brute force at most ${best.placed}`);
        const price = subject.plan.totalPriceNanoUsdPerHour;
        if (comparePlaced(placed, best.placed) === 0) {
          assert.ok(price >= best.priceNanoUsdPerHour, `${price} is below the best`);
        }
        if (subject.plan.unplaced.some(({ reasons }) => reasons.some(({ message }) => /use up/.test(message)))) {
          seen.scarce += 1;
        }
        if (subject.plan.nodes.some((node) => node.priceNanoUsdPerHour < NOTHING_TO_GAIN)) seen.reserved += 1;
        if (comparePlaced(placed, needed.placed) !== 0) return;
        const more = price - needed.priceNanoUsdPerHour;
        if (groupLimit === 1) assert.ok(more <= NOTHING_TO_GAIN, `${more} dearer than the best`);
        if (price < NOTHING_TO_GAIN) return;
        seen.compared += 1;
        if (more <= NOTHING_TO_GAIN) return;
        seen.dearer += 1;
        seen.worst = Math.max(seen.worst, more / Math.max(needed.priceNanoUsdPerHour, NOTHING_TO_GAIN));
      }),
      { numRuns: 500, seed: 20_261_131 },
    );
  }
  context.diagnostic(JSON.stringify(seen));
  assert.ok(seen.reserved > 100 && seen.scarce > 10 && seen.compared > 80, JSON.stringify(seen));
  assert.ok(seen.dearer <= seen.compared / 10, JSON.stringify(seen));
});
