// Small random problems for property tests: every operator, taint, stage and limit turns up, often together and often in
// contradiction. Arbitraries only; what must hold is said in the tests.
import fc from 'fast-check';
import { M5_LARGE, M6G_LARGE, nodeClass } from '../ec2/testing/facts.ts';
import type {
  DaemonSetInput,
  Ec2InstanceFacts,
  NodeInput,
  NodePoolInput,
  PodShape,
  RequirementInput,
  ResourceList,
  ShapeCount,
  Taint,
  Toleration,
} from '../index.ts';
import { daemonBelongs } from './check-existing.ts';
import { type Market, NODE_POOL_KEY } from './market.ts';
import {
  ARCH_KEY,
  CAPACITY_TYPE_KEY,
  GIB,
  GPU,
  market,
  milliDollars,
  node,
  offeringOf,
  type ProblemParts,
  pool,
  requirement,
  resources,
  type Sale,
  shape,
  stateOf,
  TYPE_KEY,
  type TypeOnSale,
  term,
  typeOnSale,
  ZONE_KEY,
} from './situations.ts';

/** A market and what is asked of it. */
export interface Situation {
  readonly market: Market;
  readonly parts: ProblemParts;
}

export const TIER_KEY = 'example.com/tier';
export const SIZE_KEY = 'example.com/size';
export const TEAM_KEY = 'example.com/team';
const RANK_KEY = 'example.com/rank';
const CPU_COUNT_KEY = 'karpenter.k8s.aws/instance-cpu';
const ENV_KEY = 'example.com/env';

/** Keys with the values that requirements on them name: some that exist, some that nobody has. */
const KEY_VALUES: readonly (readonly [string, readonly string[]])[] = [
  [ARCH_KEY, ['amd64', 'arm64']],
  [TIER_KEY, ['gold', 'silver', 'tin']],
  [SIZE_KEY, ['1', '5', '9', '007', 'large']],
  [TEAM_KEY, ['red', 'blue', '7']],
  [RANK_KEY, ['3', '4', '12']],
  [ENV_KEY, ['prod', 'test']],
  [ZONE_KEY, ['zone-a', 'zone-b', 'zone-c']],
  [CAPACITY_TYPE_KEY, ['spot', 'on-demand']],
  [TYPE_KEY, ['type-0', 'type-1', 'm0.large']],
  ['karpenter.k8s.aws/instance-tenancy', ['default', 'dedicated']],
  [CPU_COUNT_KEY, ['2', '4']],
];
const NUMERIC_KEYS = [SIZE_KEY, RANK_KEY, CPU_COUNT_KEY];
const CUSTOM_KEYS = [TEAM_KEY, RANK_KEY, ENV_KEY];

export const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
export const seldom = <T>(usual: T, other: fc.Arbitrary<T>, times = 4): fc.Arbitrary<T> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

function requirementOn(keys: readonly string[]): fc.Arbitrary<RequirementInput> {
  return oneOf(...keys).chain((key) => {
    const values = KEY_VALUES.find(([name]) => name === key)?.[1] ?? [];
    const some = fc.subarray([...values], { minLength: 1, maxLength: 2 });
    const sets = fc.oneof(
      { weight: 4, arbitrary: some.map((chosen) => requirement(key, 'In', ...chosen)) },
      { weight: 2, arbitrary: some.map((chosen) => requirement(key, 'NotIn', ...chosen)) },
      { weight: 2, arbitrary: fc.constant(requirement(key, 'Exists')) },
      { weight: 1, arbitrary: fc.constant(requirement(key, 'DoesNotExist')) },
    );
    if (!NUMERIC_KEYS.includes(key)) return sets;
    const numbers = fc
      .tuple(oneOf('Gt' as const, 'Lt' as const, 'Gte' as const, 'Lte' as const), fc.integer({ min: 0, max: 10 }))
      .map(([operator, bound]) => requirement(key, operator, `${bound}`));
    return fc.oneof(sets, numbers);
  });
}

const ALL_KEYS = KEY_VALUES.map(([key]) => key);
/** Without the keys of EC2's own, for catalogues in which no type has them. */
const PLAIN_KEYS = ALL_KEYS.filter((key) => !key.startsWith('karpenter.k8s.aws/'));

