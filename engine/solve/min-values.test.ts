// minValues, rule by rule: what a node's list must keep, what that does to packing, and what happens where it can't be
// kept. Over generated problems it is held in engine/testing/variety.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explicitType, type Market, type MarketOffering, marketOf } from '../catalogue/testing/index.ts';
import type { EnginePlan, NodePoolInput, Problem, RequirementInput } from '../model/index.ts';
import { nodePool, podAsking, podShape, problemOf, requirement } from '../shapes/testing/index.ts';
import { RANKED_TYPE_LIMIT, rankOfferings, solve } from './index.ts';

const TYPE = 'node.kubernetes.io/instance-type';
const ZONE = 'topology.kubernetes.io/zone';
const CAPACITY_TYPE = 'karpenter.sh/capacity-type';
const FAMILY = 'karpenter.k8s.aws/instance-family';

const floor = (key: string, minValues: number): RequirementInput => ({ ...requirement(key, 'Exists'), minValues });
const poolWith = (requirements: RequirementInput[], more: Partial<NodePoolInput> = {}): NodePoolInput =>
  nodePool('p', { ...more, requirements });

function solved({ catalogue, prices }: Market, parts: Parameters<typeof problemOf>[0]): EnginePlan {
  return solve(catalogue, prices, problemOf(parts));
}

/** Each kind of node as "count x pods: offerings". */
function nodesOf({ catalogue }: Market, plan: EnginePlan): string[] {
  return plan.nodes.map((node) => {
    const names = [...plan.offeringLists[node.offeringListIndex]!].map((place) => {
      const { instanceType, zone, capacityType } = catalogue.offering(plan.offerings.offeringIndex[place]!);
      return `${instanceType}/${zone.slice(5)}/${capacityType}`;
    });
    const pods = node.pods.reduce((sum, { count }) => sum + count, 0);
    return `${node.nodeCount} x ${pods}: ${names.join(' ')}`;
  });
}

const sale = (priceNanoUsdPerHour: number, more: Partial<MarketOffering> = {}): MarketOffering => ({
  priceNanoUsdPerHour,
  ...more,
});
const sized = (name: string, cores: number, price: number, labels: Record<string, string> = {}) =>
  explicitType(name, { cpu: cores * 1000, memory: cores * 4 * 1024 ** 3 }, [sale(price)], labels);
const pods = (count: number, cpuMilli = 1000) => [{ shape: podAsking(cpuMilli, 1), count }];

/** Twice the size costs less than twice as much, so that larger is better where nothing speaks against it. */
const SIZES = marketOf([
  sized('a2', 2, 200, { [FAMILY]: 'a' }),
  sized('b2', 2, 210, { [FAMILY]: 'b' }),
  sized('a4', 4, 390, { [FAMILY]: 'a' }),
  sized('b4', 4, 395, { [FAMILY]: 'b' }),
  sized('a8', 8, 700, { [FAMILY]: 'a' }),
]);

