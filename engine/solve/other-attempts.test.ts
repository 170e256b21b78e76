// Room on nodes that exist comes first and zones are given before nodes are packed, but no plan is dearer for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { explicitType, marketOf } from '../catalogue/testing/index.ts';
import type { Effort, EnginePlan, NodePoolInput } from '../model/index.ts';
import { existingNode, nodePool, podAsking, problemOf } from '../shapes/testing/index.ts';
import { solve } from './index.ts';

const ZONE = 'topology.kubernetes.io/zone';
const GIB = 1024 ** 3;

/** One kind of node, ten times as dear in one zone. */
const { catalogue, prices } = marketOf([
  explicitType('only', { cpu: 4000, memory: 16 * GIB }, [
    { zone: 'dear', priceNanoUsdPerHour: 1_000 },
    { zone: 'cheap', priceNanoUsdPerHour: 100 },
  ]),
]);

/** A node in the dear zone with room for one pod. */
const NODE = existingNode(
  'there',
  'p',
  { cpu: 3000, memory: 8 * GIB, pods: 110 },
  {
    labels: { 'karpenter.sh/nodepool': 'p', 'kubernetes.io/hostname': 'there', [ZONE]: 'dear' },
  },
);

/** That some pod of an app is in the zone. */
const mates = (app: string) => ({
  topologyKey: ZONE,
  labelSelector: { matchLabels: { app }, matchExpressions: [] },
  namespaces: [],
  matchLabelKeys: [],
  mismatchLabelKeys: [],
});

/** A pod that has to be in one zone with its like. */
const inOneZone = (cpuMilli: number, memoryGib: number, app: string) =>
  podAsking(cpuMilli, memoryGib, { labels: { app }, podAffinity: [mates(app)] });

const together = (count: number) => ({ shape: inOneZone(3000, 1, 'web'), count });

const planOf = (effort: Effort, count: number, pools: readonly NodePoolInput[] = [nodePool('p')]): EnginePlan =>
  solve(catalogue, prices, problemOf({ pools, nodes: [NODE], groups: [together(count)], effort }));

const podsOn = ({ existing }: EnginePlan): number =>
  existing.reduce((sum, { pods }) => sum + pods.reduce((all, { count }) => all + count, 0), 0);

describe('room on a node that draws its pods to a dear zone', () => {
  for (const effort of ['fast', 'balanced', 'best'] as const) {
    test(`is left alone where new nodes elsewhere cost less for all of them (${effort})`, () => {
      const plan = planOf(effort, 4);
      assert.equal(plan.totalPriceNanoUsdPerHour, 400);
      assert.equal(podsOn(plan), 0);
    });
  }

  test('is used where it holds all of them', () => {
    const plan = planOf('balanced', 1);
    assert.equal(plan.totalPriceNanoUsdPerHour, 0);
    assert.equal(podsOn(plan), 1);
  });

  test('is used where pods would be left out without it', () => {
    // Limits let in three new nodes: with the fourth pod on the node that is there, all of them have a place.
    const limited = nodePool('p', { limits: { nodes: 4 } });
    const plan = planOf('balanced', 4, [limited]);
    assert.deepEqual([podsOn(plan), plan.unplaced.length], [1, 0]);
    assert.equal(plan.totalPriceNanoUsdPerHour, 3_000);
  });
});

describe('nodes that exist', () => {
  const kinds = fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 16 }),
      memory: fc.integer({ min: 1, max: 32 }),
      price: fc.integer({ min: 20, max: 400 }),
      zones: fc.constantFrom(['a'], ['b'], ['a', 'b']),
    }),
    { minLength: 1, maxLength: 5 },
  );
  const pods = fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 6 }),
      memory: fc.integer({ min: 1, max: 8 }),
      count: fc.integer({ min: 1, max: 6 }),
      isTogether: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  );
  const rooms = fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 8 }),
      memory: fc.integer({ min: 1, max: 16 }),
      zone: fc.constantFrom('a', 'b'),
    }),
    { minLength: 1, maxLength: 3 },
  );

  test('make no plan dearer that places the same pods', (context) => {
    const seen = { compared: 0, used: 0, leftAlone: 0 };
    fc.assert(
      fc.property(kinds, pods, rooms, (types, groups, nodes) => {
        const market = marketOf(
          types.map(({ cpu, memory, price, zones }, index) =>
            explicitType(
              `type-${index}`,
              { cpu: cpu * 1000, memory: memory * GIB },
              zones.map((zone, place) => ({ zone, priceNanoUsdPerHour: price * (1 + 2 * place) })),
            ),
          ),
        );
        const shapes = groups.map(({ cpu, memory, count, isTogether }, index) => ({
          shape: isTogether ? inOneZone(cpu * 1000, memory, `app-${index}`) : podAsking(cpu * 1000, memory),
          count,
        }));
        const there = nodes.map(({ cpu, memory, zone }, index) =>
          existingNode(
            `there-${index}`,
            'p',
            { cpu: cpu * 1000, memory: memory * GIB, pods: 110 },
            {
              labels: { 'karpenter.sh/nodepool': 'p', 'kubernetes.io/hostname': `there-${index}`, [ZONE]: zone },
            },
          ),
        );
        const planWith = (existing: typeof there) =>
          solve(
            market.catalogue,
            market.prices,
            problemOf({ pools: [nodePool('p')], nodes: existing, groups: shapes, effort: 'balanced' }),
          );
        const [bare, filled] = [planWith([]), planWith(there)];
        if (bare.unplaced.length > 0 || filled.unplaced.length > 0) return;
        seen.compared += 1;
        seen[podsOn(filled) > 0 ? 'used' : 'leftAlone'] += 1;
        assert.ok(filled.costNanoUsdPerHour <= bare.costNanoUsdPerHour);
      }),
      { numRuns: 150, seed: 6 },
    );
    context.diagnostic(JSON.stringify(seen));
    assert.ok(seen.used > 50 && seen.leftAlone > 20, JSON.stringify(seen));
  });
});

