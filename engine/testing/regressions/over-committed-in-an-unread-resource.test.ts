// A node over-committed in a resource that no pending pod asks for still took pods, against Karpenter's rule.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import {
  GPU,
  market,
  node,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  typeOnSale,
} from '../situations.ts';

test('a node with less than nothing left of any resource takes no pods', () => {
  const subject = solveCase(
    openMarket(market(typeOnSale('any', resources(1000, 4), [{ priceNanoUsdPerHour: 1 }]))),
    problemOf({
      pools: [pool('any')],
      groups: [{ shape: shape(resources(100, 0)), count: 1 }],
      nodes: [node('odd', resources(1000, 4), { pods: [{ shape: shape({ [GPU]: 1 }), count: 1 }] })],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
});