describe('under the strict policy', () => {
  test('a node is as large as enough types are, and no larger', () => {
    const free = solved(SIZES, { pools: [poolWith([])], groups: pods(8) });
    assert.deepEqual(nodesOf(SIZES, free), ['1 x 8: a8/a/on-demand']);
    const two = solved(SIZES, { pools: [poolWith([floor(TYPE, 2)])], groups: pods(8) });
    assert.deepEqual(nodesOf(SIZES, two), ['2 x 4: a4/a/on-demand b4/a/on-demand a8/a/on-demand']);
    const four = solved(SIZES, { pools: [poolWith([floor(TYPE, 4)])], groups: pods(8) });
    assert.deepEqual(nodesOf(SIZES, four), [
      '4 x 2: a2/a/on-demand b2/a/on-demand a4/a/on-demand b4/a/on-demand a8/a/on-demand',
    ]);
  });

  test('the price is that of the cheapest offering of the list', () => {
    const plan = solved(SIZES, { pools: [poolWith([floor(TYPE, 3)])], groups: pods(1, 3000) });
    assert.deepEqual(nodesOf(SIZES, plan), ['1 x 1: a4/a/on-demand b4/a/on-demand a8/a/on-demand']);
    assert.equal(plan.totalPriceNanoUsdPerHour, 390);
  });

  test('several keys are kept at once', () => {
    const plan = solved(SIZES, { pools: [poolWith([floor(TYPE, 2), floor(FAMILY, 2)])], groups: pods(1, 5000) });
    assert.equal(plan.nodes.length, 0);
    const [reason] = plan.unplaced[0]!.reasons;
    assert.equal(reason?.code, 'min-values');
    assert.match(reason!.message, /pool p asks for minValues 2 of karpenter.k8s.aws\/instance-family, .* leave 1/);
    const smaller = solved(SIZES, { pools: [poolWith([floor(TYPE, 3), floor(FAMILY, 2)])], groups: pods(1, 4000) });
    assert.deepEqual(nodesOf(SIZES, smaller), ['1 x 1: a4/a/on-demand b4/a/on-demand a8/a/on-demand']);
  });

  test('pods with different conditions share a node only where enough is left to both', () => {
    const market = marketOf([
      sized('a4', 4, 400, { disk: 'ssd', arch: 'x' }),
      sized('b4', 4, 400, { disk: 'ssd', arch: 'y' }),
      sized('c4', 4, 400, { disk: 'hdd', arch: 'x' }),
    ]);
    const on = (labels: Record<string, string>) => ({ shape: podAsking(1000, 1, { nodeSelector: labels }), count: 1 });
    const plan = solved(market, {
      pools: [poolWith([floor(TYPE, 2)])],
      groups: [on({ disk: 'ssd' }), on({ arch: 'x' })],
    });
    assert.deepEqual(nodesOf(market, plan).sort(), [
      '1 x 1: a4/a/on-demand b4/a/on-demand',
      '1 x 1: a4/a/on-demand c4/a/on-demand',
    ]);
  });

  test('a list has more than sixty types where values need them, and only those', () => {
    const market = marketOf(
      Array.from({ length: 90 }, (_, index) =>
        sized(`t${String(index).padStart(2, '0')}`, 4, 1000 + index, { [FAMILY]: index < 85 ? 'f' : `g${index}` }),
      ),
    );
    const plan = solved(market, { pools: [poolWith([floor(FAMILY, 3)])], groups: pods(1) });
    const names = [...plan.offeringLists[0]!].map(
      (place) => market.catalogue.offering(plan.offerings.offeringIndex[place]!).instanceType,
    );
    assert.equal(names.length, RANKED_TYPE_LIMIT + 2);
    assert.deepEqual(names.slice(-2), ['t85', 't86']);
  });

  test('dear spot stays in the list where its value is needed', () => {
    const market = marketOf([
      explicitType('a', { cpu: 2000, memory: 2 ** 33 }, [
        sale(100),
        sale(120, { capacityType: 'spot' }),
        sale(130, { capacityType: 'spot', zone: 'zone-b' }),
      ]),
    ]);
    const wide = solved(market, { pools: [poolWith([floor(CAPACITY_TYPE, 2)])], groups: pods(1) });
    assert.deepEqual(nodesOf(market, wide), ['1 x 1: a/a/on-demand a/a/spot']);
    const zones = solved(market, { pools: [poolWith([floor(ZONE, 2)])], groups: pods(1) });
    assert.deepEqual(nodesOf(market, zones), ['1 x 1: a/a/on-demand a/b/spot']);
  });

  test('limits are kept at the largest type that the list needs', () => {
    const within = (cpu: number) =>
      solved(SIZES, { pools: [poolWith([floor(TYPE, 4)], { limits: { cpu } })], groups: pods(4) });
    // Of the four smallest types two have 4 cores: so much each node may take.
    assert.deepEqual(nodesOf(SIZES, within(9000)), [
      '2 x 2: a2/a/on-demand b2/a/on-demand a4/a/on-demand b4/a/on-demand',
    ]);
    const one = within(7000);
    assert.deepEqual([one.nodes.length, one.nodes[0]?.nodeCount, one.unplaced[0]?.count], [1, 1, 2]);
    assert.equal(within(3000).nodes.length, 0);
  });

  test('a zone that pods must agree on is one value, whatever the pool wants', () => {
    const both = [sale(100), sale(100, { zone: 'zone-b' })];
    const market = marketOf([
      explicitType('a', { cpu: 2000, memory: 2 ** 33 }, both),
      explicitType('b', { cpu: 2000, memory: 2 ** 33 }, [sale(90)]),
    ]);
    const together = podShape({
      labels: { app: 'db' },
      requests: { cpu: 500 },
      podAffinity: [
        {
          topologyKey: ZONE,
          labelSelector: { matchLabels: { app: 'db' }, matchExpressions: [] },
          namespaces: [],
          matchLabelKeys: [],
          mismatchLabelKeys: [],
        },
      ],
    });
    const groups = [{ shape: together, count: 3 }];
    const zones = solved(market, { pools: [poolWith([floor(ZONE, 2)])], groups });
    assert.equal(zones.unplaced[0]?.reasons[0]?.code, 'min-values');
    const types = solved(market, { pools: [poolWith([floor(TYPE, 2)])], groups });
    assert.deepEqual(nodesOf(market, types), ['1 x 3: b/a/on-demand a/a/on-demand']);
  });

  test('a label that only the pool gives has one value at most', () => {
    const ask = (minValues: number) =>
      solved(SIZES, {
        pools: [poolWith([{ ...requirement('team', 'In', 'red', 'blue'), minValues }])],
        groups: pods(1),
      });
    assert.equal(ask(1).nodes.length, 1);
    assert.match(ask(2).unplaced[0]!.reasons[0]!.message, /minValues 2 of team, .* leave 1/);
  });

  test('a lighter pool takes what the heavier one is too narrow for', () => {
    const plan = solved(SIZES, {
      pools: [nodePool('wide', { weight: 10, requirements: [floor(TYPE, 3)] }), nodePool('plain')],
      groups: [...pods(1, 3000), ...pods(1, 7000)],
    });
    assert.deepEqual(plan.nodes.map(({ poolIndex, pods: [pod] }) => [poolIndex, pod!.count]).sort(), [
      [0, 1],
      [1, 1],
    ]);
  });
});

