// Reserved capacity, rule by rule: used first and never beyond what is free, listed by itself, next to free of charge.
// Over generated problems it is held in engine/testing/reserved.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explicitType, type Market, type MarketOffering, marketOf } from '../catalogue/testing/index.ts';
import { nodeClass } from '../ec2/testing/index.ts';
import type { EnginePlan, RequirementInput } from '../model/index.ts';
import { daemonSet, nodePool, podAsking, problemOf, requirement } from '../shapes/testing/index.ts';
import { rankOfferings, solve } from './index.ts';

const TYPE = 'node.kubernetes.io/instance-type';
const ZONE = 'topology.kubernetes.io/zone';
const CAPACITY_TYPE = 'karpenter.sh/capacity-type';
const RESERVATION_ID = 'karpenter.k8s.aws/capacity-reservation-id';
const RESERVATION_TYPE = 'karpenter.k8s.aws/capacity-reservation-type';
const INTERRUPTIBLE = 'karpenter.k8s.aws/capacity-reservation-interruptible';

const DOLLAR = 1e9;
const ROOM = { cpu: 4000, memory: 16 * 1024 ** 3 };

const sale = (priceNanoUsdPerHour: number, more: Partial<MarketOffering> = {}): MarketOffering => ({
  priceNanoUsdPerHour,
  ...more,
});
const cr = (reservationId: string, freeCount: number, more: Partial<MarketOffering> = {}): MarketOffering =>
  sale(DOLLAR, { capacityType: 'reserved', reservationId, freeCount, ...more });
const pods = (count: number, more: Parameters<typeof podAsking>[2] = {}, cpuMilli = 2000) => [
  { shape: podAsking(cpuMilli, 1, more), count },
];

function solved({ catalogue, prices }: Market, parts: Parameters<typeof problemOf>[0]): EnginePlan {
  return solve(catalogue, prices, problemOf(parts));
}

/** Each kind of node as "count x pods: offerings", the reservation in place of the capacity type where there is one. */
function nodesOf({ catalogue }: Market, plan: EnginePlan): string[] {
  return plan.nodes
    .map((node) => {
      const names = [...plan.offeringLists[node.offeringListIndex]!].map((place) => {
        const { instanceType, zone, capacityType, reservationId } = catalogue.offering(
          plan.offerings.offeringIndex[place]!,
        );
        return `${instanceType}/${zone.slice(5)}/${reservationId || capacityType}`;
      });
      return `${node.nodeCount} x ${node.pods.reduce((sum, { count }) => sum + count, 0)}: ${names.join(' ')}`;
    })
    .sort();
}

/** A type with two instances reserved, cheaper spot, and on demand. */
const PLAIN = marketOf([
  explicitType('a', ROOM, [sale(DOLLAR), sale(DOLLAR / 4, { capacityType: 'spot' }), cr('cr-1', 2)]),
]);

