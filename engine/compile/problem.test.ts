// Problems compiled against a catalogue: which offerings a pool's nodes may be, which of them a pod admits, what
// daemonsets take on each, and why a pool can't be used.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasBit } from '../bits/index.ts';
import { explicitType, type Market, type MarketOffering, marketOf } from '../catalogue/testing/index.ts';
import { M5_LARGE, nodeClass } from '../ec2/testing/index.ts';
import type { NodePoolInput, PodShape, Problem } from '../model/index.ts';
import { daemonSet, nodePool, nodeTerm, podAsking, podShape, problemOf, requirement } from '../shapes/testing/index.ts';
import { CompiledProblem } from './index.ts';

const ZONE = 'topology.kubernetes.io/zone';
const CAPACITY_TYPE = 'karpenter.sh/capacity-type';

const EVERYWHERE: readonly MarketOffering[] = ['zone-a', 'zone-b'].flatMap((zone) =>
  (['on-demand', 'spot'] as const).map((capacityType) => ({ zone, capacityType, priceNanoUsdPerHour: 10 })),
);

/** Two sizes, each in two zones, on demand and as spot. */
const MARKET = marketOf([
  explicitType('large', { cpu: 8000 }, EVERYWHERE, { size: 'large', arch: 'arm64' }),
  explicitType('small', { cpu: 2000 }, EVERYWHERE, { size: 'small' }),
]);

function compiledOf(parts: Parameters<typeof problemOf>[0], market: Market = MARKET): CompiledProblem {
  return new CompiledProblem(market.catalogue, market.prices, problemOf(parts));
}

/** Offerings of a bitset as "type zone capacityType". */
function named(bits: Uint32Array, { catalogue }: Market = MARKET): string[] {
  return Array.from({ length: catalogue.offeringCount }, (_, index) => index)
    .filter((index) => hasBit(bits, index))
    .map((index) => catalogue.offering(index))
    .map(({ instanceType, zone, capacityType }) => `${instanceType} ${zone} ${capacityType}`);
}

/** What one pod admits of one pool, over all of the pool's templates. */
function admitted(pool: NodePoolInput, pod: PodShape, market: Market = MARKET): string[] {
  const compiled = compiledOf({ pools: [pool], groups: [{ shape: pod, count: 1 }] }, market);
  const found = compiled.templates.flatMap((template) =>
    named(compiled.mask(template, [compiled.shapes[0]!.ownConstraint]), market),
  );
  return [...new Set(found)].sort();
}