const taints: fc.Arbitrary<Taint[]> = fc.array(
  fc.record({
    key: oneOf('dedicated', 'example.com/level'),
    value: oneOf('', 'ml', '5'),
    effect: oneOf('NoSchedule' as const, 'NoSchedule' as const, 'PreferNoSchedule' as const, 'NoExecute' as const),
  }),
  { minLength: 1, maxLength: 2 },
);

const toleration: fc.Arbitrary<Toleration> = fc.oneof(
  fc.constant<Toleration>({ key: '', operator: 'Exists', value: '' }),
  fc
    .tuple(
      fc.record({
        key: oneOf('dedicated', 'example.com/level', 'startup'),
        operator: oneOf<Toleration['operator']>('Exists', 'Equal', 'Equal', 'Gt', 'Lt'),
        value: oneOf('ml', '5', '7', '3'),
      }),
      oneOf<Toleration['effect'] | 'any'>('any', 'any', 'NoSchedule', 'NoExecute', 'PreferNoSchedule'),
    )
    .map(([base, effect]) => {
      const written = base.operator === 'Exists' ? { ...base, value: '' } : base;
      return effect === undefined || effect === 'any' ? written : { ...written, effect };
    }),
);

const price = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 12 }).map((steps) => milliDollars(steps * 50)) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 10 ** 9 }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

const sales: fc.Arbitrary<Sale[]> = fc.uniqueArray(
  fc.record({
    zone: oneOf('zone-a', 'zone-b', 'zone-c'),
    capacityType: oneOf('on-demand' as const, 'spot' as const),
    priceNanoUsdPerHour: price,
    available: seldom(true, fc.constant(false), 6),
  }),
  { selector: (sale) => `${sale.zone}/${sale.capacityType}`, minLength: 1, maxLength: 4 },
);

function explicitType(name: string): fc.Arbitrary<TypeOnSale> {
  return fc
    .record({
      cores: oneOf(1, 2, 4, 8, 16),
      gibPerCore: oneOf(2, 4, 8),
      pods: oneOf(4, 10, 110),
      gpus: seldom(0, oneOf(1, 4)),
      attachments: seldom(0, fc.constant(25)),
      kept: seldom(0, oneOf(70, 5000)),
      arch: seldom('amd64', fc.constant('arm64')),
      tier: oneOf(undefined, 'gold', 'silver'),
      size: oneOf(undefined, '1', '5', '9', '007', 'large'),
      sales,
    })
    .map((facts) => {
      const more: Record<string, number> = { pods: facts.pods };
      if (facts.gpus > 0) more[GPU] = facts.gpus;
      if (facts.attachments > 0) more['attachable-volumes-ebs.csi.aws.com'] = facts.attachments;
      const labels: Record<string, string> = { [ARCH_KEY]: facts.arch };
      // One type carries every label, so that the catalogue knows the keys.
      if (name === 'type-0') Object.assign(labels, { [TIER_KEY]: 'gold', [SIZE_KEY]: '5' });
      if (facts.tier !== undefined) labels[TIER_KEY] = facts.tier;
      if (facts.size !== undefined) labels[SIZE_KEY] = facts.size;
      const capacity = resources(facts.cores * 1000, facts.cores * facts.gibPerCore, more);
      const overhead: ResourceList = facts.kept > 0 ? { cpu: facts.kept, memory: facts.kept * 2 ** 20 } : {};
      return typeOnSale(name, capacity, facts.sales, { labels, overhead });
    });
}

function ec2Type(name: string): fc.Arbitrary<TypeOnSale> {
  return fc
    .record({ base: oneOf(M5_LARGE, M6G_LARGE), times: oneOf(1, 2, 4), sales })
    .map(({ base, times, sales: offered }) => {
      const facts: Ec2InstanceFacts = {
        ...base,
        name,
        vcpuCount: base.vcpuCount * times,
        memoryMib: base.memoryMib * times,
      };
      return {
        type: { name, form: { kind: 'ec2' as const, facts }, offerings: offered.map(offeringOf) },
        states: offered.map(stateOf),
      };
    });
}

const marketOf: fc.Arbitrary<Market> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), seldom(0, fc.integer({ min: 1, max: 3 }), 2))
  .chain(([explicitCount, ec2Count]) =>
    fc.tuple(
      ...Array.from({ length: explicitCount }, (_, index) => explicitType(`type-${index}`)),
      ...Array.from({ length: ec2Count }, (_, index) => ec2Type(`m${index}.large`)),
    ),
  )
  .map((types) => market(...types));

