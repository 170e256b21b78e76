// A plan cut before existing nodes were tried gave reasons about pools only, as if nothing else could have helped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import { market, node, openMarket, problemOf, resources, shape, solveCase, typeOnSale } from '../situations.ts';

test('a pod that a cut plan never tried on an existing node is told that the work limit was reached', () => {
  const subject = solveCase(
    openMarket(market(typeOnSale('any', resources(1000, 4), [{ priceNanoUsdPerHour: 1 }]))),
    problemOf({
      pools: [],
      groups: [{ shape: shape(resources(100, 0)), count: 1 }],
      nodes: [node('free', resources(1000, 4))],
    }),
    () => true,
  );
  assert.equal(subject.plan.cut, true);
  assert.deepEqual(planViolations(subject), []);
});
