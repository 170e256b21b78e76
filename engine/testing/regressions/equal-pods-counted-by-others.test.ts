// Symptom: equal pods of two namespaces are counted by spreads of their own; where one had got a place on nodes that its
// spread leaves out, the other got it as if the first one's spread left it out, and counted although it must not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape } from '../../index.ts';
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
  spreadOver,
  termOver,
  typeOnSale,
  ZONE_KEY,
} from '../situations.ts';

const FAMILY = 'example.com/family';

/** Counts every pod with an app of its namespace, on nodes of its family; wants to be in the zone of the followed. */
const spreading = (namespace: string): PodShape => ({
  ...shape(resources(24_000, 12), { nodeSelector: { [FAMILY]: 'c' } }),
  namespace,
  labels: { app: 'spreading' },
  topologySpread: [
    spreadOver(CAPACITY_TYPE_KEY, 'any', {
      labelSelector: { matchLabels: {}, matchExpressions: [{ key: 'app', operator: 'Exists', values: [] }] },
    }),
  ],
  podAffinity: [termOver(ZONE_KEY, 'followed')],
});
const followed = (namespace: string): PodShape => ({
  ...shape(resources(800, 3)),
  namespace,
  labels: { app: 'followed' },
  topologySpread: [spreadOver(CAPACITY_TYPE_KEY, 'followed')],
});
const open = openMarket(
  market(
    typeOnSale(
      'c',
      resources(32_000, 256),
      [
        { zone: 'zone-b', priceNanoUsdPerHour: milliDollars(4600) },
        { zone: 'zone-c', capacityType: 'spot', priceNanoUsdPerHour: milliDollars(2900) },
      ],
      { labels: { [FAMILY]: 'c' } },
    ),
    typeOnSale('a', resources(32_000, 64), [{ zone: 'zone-c', priceNanoUsdPerHour: milliDollars(1700) }], {
      labels: { [FAMILY]: 'a' },
    }),
  ),
);

test('a pod counts for the spread of its own namespace only, on the nodes that this one counts', () => {
  const groups = [
    { shape: spreading('default'), count: 1 },
    { shape: followed('default'), count: 1 },
    { shape: { ...shape(resources(3000, 24)), labels: { app: 'third' } }, count: 1 },
    { shape: spreading('other'), count: 2 },
    { shape: followed('other'), count: 1 },
  ];
  const subject = solveCase(open, problemOf({ pools: [pool('any')], groups }));
  assert.deepEqual(planViolations(subject), []);
  assert.equal(
    subject.plan.unplaced.reduce((sum, { count }) => sum + count, 0),
    1,
  );
});
