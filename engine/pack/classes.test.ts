// Classes of offerings: cheapest first, none that another makes useless, and for every offering one that is no worse.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { explicitType, type MarketOffering, type MarketType, marketOf } from '../catalogue/testing/index.ts';
import { CompiledProblem, makeUnit } from '../compile/index.ts';
import { nodePool, podAsking, podShape, problemOf, requirement } from '../shapes/testing/index.ts';
import { buildInstance, type LimitTable, limitTakesInto, type PackingInstance } from './index.ts';
import { NO_LIMITS } from './testing/index.ts';

const ZONE = 'topology.kubernetes.io/zone';

const TEAMS = ['a', 'b', 'c'];

const offerings: fc.Arbitrary<MarketOffering[]> = fc.uniqueArray(
  fc.record({
    zone: fc.constantFrom('zone-a', 'zone-b'),
    capacityType: fc.constantFrom('spot' as const, 'on-demand' as const),
    priceNanoUsdPerHour: fc.nat(6),
  }),
  { selector: ({ zone, capacityType }) => `${zone} ${capacityType}`, minLength: 1, maxLength: 4 },
);

const types: fc.Arbitrary<MarketType[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), offerings), {
    minLength: 1,
    maxLength: 8,
  })
  .map((rows) =>
    rows.map(([cpu, memory, sold], index) =>
      explicitType(`t${index}`, { cpu, memory, pods: 3 }, sold, { cpu: `${cpu}` }),
    ),
  );

const pods = fc.array(
  fc.record({
    cpu: fc.nat(5),
    memory: fc.nat(5),
    team: fc.constantFrom(undefined, ...TEAMS),
    zone: fc.constantFrom(undefined, 'zone-a', 'zone-b'),
  }),
  { minLength: 1, maxLength: 6 },
);

/** One pool that leaves the team open, and one without limits that has none; both used at once. */
const POOLS = [nodePool('teams', { requirements: [requirement('team', 'In', ...TEAMS)] }), nodePool('plain')];

const LIMITED: LimitTable = {
  names: ['cpu', 'nodes'],
  groupOf: new Map([[0, 0]]),
  remaining: Float64Array.of(100, 100),
  free: new Float64Array(0),
};

interface Row {
  readonly price: number;
  readonly room: readonly number[];
  readonly suits: ReadonlySet<number>;
  readonly pool: number;
}

function rowsOf(instance: PackingInstance): Row[] {
  const { dimensionCount, rooms, suits, suitStarts } = instance;
  return Array.from({ length: instance.classCount }, (_, index) => ({
    price: instance.prices[index]!,
    room: [...rooms.subarray(index * dimensionCount, (index + 1) * dimensionCount)],
    suits: new Set(suits.subarray(suitStarts[index], suitStarts[index + 1])),
    pool: instance.templates[index]!.pool.index,
  }));
}

/** Every offering of every template with the pods that may go there, worked out one by one. */
function everyOffering(compiled: CompiledProblem): Row[] {
  const rows: Row[] = [];
  for (const template of compiled.templates) {
    for (let offering = 0; offering < compiled.catalogue.offeringCount; offering++) {
      const room = new Float64Array(compiled.dimensions.length);
      compiled.roomInto(template, offering, room);
      const { zone } = compiled.catalogue.offering(offering);
      const team = template.customLabels.get('team');
      const suits = compiled.shapes.filter(
        ({ request, input: { shape } }) =>
          request.every((amount, dimension) => amount <= room[dimension]!) &&
          (shape.nodeSelector[ZONE] ?? zone) === zone &&
          (shape.nodeSelector.team ?? team) === team,
      );
      if (suits.length === 0) continue;
      rows.push({
        price: compiled.costs.priceOf(template, offering),
        room: [...room],
        suits: new Set(suits.map((shape) => shape.index)),
        pool: template.pool.index,
      });
    }
  }
  return rows;
}

function isNoWorse(better: Row, worse: Row): boolean {
  return (
    better.price <= worse.price &&
    worse.room.every((amount, dimension) => better.room[dimension]! >= amount) &&
    [...worse.suits].every((shape) => better.suits.has(shape))
  );
}

function compile(
  market: readonly MarketType[],
  wanted: readonly {
    readonly cpu: number;
    readonly memory: number;
    readonly team: string | undefined;
    readonly zone: string | undefined;
  }[],
): CompiledProblem {
  const { catalogue, prices } = marketOf(market);
  const groups = wanted.map(({ cpu, memory, team, zone }) => ({
    shape: podShape({
      requests: { cpu, memory },
      nodeSelector: { ...(team === undefined ? {} : { team }), ...(zone === undefined ? {} : { [ZONE]: zone }) },
    }),
    count: 1,
  }));
  return new CompiledProblem(catalogue, prices, problemOf({ pools: POOLS, groups }));
}