describe('pods that have a choice of zones', () => {
  // Small ones are cheapest where the huge type is sold that they would not fill; the other zone has what holds all.
  const market = marketOf([
    explicitType('huge', { cpu: 64_000, memory: 256 * GIB }, [{ zone: 'far', priceNanoUsdPerHour: 4_000 }]),
    explicitType('large', { cpu: 8_000, memory: 32 * GIB }, [
      { zone: 'near', priceNanoUsdPerHour: 1_000 },
      { zone: 'far', priceNanoUsdPerHour: 1_000 },
    ]),
  ]);
  const near = podAsking(2000, 4, { labels: { app: 'web' }, nodeSelector: { [ZONE]: 'near' } });
  // Only that somebody keeps away from pods like it gives it a zone before nodes are packed.
  const anywhere = podAsking(2000, 4, { labels: { app: 'cache' } });
  const shy = podAsking(1000, 1, {
    labels: { app: 'shy' },
    nodeSelector: { [ZONE]: 'near' },
    podAffinity: [mates('web')],
  });
  const groups = [near, anywhere, shy].map((shape) => ({ shape, count: 1 }));
  const seesAll = podAsking(1000, 1, { labels: { app: 'seer' }, podAffinity: [mates('cache')] });

  for (const [effort, price] of [
    ['fast', 2_000],
    ['balanced', 1_000],
    ['best', 1_000],
  ] as const) {
    test(`gather beside others where that costs less (${effort})`, () => {
      const problem = problemOf({
        pools: [nodePool('p')],
        groups: [...groups, { shape: seesAll, count: 1 }],
        effort,
      });
      assert.equal(solve(market.catalogue, market.prices, problem).totalPriceNanoUsdPerHour, price);
    });
  }
});

test('a pod alone goes where its node is cheapest, and not where many like it would be', () => {
  // Eight would share a large one in the far zone.
  const { catalogue: types, prices: asked } = marketOf([
    explicitType('large', { cpu: 16_000, memory: 64 * GIB }, [{ zone: 'far', priceNanoUsdPerHour: 800 }]),
    explicitType('small', { cpu: 2_000, memory: 8 * GIB }, [
      { zone: 'far', priceNanoUsdPerHour: 300 },
      { zone: 'near', priceNanoUsdPerHour: 200 },
    ]),
  ]);
  const apart = podAsking(2000, 1, { labels: { app: 'web' }, podAntiAffinity: [mates('web')] });
  const problem = problemOf({ pools: [nodePool('p')], groups: [{ shape: apart, count: 1 }], effort: 'fast' });
  assert.equal(solve(types, asked, problem).totalPriceNanoUsdPerHour, 200);
});

/** Two kinds of nodes, at one price in two zones. */
const twoKinds = marketOf([
  explicitType('small', { cpu: 2000, memory: 16 * GIB }, [
    { zone: 'a', priceNanoUsdPerHour: 100 },
    { zone: 'b', priceNanoUsdPerHour: 100 },
  ]),
  explicitType('large', { cpu: 4000, memory: 16 * GIB }, [
    { zone: 'a', priceNanoUsdPerHour: 150 },
    { zone: 'b', priceNanoUsdPerHour: 150 },
  ]),
  explicitType('huge', { cpu: 64_000, memory: 16 * GIB }, [{ zone: 'a', priceNanoUsdPerHour: 5_000 }]),
]);

const spread = (maxSkew: number, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway') => ({
  topologyKey: ZONE,
  maxSkew,
  whenUnsatisfiable,
  labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
  matchLabelKeys: [],
  nodeAffinityPolicy: 'Honor' as const,
  nodeTaintsPolicy: 'Ignore' as const,
});

const spreading = (maxSkew: number, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway') =>
  podAsking(2000, 1, { labels: { app: 'web' }, topologySpread: [spread(maxSkew, whenUnsatisfiable)] });

test('room on a node that exists goes to pods that need a dear node of their own, before those that got it first', () => {
  const labels = { 'karpenter.sh/nodepool': 'p', 'kubernetes.io/hostname': 'there', [ZONE]: 'a' };
  const node = existingNode('there', 'p', { cpu: 10_000, memory: 8 * GIB, pods: 110 }, { labels });
  const groups = [
    { shape: spreading(2, 'DoNotSchedule'), count: 2 },
    { shape: podAsking(10_000, 1), count: 1 },
  ];
  const cost = (effort: Effort): number => {
    const problem = problemOf({ pools: [nodePool('p')], nodes: [node], groups, effort });
    return solve(twoKinds.catalogue, twoKinds.prices, problem).totalPriceNanoUsdPerHour;
  };
  assert.deepEqual([cost('fast'), cost('balanced')], [5_000, 200]);
});

test('pods that prefer to be spread over zones share a node where they keep what they prefer', () => {
  const cost = (effort: Effort, maxSkew: number): number => {
    const groups = [{ shape: spreading(maxSkew, 'ScheduleAnyway'), count: 2 }];
    const problem = problemOf({ pools: [nodePool('p')], groups, effort });
    return solve(twoKinds.catalogue, twoKinds.prices, problem).totalPriceNanoUsdPerHour;
  };
  assert.deepEqual([cost('fast', 2), cost('balanced', 2), cost('balanced', 1)], [200, 150, 200]);
});