const limits: fc.Arbitrary<ResourceList> = fc
  .record(
    {
      cpu: oneOf(0, 2000, 6000, 16000, 40000),
      memory: oneOf(8, 64, 200).map((gib) => gib * GIB),
      nodes: oneOf(0, 1, 2, 5),
      [GPU]: oneOf(0, 1, 4),
    },
    { requiredKeys: [] },
  )
  .map((chosen) => ({ ...chosen }) as ResourceList);

function poolOf(name: string, keys: readonly string[]): fc.Arbitrary<NodePoolInput> {
  return fc
    .record({
      weight: oneOf(0, 0, 10, 50),
      requirements: seldom([], fc.array(requirementOn(keys), { minLength: 1, maxLength: 2 }), 2),
      custom: seldom([], fc.array(requirementOn(CUSTOM_KEYS), { minLength: 1, maxLength: 2 }), 1),
      labels: seldom({}, fc.record({ [ENV_KEY]: oneOf('prod', 'test') })),
      taints: seldom([], taints, 4),
      startupTaints: seldom<Taint[]>([], fc.constant<Taint[]>([{ key: 'startup', value: '', effect: 'NoSchedule' }])),
      limits: seldom({}, limits, 3),
      nodeClassName: oneOf('small-pods', 'plain'),
    })
    .map(({ custom, ...rest }) =>
      pool(name, {
        ...rest,
        labels: rest.labels as Record<string, string>,
        requirements: [...rest.requirements, ...custom],
      }),
    );
}

const plainRequests: fc.Arbitrary<ResourceList> = fc
  .record({ cpu: oneOf(0, 100, 250, 500, 1000, 1500, 3000, 7000), gib: oneOf(0, 0.25, 0.5, 1, 3, 6, 12) })
  .map(({ cpu, gib }) => resources(cpu, gib));

const requests: fc.Arbitrary<ResourceList> = fc
  .tuple(plainRequests, seldom(0, oneOf(1, 2), 8))
  .map(([plain, gpus]) => (gpus > 0 ? { ...plain, [GPU]: gpus } : plain));

const selectionOn = (keys: readonly string[]) =>
  fc.record({
    nodeSelector: seldom(
      {},
      requirementOn(keys).map((one): Record<string, string> => ({ [one.key]: one.values[0] ?? 'gold' })),
      7,
    ),
    requiredNodeTerms: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      {
        weight: 2,
        arbitrary: fc.array(
          fc.array(requirementOn(keys), { maxLength: 2 }).map((expressions) => term(...expressions)),
          { minLength: 1, maxLength: 3 },
        ),
      },
    ),
    tolerations: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(toleration, { minLength: 1, maxLength: 2 }) },
    ),
  });

const podShape = (keys: readonly string[]): fc.Arbitrary<PodShape> =>
  fc
    .tuple(requests, selectionOn(keys), oneOf(0, 0, 0, 10, -5))
    .map(([wanted, chosen, priority]) => shape(wanted, { ...chosen, priority }));

const groupOn = (keys: readonly string[]): fc.Arbitrary<ShapeCount> =>
  fc
    .tuple(podShape(keys), fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 30 })))
    .map(([one, count]) => ({ shape: one, count }));

const daemonSetsOn = (keys: readonly string[]): fc.Arbitrary<DaemonSetInput[]> =>
  seldom(
    [],
    fc
      .array(fc.tuple(oneOf(50, 100, 900), oneOf(0, 0.125, 0.5), selectionOn(keys), seldom(0, fc.constant(1), 9)), {
        minLength: 1,
        maxLength: 2,
      })
      .map((sets) =>
        sets.map(([cpu, gib, chosen, gpus], index) => ({
          namespace: 'kube-system',
          name: `daemon-${index}`,
          shape: shape(resources(cpu, gib, gpus > 0 ? { [GPU]: gpus } : {}), chosen),
        })),
      ),
    1,
  );

