// Small random problems in which pods look at each other: spread, affinity, anti-affinity, preferences, host ports, volumes,
// namespaces. Labels come from tiny alphabets, so that selectors hit. Arbitraries only; what must hold is said in the tests.
import fc from 'fast-check';
import type {
  DaemonSetInput,
  HostPortInput,
  LabelSelectorInput,
  NodeInput,
  NodePoolInput,
  NodeTermInput,
  PodAffinityInput,
  PodShape,
  ShapeCount,
  Taint,
  TopologySpreadInput,
  VolumeInput,
} from '../index.ts';
import { anySituation, type Situation } from './generate.ts';
import { NODE_POOL_KEY } from './market.ts';
import {
  ARCH_KEY,
  CAPACITY_TYPE_KEY,
  daemonSet,
  market,
  milliDollars,
  node,
  pool,
  requirement,
  resources,
  type Sale,
  shape,
  TYPE_KEY,
  taint,
  term,
  tolerateAll,
  typeOnSale,
  ZONE_KEY,
} from './situations.ts';
import { HOSTNAME_KEY } from './topology-state.ts';

const TEAM_KEY = 'example.com/team';
const EBS = 'ebs.csi.aws.com';
const ZONES = ['zone-a', 'zone-b', 'zone-c'];

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const seldom = <T>(usual: T, other: fc.Arbitrary<T>, times = 4): fc.Arbitrary<T> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const podLabels: fc.Arbitrary<Record<string, string>> = fc
  .record({ app: oneOf('a', 'b', undefined), version: oneOf('1', '2', undefined) })
  .map((labels) =>
    Object.fromEntries(Object.entries(labels).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
  );

const selectApp = (app: string): LabelSelectorInput => ({ matchLabels: { app }, matchExpressions: [] });

const selector: fc.Arbitrary<LabelSelectorInput> = fc.oneof(
  { weight: 6, arbitrary: oneOf('a', 'b').map(selectApp) },
  { weight: 1, arbitrary: fc.constant<LabelSelectorInput>({ matchLabels: {}, matchExpressions: [] }) },
  {
    weight: 2,
    arbitrary: oneOf(
      requirement('app', 'In', 'a', 'b'),
      requirement('app', 'NotIn', 'a'),
      requirement('app', 'Exists'),
      requirement('version', 'DoesNotExist'),
    ).map((expression): LabelSelectorInput => ({ matchLabels: {}, matchExpressions: [expression] })),
  },
);

/** Keys that label selectors may be narrowed by; the API takes none where the selector is absent. */
const narrowing = seldom<string[]>([], fc.constant(['version']), 5);

const topologyKey = fc.oneof(
  { weight: 5, arbitrary: fc.constant(ZONE_KEY) },
  { weight: 4, arbitrary: fc.constant(HOSTNAME_KEY) },
  { weight: 2, arbitrary: oneOf(CAPACITY_TYPE_KEY, TEAM_KEY) },
  { weight: 1, arbitrary: oneOf('failure-domain.beta.kubernetes.io/zone', ARCH_KEY, 'example.com/nowhere') },
);

const spread: fc.Arbitrary<TopologySpreadInput> = fc
  .record({
    topologyKey,
    maxSkew: oneOf(1, 1, 2),
    whenUnsatisfiable: oneOf<TopologySpreadInput['whenUnsatisfiable']>(
      'DoNotSchedule',
      'DoNotSchedule',
      'ScheduleAnyway',
    ),
    selected: seldom<LabelSelectorInput | undefined>(undefined, selector, 1).chain((one) =>
      one === undefined ? seldom<LabelSelectorInput | undefined>(undefined, selector, 1) : fc.constant(one),
    ),
    minDomains: seldom<number | undefined>(undefined, oneOf(2, 3), 5),
    nodeAffinityPolicy: oneOf<'Honor' | 'Ignore'>('Honor', 'Honor', 'Ignore'),
    nodeTaintsPolicy: oneOf<'Honor' | 'Ignore'>('Ignore', 'Ignore', 'Honor'),
    matchLabelKeys: narrowing,
  })
  .map(({ selected, minDomains, ...rest }) => ({
    ...rest,
    ...(selected === undefined ? { matchLabelKeys: [] } : { labelSelector: selected }),
    ...(minDomains === undefined || rest.whenUnsatisfiable === 'ScheduleAnyway' ? {} : { minDomains }),
  }));

const affinityTerm: fc.Arbitrary<PodAffinityInput> = fc
  .record({
    weight: oneOf<number | undefined>(undefined, undefined, 1, 50),
    topologyKey,
    labelSelector: selector,
    namespaces: seldom<string[]>([], oneOf(['other'], ['default', 'other']), 5),
    namespaceSelector: seldom<LabelSelectorInput | undefined>(
      undefined,
      oneOf<LabelSelectorInput>(
        { matchLabels: {}, matchExpressions: [] },
        { matchLabels: { stage: 'prod' }, matchExpressions: [] },
        { matchLabels: {}, matchExpressions: [requirement('stage', 'DoesNotExist')] },
      ),
      6,
    ),
    matchLabelKeys: narrowing,
    mismatchLabelKeys: seldom<string[]>([], fc.constant(['version']), 8),
  })
  .map(({ weight, namespaceSelector, ...rest }) => ({
    ...rest,
    ...(weight === undefined ? {} : { weight }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
  }));

const hostPort: fc.Arbitrary<HostPortInput> = fc.record({
  hostIp: oneOf('', '0.0.0.0', '10.0.0.1', '10.0.0.2'),
  port: oneOf(80, 443),
  protocol: oneOf<HostPortInput['protocol']>('TCP', 'TCP', 'UDP'),
});

const zoneTerm: fc.Arbitrary<NodeTermInput> = fc
  .subarray(ZONES, { minLength: 1, maxLength: 2 })
  .map((zones) => term(requirement(ZONE_KEY, 'In', ...zones)));

const volume = (at: number): fc.Arbitrary<VolumeInput> =>
  fc.oneof({ weight: 2, arbitrary: ownVolume(at) }, { weight: 1, arbitrary: oneOf(...SHARED_VOLUMES) });

/** Claims that shapes share: two that are to be made in a zone each, one that is anywhere. */
const SHARED_VOLUMES: readonly VolumeInput[] = [
  { claimName: 'data', sharedClaim: 'data', driver: EBS, nodeTerms: [], topologyKeys: [ZONE_KEY] },
  {
    claimName: 'logs',
    sharedClaim: 'logs',
    driver: EBS,
    nodeTerms: [term(requirement(ZONE_KEY, 'In', ...ZONES.slice(0, 2)))],
    topologyKeys: [ZONE_KEY],
  },
  { claimName: 'files', sharedClaim: 'files', driver: EBS, nodeTerms: [] },
];

const ownVolume = (at: number): fc.Arbitrary<VolumeInput> =>
  fc
    .record({
      claimName: fc.constant(`claim-${at}`),
      driver: oneOf(EBS, EBS, 'efs.csi.aws.com'),
      nodeTerms: fc.array(zoneTerm, { maxLength: 2 }),
      obstacle: seldom<VolumeInput['obstacle']>(undefined, fc.constant({ kind: 'lost' as const, object: '' }), 12),
    })
    .map(({ obstacle, ...rest }) => (obstacle === undefined ? rest : { ...rest, obstacle }));

const nodeTerm: fc.Arbitrary<NodeTermInput> = fc.oneof(
  { weight: 5, arbitrary: zoneTerm },
  {
    weight: 2,
    arbitrary: oneOf(
      term(requirement(CAPACITY_TYPE_KEY, 'In', 'spot')),
      term(requirement(TEAM_KEY, 'In', 'red')),
      term(requirement(ARCH_KEY, 'In', 'arm64')),
    ),
  },
);

const fieldTerm: fc.Arbitrary<NodeTermInput> = oneOf<'In' | 'NotIn'>('In', 'NotIn').map((operator) => ({
  matchExpressions: [],
  matchFields: [requirement('metadata.name', operator, 'node-0')],
}));

/** What a shape says about others; each rule is there in one shape of so many. */
const rules: fc.Arbitrary<Partial<PodShape>> = fc.record({
  namespace: seldom('default', fc.constant('other'), 5),
  labels: podLabels,
  topologySpread: seldom<TopologySpreadInput[]>([], fc.array(spread, { minLength: 1, maxLength: 2 }), 2),
  podAffinity: seldom<PodAffinityInput[]>([], fc.array(affinityTerm, { minLength: 1, maxLength: 2 }), 4),
  podAntiAffinity: seldom<PodAffinityInput[]>([], fc.array(affinityTerm, { minLength: 1, maxLength: 2 }), 4),
  preferredNodeTerms: seldom<{ weight: number; term: NodeTermInput }[]>(
    [],
    fc.array(fc.record({ weight: oneOf(1, 10), term: nodeTerm }), { minLength: 1, maxLength: 2 }),
    6,
  ),
  requiredNodeTerms: seldom<NodeTermInput[]>(
    [],
    fc.oneof(
      fc.array(nodeTerm, { minLength: 1, maxLength: 2 }),
      fieldTerm.map((one) => [one]),
    ),
    6,
  ),
  hostPorts: seldom<HostPortInput[]>([], fc.array(hostPort, { minLength: 1, maxLength: 2 }), 8),
  volumes: seldom<VolumeInput[]>(
    [],
    fc.oneof(
      volume(0).map((one) => [one]),
      fc.tuple(volume(0), volume(1)),
    ),
    6,
  ),
});

const price = fc.integer({ min: 1, max: 8 }).map((steps) => milliDollars(steps * 50));

const sales: fc.Arbitrary<Sale[]> = fc.uniqueArray(
  fc.record({
    zone: oneOf(...ZONES),
    capacityType: oneOf('on-demand' as const, 'on-demand' as const, 'spot' as const),
    priceNanoUsdPerHour: price,
    available: seldom(true, fc.constant(false), 8),
  }),
  { selector: (sale) => `${sale.zone}/${sale.capacityType}`, minLength: 1, maxLength: 5 },
);

const marketOf = fc
  .array(
    fc.record({
      cores: oneOf(1, 2, 4, 8),
      arch: seldom('amd64', fc.constant('arm64'), 5),
      attachments: seldom<number | undefined>(undefined, oneOf(0, 1, 2), 3),
      sales,
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((types) =>
    market(
      ...types.map(({ cores, arch, attachments, sales: offered }, at) =>
        typeOnSale(
          `type-${at}`,
          resources(
            cores * 1000,
            cores * 4,
            attachments === undefined ? {} : { [`attachable-volumes-${EBS}`]: attachments },
          ),
          offered,
          { labels: { [ARCH_KEY]: arch } },
        ),
      ),
    ),
  );

const dedicated: Taint = taint('dedicated');

const poolOf = (name: string): fc.Arbitrary<NodePoolInput> =>
  fc
    .record({
      weight: seldom(0, fc.constant(10)),
      zones: seldom<string[]>([], fc.subarray(ZONES, { minLength: 1, maxLength: 2 }), 4),
      teams: seldom<string[]>([], fc.subarray(['red', 'blue'], { minLength: 1 }), 3),
      taints: seldom<Taint[]>([], fc.constant([dedicated]), 5),
      limits: seldom<Record<string, number>>({}, oneOf<Record<string, number>>({ nodes: 2 }, { cpu: 8000 }), 5),
    })
    .map(({ zones, teams, ...rest }) =>
      pool(name, {
        ...rest,
        requirements: [
          ...(zones.length === 0 ? [] : [requirement(ZONE_KEY, 'In', ...zones)]),
          ...(teams.length === 0 ? [] : [requirement(TEAM_KEY, 'In', ...teams)]),
        ],
      }),
    );

const group: fc.Arbitrary<ShapeCount> = fc
  .record({
    cpu: oneOf(100, 500, 900),
    rule: rules,
    tolerates: seldom(false, fc.constant(true), 3),
    count: fc.integer({ min: 1, max: 6 }),
  })
  .map(({ cpu, rule, tolerates, count }) => ({
    shape: shape(resources(cpu, 0.5), { ...rule, tolerations: tolerates ? [tolerateAll('dedicated')] : [] }),
    count,
  }));

/** Pods that run: what they ask of others is past, but for what keeps newcomers away. */
const running: fc.Arbitrary<ShapeCount> = fc
  .record({
    labels: podLabels,
    namespace: seldom('default', fc.constant('other'), 5),
    podAntiAffinity: seldom<PodAffinityInput[]>([], fc.array(affinityTerm, { minLength: 1, maxLength: 1 }), 2),
    hostPorts: seldom<HostPortInput[]>([], fc.array(hostPort, { minLength: 1, maxLength: 1 }), 8),
    volumes: seldom<VolumeInput[]>(
      [],
      volume(9).map((one) => [one]),
      8,
    ),
    count: oneOf(1, 1, 2),
  })
  .map(({ count, ...rest }) => ({
    shape: shape(resources(100, 0.25), rest),
    // Two pods that take the same port can't run on one node.
    count: rest.hostPorts.length > 0 ? 1 : count,
  }));

const daemonSets: fc.Arbitrary<DaemonSetInput[]> = seldom<DaemonSetInput[]>(
  [],
  seldom<HostPortInput[]>(
    [],
    hostPort.map((one) => [one]),
    1,
  ).chain((hostPorts) =>
    fc
      .record({
        namespace: oneOf('kube-system', 'kube-system', 'default'),
        labels: podLabels,
        nodeSelector: seldom<Record<string, string>>({}, fc.constant({ [TYPE_KEY]: 'type-0' }), 2),
        podAntiAffinity: seldom<PodAffinityInput[]>([], fc.array(affinityTerm, { minLength: 1, maxLength: 1 }), 4),
      })
      .map((more) => [
        { ...daemonSet('agent', shape(resources(100, 0.25), { hostPorts, ...more })), namespace: more.namespace },
      ]),
  ),
  3,
);

/** A daemonset's pod that runs, of a daemonset that may be gone. */
const daemonPods: fc.Arbitrary<NodeInput['daemonPods']> = seldom<NodeInput['daemonPods']>(
  [],
  fc
    .record({
      namespace: oneOf('kube-system', 'default'),
      name: oneOf('agent', 'other'),
      labels: podLabels,
      podAntiAffinity: seldom<PodAffinityInput[]>([], fc.array(affinityTerm, { minLength: 1, maxLength: 1 }), 4),
    })
    .map((pod) => [{ ...pod, requests: { cpu: 100, pods: 1 } }]),
  3,
);

const existingNode = (at: number): fc.Arbitrary<NodeInput> =>
  fc
    .record({
      cores: oneOf(1, 2, 4),
      zone: oneOf(...ZONES),
      capacityType: oneOf(undefined, 'spot', 'on-demand'),
      hostname: oneOf(true, false),
      team: oneOf(undefined, 'red'),
      owner: oneOf(undefined, 'pool-0'),
      attachments: seldom<number | undefined>(undefined, oneOf(0, 1, 2), 3),
      unschedulable: seldom(false, fc.constant(true), 6),
      deleting: seldom(false, fc.constant(true), 12),
      taints: seldom<Taint[]>([], fc.constant([dedicated]), 5),
      pods: fc.array(running, { maxLength: 2 }),
      daemonPods,
    })
    .map(({ cores, zone, capacityType, hostname, team, owner, attachments, ...rest }) => {
      const name = `node-${at}`;
      const labels: Record<string, string> = { [ARCH_KEY]: 'amd64', [ZONE_KEY]: zone, [TYPE_KEY]: 'type-0' };
      if (capacityType !== undefined) labels[CAPACITY_TYPE_KEY] = capacityType;
      if (hostname) labels[HOSTNAME_KEY] = name;
      if (team !== undefined) labels[TEAM_KEY] = team;
      if (owner !== undefined) labels[NODE_POOL_KEY] = owner;
      const more = attachments === undefined ? {} : { [`attachable-volumes-${EBS}`]: attachments };
      return node(name, resources(cores * 1000, cores * 4, more), { ...rest, labels });
    });

const NAMESPACES = [
  { name: 'default', labels: { stage: 'prod' } },
  { name: 'other', labels: {} },
];

const plainSituation: fc.Arbitrary<Situation> = fc
  .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 0, max: 2 }))
  .chain(([poolCount, nodeCount]) =>
    fc.record({
      market: marketOf,
      parts: fc.record({
        pools: fc.tuple(...Array.from({ length: poolCount }, (_, at) => poolOf(`pool-${at}`))),
        groups: fc.array(group, { minLength: 1, maxLength: 4 }),
        daemonSets,
        nodes: fc.tuple(...Array.from({ length: nodeCount }, (_, at) => existingNode(at))),
        namespaces: fc.constant(NAMESPACES),
        preferencePolicy: oneOf<'respect' | 'ignore'>('respect', 'respect', 'ignore'),
      }),
    }),
  );

/** A problem of any kind with rules on top of what its pods ask for. */
const ruledSituation: fc.Arbitrary<Situation> = fc
  .tuple(anySituation, fc.array(rules, { minLength: 6, maxLength: 6 }))
  .map(([{ market: sold, parts }, added]) => ({
    market: sold,
    parts: {
      ...parts,
      namespaces: NAMESPACES,
      groups: parts.groups.map((one, at) => {
        const { requiredNodeTerms: _, ...more } = added[at] ?? {};
        return { shape: { ...one.shape, ...more }, count: Math.min(one.count, 6) };
      }),
    },
  }));

/** A small problem in which pods look at each other. */
export const topologySituation: fc.Arbitrary<Situation> = fc.oneof(
  { weight: 3, arbitrary: plainSituation },
  { weight: 1, arbitrary: ruledSituation },
);
