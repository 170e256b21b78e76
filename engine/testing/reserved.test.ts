// Reserved capacity over generated problems: every plan passes the checker, and orders do not matter. Single rules of it are
// in engine/solve/reserved.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planViolations } from './checker.ts';
import { anySituation } from './generate.ts';
import { withReserved } from './generate-reserved.ts';
import { topologySituation } from './generate-topology.ts';
import { variedSituation } from './generate-variety.ts';
import { exceptKnownGaps } from './known-gaps.ts';
import { permuted } from './permute.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

test('every plan on a market with reservations passes the checker', () => {
  const seen = { reserved: 0, beside: 0, several: 0, refused: 0 };
  fc.assert(
    fc.property(withReserved(anySituation), (situation) => {
      const subject = solveCase(openMarket(situation.market), problemOf(situation.parts));
      assert.deepEqual(exceptKnownGaps(planViolations(subject)), []);
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
      assert.deepEqual(exceptKnownGaps(planViolations(subject)), []);
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