function existingNode(name: string, sets: readonly DaemonSetInput[]): fc.Arbitrary<NodeInput> {
  const startup: Taint = { key: 'startup', value: '', effect: 'NoSchedule' };
  const ephemeral: Taint[] = [
    { key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoExecute' },
    { key: 'karpenter.sh/unregistered', value: '', effect: 'NoExecute' },
    { key: 'readiness.k8s.io/network', value: 'pending', effect: 'NoSchedule' },
  ];
  return fc
    .record({
      cores: oneOf(1, 2, 4, 8),
      owner: oneOf(undefined, 'pool-0', 'pool-1'),
      arch: oneOf('amd64', 'arm64'),
      tier: oneOf(undefined, 'gold'),
      team: oneOf(undefined, 'red'),
      stage: oneOf('ready' as const, 'ready' as const, 'uninitialized' as const, 'in-flight' as const),
      taints: seldom([], taints, 3),
      passing: fc.subarray([startup, ...ephemeral]),
      unschedulable: seldom(false, fc.constant(true), 6),
      deleting: seldom(false, fc.constant(true), 6),
      pods: fc.array(
        fc
          .tuple(plainRequests, fc.integer({ min: 1, max: 2 }))
          .map(([wanted, count]) => ({ shape: shape(wanted), count })),
        { maxLength: 2 },
      ),
      daemonsThere: fc.subarray([...sets]),
    })
    .map((facts) => {
      const labels: Record<string, string> = { [ARCH_KEY]: facts.arch, [ZONE_KEY]: 'zone-a', [TYPE_KEY]: 'type-0' };
      if (facts.owner !== undefined) labels[NODE_POOL_KEY] = facts.owner;
      if (facts.tier !== undefined) labels[TIER_KEY] = facts.tier;
      if (facts.team !== undefined) labels[TEAM_KEY] = facts.team;
      const { stage, unschedulable, deleting, pods } = facts;
      const bare = node(name, resources(facts.cores * 1000, facts.cores * 4), {
        labels,
        stage,
        unschedulable,
        deleting,
        pods,
        taints: [...facts.taints, ...facts.passing],
        startupTaints: [startup],
      });
      // Pods that their daemonset no longer wants there are removed, and none runs without the GPU it asks for.
      const daemonPods = facts.daemonsThere
        .filter((set) => daemonBelongs(bare, set) && set.shape.requests[GPU] === undefined)
        .map((set) => ({ namespace: set.namespace, name: set.name, requests: set.shape.requests }));
      return { ...bare, daemonPods };
    });
}

const NODE_CLASSES = [
  { name: 'plain', facts: nodeClass({}) },
  {
    name: 'small-pods',
    facts: nodeClass({ kubelet: { systemReserved: { cpuMilli: 100 }, kubeReserved: {}, maxPods: 8 } }),
  },
];

/** A small problem of any kind. */
export const anySituation: fc.Arbitrary<Situation> = fc
  .tuple(marketOf, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 3 }))
  .chain(([chosenMarket, poolCount, nodeCount]) => {
    const keys = chosenMarket.catalogue.types.some((type) => type.form.kind === 'ec2') ? ALL_KEYS : PLAIN_KEYS;
    return daemonSetsOn(keys).chain((sets) =>
      fc.record({
        market: fc.constant(chosenMarket),
        parts: fc.record({
          pools: fc.tuple(...Array.from({ length: poolCount }, (_, index) => poolOf(`pool-${index}`, keys))),
          groups: fc.array(groupOn(keys), { minLength: 1, maxLength: 6 }),
          nodeClasses: fc.constant(NODE_CLASSES),
          daemonSets: fc.constant(sets),
          nodes: fc.tuple(...Array.from({ length: nodeCount }, (_, index) => existingNode(`node-${index}`, sets))),
        }),
      }),
    );
  });

/** A problem small enough for brute force: few pods, few types, one pool without limits on resources. */
export function tinySituation(groupLimit: number, podLimit: number): fc.Arbitrary<Situation> {
  return fc
    .record({
      types: fc
        .integer({ min: 1, max: 6 })
        .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => explicitType(`type-${index}`)))),
      onlyPool: poolOf('pool-0', PLAIN_KEYS),
      groups: fc.array(groupOn(PLAIN_KEYS), { minLength: 1, maxLength: groupLimit }),
      sets: daemonSetsOn(PLAIN_KEYS),
    })
    .map(({ types, onlyPool, groups, sets }) => {
      const { nodeClassName: _, ...rest } = onlyPool;
      let left = podLimit;
      const few = groups.flatMap((one) => {
        const count = Math.min(left, one.count);
        left -= count;
        return count > 0 ? [{ shape: one.shape, count }] : [];
      });
      return { market: market(...types), parts: { pools: [{ ...rest, limits: {} }], groups: few, daemonSets: sets } };
    });
}
