// Canaries for the rules that look at other pods and at volumes: for each a plan that was valid until it was broken on
// purpose. Together with checker.test.ts it keeps the checker honest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnginePlan, PodAffinityInput, PodShape, Problem, TopologySpreadInput } from '../index.ts';
import { planViolations } from './checker.ts';
import {
  CAPACITY_TYPE_KEY,
  daemonSet,
  market,
  node,
  openMarket,
  type ProblemParts,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  spreadOver,
  taint,
  term,
  termOver,
  typeOnSale,
  ZONE_KEY,
} from './situations.ts';
import { HOSTNAME_KEY } from './topology-state.ts';

const EBS = 'ebs.csi.aws.com';
const NAMESPACES = [
  { name: 'default', labels: { stage: 'prod' } },
  { name: 'other', labels: {} },
];

const MARKET = market(
  typeOnSale(
    'only',
    resources(4000, 16, { [`attachable-volumes-${EBS}`]: 2 }),
    ['zone-a', 'zone-b'].map((zone) => ({ zone, priceNanoUsdPerHour: 100 })),
  ),
);

type Mutable<T> = T extends Uint32Array | Float64Array | Uint8Array ? T : { -readonly [K in keyof T]: Mutable<T[K]> };

interface Draft {
  plan: Mutable<EnginePlan>;
  problem: Mutable<Problem>;
}

/** A value that a draft may hold. */
const loose = <T>(value: T): Mutable<T> => value as Mutable<T>;

const spreadA = (topologyKey: string, more: Partial<TopologySpreadInput> = {}) => spreadOver(topologyKey, 'a', more);

const near = (topologyKey: string, more: Partial<PodAffinityInput> = {}) => termOver(topologyKey, 'a', more);

const podA = (more: Partial<PodShape> = {}) =>
  shape(resources(500, 1), { labels: { app: 'a', version: '1' }, ...more });
const running = (more: Partial<PodShape> = {}) => ({ shape: loose(podA(more)), count: 1 });
const zoneNode = (name: string, zone: string) =>
  node(name, resources(2000, 8), { labels: { [ZONE_KEY]: zone, [CAPACITY_TYPE_KEY]: 'spot' } });
const twoZones = [zoneNode('node-a', 'zone-a'), zoneNode('node-b', 'zone-b')];
/** Pods for one node only, the first of two zones. */
const onNodeA = { nodeSelector: { [ZONE_KEY]: 'zone-a' } };

const firstShape = (d: Draft) => d.problem.shapes[0]?.shape ?? assert.fail('no shape');
const nodeAt = (d: Draft, at: number) => d.problem.nodes[at] ?? assert.fail('no such node');
const addRunning =
  (at: number, more: Partial<PodShape> = {}) =>
  (d: Draft) => {
    nodeAt(d, at).pods.push(running(more));
    // A label that no selector read before is not in the problem.
    firstShape(d).labels = { app: 'a' };
  };

/** One pool without limits where nothing is said. */
type Parts = Omit<ProblemParts, 'pools'> & Partial<Pick<ProblemParts, 'pools'>>;

