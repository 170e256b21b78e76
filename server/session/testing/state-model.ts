// A plain model of a session's state for tests: it keeps whole objects in maps, and writes the request that Solve would
// get. It shares nothing with the state under test but the contract.
import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  NodeStage,
  Operator,
  type PodShape,
  type PodShapeSchema,
  type SolveRequest,
  SolveRequestSchema,
  TaintEffect,
  TolerationOperator,
  UnsatisfiablePolicy,
} from '../../../proto/index.ts';
import { type accountCatalogue, type Deletes, GIBIBYTE, type Upserts } from '../../testing/index.ts';

/** A message as plain data. */
type Plain<S extends DescMessage, M> = Exclude<MessageInitShape<S>, M>;
type Shape = Plain<typeof PodShapeSchema, PodShape>;
type Some<Key extends keyof Upserts> = Exclude<NonNullable<Upserts[Key]>[number], { readonly $typeName: string }>;

/** One message's changes. */
export interface Change {
  readonly pods: readonly { readonly shape: number; readonly names: readonly string[]; readonly node: string }[];
  readonly nodes: readonly { readonly name: string; readonly form: number }[];
  readonly pools: readonly { readonly name: string; readonly form: number }[];
  readonly daemonSets: readonly { readonly name: string; readonly form: number }[];
  readonly namespaces: readonly { readonly name: string; readonly team: string }[];
  readonly deletedPods: readonly { readonly namespace: string; readonly names: readonly string[] }[];
  readonly deletedNodes: readonly string[];
  readonly deletedDaemonSets: readonly string[];
  readonly deletedNamespaces: readonly string[];
  /** Whether the plan after it is for some pods only. */
  readonly planForSome: boolean;
  /** Whether it is said with something wrong in it first. */
  readonly spoilt: boolean;
}

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const selecting = (key: string, value: string) => ({ matchLabels: { [key]: value } });
const requests = (cpuMilli: number, gibibytes = 1) => ({
  cpuMilli: BigInt(cpuMilli),
  memoryBytes: BigInt(gibibytes * GIBIBYTE),
});

/** Shapes of pods: some differ only in labels, which some others read. */
const SHAPES: readonly Shape[] = [
  { requests: requests(500), labels: { app: 'a', hash: '1' } },
  { requests: requests(500), labels: { app: 'a', hash: '2' } },
  { requests: requests(500), labels: { app: 'b', hash: '1' } },
  { requests: requests(1_500, 2), labels: { app: 'b' }, nodeSelector: { [ZONE]: 'us-east-1b' } },
  { requests: requests(200), namespace: 'other', labels: { app: 'a', tier: 'x' } },
  {
    requests: requests(700),
    labels: { app: 'spread' },
    topologySpreadConstraints: [
      {
        topologyKey: ZONE,
        maxSkew: 1,
        whenUnsatisfiable: UnsatisfiablePolicy.DO_NOT_SCHEDULE,
        labelSelector: selecting('app', 'spread'),
      },
    ],
  },
  {
    requests: requests(300),
    labels: { app: 'apart', tier: 'x' },
    podAntiAffinity: [{ topologyKey: HOST, labelSelector: selecting('tier', 'x') }],
  },
  {
    requests: requests(400),
    namespace: 'other',
    labels: { app: 'near', hash: '9' },
    podAffinity: [
      { topologyKey: ZONE, labelSelector: selecting('app', 'a'), namespaceSelector: selecting('team', 'red') },
    ],
  },
  {
    requests: requests(900),
    tolerations: [
      { key: 'team', operator: TolerationOperator.EXISTS },
      { key: 'other', operator: TolerationOperator.EXISTS },
    ],
    priority: 10,
  },
  {
    // The same written the other way round: equal for scheduling.
    requests: requests(900),
    tolerations: [
      { key: 'other', operator: TolerationOperator.EXISTS },
      { key: 'team', operator: TolerationOperator.EXISTS },
    ],
    priority: 10,
  },
  { requests: requests(100_000), labels: { app: 'too large' } },
];

const capacity = (cpuMilli: number) => ({ ...requests(cpuMilli, (cpuMilli / 1_000) * 4), pods: 20n });

const nodeOf = (name: string, form: number): Some<'nodes'> => ({
  name,
  labels: {
    [ZONE]: form % 2 === 0 ? 'us-east-1a' : 'us-east-1b',
    [HOST]: name,
    'karpenter.sh/nodepool': 'default',
    'node.kubernetes.io/instance-type': 'medium',
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
  },
  capacity: capacity(2_000 + 1_000 * form),
  allocatable: capacity(2_000 + 1_000 * form),
  stage: form === 3 ? NodeStage.IN_FLIGHT : NodeStage.READY,
  ...(form === 2 ? { taints: [{ key: 'team', value: 'x', effect: TaintEffect.NO_SCHEDULE }] } : {}),
  ...(form === 1
    ? {
        daemonPods: [
          {
            daemonSet: 'logs',
            requests: requests(100),
            labels: { app: 'logs' },
            podAntiAffinity: [{ topologyKey: HOST, labelSelector: selecting('hash', '2') }],
          },
        ],
      }
    : {}),
});