describe("a pool's offerings", () => {
  const cases: readonly {
    readonly name: string;
    readonly pool: Partial<NodePoolInput>;
    readonly offerings: readonly string[];
  }[] = [
    {
      name: 'a label of types',
      pool: { requirements: [requirement('size', 'In', 'small'), requirement(ZONE, 'In', 'zone-a')] },
      offerings: ['small zone-a spot', 'small zone-a on-demand'],
    },
    {
      name: 'a label that some types lack',
      pool: { requirements: [requirement('arch', 'NotIn', 'arm64'), requirement(CAPACITY_TYPE, 'In', 'spot')] },
      offerings: ['small zone-a spot', 'small zone-b spot'],
    },
    {
      name: "the pool's own labels",
      pool: { labels: { size: 'large', [CAPACITY_TYPE]: 'on-demand' } },
      offerings: ['large zone-a on-demand', 'large zone-b on-demand'],
    },
    {
      name: 'an old spelling of a label',
      pool: {
        requirements: [
          requirement('failure-domain.beta.kubernetes.io/zone', 'In', 'zone-b'),
          requirement('size', 'In', 'small'),
        ],
      },
      offerings: ['small zone-b spot', 'small zone-b on-demand'],
    },
    { name: 'a value that no type has', pool: { requirements: [requirement('size', 'In', 'huge')] }, offerings: [] },
  ];
  for (const { name, pool, offerings } of cases) {
    test(`follow ${name}`, () => {
      const compiled = compiledOf({ pools: [nodePool('p', pool)] });
      assert.deepEqual(named(compiled.pools[0]!.offerings), offerings);
      assert.deepEqual(named(compiled.pools[0]!.available), offerings);
    });
  }

  test("leave out the node class's zones without free addresses, and zones that it lacks", () => {
    const everyZone = ['zone-a', 'zone-b', 'zone-c', 'zone-d'].map((zone) => ({ zone, priceNanoUsdPerHour: 1 }));
    const market = marketOf([{ name: 'm5.large', form: { kind: 'ec2', facts: M5_LARGE }, offerings: everyZone }]);
    const zones = [
      { name: 'zone-a', freeAddressCount: 0 },
      { name: 'zone-b', freeAddressCount: 1 },
      { name: 'zone-c' },
    ];
    const compiled = compiledOf(
      { pools: [nodePool('p', { nodeClassName: 'c' })], nodeClasses: [{ name: 'c', facts: nodeClass({ zones }) }] },
      market,
    );
    assert.deepEqual(named(compiled.pools[0]!.offerings, market), [
      'm5.large zone-b on-demand',
      'm5.large zone-c on-demand',
    ]);
  });

  test('follow labels of the node class', () => {
    const market = marketOf([
      { name: 'm5.large', form: { kind: 'ec2', facts: M5_LARGE }, offerings: [{ priceNanoUsdPerHour: 1 }] },
    ]);
    const admits = (amiFamily: 'AL2023' | 'Windows2022', ...requirements: NodePoolInput['requirements']): number =>
      named(
        compiledOf(
          {
            pools: [nodePool('p', { nodeClassName: 'c', requirements })],
            nodeClasses: [{ name: 'c', facts: nodeClass({ amiFamily }) }],
          },
          market,
        ).pools[0]!.offerings,
        market,
      ).length;
    assert.equal(admits('AL2023', requirement('kubernetes.io/os', 'In', 'linux')), 1);
    assert.equal(admits('Windows2022', requirement('kubernetes.io/os', 'In', 'linux')), 0);
    assert.equal(admits('Windows2022', requirement('kubernetes.io/os', 'NotIn', 'linux')), 1);
    assert.equal(admits('Windows2022', requirement('node.kubernetes.io/windows-build', 'Exists')), 1);
    assert.equal(admits('AL2023', requirement('node.kubernetes.io/windows-build', 'Exists')), 1);
  });

  test('follow the operating system of EC2 types also beside explicit types that state one', () => {
    const offerings = [{ priceNanoUsdPerHour: 1 }];
    const market = marketOf([
      { name: 'm5.large', form: { kind: 'ec2', facts: M5_LARGE }, offerings },
      explicitType('other-windows', {}, offerings, { 'kubernetes.io/os': 'windows' }),
      explicitType('silent', {}, offerings),
    ]);
    const admits = (...requirements: NodePoolInput['requirements']): string[] =>
      named(compiledOf({ pools: [nodePool('p', { requirements })] }, market).pools[0]!.offerings, market).map(
        (name) => name.split(' ')[0]!,
      );
    assert.deepEqual(admits(requirement('kubernetes.io/os', 'In', 'linux')), ['m5.large']);
    assert.deepEqual(admits(requirement('kubernetes.io/os', 'In', 'windows')), ['other-windows']);
    assert.deepEqual(admits(requirement('kubernetes.io/os', 'NotIn', 'linux')), ['other-windows', 'silent']);
  });

  test('are available where they can be had at a known price; reserved ones where some of it is free', () => {
    const market = marketOf([
      explicitType('t', {}, [
        { zone: 'zone-a', priceNanoUsdPerHour: 1 },
        { zone: 'zone-b', priceNanoUsdPerHour: 1, available: false },
        { zone: 'zone-c' },
        { zone: 'zone-d', capacityType: 'reserved', reservationId: 'cr-1', priceNanoUsdPerHour: 1, freeCount: 1 },
        { zone: 'zone-d', capacityType: 'reserved', reservationId: 'cr-2', priceNanoUsdPerHour: 1 },
      ]),
    ]);
    const [pool] = compiledOf({ pools: [nodePool('p')] }, market).pools;
    assert.equal(named(pool!.offerings, market).length, 5);
    assert.deepEqual(named(pool!.available, market), ['t zone-a on-demand', 't zone-d reserved']);
  });
});

