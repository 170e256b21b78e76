// The order of a pool's taints reached the canonical form by way of a reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import { market, openMarket, pool, problemOf, resources, shape, solveCase, taint, typeOnSale } from '../situations.ts';

test("the order of a pool's taints leaves the canonical form as it is", () => {
  const open = openMarket(market(typeOnSale('any', resources(1000, 4), [{ priceNanoUsdPerHour: 1 }])));
  const taints = [taint('a'), taint('b')];
  const [first, second] = [taints, taints.toReversed()].map((order) => {
    const groups = [{ shape: shape(resources(1, 0)), count: 1 }];
    return solveCase(open, problemOf({ pools: [pool('tainted', { taints: order })], groups }));
  });
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(first.plan.canonicalForm, second.plan.canonicalForm);
  assert.deepEqual(planViolations(first), []);
});
