// A pod was told that nothing is on sale when daemonsets leave it no room on the one type that would do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import {
  daemonSet,
  market,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  typeOnSale,
} from '../situations.ts';

test('a type that daemonsets leave too small is too small, not sold out', () => {
  const subject = solveCase(
    openMarket(market(typeOnSale('plain', resources(1000, 4), [{}]))),
    problemOf({
      pools: [pool('any')],
      groups: [{ shape: shape(resources(1000, 1)), count: 1 }],
      daemonSets: [daemonSet('agent', shape(resources(50, 0)))],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
});
