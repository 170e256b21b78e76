// What pods give up of their preferences, against every way to place them: nothing needless, whether a preference is about
// nodes or about other pods.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Effort } from '../index.ts';
import { planViolations } from './checker.ts';
import type { Situation } from './generate.ts';
import { preferringSituation } from './generate-preferences.ts';
import { fewestStepsGivenUp, settledPods, stepsGivenUp, zonesOnSale } from './preferences.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

/** More pods than this and there are too many ways to place them. */
const POD_LIMIT = 4;

/** What the plan gives up and the least there is, in steps over all pods. */
function givenUp({ market, parts }: Situation, effort: Effort): { ours: number; least: number } {
  const problem = problemOf({ ...parts, effort });
  const subject = solveCase(openMarket(market), problem);
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(subject.plan.unplaced, [], 'every pod has a place in these worlds');
  const steps = stepsGivenUp(problem, settledPods(subject), zonesOnSale(market, problem));
  const ours = steps.reduce((sum, one) => sum + one, 0);
  return { ours, least: ours === 0 ? 0 : fewestStepsGivenUp(market, problem) };
}

for (const effort of ['fast', 'balanced'] as const) {
  test(`of preferences for nodes, and for nodes without soft taints, no plan keeps more than one at ${effort}`, () => {
    const seen = { kept: 0, given: 0 };
    fc.assert(
      fc.property(preferringSituation(POD_LIMIT, false), (situation) => {
        const { ours, least } = givenUp(situation, effort);
        assert.equal(ours, least);
        if (ours === 0) seen.kept += 1;
        else seen.given += 1;
      }),
      { numRuns: 500, seed: 20_261_201 },
    );
    assert.ok(seen.kept > 100 && seen.given > 50, JSON.stringify(seen));
  });

  test(`of preferences about other pods no plan keeps more than one at ${effort}`, () => {
    let given = 0;
    fc.assert(
      fc.property(preferringSituation(POD_LIMIT, true), (situation) => {
        const { ours, least } = givenUp(situation, effort);
        assert.equal(ours, least);
        if (ours > 0) given += 1;
      }),
      { numRuns: 500, seed: 20_261_202 },
    );
    assert.ok(given > 100, `${given} problems in which something has to be given up`);
  });
}