const poolOf = (name: string, form: number): Some<'nodePools'> => ({
  name,
  weight: form * 10,
  ...(form === 1 ? { limits: { cpuMilli: 10_000n } } : {}),
  ...(form === 2 ? { taints: [{ key: 'team', value: 'x', effect: TaintEffect.NO_SCHEDULE }] } : {}),
  ...(form === 3 ? { requirements: [{ key: ZONE, operator: Operator.IN, values: ['us-east-1a'] }] } : {}),
});

const daemonSetOf = (name: string, form: number): Some<'daemonSets'> => ({
  name,
  shape: {
    requests: requests(50 + 50 * form),
    labels: { app: 'logs' },
    ...(form === 1 ? { podAntiAffinity: [{ topologyKey: HOST, labelSelector: selecting('hash', '1') }] } : {}),
  },
});

const podNames = fc.uniqueArray(
  fc.nat(24).map((number) => `pod-${number}`),
  { minLength: 1, maxLength: 6 },
);
const nodeNames = fc.constantFrom('node-a', 'node-b', 'node-c', 'node-d');
const named = (names: readonly string[], forms: number, maxLength: number) =>
  fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), form: fc.nat(forms - 1) }), {
    selector: ({ name }) => name,
    maxLength,
  });
const namesOf = (names: readonly string[], maxLength: number) =>
  fc.uniqueArray(fc.constantFrom(...names), { maxLength });

const change: fc.Arbitrary<Change> = fc
  .record({
    pods: fc.array(
      fc.record({
        shape: fc.nat(SHAPES.length - 1),
        names: podNames,
        node: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: nodeNames }),
      }),
      { maxLength: 5 },
    ),
    nodes: named(['node-a', 'node-b', 'node-c', 'node-d'], 4, 2),
    pools: named(['default', 'extra', 'third'], 4, 2),
    daemonSets: named(['logs', 'metrics'], 2, 1),
    namespaces: fc.uniqueArray(
      fc.record({ name: fc.constantFrom('default', 'other', 'third'), team: fc.constantFrom('red', 'blue') }),
      { selector: ({ name }) => name, maxLength: 2 },
    ),
    deletedPods: fc.array(fc.record({ namespace: fc.constantFrom('', 'other'), names: podNames }), { maxLength: 2 }),
    deletedNodes: namesOf(['node-a', 'node-b', 'node-c', 'node-d'], 1),
    deletedDaemonSets: namesOf(['logs', 'metrics'], 1),
    deletedNamespaces: namesOf(['default', 'other'], 1),
    planForSome: fc.boolean(),
    spoilt: fc.nat(3).map((draw) => draw === 0),
  })
  .map((drawn) => ({ ...drawn, pods: withoutRepeats(drawn.pods) }));

/** So many changes; pools are never deleted, so that a plan is possible in every state. */
export function changes(count: number): fc.Arbitrary<Change[]> {
  return fc.array(change, { minLength: count, maxLength: count });
}

/** A name may stand once in a message and namespace. */
function withoutRepeats(groups: Change['pods']): Change['pods'] {
  const seen = new Set<string>();
  return groups
    .map((group) => ({
      ...group,
      names: group.names.filter((name) => {
        const key = `${namespaceOf(SHAPES[group.shape])}/${name}`;
        if (seen.has(key)) return false;
        seen.add(key);
        return true;
      }),
    }))
    .filter(({ names }) => names.length > 0);
}

/** The change as a client says it. */
export function upsertsOf(each: Change): Upserts {
  return {
    pods: each.pods.map(({ shape, names, node }) => ({ shape: SHAPES[shape]!, names: [...names], node })),
    nodes: each.nodes.map(({ name, form }) => nodeOf(name, form)),
    nodePools: each.pools.map(({ name, form }) => poolOf(name, form)),
    daemonSets: each.daemonSets.map(({ name, form }) => daemonSetOf(name, form)),
    namespaces: each.namespaces.map(({ name, team }) => ({ name, labels: { team } })),
  };
}

export function deletesOf(each: Change): Deletes {
  return {
    pods: each.deletedPods.map(({ namespace, names }) => ({ namespace, names: [...names] })),
    nodes: [...each.deletedNodes],
    daemonSets: each.deletedDaemonSets.map((name) => ({ name })),
    namespaces: [...each.deletedNamespaces],
  };
}

interface Placed {
  readonly shape: number;
  readonly node: string;
}

/** Shapes that are equal for scheduling are one group, under the one that came first. */
function groupOf(shape: number): number {
  return shape === 9 ? 8 : shape;
}

function namespaceOf(shape: Shape | undefined): string {
  return shape?.namespace ?? 'default';
}