describe('pools', () => {
  test('are used heavier first, then by the name later in the alphabet, whatever their order', () => {
    const pools = [nodePool('a'), nodePool('c'), nodePool('b', { weight: 5 }), nodePool('d', { weight: 1 })];
    for (const order of [pools, [...pools].reverse()]) {
      const compiled = compiledOf({ pools: order });
      assert.deepEqual(
        compiled.templates.map((template) => template.pool.input.name),
        ['b', 'd', 'c', 'a'],
      );
    }
  });

  test('with a contradiction or with too many variants are unusable, with that reason; minValues are no such thing', () => {
    const many = ['l1', 'l2', 'l3'];
    const pools = [
      nodePool('floor', { requirements: [{ ...requirement('size', 'Exists'), minValues: 2 }] }),
      nodePool('floor-of-one', { requirements: [{ ...requirement('size', 'Exists'), minValues: 1 }] }),
      nodePool('crossed', { requirements: [requirement('size', 'In', 'small')], labels: { size: 'large' } }),
      nodePool('emptied', {
        requirements: ['Gte', 'Lte', 'NotIn'].map((operator) => requirement('team', operator as 'Gte', '3')),
      }),
      nodePool('open', { requirements: many.map((key) => requirement(key, 'Exists')) }),
    ];
    const groups = Array.from({ length: 20 }, (_, value) => ({
      shape: podShape({ nodeSelector: Object.fromEntries(many.map((key) => [key, `v${value}`])) }),
      count: 1,
    }));
    const compiled = compiledOf({ pools, groups });
    const reasons = [...compiled.unusable].map(([index, reason]) => [pools[index]!.name, reason.code] as const);
    assert.deepEqual(
      new Map(reasons),
      new Map([
        ['crossed', 'requirements-not-met'],
        ['emptied', 'requirements-not-met'],
        ['open', 'unsupported'],
      ]),
    );
    const message = (name: string): string =>
      compiled.unusable.get(pools.findIndex((pool) => pool.name === name))!.message;
    assert.match(message('crossed'), /no value of size meets all its requirements/);
    assert.match(message('emptied'), /leave no value of a label \(team NotIn \[3\], Gt 2, Lt 4\)/);
    assert.match(message('open'), /more than 4096 combinations/);
    assert.deepEqual(
      compiled.templates.map((template) => template.pool.input.name),
      ['floor-of-one', 'floor'],
    );
  });
});

describe('what a pod admits of a pool', () => {
  const plain = nodePool('p');
  const cases: readonly {
    readonly name: string;
    readonly pool: NodePoolInput;
    readonly pod: PodShape;
    readonly admitted: readonly string[];
  }[] = [
    {
      name: 'a selector on a label of types',
      pool: nodePool('p', { requirements: [requirement(ZONE, 'In', 'zone-a')] }),
      pod: podShape({ nodeSelector: { size: 'small' } }),
      admitted: ['small zone-a on-demand', 'small zone-a spot'],
    },
    {
      name: 'either of two terms',
      pool: nodePool('p', { requirements: [requirement(CAPACITY_TYPE, 'In', 'spot')] }),
      pod: podShape({
        requiredNodeTerms: [
          nodeTerm(requirement('size', 'In', 'small'), requirement(ZONE, 'In', 'zone-a')),
          nodeTerm(requirement('size', 'In', 'large'), requirement(ZONE, 'In', 'zone-b')),
        ],
      }),
      admitted: ['large zone-b spot', 'small zone-a spot'],
    },
    {
      name: 'a selector and a term together',
      pool: plain,
      pod: podShape({
        nodeSelector: { [ZONE]: 'zone-b' },
        requiredNodeTerms: [nodeTerm(requirement('size', 'NotIn', 'large'), requirement(CAPACITY_TYPE, 'In', 'spot'))],
      }),
      admitted: ['small zone-b spot'],
    },
    {
      name: 'a term without conditions',
      pool: plain,
      pod: podShape({ requiredNodeTerms: [nodeTerm()] }),
      admitted: [],
    },
    { name: 'a label that nothing carries', pool: plain, pod: podShape({ nodeSelector: { team: 'a' } }), admitted: [] },
    {
      name: "a value that is not the pool's",
      pool: nodePool('p', { labels: { team: 'b' } }),
      pod: podShape({ nodeSelector: { team: 'a' } }),
      admitted: [],
    },
    {
      name: "one of the pool's values",
      pool: nodePool('p', { requirements: [requirement('team', 'In', 'a', 'b'), requirement(ZONE, 'In', 'zone-a')] }),
      pod: podShape({ nodeSelector: { team: 'a', size: 'small', [CAPACITY_TYPE]: 'spot' } }),
      admitted: ['small zone-a spot'],
    },
    {
      name: "the pool's name",
      pool: nodePool('p', { labels: { [CAPACITY_TYPE]: 'spot', [ZONE]: 'zone-a' } }),
      pod: podShape({ nodeSelector: { 'karpenter.sh/nodepool': 'p' } }),
      admitted: ['large zone-a spot', 'small zone-a spot'],
    },
    {
      name: 'the name of another pool',
      pool: plain,
      pod: podShape({ nodeSelector: { 'karpenter.sh/nodepool': 'q' } }),
      admitted: [],
    },
    {
      name: 'the absence of a label that the pool may leave out',
      pool: nodePool('p', {
        requirements: [requirement('team', 'NotIn', 'a')],
        labels: { [CAPACITY_TYPE]: 'spot', [ZONE]: 'zone-a', size: 'small' },
      }),
      pod: podShape({ requiredNodeTerms: [nodeTerm(requirement('team', 'DoesNotExist'))] }),
      admitted: ['small zone-a spot'],
    },
  ];
  for (const { name, pool, pod, admitted: expected } of cases) {
    test(`follows ${name}`, () => {
      assert.deepEqual(admitted(pool, pod), expected);
    });
  }
});

