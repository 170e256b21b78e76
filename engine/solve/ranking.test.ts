// Ranked lists: every offering that holds the node's pods, cheapest first, up to so many types, and no spot offering that
// costs more than buying on demand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  explicitType,
  type Market,
  type MarketOffering,
  type MarketType,
  marketOf,
} from '../catalogue/testing/index.ts';
import { M5_LARGE, nodeClass } from '../ec2/testing/index.ts';
import type { EnginePlan, NodePoolInput, Problem } from '../model/index.ts';
import { daemonSet, nodePool, podAsking, podShape, problemOf, requirement } from '../shapes/testing/index.ts';
import { RANKED_TYPE_LIMIT, rankOfferings, solve } from './index.ts';

const ZONE = 'topology.kubernetes.io/zone';
const CAPACITY_TYPE = 'karpenter.sh/capacity-type';

function solved(
  { catalogue, prices }: Market,
  parts: Parameters<typeof problemOf>[0],
): EnginePlan & { problem: Problem } {
  const problem = problemOf(parts);
  return { ...solve(catalogue, prices, problem), problem };
}

/** The list of the only kind of node of a plan, as "type zone capacityType price". */
function listOf({ catalogue }: Market, plan: EnginePlan): string[] {
  assert.equal(plan.nodes.length, 1);
  const list = plan.offeringLists[plan.nodes[0]!.offeringListIndex]!;
  return [...list].map((place) => {
    const { instanceType, zone, capacityType } = catalogue.offering(plan.offerings.offeringIndex[place]!);
    return `${instanceType} ${zone} ${capacityType} ${plan.offerings.priceNanoUsdPerHour[place]}`;
  });
}

const spot = (priceNanoUsdPerHour: number, zone = 'zone-a'): MarketOffering => ({
  zone,
  capacityType: 'spot',
  priceNanoUsdPerHour,
});
const onDemand = (priceNanoUsdPerHour: number, zone = 'zone-a'): MarketOffering => ({ zone, priceNanoUsdPerHour });

const onePod = [{ shape: podAsking(1000, 1), count: 1 }];
const ROOM = { cpu: 2000, memory: 4 * 1024 ** 3 };

