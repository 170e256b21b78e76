// A stray daemonset pod on a node counted as if it were another daemonset's that is still missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import {
  daemonSet,
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

test('room is kept for a missing daemonset pod whatever other daemonset pods run there', () => {
  const subject = solveCase(
    openMarket(market(typeOnSale('any', resources(1000, 4), [{ priceNanoUsdPerHour: 1 }]))),
    problemOf({
      pools: [pool('any')],
      groups: [{ shape: shape(resources(100, 0)), count: 1 }],
      daemonSets: [daemonSet('agent', shape(resources(100, 0)))],
      nodes: [
        node('full', resources(1000, 4), {
          daemonPods: [{ namespace: 'kube-system', name: 'stray', requests: { cpu: 900, pods: 1 } }],
        }),
      ],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
});
