// The last pod of a domain needs no node of its own where nodes of another domain have room.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explicitType, marketOf } from '../catalogue/testing/index.ts';
import type { Effort, EnginePlan, PodShape } from '../model/index.ts';
import { nodePool, podAsking, problemOf } from '../shapes/testing/index.ts';
import { CAPACITY_TYPE_KEY, spreadOver, termOver } from '../testing/situations.ts';
import { solve } from './index.ts';

const GIB = 1024 ** 3;

/** Six to a node, dearer on demand; a small one for the seventh. */
const { catalogue, prices } = marketOf([
  explicitType('six', { cpu: 6000, memory: 64 * GIB }, [
    { zone: 'a', capacityType: 'spot', priceNanoUsdPerHour: 400 },
    { zone: 'a', capacityType: 'on-demand', priceNanoUsdPerHour: 1_000 },
  ]),
  explicitType('one', { cpu: 1000, memory: 64 * GIB }, [
    { zone: 'a', capacityType: 'spot', priceNanoUsdPerHour: 200 },
    { zone: 'a', capacityType: 'on-demand', priceNanoUsdPerHour: 400 },
  ]),
]);

/** On spot and on demand alike, but for two. */
const spreading = (more: Partial<PodShape> = {}): PodShape =>
  podAsking(1000, 1, {
    labels: { app: 'web' },
    topologySpread: [spreadOver(CAPACITY_TYPE_KEY, 'web', { maxSkew: 2 })],
    ...more,
  });

const planOf = (groups: readonly { shape: PodShape; count: number }[], effort: Effort): EnginePlan =>
  solve(catalogue, prices, problemOf({ pools: [nodePool('p')], groups, effort }));

describe('twelve pods of which the cheaper domain got seven', () => {
  for (const [effort, price] of [
    ['fast', 1_600],
    ['balanced', 1_400],
    ['best', 1_400],
  ] as const) {
    test(`are on two full nodes (${effort})`, () => {
      const plan = planOf([{ shape: spreading(), count: 12 }], effort);
      assert.deepEqual([plan.totalPriceNanoUsdPerHour, plan.unplaced.length], [price, 0]);
    });
  }
});

test('a pod stays on a node of its own where those with room hold pods that it keeps away from', () => {
  const apart = {
    labels: { app: 'web' },
    podAntiAffinity: [termOver(CAPACITY_TYPE_KEY, 'db')],
  };
  const onDemand = { labels: { app: 'db' }, nodeSelector: { [CAPACITY_TYPE_KEY]: 'on-demand' } };
  const groups = [
    { shape: podAsking(1000, 1, apart), count: 7 },
    { shape: podAsking(1000, 1, onDemand), count: 5 },
  ];
  assert.equal(planOf(groups, 'balanced').totalPriceNanoUsdPerHour, 1_600);
});
