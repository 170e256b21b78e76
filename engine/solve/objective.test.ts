// What plans are chosen by beside prices: volumes, charges, ties. Each case is a market in which they decide.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explicitType, type Market, type MarketOffering, marketOf } from '../catalogue/testing/index.ts';
import { M5_LARGE, nodeClass } from '../ec2/testing/index.ts';
import {
  DEFAULT_OBJECTIVE,
  type EnginePlan,
  LIST_PRICE_OBJECTIVE,
  type Objective,
  type Problem,
} from '../model/index.ts';
import { nodePool, podAsking, problemOf } from '../shapes/testing/index.ts';
import { solve } from './index.ts';

const CENT = 10_000_000;
const SMALL = { cpu: 2000, memory: 8 * 1024 ** 3 };
const LARGE = { cpu: 4000, memory: 16 * 1024 ** 3 };

const sale = (priceNanoUsdPerHour: number, more: Partial<MarketOffering> = {}): MarketOffering => ({
  priceNanoUsdPerHour,
  ...more,
});
const spot = (priceNanoUsdPerHour: number, zone = 'zone-a'): MarketOffering =>
  sale(priceNanoUsdPerHour, { capacityType: 'spot', zone });
const pods = (count: number, cpuMilli = 2000) => [{ shape: podAsking(cpuMilli, 1), count }];
const counting = (changes: Partial<Objective>): Objective => ({ ...LIST_PRICE_OBJECTIVE, ...changes });

function planOf(
  { catalogue, prices }: Market,
  parts: Partial<Problem> & { groups: ReturnType<typeof pods> },
): EnginePlan {
  return solve(catalogue, prices, problemOf({ pools: [nodePool('p')], effort: 'balanced', ...parts }));
}

/** The plan's nodes as "count x type". */
function nodesOf({ catalogue }: Market, { nodes, offeringLists, offerings }: EnginePlan): string[] {
  return nodes
    .map(({ nodeCount, offeringListIndex }) => {
      const offering = offerings.offeringIndex[offeringLists[offeringListIndex]![0]!]!;
      return `${nodeCount} x ${catalogue.offering(offering).instanceType}`;
    })
    .sort();
}

describe('the charge for a node', () => {
  const market = marketOf([
    explicitType('small', SMALL, [sale(10 * CENT)]),
    explicitType('large', LARGE, [sale(20 * CENT + 1)]),
  ]);

  test('makes fewer nodes of many that are hardly cheaper', () => {
    assert.deepEqual(nodesOf(market, planOf(market, { groups: pods(4) })), ['4 x small']);
    const plan = planOf(market, { groups: pods(4), objective: counting({ nodeChargeNanoUsdPerHour: 1 }) });
    // Equal by what is counted: fewer nodes.
    assert.deepEqual(nodesOf(market, plan), ['2 x large']);
  });

  test('is shown with the plan and is no part of its price', () => {
    const plan = planOf(market, { groups: pods(4), objective: counting({ nodeChargeNanoUsdPerHour: CENT }) });
    assert.equal(plan.totalPriceNanoUsdPerHour, 2 * (20 * CENT + 1));
    assert.deepEqual(plan.totalExtras, {
      nodeClassNanoUsdPerHour: 0,
      nodeChargeNanoUsdPerHour: 2 * CENT,
      flexibilityChargeNanoUsdPerHour: 0,
    });
    assert.equal(plan.costNanoUsdPerHour, 2 * (21 * CENT + 1));
  });
});

describe('a node class', () => {
  const market = marketOf([{ name: 'm5.large', form: { kind: 'ec2', facts: M5_LARGE }, offerings: [sale(9 * CENT)] }]);
  const classes = [
    { name: 'plain', facts: nodeClass({}) },
    { name: 'bulky', facts: nodeClass({ blockDevices: [volume(500)] }) },
    { name: 'supported', facts: nodeClass({ extraCostNanoUsdPerHour: 7 }) },
  ];

  function volume(gib: number) {
    return { deviceName: '/dev/xvda', rootVolume: true, volumeSizeBytes: gib * 1024 ** 3, volumeType: 'gp3' as const };
  }

  const planWith = (nodeClassNames: readonly string[], objective: Objective): EnginePlan =>
    planOf(market, {
      pools: nodeClassNames.map((nodeClassName) => nodePool(nodeClassName, { nodeClassName })),
      nodeClasses: classes,
      groups: pods(1, 1000),
      objective,
    });

  test('counts with its volumes and what it is said to cost beside', () => {
    const costOf = (name: string) => planWith([name], counting({ countsNodeClass: true })).totalExtras;
    const volumes = (gib: number) => Math.ceil((gib * 0.08 * 1e9) / 730);
    assert.equal(costOf('plain').nodeClassNanoUsdPerHour, volumes(20));
    assert.equal(costOf('bulky').nodeClassNanoUsdPerHour, volumes(500));
    assert.equal(costOf('supported').nodeClassNanoUsdPerHour, volumes(20) + 7);
    assert.equal(planWith(['bulky'], LIST_PRICE_OBJECTIVE).totalExtras.nodeClassNanoUsdPerHour, 0);
  });

  test('decides between pools of one weight at one price', () => {
    // Without it the name later in the alphabet is first.
    const chosen = (names: readonly string[], objective: Objective) =>
      names[planWith(names, objective).nodes[0]!.poolIndex];
    assert.equal(chosen(['bulky', 'plain'], LIST_PRICE_OBJECTIVE), 'plain');
    assert.equal(chosen(['plain', 'supported'], LIST_PRICE_OBJECTIVE), 'supported');
    assert.equal(chosen(['plain', 'supported'], counting({ countsNodeClass: true })), 'plain');
  });

  test('has no volumes for types that are not of EC2', () => {
    const explicit = marketOf([explicitType('small', SMALL, [sale(CENT)])]);
    const plan = planOf(explicit, { groups: pods(1), objective: DEFAULT_OBJECTIVE });
    assert.equal(plan.totalExtras.nodeClassNanoUsdPerHour, 0);
    assert.equal(plan.totalExtras.nodeChargeNanoUsdPerHour, DEFAULT_OBJECTIVE.nodeChargeNanoUsdPerHour);
  });
});