function instanceOfAll(compiled: CompiledProblem, limits: LimitTable): PackingInstance {
  const candidates = compiled.shapes.map((shape) => ({
    unit: makeUnit(compiled, [{ pod: shape.demands[0]!, podCount: 1 }]),
    templates: compiled.templates,
  }));
  return buildInstance(compiled, candidates, limits);
}

describe('classes', () => {
  test('have for every offering one that is no dearer, has no less room and suits no fewer pods', () => {
    fc.assert(
      fc.property(types, pods, fc.constantFrom(NO_LIMITS, LIMITED), (market, wanted, limits) => {
        const compiled = compile(market, wanted);
        const kept = rowsOf(instanceOfAll(compiled, limits));
        for (const row of everyOffering(compiled)) {
          assert.ok(
            kept.some((one) => isNoWorse(one, row) && (limits === NO_LIMITS || one.pool === row.pool)),
            JSON.stringify(row),
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('come cheapest first and none is made useless by another', () => {
    fc.assert(
      fc.property(types, pods, (market, wanted) => {
        const kept = rowsOf(instanceOfAll(compile(market, wanted), NO_LIMITS));
        kept.forEach((row, index) => {
          if (index > 0) assert.ok(kept[index - 1]!.price <= row.price);
          assert.equal(
            kept.findIndex((other, at) => at < index && isNoWorse(other, row)),
            -1,
          );
        });
      }),
      { numRuns: 200 },
    );
  });

  test('are the same whatever the order of pools', () => {
    fc.assert(
      fc.property(types, pods, (market, wanted) => {
        const { catalogue, prices } = marketOf(market);
        const rows = [POOLS, [...POOLS].reverse()].map((pools) => {
          const groups = compile(market, wanted).problem.shapes;
          const compiled = new CompiledProblem(catalogue, prices, problemOf({ pools, groups }));
          const instance = instanceOfAll(compiled, NO_LIMITS);
          return rowsOf(instance).map((row, index) => ({
            ...row,
            pool: compiled.problem.pools[row.pool]!.name,
            offering: instance.offerings[index],
          }));
        });
        assert.deepEqual(rows[0], rows[1]);
      }),
      { numRuns: 50 },
    );
  });

  test('take spot before on demand and then the first type and zone at equal prices', () => {
    const sold = (['zone-b', 'zone-a'] as const).flatMap((zone) =>
      (['on-demand', 'spot'] as const).map((capacityType) => ({ zone, capacityType, priceNanoUsdPerHour: 5 })),
    );
    const market = [explicitType('b', { cpu: 2 }, sold), explicitType('a', { cpu: 2 }, sold)];
    const compiled = compile(market, [{ cpu: 1, memory: 0, team: undefined, zone: undefined }]);
    const instance = instanceOfAll(compiled, NO_LIMITS);
    assert.equal(instance.classCount, 1);
    const { instanceType, zone, capacityType } = compiled.catalogue.offering(instance.offerings[0]!);
    assert.deepEqual([instanceType, zone, capacityType], ['a', 'zone-a', 'spot']);
  });

  test('are none where a node would be overdrawn before its first pod', () => {
    const { catalogue, prices } = marketOf([
      explicitType('t', { cpu: 1000 }, [{ priceNanoUsdPerHour: 1 }], {}, { memory: 1 }),
    ]);
    const problem = problemOf({ pools: [nodePool('p')], groups: [{ shape: podAsking(1, 0), count: 1 }] });
    assert.equal(instanceOfAll(new CompiledProblem(catalogue, prices, problem), NO_LIMITS).classCount, 0);
  });

  test('take of the limits what a node reports as its capacity, and one of the nodes', () => {
    const { catalogue, prices } = marketOf([
      explicitType('t', { cpu: 4, memory: 8 }, [{ priceNanoUsdPerHour: 1 }], {}, { cpu: 1 }),
    ]);
    const problem = problemOf({ pools: [nodePool('p')], groups: [{ shape: podShape(), count: 1 }] });
    const compiled = new CompiledProblem(catalogue, prices, problem);
    const limits = {
      names: ['cpu', 'nodes', 'nvidia.com/gpu'],
      groupOf: new Map([[0, 0]]),
      remaining: new Float64Array(3),
      free: new Float64Array(0),
    };
    const instance = instanceOfAll(compiled, limits);
    assert.deepEqual([...instance.limitTakes], [4, 1, 0]);
    assert.deepEqual([...instance.limitGroups], [0]);
    const into = new Float64Array(4).fill(-1);
    limitTakesInto(compiled, compiled.templates[0]!, 0, limits.names, into, 1);
    assert.deepEqual([...into], [-1, 4, 1, 0]);
  });
});
