// Symptom: many pods of one spread whose minDomains can't be met were placed evenly and without end, as if the emptiest
// domain counted instead of nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import {
  CAPACITY_TYPE_KEY,
  market,
  milliDollars,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  typeOnSale,
} from '../situations.ts';

test('a spread over fewer domains than it asks for takes maxSkew pods in each, however many there are', () => {
  const two = market(
    typeOnSale('large', resources(64_000, 256), [
      { priceNanoUsdPerHour: milliDollars(400) },
      { priceNanoUsdPerHour: milliDollars(150), capacityType: 'spot' },
    ]),
  );
  const selector = { matchLabels: { app: 'web' }, matchExpressions: [] };
  const web = shape(resources(100, 0.1), {
    labels: { app: 'web' },
    topologySpread: [
      {
        topologyKey: CAPACITY_TYPE_KEY,
        maxSkew: 2,
        minDomains: 4,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: selector,
        nodeAffinityPolicy: 'Honor',
        nodeTaintsPolicy: 'Ignore',
        matchLabelKeys: [],
      },
    ],
  });
  const subject = solveCase(openMarket(two), problemOf({ pools: [pool('any')], groups: [{ shape: web, count: 40 }] }));
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(
    subject.plan.unplaced.map(({ count }) => count),
    [36],
  );
});