describe('a ranked list', () => {
  test('is sorted by price over all types, and leaves out spot dearer than the cheapest on demand', () => {
    const market = marketOf([
      explicitType('a', ROOM, [onDemand(50), spot(20), spot(51, 'zone-b')]),
      explicitType('b', ROOM, [onDemand(70), spot(50)]),
      explicitType('c', ROOM, [spot(10), spot(60, 'zone-b')]),
    ]);
    assert.deepEqual(listOf(market, solved(market, { pools: [nodePool('p')], groups: onePod })), [
      'c zone-a spot 10',
      'a zone-a spot 20',
      'b zone-a spot 50',
      'a zone-a on-demand 50',
      'b zone-a on-demand 70',
    ]);
  });

  test('keeps dear spot where nothing is sold on demand, or the pool does not take it', () => {
    const market = marketOf([explicitType('a', ROOM, [onDemand(50), spot(51), spot(90, 'zone-b')])]);
    const pool = nodePool('p', { requirements: [requirement(CAPACITY_TYPE, 'In', 'spot')] });
    assert.deepEqual(listOf(market, solved(market, { pools: [pool], groups: onePod })), [
      'a zone-a spot 51',
      'a zone-b spot 90',
    ]);
  });

  test('holds only offerings that every pod of the node admits and that have room beside the daemonsets there', () => {
    const sold = [onDemand(10), onDemand(11, 'zone-b')];
    const market = marketOf([
      explicitType('exact', { cpu: 2000 }, sold, { disk: 'ssd' }),
      explicitType('larger', { cpu: 4000 }, sold, { disk: 'ssd' }),
      explicitType('other', { cpu: 4000 }, sold, { disk: 'hdd' }),
    ]);
    const plan = solved(market, {
      pools: [nodePool('p')],
      groups: [
        { shape: podAsking(1000, 0, { nodeSelector: { disk: 'ssd' } }), count: 1 },
        { shape: podAsking(1000, 0, { nodeSelector: { [ZONE]: 'zone-b' } }), count: 1 },
      ],
      daemonSets: [daemonSet('zonal', podAsking(1, 0, { nodeSelector: { [ZONE]: 'zone-b' } }))],
    });
    assert.deepEqual(listOf(market, plan), ['larger zone-b on-demand 11']);
  });

  test('has at most sixty types, the cheapest ones, each with all its offerings', () => {
    const market = marketOf(
      Array.from({ length: 80 }, (_, index) =>
        explicitType(`t${String(index).padStart(2, '0')}`, ROOM, [
          onDemand(1000 + index),
          onDemand(2000 - index, 'zone-b'),
        ]),
      ),
    );
    const list = listOf(market, solved(market, { pools: [nodePool('p')], groups: onePod }));
    const types = [...new Set(list.map((entry) => entry.split(' ')[0]))].sort();
    assert.deepEqual(
      types,
      Array.from({ length: RANKED_TYPE_LIMIT }, (_, index) => `t${String(index).padStart(2, '0')}`),
    );
    assert.equal(list.length, 2 * RANKED_TYPE_LIMIT);
  });

  test('names on spot every type that holds the pods and costs no more than on demand, up to sixty, the cheapest', (context) => {
    const typesOf = (least: number, onDemandLeast: number, minLength: number) =>
      fc.array(
        fc.record({
          cpu: fc.integer({ min: least, max: 8 }),
          memory: fc.integer({ min: 2 * least, max: 16 }),
          spotPrice: fc.integer({ min: 10, max: 90 }),
          onDemandPrice: fc.integer({ min: onDemandLeast, max: 200 }),
        }),
        { minLength, maxLength: minLength + 30 },
      );
    const markets = fc.oneof(typesOf(1, 60, 10), typesOf(7, 60, 40), typesOf(8, 90, 70));
    const pods = fc.array(
      fc.record({
        cpu: fc.integer({ min: 1, max: 5 }),
        memory: fc.integer({ min: 1, max: 9 }),
        count: fc.nat({ max: 4 }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    const seen = { narrow: 0, wide: 0, full: 0 };
    fc.assert(
      fc.property(markets, pods, (types, groups) => {
        const market = marketOf(
          types.map(({ cpu, memory, spotPrice, onDemandPrice }, index) =>
            explicitType(`type-${index}`, { cpu: cpu * 1000, memory: memory * 1024 ** 3 }, [
              spot(spotPrice),
              onDemand(onDemandPrice),
            ]),
          ),
        );
        const plan = solved(market, {
          pools: [nodePool('p')],
          groups: groups.map(({ cpu, memory, count }) => ({ shape: podAsking(cpu * 1000, memory), count: count + 1 })),
          effort: 'balanced',
        });
        for (const node of plan.nodes) {
          const list = [...plan.offeringLists[node.offeringListIndex]!].map((place) => {
            const index = plan.offerings.offeringIndex[place]!;
            return market.catalogue.offering(index);
          });
          if (list[0]!.capacityType !== 'spot') continue;
          const used = { cpu: 0, memory: 0 };
          for (const { shapeIndex, count } of node.pods) {
            const { requests } = plan.problem.shapes[shapeIndex]!.shape;
            used.cpu += (requests.cpu ?? 0) * count;
            used.memory += (requests.memory ?? 0) * count;
          }
          const holding = types.flatMap((one, index) =>
            one.cpu * 1000 >= used.cpu && one.memory * 1024 ** 3 >= used.memory
              ? [{ ...one, name: `type-${index}` }]
              : [],
          );
          const cheapestOnDemand = Math.min(...holding.map(({ onDemandPrice }) => onDemandPrice));
          const valid = holding.filter(({ spotPrice }) => spotPrice <= cheapestOnDemand);
          const named = new Set(
            list.flatMap(({ instanceType, capacityType }) => (capacityType === 'spot' ? [instanceType] : [])),
          );
          assert.equal(named.size, Math.min(RANKED_TYPE_LIMIT, valid.length));
          const dearest = Math.max(...valid.filter(({ name }) => named.has(name)).map(({ spotPrice }) => spotPrice));
          assert.ok(valid.every(({ name, spotPrice }) => named.has(name) || spotPrice >= dearest));
          seen[named.size < 15 ? 'narrow' : named.size < RANKED_TYPE_LIMIT ? 'wide' : 'full'] += 1;
        }
      }),
      { numRuns: 150, seed: 9 },
    );
    context.diagnostic(JSON.stringify(seen));
    assert.ok(Math.min(...Object.values(seen)) > 10, JSON.stringify(seen));
  });

  test('has the cheapest offering of each type it names, whatever the prices', () => {
    const market = fc
      .array(
        fc.tuple(
          fc.integer({ min: 1, max: 4 }),
          fc.array(fc.tuple(fc.nat(9), fc.boolean()), { minLength: 1, maxLength: 4 }),
        ),
        {
          minLength: 1,
          maxLength: 12,
        },
      )
      .map((rows) =>
        rows.map(
          ([cpu, sold], index): MarketType =>
            explicitType(
              `t${String(index).padStart(2, '0')}`,
              { cpu: cpu * 1000 },
              sold.map(([price, isSpot], zone) =>
                isSpot ? spot(price, `zone-${zone}`) : onDemand(price, `zone-${zone}`),
              ),
            ),
        ),
      );
    fc.assert(
      fc.property(market, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }), (types, typeLimit, cpu) => {
        const made = marketOf(types);
        const query = { requirements: [], requests: { cpu: cpu * 1000 }, maxInstanceTypes: typeLimit };
        const { offerings } = rankOfferings(made.catalogue, made.prices, query);
        const all = Array.from({ length: made.catalogue.offeringCount }, (_, index) => {
          const { instanceType, capacityType, capacityTypeCode } = made.catalogue.offering(index);
          const form = made.catalogue.typeForm(made.catalogue.findType(instanceType));
          const room = form.kind === 'explicit' ? form.capacity.cpu! : 0;
          const price = made.prices.priceNanoUsdPerHour[index]!;
          return { index, instanceType, capacityType, capacityTypeCode, room, price };
        }).filter(({ room }) => room >= cpu * 1000);
        const ceiling = Math.min(
          Number.POSITIVE_INFINITY,
          ...all.filter(({ capacityType }) => capacityType === 'on-demand').map(({ price }) => price),
        );
        const ranked = all
          .filter(({ capacityType, price }) => capacityType !== 'spot' || price <= ceiling)
          .sort(
            (left, right) =>
              left.price - right.price || left.capacityTypeCode - right.capacityTypeCode || left.index - right.index,
          );
        const types60 = [...new Set(ranked.map(({ instanceType }) => instanceType))].slice(0, typeLimit);
        const expected = ranked.filter(({ instanceType }) => types60.includes(instanceType));
        assert.deepEqual(
          [...offerings.offeringIndex],
          expected.map(({ index }) => index),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('is carried once for all nodes that have it', () => {
    const market = marketOf([explicitType('a', ROOM, [onDemand(50)])]);
    const plan = solved(market, {
      pools: [nodePool('p')],
      groups: [
        { shape: podAsking(2000, 1), count: 3 },
        { shape: podAsking(1900, 1), count: 3 },
      ],
    });
    assert.equal(plan.nodes.length, 2);
    assert.equal(plan.offeringLists.length, 1);
    assert.equal(plan.offerings.offeringIndex.length, 1);
  });
});

describe('limits of a pool', () => {
  const sizes = [1, 2, 3, 4].map((cores) => explicitType(`c${cores}`, { cpu: cores * 1000 }, [onDemand(cores * 10)]));
  const market = marketOf(sizes);

  function typesListed(pool: Partial<NodePoolInput>, count: number): string[] {
    const groups = [{ shape: podAsking(1000, 0), count }];
    const plan = solved(market, { pools: [nodePool('p', pool)], groups });
    return listOf(market, plan).map((entry) => entry.split(' ')[0]!);
  }

  test('are kept even if each node gets the largest type of its list', () => {
    assert.deepEqual(typesListed({ limits: { cpu: 4000 } }, 1), ['c1', 'c2', 'c3', 'c4']);
    assert.deepEqual(typesListed({ limits: { cpu: 3500 } }, 1), ['c1', 'c2', 'c3']);
    assert.deepEqual(typesListed({ limits: { cpu: 1000 } }, 1), ['c1']);
    assert.deepEqual(typesListed({ limits: { nodes: 1 } }, 1), ['c1', 'c2', 'c3', 'c4']);
  });

  test('are shared evenly among the nodes of a plan', () => {
    const largest = (limit: number): number => {
      const groups = [{ shape: podAsking(1000, 0, { nodeSelector: { 'karpenter.sh/nodepool': 'p' } }), count: 2 }];
      // Two nodes: the only type that holds two pods is dearer than two small ones.
      const dearLarge = marketOf([sizes[0]!, explicitType('c3', { cpu: 3000 }, [onDemand(1000)])]);
      const plan = solved(dearLarge, { pools: [nodePool('p', { limits: { cpu: limit } })], groups });
      return plan.nodes.reduce((sum, node) => {
        const list = plan.offeringLists[node.offeringListIndex]!;
        const cores = [...list].map((place) => {
          const { instanceType } = dearLarge.catalogue.offering(plan.offerings.offeringIndex[place]!);
          return Number(instanceType.slice(1)) * 1000;
        });
        return sum + node.nodeCount * Math.max(...cores);
      }, 0);
    };
    assert.equal(largest(2000), 2000);
    assert.equal(largest(5999), 2000);
    assert.equal(largest(6000), 6000);
  });
});

describe("an operating system's licence", () => {
  const facts = (name: string, vcpuCount: number): typeof M5_LARGE => ({ ...M5_LARGE, name, vcpuCount });
  const CORE = 46_000_000;
  /** A small type, and a large one that is a little cheaper without its licence. */
  const windowsMarket = marketOf(
    [
      { name: 'm5.large', form: { kind: 'ec2', facts: facts('m5.large', 2) }, offerings: [onDemand(10), spot(4)] },
      { name: 'm5.xlarge', form: { kind: 'ec2', facts: facts('m5.xlarge', 4) }, offerings: [onDemand(9), spot(3)] },
    ],
    'us-east-1',
  );
  const parts = {
    pools: [nodePool('p', { nodeClassName: 'windows' })],
    nodeClasses: [{ name: 'windows', facts: nodeClass({ amiFamily: 'Windows2022' }) }],
    groups: [{ shape: podShape({ requests: { cpu: 100 } }), count: 1 }],
  };

  test('is part of every price, decides the order, and makes the price an estimate', () => {
    const plan = solved(windowsMarket, parts);
    assert.deepEqual(listOf(windowsMarket, plan), [
      `m5.large zone-a spot ${2 * CORE + 4}`,
      `m5.large zone-a on-demand ${2 * CORE + 10}`,
      `m5.xlarge zone-a on-demand ${4 * CORE + 9}`,
    ]);
    assert.equal(plan.totalPriceNanoUsdPerHour, 2 * CORE + 4);
    assert.deepEqual([...plan.offerings.priceSource], [2, 2, 2]);
  });

  test('counts when spot is held against on demand', () => {
    const market = marketOf(
      [
        { name: 'm5.large', form: { kind: 'ec2', facts: facts('m5.large', 2) }, offerings: [spot(500)] },
        { name: 'm5.xlarge', form: { kind: 'ec2', facts: facts('m5.xlarge', 4) }, offerings: [onDemand(400)] },
      ],
      'us-east-1',
    );
    const plan = solved(market, parts);
    assert.deepEqual(listOf(market, plan), [
      `m5.large zone-a spot ${2 * CORE + 500}`,
      `m5.xlarge zone-a on-demand ${4 * CORE + 400}`,
    ]);
  });

  test('is in the answer to a NodeClaim as it is in a plan', () => {
    const { offerings } = rankOfferings(windowsMarket.catalogue, windowsMarket.prices, {
      requirements: [],
      requests: { cpu: 100 },
      nodeClass: nodeClass({ amiFamily: 'Windows2022' }),
      maxInstanceTypes: 60,
    });
    assert.deepEqual([...offerings.priceNanoUsdPerHour], [2 * CORE + 4, 2 * CORE + 10, 4 * CORE + 9]);
    assert.deepEqual([...offerings.priceSource], [2, 2, 2]);
  });

  test('that a price list tells leaves the price its source', () => {
    const listed = { ...M5_LARGE, windowsLicenceNanoUsdPerHour: 7 };
    const market = marketOf(
      [{ name: 'm5.large', form: { kind: 'ec2', facts: listed }, offerings: [onDemand(10)] }],
      'us-east-1',
    );
    const plan = solved(market, parts);
    assert.equal(plan.totalPriceNanoUsdPerHour, 17);
    assert.deepEqual([...plan.offerings.priceSource], [0]);
  });

  test('costs nothing on Linux, whose prices keep their source', () => {
    const { nodeClasses: _, ...linux } = { ...parts, pools: [nodePool('p')] };
    const plan = solved(windowsMarket, linux);
    assert.equal(plan.totalPriceNanoUsdPerHour, 3);
    assert.ok(plan.offerings.priceSource.every((source) => source === 0));
  });
});