describe('reserved capacity', () => {
  test('comes first, as far as it is free; what is beyond it goes elsewhere in the same plan', () => {
    const plan = solved(PLAIN, { pools: [nodePool('p')], groups: pods(10) });
    assert.deepEqual(nodesOf(PLAIN, plan), ['2 x 2: a/a/cr-1', '3 x 2: a/a/spot a/a/on-demand']);
    assert.equal(plan.totalPriceNanoUsdPerHour, 2 * 100 + 3 * (DOLLAR / 4));
  });

  test('costs a ten-millionth of the price on demand, rounded up', () => {
    const market = marketOf([explicitType('a', ROOM, [cr('cr-1', 1, { priceNanoUsdPerHour: 10_000_001 })])]);
    const plan = solved(market, { pools: [nodePool('p')], groups: pods(1) });
    assert.equal(plan.nodes[0]?.priceNanoUsdPerHour, 2);
  });

  test('is for pools whose node class selects it, and for those whose class says nothing of reservations', () => {
    const plan = (reservationIds?: readonly string[]) =>
      solved(PLAIN, {
        pools: [nodePool('p', { nodeClassName: 'c' })],
        nodeClasses: [{ name: 'c', facts: nodeClass(reservationIds === undefined ? {} : { reservationIds }) }],
        groups: pods(2),
      });
    assert.deepEqual(nodesOf(PLAIN, plan(['cr-1'])), ['1 x 2: a/a/cr-1']);
    assert.deepEqual(nodesOf(PLAIN, plan()), ['1 x 2: a/a/cr-1']);
    assert.deepEqual(nodesOf(PLAIN, plan(['cr-2'])), ['1 x 2: a/a/spot a/a/on-demand']);
    assert.deepEqual(nodesOf(PLAIN, plan([])), ['1 x 2: a/a/spot a/a/on-demand']);
  });

  test('is counted over all pools and shapes of a plan', () => {
    const plan = solved(PLAIN, {
      pools: [nodePool('p', { labels: { team: 'red' } }), nodePool('q', { labels: { team: 'blue' } })],
      groups: [...pods(4, { nodeSelector: { team: 'red' } }), ...pods(4, { nodeSelector: { team: 'blue' } })],
    });
    const reserved = plan.nodes.filter(({ priceNanoUsdPerHour }) => priceNanoUsdPerHour === 100);
    assert.equal(
      reserved.reduce((sum, { nodeCount }) => sum + nodeCount, 0),
      2,
    );
    assert.equal(
      plan.nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0),
      4,
    );
  });

  test('is nothing to plan with when nothing of it is free, it is not available, or its price is not known', () => {
    const { priceNanoUsdPerHour: _, ...priceless } = cr('cr-3', 5);
    const market = marketOf([
      explicitType('a', ROOM, [sale(DOLLAR), cr('cr-1', 0), cr('cr-2', 5, { available: false }), priceless]),
    ]);
    assert.deepEqual(nodesOf(market, solved(market, { pools: [nodePool('p')], groups: pods(1) })), [
      '1 x 1: a/a/on-demand',
    ]);
  });

  test('a pod that can be nowhere else gets it before those that can, and is told when it is used up', () => {
    const only = { nodeSelector: { [CAPACITY_TYPE]: 'reserved' } };
    const both = solved(PLAIN, {
      pools: [nodePool('p')],
      groups: [...pods(2, {}, 4000), ...pods(2, only, 3000)],
    });
    assert.deepEqual(nodesOf(PLAIN, both), ['2 x 1: a/a/cr-1', '2 x 1: a/a/spot a/a/on-demand']);
    const many = solved(PLAIN, { pools: [nodePool('p')], groups: pods(3, only, 3000) });
    assert.equal(many.unplaced[0]?.count, 1);
    const [reason] = many.unplaced[0]!.reasons;
    assert.equal(reason?.code, 'no-offering-available');
    assert.match(reason!.message, /use up its reservations \(cr-1\)/);
  });

  test('goes to the pods that would cost most elsewhere', () => {
    const market = marketOf([
      explicitType('gpu', { ...ROOM, gpu: 1 }, [
        sale(10 * DOLLAR),
        cr('cr-gpu', 1, { priceNanoUsdPerHour: 10 * DOLLAR }),
      ]),
      explicitType('plain', ROOM, [sale(DOLLAR)]),
    ]);
    const groups = [...pods(1, { requests: { cpu: 1000, gpu: 1 } }), ...pods(4, {}, 4000)];
    const plan = solved(market, { pools: [nodePool('p')], groups });
    assert.deepEqual(nodesOf(market, plan), ['1 x 1: gpu/a/cr-gpu', '4 x 1: plain/a/on-demand gpu/a/on-demand']);
  });

  test('nodes carry its labels, which pods, pools and daemonsets select on', () => {
    const market = marketOf([
      explicitType('a', ROOM, [
        sale(DOLLAR),
        cr('cr-1', 9),
        cr('cr-2', 9, { reservationKind: 'capacity-block', zone: 'zone-b' }),
        cr('cr-3', 9, { reservationKind: 'interruptible', zone: 'zone-c' }),
      ]),
    ]);
    const asking = (...expressions: RequirementInput[]): string[] =>
      nodesOf(
        market,
        solved(market, {
          pools: [nodePool('p')],
          groups: pods(1, { requiredNodeTerms: [{ matchExpressions: expressions, matchFields: [] }] }),
        }),
      );
    assert.deepEqual(asking(requirement(RESERVATION_ID, 'In', 'cr-2')), ['1 x 1: a/b/cr-2']);
    assert.deepEqual(asking(requirement(RESERVATION_TYPE, 'In', 'capacity-block')), ['1 x 1: a/b/cr-2']);
    assert.deepEqual(asking(requirement(INTERRUPTIBLE, 'In', 'true')), ['1 x 1: a/c/cr-3']);
    assert.deepEqual(asking(requirement(RESERVATION_TYPE, 'In', 'default'), requirement(INTERRUPTIBLE, 'In', 'true')), [
      '1 x 1: a/c/cr-3',
    ]);
    assert.deepEqual(asking(requirement(RESERVATION_ID, 'DoesNotExist')), ['1 x 1: a/a/on-demand']);
    assert.deepEqual(asking(requirement(CAPACITY_TYPE, 'NotIn', 'reserved')), ['1 x 1: a/a/on-demand']);
    const daemons = solved(market, {
      pools: [nodePool('p', { requirements: [requirement(RESERVATION_ID, 'In', 'cr-1')] })],
      groups: pods(2),
      daemonSets: [daemonSet('d', podAsking(100, 0, { nodeSelector: { [RESERVATION_ID]: 'cr-1' } }))],
    });
    assert.deepEqual(nodesOf(market, daemons), ['2 x 1: a/a/cr-1']);
  });

  test('takes of the pool’s limits like any other', () => {
    const plan = solved(PLAIN, { pools: [nodePool('p', { limits: { nodes: 1 } })], groups: pods(10) });
    assert.deepEqual(nodesOf(PLAIN, plan), ['1 x 2: a/a/cr-1']);
  });

  test('is a domain of a spread over capacity types, as far as it is free', () => {
    const spread = {
      topologyKey: CAPACITY_TYPE,
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule' as const,
      labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
      nodeAffinityPolicy: 'Honor' as const,
      nodeTaintsPolicy: 'Ignore' as const,
      matchLabelKeys: [],
    };
    const groups = pods(3, { labels: { app: 'web' }, topologySpread: [spread] });
    const plan = solved(PLAIN, { pools: [nodePool('p')], groups });
    assert.deepEqual(nodesOf(PLAIN, plan), ['1 x 1: a/a/cr-1', '1 x 1: a/a/on-demand', '1 x 1: a/a/spot']);
  });
});