describe('under the policy BestEffort', () => {
  const relaxed = (market: Market, parts: Parameters<typeof problemOf>[0]): EnginePlan =>
    solve(market.catalogue, market.prices, { ...problemOf(parts), minValuesPolicy: 'best-effort' } as Problem);

  test('a node falls short only for pods that could not have as many values, and says by how much', () => {
    const plan = relaxed(SIZES, {
      pools: [poolWith([floor(TYPE, 2), floor(FAMILY, 2)])],
      groups: [...pods(4), ...pods(1, 7000)],
    });
    assert.deepEqual(nodesOf(SIZES, plan).sort(), [
      '1 x 1: a8/a/on-demand',
      '1 x 4: a4/a/on-demand b4/a/on-demand a8/a/on-demand',
    ]);
    assert.deepEqual(plan.nodes.map(({ relaxedMinValues }) => relaxedMinValues).sort(), [
      [],
      [
        { key: FAMILY, wanted: 2, left: 1 },
        { key: TYPE, wanted: 2, left: 1 },
      ],
    ]);
    assert.deepEqual(plan.unplaced, []);
  });

  test('others join pods that have only nodes without enough types, where that costs less', () => {
    // The one is alone on a8; by themselves the others would take two a4 or b4.
    const groups = [
      { shape: podAsking(1000, 1, { nodeSelector: { [TYPE]: 'a8' } }), count: 1 },
      { shape: podAsking(1000, 2), count: 5 },
    ];
    const at = (effort: 'fast' | 'balanced'): EnginePlan =>
      relaxed(SIZES, { pools: [poolWith([floor(TYPE, 2)])], groups, effort });
    assert.deepEqual(nodesOf(SIZES, at('balanced')), ['1 x 6: a8/a/on-demand']);
    assert.ok(at('fast').totalPriceNanoUsdPerHour > 700);
  });

  test('the canonical form tells a node that falls short', () => {
    const plan = relaxed(SIZES, { pools: [poolWith([floor(TYPE, 9)])], groups: pods(1) });
    assert.match(plan.canonicalForm, / relaxed node.kubernetes.io\/instance-type 5 of 9$/m);
  });
});

describe('ranking for a NodeClaim', () => {
  const ask = (minValues: number, more: { maxInstanceTypes?: number; minValuesPolicy?: 'best-effort' } = {}) => {
    const { offerings, reasons } = rankOfferings(SIZES.catalogue, SIZES.prices, {
      requirements: [floor(TYPE, minValues)],
      requests: { cpu: 3000 },
      maxInstanceTypes: 60,
      ...more,
    });
    return [offerings.offeringIndex.length, ...reasons.map(({ code }) => code)];
  };

  test('keeps minValues, also beyond the number of types asked for', () => {
    assert.deepEqual(ask(2), [3]);
    assert.deepEqual(ask(3, { maxInstanceTypes: 1 }), [3]);
    assert.deepEqual(ask(1, { maxInstanceTypes: 1 }), [1]);
  });

  test('ranks nothing where they can not be kept, or what there is under BestEffort', () => {
    assert.deepEqual(ask(4), [0, 'min-values']);
    assert.deepEqual(ask(4, { minValuesPolicy: 'best-effort' }), [3]);
  });
});
