// Pods that hold rules may come before those that their rules count: kube-scheduler looks at a spread or an affinity only when
// a pod that holds it arrives.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explicitType, marketOf } from '../catalogue/testing/index.ts';
import type { Effort, LabelSelectorInput, PodShape, TopologySpreadInput } from '../model/index.ts';
import { nodePool, podAsking, problemOf } from '../shapes/testing/index.ts';
import { spreadOver, termOver, ZONE_KEY } from '../testing/situations.ts';
import { solve } from './index.ts';

const HOST = 'kubernetes.io/hostname';
const GIB = 1024 ** 3;
const ANY_APP = { matchLabels: {}, matchExpressions: [{ key: 'app', operator: 'Exists' as const, values: [] }] };

/** At most `maxSkew` pods more on one host than on another. */
const perHost = (maxSkew: number, labelSelector: LabelSelectorInput): TopologySpreadInput =>
  spreadOver(HOST, '', { maxSkew, labelSelector });

const nearSomeApp = termOver(ZONE_KEY, '', { labelSelector: ANY_APP });

describe('on one host', () => {
  const { catalogue, prices } = marketOf([
    explicitType('only', { cpu: 4000, memory: 16 * GIB }, [{ zone: 'a', priceNanoUsdPerHour: 100 }]),
  ]);
  const alone = (more: Partial<PodShape> = {}) =>
    podAsking(2000, 1, { labels: { app: 'alone' }, topologySpread: [perHost(1, ANY_APP)], ...more });
  const small = (more: Partial<PodShape> = {}) => podAsking(1000, 1, { labels: { app: 'small' }, ...more });
  const priceOf = (groups: readonly { shape: PodShape; count: number }[], effort: Effort = 'balanced'): number => {
    const plan = solve(catalogue, prices, problemOf({ pools: [nodePool('p')], groups, effort }));
    assert.deepEqual(plan.unplaced, []);
    return plan.totalPriceNanoUsdPerHour;
  };

  for (const [effort, price] of [
    ['fast', 300],
    ['balanced', 200],
    ['best', 200],
  ] as const) {
    test(`pods that a spread counts come beside those that hold it (${effort})`, () => {
      const groups = [
        { shape: alone(), count: 2 },
        { shape: small(), count: 4 },
      ];
      assert.equal(priceOf(groups, effort), price);
    });
  }

  test('so do pods with a spread of their own that is less wide', () => {
    const own = { matchLabels: { app: 'small' }, matchExpressions: [] };
    const groups = [
      { shape: alone(), count: 2 },
      { shape: small({ topologySpread: [perHost(2, own)] }), count: 4 },
    ];
    assert.equal(priceOf(groups), 200);
  });

  test('pods whose spreads count each other keep apart whoever comes first', () => {
    const both = {
      matchLabels: {},
      matchExpressions: [{ key: 'app', operator: 'In' as const, values: ['alone', 'small'] }],
    };
    const groups = [
      { shape: alone(), count: 2 },
      { shape: small({ topologySpread: [perHost(1, both)] }), count: 2 },
    ];
    assert.equal(priceOf(groups), 400);
  });

  test('pods of a higher priority are not counted on to wait', () => {
    const groups = [
      { shape: alone(), count: 2 },
      { shape: small({ priority: 10 }), count: 4 },
    ];
    assert.equal(priceOf(groups), 300);
  });
});

describe('in one zone', () => {
  // Only nodes of the dear zone are near what the first pod needs; three small pods fill a node.
  const { catalogue, prices } = marketOf([
    explicitType('only', { cpu: 3000, memory: 16 * GIB }, [
      { zone: 'cheap', priceNanoUsdPerHour: 100 },
      { zone: 'dear', priceNanoUsdPerHour: 120 },
    ]),
  ]);
  const bound = podAsking(1000, 1, {
    labels: { app: 'bound' },
    nodeSelector: { [ZONE_KEY]: 'dear' },
    podAffinity: [nearSomeApp],
  });
  const small = (more: Partial<PodShape> = {}) => podAsking(1000, 1, { labels: { app: 'small' }, ...more });
  const priceOf = (smallOne: PodShape): number => {
    const groups = [
      { shape: bound, count: 1 },
      { shape: smallOne, count: 5 },
    ];
    const plan = solve(catalogue, prices, problemOf({ pools: [nodePool('p')], groups, effort: 'balanced' }));
    assert.deepEqual(plan.unplaced, []);
    return plan.totalPriceNanoUsdPerHour;
  };

  test('pods that an affinity means fill its zone and go elsewhere for the rest', () => {
    assert.equal(priceOf(small()), 220);
  });

  test('pods of a higher priority stay in the zone where the affinity needs them', () => {
    assert.equal(priceOf(small({ priority: 10 })), 240);
  });
});