describe('a list of reserved capacity', () => {
  const market = marketOf([
    explicitType('a', ROOM, [
      sale(DOLLAR),
      cr('cr-1', 2),
      cr('cr-2', 2, { zone: 'zone-b' }),
      cr('cr-3', 1, { zone: 'zone-c' }),
      cr('cr-4', 5, { zone: 'zone-c', reservationKind: 'interruptible' }),
    ]),
  ]);

  test('has other reservations of its kind that each of the nodes could be launched from', () => {
    const two = solved(market, { pools: [nodePool('p')], groups: pods(4) });
    assert.deepEqual(nodesOf(market, two), ['2 x 2: a/a/cr-1 a/b/cr-2']);
    const one = solved(market, { pools: [nodePool('p')], groups: pods(2) });
    assert.deepEqual(nodesOf(market, one), ['1 x 2: a/a/cr-1 a/b/cr-2 a/c/cr-3']);
  });

  test('never names a reservation for more nodes than it has instances', () => {
    const plan = solved(market, { pools: [nodePool('p')], groups: [...pods(8), ...pods(2, {}, 3000)] });
    const listed = new Map<string, number>();
    for (const text of nodesOf(market, plan)) {
      const count = Number(text.split(' ')[0]);
      for (const [id] of text.matchAll(/cr-\d/g)) listed.set(id, (listed.get(id) ?? 0) + count);
    }
    assert.ok((listed.get('cr-1') ?? 0) <= 2 && (listed.get('cr-2') ?? 0) <= 2 && (listed.get('cr-3') ?? 0) <= 1);
    assert.ok((listed.get('cr-4') ?? 0) <= 5);
    assert.equal(plan.unplaced.length, 0);
    assert.ok(plan.nodes.every(({ priceNanoUsdPerHour }) => priceNanoUsdPerHour === 100));
  });

  test('keeps minValues within reservations', () => {
    const floor = (key: string, minValues: number) =>
      nodePool('p', { requirements: [{ ...requirement(key, 'Exists'), minValues }] });
    const zones = solved(market, { pools: [floor(ZONE, 2)], groups: pods(4) });
    assert.deepEqual(nodesOf(market, zones), ['2 x 2: a/a/cr-1 a/b/cr-2']);
    const three = solved(market, { pools: [floor(ZONE, 3)], groups: pods(4) });
    assert.deepEqual([nodesOf(market, three), three.unplaced[0]?.count], [['1 x 2: a/a/cr-1 a/b/cr-2 a/c/cr-3'], 2]);
    assert.match(three.unplaced[0]!.reasons[0]!.message, /use up reservations .* too few values/);
    const types = solved(market, { pools: [floor(TYPE, 2)], groups: pods(1) });
    assert.equal(types.unplaced[0]?.reasons[0]?.code, 'min-values');
  });

  test('of one id in several types is one reservation, with the least that they say', () => {
    const shared = marketOf([
      explicitType('a', ROOM, [cr('cr-1', 2)]),
      explicitType('b', ROOM, [cr('cr-1', 1)]),
      explicitType('c', ROOM, [sale(DOLLAR)]),
    ]);
    const plan = solved(shared, { pools: [nodePool('p')], groups: pods(6) });
    assert.deepEqual(nodesOf(shared, plan), ['1 x 2: a/a/cr-1 b/a/cr-1', '2 x 2: c/a/on-demand']);
    assert.match(plan.notices[0]!.message, /reservation cr-1 say different free counts/);
  });
});