describe('what daemonsets take', () => {
  /** CPU that is taken on each offering, by name. */
  function overheads(daemonSets: Problem['daemonSets'], pool = nodePool('p')): Record<string, number> {
    const compiled = compiledOf({ pools: [pool], daemonSets });
    const template = compiled.templates[0]!;
    const cpu = compiled.dimensions.indexOf('cpu');
    return Object.fromEntries(
      Array.from({ length: MARKET.catalogue.offeringCount }, (_, index) => index)
        .filter((index) => hasBit(template.pool.available, index))
        .map((index) => {
          const { instanceType, zone, capacityType } = MARKET.catalogue.offering(index);
          const overhead = template.daemonOverheads[template.daemonOverheadOf[index]!]![cpu]!;
          return [`${instanceType} ${zone} ${capacityType}`, overhead];
        }),
    );
  }

  test('depends on type, zone and capacity type where their conditions do', () => {
    const spotOnly = nodePool('p', { labels: { [CAPACITY_TYPE]: 'spot' } });
    const daemons = [
      daemonSet('everywhere', podAsking(1, 0)),
      daemonSet('zonal', podAsking(10, 0, { nodeSelector: { [ZONE]: 'zone-b' } })),
      daemonSet('large', podAsking(100, 0, { nodeSelector: { size: 'large' } })),
      daemonSet('on-demand', podAsking(1000, 0, { nodeSelector: { [CAPACITY_TYPE]: 'on-demand' } })),
    ];
    assert.deepEqual(overheads(daemons, spotOnly), {
      'large zone-a spot': 101,
      'large zone-b spot': 111,
      'small zone-a spot': 1,
      'small zone-b spot': 11,
    });
    assert.deepEqual(overheads([...daemons].reverse(), spotOnly), overheads(daemons, spotOnly));
    assert.equal(overheads(daemons)['large zone-b on-demand'], 1111);
  });

  test('is nothing where they do not tolerate a hard taint of the pool; soft ones do not keep them away', () => {
    const hard = nodePool('p', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] });
    const soft = nodePool('p', { taints: [{ key: 'k', value: 'v', effect: 'PreferNoSchedule' }] });
    const daemon = daemonSet('d', podAsking(5, 0));
    const tolerant = daemonSet('t', podAsking(7, 0, { tolerations: [{ key: 'k', operator: 'Exists', value: '' }] }));
    assert.equal(overheads([daemon, tolerant], hard)['small zone-a spot'], 7);
    assert.equal(overheads([daemon, tolerant], soft)['small zone-a spot'], 12);
  });

  test('includes one place among the pods each, and leaves the rest of the room', () => {
    const compiled = compiledOf({
      pools: [nodePool('p')],
      daemonSets: [daemonSet('a', podAsking(100, 0)), daemonSet('b', podAsking(200, 0))],
    });
    const room = new Float64Array(compiled.dimensions.length + 1).fill(-1);
    const offering = MARKET.catalogue.findOffering('small', 'zone-a', 'spot', '');
    compiled.roomInto(compiled.templates[0]!, offering, room, 1);
    assert.equal(room[0], -1);
    assert.equal(room[1 + compiled.dimensions.indexOf('cpu')], 1700);
    assert.equal(room[1 + compiled.dimensions.indexOf('pods')], 108);
  });

  test('stays small however many daemonsets split the offerings', () => {
    const daemons = Array.from({ length: 40 }, (_, index) =>
      daemonSet(`d${index}`, podAsking(2 ** (index % 20), 0, { nodeSelector: index % 2 ? { size: 'large' } : {} })),
    );
    const compiled = compiledOf({ pools: [nodePool('p')], daemonSets: daemons });
    assert.equal(compiled.templates[0]!.daemonOverheads.length, 2);
  });
});