/** The state. */
export class StateModel {
  readonly #pods = new Map<string, Placed>();
  /** Names that wait, by group, in the order in which groups and names came; and the shape that each group goes by. */
  readonly #waiting = new Map<number, { readonly shape: number; readonly names: Set<string> }>();
  /** The shape that a group goes by for as long as any pod of it is there. */
  readonly #standing = new Map<number, number>();
  readonly #nodes = new Map<string, Some<'nodes'>>();
  readonly #pools = new Map<string, Some<'nodePools'>>();
  readonly #daemonSets = new Map<string, Some<'daemonSets'>>();
  readonly #namespaces = new Map<string, Some<'namespaces'>>();

  apply(each: Change, { upsertsOnly = false } = {}): void {
    if (!upsertsOnly) {
      for (const { namespace, names } of each.deletedPods) {
        for (const name of names) this.#remove(`${namespace === '' ? 'default' : namespace}/${name}`);
      }
      for (const name of each.deletedNodes) this.#nodes.delete(name);
      for (const name of each.deletedDaemonSets) this.#daemonSets.delete(name);
      for (const name of each.deletedNamespaces) this.#namespaces.delete(name);
    }
    for (const { name, form } of each.nodes) this.#nodes.set(name, nodeOf(name, form));
    for (const { name, form } of each.pools) this.#pools.set(name, poolOf(name, form));
    for (const { name, form } of each.daemonSets) this.#daemonSets.set(name, daemonSetOf(name, form));
    for (const { name, team } of each.namespaces) this.#namespaces.set(name, { name, labels: { team } });
    for (const { shape, names, node } of each.pods) this.#put(shape, names, node);
    for (const [group, { names }] of this.#waiting) if (names.size === 0) this.#waiting.delete(group);
    const alive = new Set(Array.from(this.#pods.values(), ({ shape }) => groupOf(shape)));
    for (const group of this.#standing.keys()) if (!alive.has(group)) this.#standing.delete(group);
  }

  /** About half of the pods that wait; none when none waits. */
  someWaiting(): { namespace: string; names: string[] }[] {
    return [...this.#waiting.values()].flatMap(({ shape, names }, index) => {
      const some = [...names].filter((_, position) => (position + index) % 2 === 0);
      return some.length === 0 ? [] : [{ namespace: namespaceOf(SHAPES[shape]), names: some }];
    });
  }

  /** The state as a request. */
  request(
    catalogue: ReturnType<typeof accountCatalogue>,
    only: readonly { readonly namespace: string; readonly names: readonly string[] }[],
    namespaces: readonly Some<'namespaces'>[] = [],
  ): SolveRequest {
    const chosen = new Set(only.flatMap(({ namespace, names }) => names.map((name) => `${namespace}/${name}`)));
    const podGroups = [...this.#waiting.values()].flatMap(({ shape, names }) => {
      const namespace = namespaceOf(SHAPES[shape]);
      const kept = [...names].filter((name) => chosen.size === 0 || chosen.has(`${namespace}/${name}`));
      return kept.length === 0 ? [] : [{ shape: SHAPES[shape]!, names: kept }];
    });
    return create(SolveRequestSchema, {
      catalogue,
      podGroups,
      nodes: [...byName(this.#nodes)].map((node) => ({ ...node, pods: this.#podsOn(node.name ?? '') })),
      nodePools: byName(this.#pools),
      daemonSets: byName(this.#daemonSets),
      namespaces: [...byName(this.#namespaces), ...namespaces],
    });
  }

  /** A group for each pod: grouping means nothing. */
  #podsOn(node: string) {
    return [...this.#pods].flatMap(([key, placed]) =>
      placed.node === node ? [{ shape: SHAPES[placed.shape]!, names: [key.slice(key.indexOf('/') + 1)] }] : [],
    );
  }

  #put(shape: number, names: readonly string[], node: string): void {
    const group = groupOf(shape);
    if (!this.#standing.has(group)) this.#standing.set(group, shape);
    for (const name of names) {
      const key = `${namespaceOf(SHAPES[shape])}/${name}`;
      const before = this.#pods.get(key);
      if (before !== undefined && groupOf(before.shape) === group && before.node === node) continue;
      this.#remove(key);
      this.#pods.set(key, { shape, node });
      if (node !== '') continue;
      let waiting = this.#waiting.get(group);
      if (waiting === undefined) {
        waiting = { shape: this.#standing.get(group)!, names: new Set() };
        this.#waiting.set(group, waiting);
      }
      waiting.names.add(name);
    }
  }

  #remove(key: string): void {
    const before = this.#pods.get(key);
    if (before === undefined) return;
    this.#pods.delete(key);
    if (before.node === '') this.#waiting.get(groupOf(before.shape))?.names.delete(key.slice(key.indexOf('/') + 1));
  }
}

function byName<T>(objects: ReadonlyMap<string, T>): T[] {
  return [...objects].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
}
