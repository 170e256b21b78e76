// What pods give up of their preferences, against every way to place them: nothing needless where a preference is about
// nodes, and no more problems than known where preferences are about other pods (docs/known-gaps.md says why).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planViolations } from './checker.ts';
import type { Situation } from './generate.ts';
import { preferringSituation } from './generate-preferences.ts';
import { exceptKnownGaps } from './known-gaps.ts';
import { fewestStepsGivenUp, settledPods, stepsGivenUp, zonesOnSale } from './preferences.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

/** More pods than this and there are too many ways to place them. */
const POD_LIMIT = 4;

/** Of problems in which something is given up, those in which less would do: 59 of 242. None is as it should be. */
const NEEDLESS_RATIO = 0.25;

/** What the plan gives up and the least there is, in steps over all pods. */
function givenUp({ market, parts }: Situation): { ours: number; least: number } {
  const problem = problemOf(parts);
  const subject = solveCase(openMarket(market), problem);
  assert.deepEqual(exceptKnownGaps(planViolations(subject)), []);
  assert.deepEqual(subject.plan.unplaced, [], 'every pod has a place in these worlds');
  const steps = stepsGivenUp(problem, settledPods(subject), zonesOnSale(market, problem));
  const ours = steps.reduce((sum, one) => sum + one, 0);
  return { ours, least: ours === 0 ? 0 : fewestStepsGivenUp(market, problem) };
}

test('of preferences for nodes, and for nodes without soft taints, no plan keeps more', () => {
  const seen = { kept: 0, given: 0 };
  fc.assert(
    fc.property(preferringSituation(POD_LIMIT, false), (situation) => {
      const { ours, least } = givenUp(situation);
      assert.equal(ours, least);
      if (ours === 0) seen.kept += 1;
      else seen.given += 1;
    }),
    { numRuns: 500, seed: 20_261_201 },
  );
  assert.ok(seen.kept > 100 && seen.given > 50, JSON.stringify(seen));
});

test('of preferences about other pods none is kept that brute force could not keep, and not too many are lost', (context) => {
  const seen = { given: 0, needless: 0 };
  fc.assert(
    fc.property(preferringSituation(POD_LIMIT, true), (situation) => {
      const { ours, least } = givenUp(situation);
      assert.ok(ours >= least, `gave up ${ours} steps, brute force ${least}`);
      if (ours > 0) seen.given += 1;
      if (ours > least) seen.needless += 1;
    }),
    { numRuns: 500, seed: 20_261_202 },
  );
  context.diagnostic(JSON.stringify(seen));
  assert.ok(seen.given > 100, JSON.stringify(seen));
  assert.ok(seen.needless <= seen.given * NEEDLESS_RATIO, JSON.stringify(seen));
});