describe('spot that can be launched as one type in one zone only', () => {
  const narrowSpotShare = 0.1;
  const charged = (market: Market) =>
    planOf(market, { groups: pods(1), objective: counting({ narrowSpotShare }) }).totalExtras
      .flexibilityChargeNanoUsdPerHour;

  test('is charged for by its price, in whole nano-dollars', () => {
    assert.equal(charged(marketOf([explicitType('small', SMALL, [spot(101)])])), 11);
  });

  test('may be on demand there and is narrow all the same', () => {
    assert.equal(charged(marketOf([explicitType('small', SMALL, [spot(100), sale(300)])])), 10);
  });

  test('is not charged for with another zone, with another type, or on demand', () => {
    assert.equal(charged(marketOf([explicitType('small', SMALL, [spot(100), spot(100, 'zone-b')])])), 0);
    const two = marketOf([explicitType('small', SMALL, [spot(100)]), explicitType('large', LARGE, [spot(500)])]);
    assert.equal(charged(two), 0);
    assert.equal(charged(marketOf([explicitType('small', SMALL, [sale(100)])])), 0);
  });

  test('has no choice in spot that is dearer than what can be had on demand', () => {
    const market = marketOf([
      explicitType('small', SMALL, [spot(100), sale(300)]),
      explicitType('large', LARGE, [spot(400)]),
    ]);
    assert.equal(charged(market), 10);
  });

  test('gives way to what costs less than its price and the charge', () => {
    // One large node for both pods, or two small ones, each of which could be had in another zone.
    const market = marketOf([
      explicitType('small', SMALL, [spot(52), spot(52, 'zone-b')]),
      explicitType('large', LARGE, [spot(100)]),
    ]);
    const chosen = (objective: Objective) => nodesOf(market, planOf(market, { groups: pods(2), objective }));
    assert.deepEqual(chosen(LIST_PRICE_OBJECTIVE), ['1 x large']);
    assert.deepEqual(chosen(counting({ narrowSpotShare })), ['2 x small']);
  });
});

describe('a tie', () => {
  // 1,000 for two small ones, 1,004 for a large one.
  const market = marketOf([explicitType('small', SMALL, [sale(500)]), explicitType('large', LARGE, [sale(1_004)])]);

  test('goes to fewer nodes where it is within the share', () => {
    assert.deepEqual(nodesOf(market, planOf(market, { groups: pods(2) })), ['2 x small']);
    const within = (tieShare: number, groups: ReturnType<typeof pods>) =>
      nodesOf(market, planOf(market, { groups, objective: counting({ tieShare }) }));
    assert.deepEqual(within(0.005, pods(2)), ['1 x large']);
    assert.deepEqual(within(0.003, pods(2)), ['2 x small']);
  });

  test('goes to fewer nodes of several kinds of pods, too', () => {
    const groups = [...pods(2), ...pods(2, 1000), ...pods(2, 900)];
    const plan = planOf(market, { groups, objective: counting({ tieShare: 0.01 }) });
    assert.deepEqual(nodesOf(market, plan), ['1 x large', '1 x large']);
  });
});

test('reserved capacity comes first whatever is counted for a node', () => {
  const market = marketOf([
    explicitType('small', SMALL, [sale(10 * CENT, { capacityType: 'reserved', reservationId: 'cr-1', freeCount: 4 })]),
    explicitType('large', LARGE, [spot(CENT), spot(CENT, 'zone-b')]),
  ]);
  const plan = planOf(market, { groups: pods(4), objective: DEFAULT_OBJECTIVE });
  assert.deepEqual(nodesOf(market, plan), ['4 x small']);
  assert.equal(plan.totalExtras.nodeChargeNanoUsdPerHour, 0);
});
