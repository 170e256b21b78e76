// Under a limit, a pod that would rather not have a soft taint could not join a node of the pool.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import {
  market,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  taint,
  tolerateAll,
  typeOnSale,
} from '../situations.ts';

test('a pod that has to bear a soft taint joins a planned node with room', () => {
  const subject = solveCase(
    openMarket(market(typeOnSale('four', resources(4000, 16), [{ priceNanoUsdPerHour: 100 }]))),
    problemOf({
      pools: [pool('soft', { taints: [taint('dedicated', 'PreferNoSchedule')], limits: { nodes: 1 } })],
      groups: [
        { shape: shape(resources(1000, 0), { tolerations: [tolerateAll('dedicated')] }), count: 1 },
        { shape: shape(resources(500, 0)), count: 1 },
      ],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(subject.plan.unplaced, []);
});