describe('ranking for a NodeClaim', () => {
  const market = marketOf([
    explicitType('a', ROOM, [
      sale(DOLLAR),
      sale(DOLLAR / 2, { capacityType: 'spot' }),
      cr('cr-1', 1),
      cr('cr-2', 3),
      cr('cr-3', 1, { zone: 'zone-b' }),
      cr('cr-4', 9, { reservationKind: 'capacity-block', zone: 'zone-b' }),
      cr('cr-5', 9, { reservationKind: 'capacity-block', zone: 'zone-c' }),
    ]),
  ]);
  const ask = (...requirements: RequirementInput[]): string[] => {
    const { offerings } = rankOfferings(market.catalogue, market.prices, {
      requirements,
      requests: { cpu: 1000 },
      maxInstanceTypes: 60,
    });
    return [...offerings.offeringIndex].map((index) => {
      const { reservationId, capacityType } = market.catalogue.offering(index);
      return reservationId || capacityType;
    });
  };

  test('answers reserved capacity alone, of one kind, from the fuller of two reservations of one place', () => {
    assert.deepEqual(ask(), ['cr-2', 'cr-3']);
    assert.deepEqual(ask(requirement(RESERVATION_ID, 'In', 'cr-1')), ['cr-1']);
  });

  test('answers one capacity block', () => {
    assert.deepEqual(ask(requirement(RESERVATION_TYPE, 'In', 'capacity-block')), ['cr-4']);
  });

  test('answers everything else where no reserved capacity may be used', () => {
    assert.deepEqual(ask(requirement(CAPACITY_TYPE, 'NotIn', 'reserved')), ['spot', 'on-demand']);
  });
});
