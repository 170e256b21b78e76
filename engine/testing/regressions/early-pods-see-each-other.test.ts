// Symptom: of pods that only the order of arrival keeps out, each was let in ahead of the others as if those that had just
// been let in on nodes of their own were not there, and a zone took any number of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import {
  market,
  milliDollars,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  spreadOver,
  termOver,
  typeOnSale,
  ZONE_KEY,
} from '../situations.ts';

const open = openMarket(
  market(
    typeOnSale('large', resources(8000, 32), [
      { zone: 'zone-a', priceNanoUsdPerHour: milliDollars(100) },
      { zone: 'zone-b', priceNanoUsdPerHour: milliDollars(400) },
    ]),
  ),
);
const counted = { ...shape(resources(500, 1), { nodeSelector: { [ZONE_KEY]: 'zone-a' } }), labels: { app: 'web' } };
const elsewhere = { ...shape(resources(500, 1), { nodeSelector: { [ZONE_KEY]: 'zone-b' } }), labels: { app: 'web' } };
const followed = {
  ...shape(resources(500, 1), { nodeSelector: { [ZONE_KEY]: 'zone-a' } }),
  labels: { app: 'followed' },
};
const spreading = {
  ...shape(resources(7000, 1)),
  labels: { app: 'web', spreads: 'yes' },
  topologySpread: [spreadOver(ZONE_KEY, 'web')],
  podAffinity: [termOver(ZONE_KEY, 'followed')],
};

test('pods that come ahead of others come beside those that came so before them', () => {
  const groups = [
    { shape: spreading, count: 9 },
    { shape: followed, count: 1 },
    { shape: counted, count: 8 },
    { shape: elsewhere, count: 3 },
  ];
  const subject = solveCase(open, problemOf({ pools: [pool('any')], groups }));
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(
    subject.plan.unplaced.map(({ count }) => count),
    [5],
  );
});
