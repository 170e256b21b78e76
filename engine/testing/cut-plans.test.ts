// Plans that a work limit cuts, wherever it cuts them: less is placed, and what is placed is where it may be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planViolations } from './checker.ts';
import { topologySituation } from './generate-topology.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

test('a plan cut anywhere is valid', () => {
  const seen = { cut: 0, withPods: 0 };
  fc.assert(
    fc.property(topologySituation, fc.integer({ min: 0, max: 999 }), (situation, share) => {
      const open = openMarket(situation.market);
      const whole = solveCase(open, problemOf(situation.parts)).plan;
      const workLimit = Math.floor((whole.workUnits * share) / 1000);
      const cut = solveCase(open, problemOf({ ...situation.parts, workLimit }));
      assert.deepEqual(planViolations(cut), []);
      seen.cut += Number(cut.plan.cut);
      seen.withPods += Number(cut.plan.cut && cut.plan.nodes.length > 0);
    }),
    { numRuns: 250, seed: 1 },
  );
  assert.ok(seen.cut > 120 && seen.withPods > 40, JSON.stringify(seen));
});
