// Pods that a better plan for few pods leaves out had the reason of the plan before it, in which others were in the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planViolations } from '../checker.ts';
import { anySituation } from '../generate.ts';
import { topologySituation } from '../generate-topology.ts';
import { openMarket, problemOf, solveCase } from '../situations.ts';

test('pods left out of the better plan for a few have a reason that is true of it', () => {
  const [situation] = fc.sample(fc.oneof(anySituation, topologySituation), { numRuns: 819, seed: 31 }).slice(-1);
  const subject = solveCase(openMarket(situation!.market), problemOf(situation!.parts));
  assert.ok(subject.plan.unplaced.length > 0);
  assert.deepEqual(planViolations(subject), []);
});