/** [the rule that must speak, what is broken, parts, how]. Without nodes the pods stand on new ones. */
const CANARIES: readonly (readonly [string, string, Parts, (draft: Draft) => void])[] = [
  [
    'spread',
    'a zone with more pods than the skew allows',
    { groups: [{ shape: podA({ topologySpread: [spreadA(ZONE_KEY)], ...onNodeA }), count: 1 }], nodes: twoZones },
    (d) => {
      firstShape(d).topologySpread = [loose(spreadA(ZONE_KEY, { nodeAffinityPolicy: 'Ignore' }))];
      addRunning(0)(d);
    },
  ],
  [
    'spread',
    'fewer domains than minDomains',
    { groups: [{ shape: podA({ topologySpread: [spreadA(ZONE_KEY)], ...onNodeA }), count: 2 }], nodes: twoZones },
    (d) => (firstShape(d).topologySpread = [loose(spreadA(ZONE_KEY, { minDomains: 2 }))]),
  ],
  [
    'spread',
    'a domain that only a taint kept out of the count',
    {
      groups: [{ shape: podA({ topologySpread: [spreadA(ZONE_KEY, { nodeTaintsPolicy: 'Honor' })] }), count: 4 }],
      nodes: [...twoZones, { ...zoneNode('node-c', 'zone-c'), taints: [taint('dedicated')] }],
    },
    (d) => (nodeAt(d, 2).taints = []),
  ],
  [
    'spread',
    'two pods on one host',
    { groups: [{ shape: podA({ topologySpread: [spreadA(HOSTNAME_KEY)] }), count: 2 }], nodes: twoZones },
    (d) => {
      d.plan.existing = [{ nodeIndex: 0, pods: [{ shapeIndex: 0, count: 2 }] }];
    },
  ],
  [
    'spread',
    'pods of one version that matchLabelKeys kept apart from another',
    {
      groups: [{ shape: podA({ topologySpread: [spreadA(HOSTNAME_KEY, { matchLabelKeys: ['version'] })] }), count: 2 }],
      nodes: [
        {
          ...(twoZones[0] ?? assert.fail()),
          pods: [{ shape: podA({ labels: { app: 'a', version: '2' } }), count: 2 }],
        },
        twoZones[1] ?? assert.fail(),
      ],
    },
    (d) => (firstShape(d).topologySpread = [loose(spreadA(HOSTNAME_KEY))]),
  ],
  [
    'topology-key',
    'a node without the label that pods spread over',
    { groups: [{ shape: podA({ topologySpread: [spreadA(ZONE_KEY)] }), count: 1 }], nodes: twoZones },
    (d) => (firstShape(d).topologySpread = [loose(spreadA('example.com/rack'))]),
  ],
  [
    'topology-pinned',
    'a new node that may turn out to be in either of two zones',
    { groups: [{ shape: podA(), count: 1 }] },
    (d) => (firstShape(d).topologySpread = [loose(spreadA(ZONE_KEY))]),
  ],
  [
    'affinity',
    'a pod far from the only one that it means',
    {
      groups: [{ shape: podA({ podAffinity: [near(ZONE_KEY)], labels: {} }), count: 1 }],
      nodes: [{ ...zoneNode('node-a', 'zone-a'), pods: [running()] }, zoneNode('node-b', 'zone-b')],
    },
    (d) => {
      d.plan.existing = [{ nodeIndex: 1, pods: [{ shapeIndex: 0, count: 1 }] }];
    },
  ],
  [
    'affinity',
    'a pod that means pods of another namespace only',
    {
      groups: [{ shape: podA({ podAffinity: [near(ZONE_KEY)] }), count: 2 }],
      nodes: twoZones,
    },
    (d) => (firstShape(d).podAffinity = [loose(near(ZONE_KEY, { namespaces: ['other'] }))]),
  ],
  [
    'affinity',
    'a namespace selector that does not hold',
    {
      groups: [
        {
          shape: podA({
            podAffinity: [
              near(ZONE_KEY, { namespaceSelector: { matchLabels: { stage: 'prod' }, matchExpressions: [] } }),
            ],
          }),
          count: 2,
        },
      ],
      nodes: twoZones,
    },
    (d) => (d.problem.namespaces = []),
  ],
  [
    'affinity',
    'a term that mismatchLabelKeys turns away from its own pods',
    { groups: [{ shape: podA({ podAffinity: [near(ZONE_KEY)] }), count: 2 }], nodes: twoZones },
    (d) => (firstShape(d).podAffinity = [loose(near(ZONE_KEY, { mismatchLabelKeys: ['app'] }))]),
  ],
  [
    'affinity-order',
    'a group that stands in two domains, each half excused by itself',
    { groups: [{ shape: podA({ podAffinity: [near(HOSTNAME_KEY)] }), count: 4 }], nodes: twoZones },
    (d) => {
      d.plan.existing = [0, 1].map((nodeIndex) => ({ nodeIndex, pods: [{ shapeIndex: 0, count: 2 }] }));
    },
  ],
  [
    'anti-affinity',
    'a pod beside one that it must be apart from',
    { groups: [{ shape: podA({ podAntiAffinity: [near(ZONE_KEY)], ...onNodeA }), count: 1 }], nodes: twoZones },
    addRunning(0),
  ],
  [
    'anti-affinity',
    'new nodes that may come together in one zone',
    { groups: [{ shape: podA({ podAntiAffinity: [near(HOSTNAME_KEY)] }), count: 2 }] },
    (d) => (firstShape(d).podAntiAffinity = [loose(near(ZONE_KEY))]),
  ],
  [
    'anti-affinity-of-others',
    'a pod beside a running one that keeps it away',
    { groups: [{ shape: podA(onNodeA), count: 1 }], nodes: twoZones },
    addRunning(0, { labels: {}, podAntiAffinity: [near(ZONE_KEY)] }),
  ],
  [
    'anti-affinity-of-others',
    'a running pod of another namespace that keeps all namespaces away',
    { groups: [{ shape: podA(onNodeA), count: 1 }], nodes: twoZones },
    addRunning(0, {
      namespace: 'other',
      podAntiAffinity: [near(HOSTNAME_KEY, { namespaceSelector: { matchLabels: {}, matchExpressions: [] } })],
    }),
  ],
  [
    'anti-affinity',
    'a daemonset pod that runs in the zone of a pod that shuns it',
    { groups: [{ shape: podA({ podAntiAffinity: [near(ZONE_KEY)], ...onNodeA }), count: 1 }], nodes: twoZones },
    (d) => nodeAt(d, 0).daemonPods.push({ namespace: 'default', name: 'agent', requests: {}, labels: { app: 'a' } }),
  ],
  [
    'anti-affinity',
    'a daemonset that comes to every new node of a pod that shuns it',
    { groups: [{ shape: podA({ podAntiAffinity: [near(HOSTNAME_KEY)] }), count: 1 }] },
    (d) => d.problem.daemonSets.push(loose(daemonSet('agent', podA()))),
  ],
  [
    'anti-affinity-of-others',
    'a running daemonset pod that keeps pods off its host',
    { groups: [{ shape: podA(onNodeA), count: 1 }], nodes: twoZones },
    (d) => {
      const podAntiAffinity = [near(HOSTNAME_KEY)];
      nodeAt(d, 0).daemonPods.push(loose({ namespace: 'default', name: 'agent', requests: {}, podAntiAffinity }));
      firstShape(d).labels = { app: 'a' };
    },
  ],
  [
    'affinity',
    'a pod whose daemonset does not run on its node any more',
    {
      groups: [{ shape: shape(resources(100, 0.5), { podAffinity: [near(HOSTNAME_KEY)] }), count: 1 }],
      daemonSets: [daemonSet('agent', podA())],
    },
    (d) => (d.problem.daemonSets[0]!.shape.labels = {}),
  ],
  [
    'host-port',
    'a port that a running pod has on another address',
    {
      groups: [{ shape: podA({ hostPorts: [{ hostIp: '', port: 80, protocol: 'TCP' }], ...onNodeA }), count: 1 }],
      nodes: twoZones,
    },
    addRunning(0, { labels: {}, hostPorts: [{ hostIp: '10.0.0.1', port: 80, protocol: 'TCP' }] }),
  ],
  [
    'host-port',
    'a port that a daemonset takes on every new node',
    { groups: [{ shape: podA({ hostPorts: [{ hostIp: '', port: 80, protocol: 'TCP' }] }), count: 1 }] },
    (d) => {
      const hostPorts = [{ hostIp: '0.0.0.0', port: 80, protocol: 'TCP' as const }];
      d.problem.daemonSets.push(loose(daemonSet('agent', shape({}, { hostPorts }))));
    },
  ],
  [
    'host-port',
    'two pods of one shape with a port on one new node',
    { groups: [{ shape: podA(), count: 2 }] },
    (d) => (firstShape(d).hostPorts = [{ hostIp: '', port: 80, protocol: 'TCP' }]),
  ],
  [
    'volume',
    'a volume in another zone',
    { groups: [{ shape: podA(onNodeA), count: 1 }] },
    (d) => {
      const nodeTerms = [term(requirement(ZONE_KEY, 'In', 'zone-b'))];
      firstShape(d).volumes = [loose({ claimName: 'data', driver: EBS, nodeTerms })];
    },
  ],
  [
    'claim',
    'a claim that is lost',
    { groups: [{ shape: podA(), count: 1 }] },
    (d) => {
      firstShape(d).volumes = [
        { claimName: 'data', driver: EBS, nodeTerms: [], obstacle: { kind: 'lost', object: '' } },
      ];
    },
  ],
  [
    'shared-claim',
    'pods of one claim in two zones',
    { groups: [{ shape: podA({ podAntiAffinity: [near(ZONE_KEY)] }), count: 2 }] },
    (d) => {
      const shape = firstShape(d);
      shape.podAntiAffinity = [];
      shape.volumes = [
        loose({ claimName: 'data', sharedClaim: 'data', driver: '', nodeTerms: [], topologyKeys: [ZONE_KEY] }),
      ];
    },
  ],
  [
    'attachments',
    'more shared volumes than a new node takes',
    { groups: [{ shape: podA(), count: 1 }] },
    (d) => {
      firstShape(d).volumes = ['a', 'b', 'c'].map((name) =>
        loose({ claimName: name, sharedClaim: name, driver: EBS, nodeTerms: [] }),
      );
    },
  ],
  [
    'attachments',
    'more volumes than a new node takes',
    { groups: [{ shape: podA(), count: 3 }] },
    (d) => (firstShape(d).volumes = [{ claimName: 'data', driver: EBS, nodeTerms: [] }]),
  ],
  [
    'attachments',
    'more volumes than an existing node takes with those of running pods',
    {
      groups: [{ shape: podA({ volumes: [{ claimName: 'data', driver: EBS, nodeTerms: [] }], ...onNodeA }), count: 1 }],
      nodes: [
        {
          ...zoneNode('node-a', 'zone-a'),
          allocatable: resources(2000, 8, { pods: 110, [`attachable-volumes-${EBS}`]: 1 }),
        },
      ],
    },
    addRunning(0, { volumes: [{ claimName: 'other', driver: EBS, nodeTerms: [] }] }),
  ],
  [
    'existing-selector',
    'a node of another name than the field asks for',
    {
      groups: [
        {
          shape: podA({
            requiredNodeTerms: [{ matchExpressions: [], matchFields: [requirement('metadata.name', 'In', 'node-b')] }],
          }),
          count: 1,
        },
      ],
      nodes: twoZones,
    },
    (d) => (nodeAt(d, 1).name = 'node-c'),
  ],
  [
    'unplaced-topology',
    'a pod left out although another zone would take it',
    { groups: [{ shape: podA({ podAntiAffinity: [near(ZONE_KEY)] }), count: 3 }] },
    (d) => (firstShape(d).podAntiAffinity = [loose(near(HOSTNAME_KEY))]),
  ],
  [
    'unplaced-topology',
    'a pod left out although a planned node would take it',
    {
      pools: [pool('any', { limits: { nodes: 2 } })],
      groups: [{ shape: podA({ podAntiAffinity: [near(ZONE_KEY)] }), count: 3 }],
    },
    (d) => Object.assign(firstShape(d), { podAntiAffinity: [], podAffinity: [near(ZONE_KEY)] }),
  ],
  [
    'unplaced-topology',
    'a pod left out although a node that exists would take it',
    { pools: [], groups: [{ shape: podA({ podAntiAffinity: [near(ZONE_KEY)] }), count: 3 }], nodes: twoZones },
    (d) => Object.assign(firstShape(d), { podAntiAffinity: [], podAffinity: [near(ZONE_KEY)] }),
  ],
  [
    'unplaced-order',
    'a pod left out although it could have come before others that it spreads beside',
    {
      groups: [
        { shape: podA({ priority: 1, ...onNodeA }), count: 9 },
        {
          shape: podA({ labels: { app: 'b' }, topologySpread: [spreadA(ZONE_KEY)], podAffinity: [near(ZONE_KEY)] }),
          count: 1,
        },
      ],
    },
    (d) => {
      for (const one of d.problem.shapes) one.shape.priority = 0;
    },
  ],
  [
    'reasons',
    'a spread blamed by a pod that has none',
    { groups: [{ shape: podA({ podAntiAffinity: [near(ZONE_KEY)] }), count: 3 }] },
    (d) => {
      for (const { reasons } of d.plan.unplaced) for (const reason of reasons) reason.code = 'topology-spread';
    },
  ],
];

for (const [rule, what, parts, change] of CANARIES) {
  test(`the checker sees ${what} (${rule})`, () => {
    const problem = problemOf({ pools: [pool('any')], namespaces: NAMESPACES, ...parts });
    const subject = solveCase(openMarket(MARKET), problem);
    assert.deepEqual(planViolations(subject), []);
    const draft = structuredClone({ plan: subject.plan, problem }) as Draft;
    change(draft);
    const found = planViolations({ ...subject, ...(draft as { plan: EnginePlan; problem: Problem }) });
    assert.ok(
      found.some((violation) => violation.startsWith(`${rule}:`)),
      `found only ${JSON.stringify(found)}`,
    );
  });
}
