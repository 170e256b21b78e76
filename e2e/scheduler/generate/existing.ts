// What a generated cluster has before anything is planned: nodes of pools and nodes of nobody's, cordoned and tainted ones,
// capacity that is still on its way, and the pods that run there.

import type { CsiNode, DaemonSet, Node, NodeClaim, NodePool, Pod, Taint } from '../objects.ts';
import type { Random } from '../random.ts';
import { drawDaemonPort, drawHostPort } from './host-ports.ts';
import { DISK_DRIVER, type InstanceType, type Offering } from './instance-types.ts';
import { attachmentsOf, csiNodeObject, nodeObject } from './node-object.ts';
import { drawKeepingAway } from './pod-affinity.ts';
import { container, drawNarrowing, drawRequests, drawToleration } from './pods.ts';
import { drawTaints } from './pools.ts';
import { appName, drawPart, podLabels, RUNNING_APP } from './selectors.ts';
import type { VocabularyEntry } from './vocabulary.ts';
import { bind, type Storage } from './volumes.ts';

/** A node that is there, or is on its way, before anything is planned. */
export interface ExistingNode {
  /** The node as the scheduler will see it in the end. */
  readonly node: Node;
  /** What its drivers will say; absent where they have no limit. */
  readonly csiNode?: CsiNode;
  /** What the planner knows of it: the same, or less where it is still on its way. */
  readonly known: readonly (Node | NodeClaim | CsiNode)[];
  /** Pods that run there, bound. */
  readonly pods: readonly Pod[];
}

/** Up to two daemonsets with tolerations and conditions of their own. */
export function drawDaemonSets(random: Random, vocabulary: readonly VocabularyEntry[], namespace: string): DaemonSet[] {
  const count = random.pick([0, 1, 1, 2]);
  return Array.from({ length: count }, (_, index): DaemonSet => {
    const terms = drawNarrowing(random, vocabulary);
    const name = `daemon-${index}`;
    return {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name, namespace },
      spec: {
        template: {
          metadata: { labels: { app: name } },
          spec: {
            containers: [
              {
                ...container('main', {
                  cpu: random.pick(['20m', '100m', '350m']),
                  memory: random.pick(['32Mi', '200Mi']),
                }),
                ...(random.chance(0.35) ? { ports: [drawDaemonPort(random, index)] } : {}),
              },
            ],
            tolerations: random.chance(0.7)
              ? [{ operator: 'Exists' }]
              : drawTaints(random, 2).map((taint) => drawToleration(random, taint)),
            ...(terms.length === 0
              ? {}
              : {
                  affinity: {
                    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
                  },
                }),
          },
        },
      },
    };
  });
}

/** What the nodes of a case are drawn from. */
export interface NodeSources {
  readonly types: readonly InstanceType[];
  readonly pools: readonly NodePool[];
  readonly daemonSets: readonly DaemonSet[];
  /** Where the pods are that run there. */
  readonly namespace: string;
  /** Where the claims of those pods go. */
  readonly storage: Storage;
}

/** As many workloads as a case may have: running pods may mean any of them. */
const WORKLOAD_COUNT = 7;

/** A node for each name. */
export function drawExisting(random: Random, names: readonly string[], sources: NodeSources): ExistingNode[] {
  return names.map((name) => drawNode(random.fork(name), name, sources));
}

function drawNode(random: Random, name: string, sources: NodeSources): ExistingNode {
  const type = random.pick(sources.types);
  const offering = random.pick(type.offerings);
  const kind = random.pick(['of a pool', 'of a pool', 'of nobody', 'starting', 'on its way'] as const);
  const taints: Taint[] = random.chance(0.3) ? drawTaints(random, 2) : [];
  if (kind === 'of nobody') {
    const node = nodeObject({ name, type, offering, labels: { 'example.com/made-by': 'hand' }, taints });
    if (random.chance(0.3)) node.spec.unschedulable = true;
    return { ...joinedNode(node, type), pods: drawRunning(random, node, sources) };
  }
  const made = existingNode(kind, { name, type, offering, pool: random.pick(sources.pools), taints });
  if (kind !== 'of a pool') return made;
  if (random.chance(0.1)) made.node.spec.unschedulable = true;
  return { ...made, pods: drawRunning(random, made.node, sources) };
}

/** What a node of a pool is made of. */
export interface PoolNodeParts {
  readonly name: string;
  readonly type: InstanceType;
  readonly offering: Pick<Offering, 'zone' | 'capacityType'>;
  readonly pool: NodePool;
  readonly taints: readonly Taint[];
}

/** A node of a pool without pods: ready, starting, or on its way as a claim alone. */
export function existingNode(
  kind: 'of a pool' | 'starting' | 'on its way',
  { name, type, offering, pool, taints }: PoolNodeParts,
): ExistingNode {
  const labels = {
    ...pool.spec.template.metadata.labels,
    'karpenter.sh/nodepool': pool.metadata.name,
    'karpenter.sh/registered': 'true',
    'karpenter.sh/initialized': 'true',
  };
  const node = nodeObject({ name, type, offering, labels, taints });
  const joined = joinedNode(node, type);
  if (kind === 'of a pool') return joined;
  const claim = claimOf(node, pool, type);
  if (kind === 'starting') return { ...joined, known: [asStarting(node, pool), claim] };
  // Nobody knows the host's name before it has joined.
  const labelsThen = { ...node.metadata.labels, [HOST]: `host-of-${name}` };
  const onItsWay = { ...node, metadata: { ...node.metadata, labels: labelsThen } };
  return { ...joined, node: onItsWay, known: [{ ...claim, status: { ...claim.status, nodeName: '' } }] };
}

/** A ready node of which everything is known, without pods. */
function joinedNode(node: Node, type: InstanceType): ExistingNode {
  const csiNode = csiNodeObject(node.metadata.name, type);
  return csiNode === undefined
    ? { node, known: [node], pods: [] }
    : { node, csiNode, known: [node, csiNode], pods: [] };
}

const HOST = 'kubernetes.io/hostname';

/** The node while it starts: not initialised, with the taints that will go once it is. */
function asStarting(node: Node, pool: NodePool): Node {
  const { 'karpenter.sh/initialized': _, ...labels } = node.metadata.labels ?? {};
  const passing: Taint[] = [
    ...pool.spec.template.spec.startupTaints,
    { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
  ];
  return {
    ...node,
    metadata: { ...node.metadata, labels },
    spec: { ...node.spec, taints: [...(node.spec.taints ?? []), ...passing] },
  };
}

/** The claim behind a node. It lacks the labels that the kubelet and the registration will add. */
function claimOf(node: Node, pool: NodePool, type: InstanceType): NodeClaim {
  const known = new Set([
    ...Object.keys(type.labels),
    ...Object.keys(pool.spec.template.metadata.labels),
    'topology.kubernetes.io/zone',
    'karpenter.sh/capacity-type',
    'karpenter.sh/nodepool',
  ]);
  const labels = Object.entries(node.metadata.labels ?? {}).filter(([key]) => known.has(key));
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodeClaim',
    metadata: { name: node.metadata.name, labels: Object.fromEntries(labels) },
    spec: { taints: node.spec.taints ?? [], startupTaints: pool.spec.template.spec.startupTaints },
    // Drivers that have not started have no CSINode: what the type attaches is known of the claim alone.
    status: {
      nodeName: node.metadata.name,
      capacity: { ...node.status.capacity, ...attachmentsOf(type) },
      allocatable: { ...node.status.allocatable, ...attachmentsOf(type) },
    },
  };
}

/**
 * Pods that were bound some time ago. They need not meet any rule today, and together they may fill the node. Daemonsets
 * that run everywhere may have their pods there already.
 */
function drawRunning(random: Random, node: Node, { daemonSets, namespace, storage }: NodeSources): Pod[] {
  const daemons = daemonSets.filter((daemonSet) => runsEverywhere(daemonSet) && random.chance(0.5));
  const count = random.pick([0, 1, 2, 3, 4]);
  const others = Array.from({ length: count }, (_, index): Pod => {
    const requests = drawRequests(random);
    const isLarge = /Gi$/.test(requests.memory ?? '') || Number(requests.cpu) >= 2;
    const name = `${node.metadata.name}-running-${index}`;
    // Some are of a workload that is to grow: its spreads count them, its affinities mean them.
    const app = random.chance(0.5) ? RUNNING_APP : appName(random.integer(0, WORKLOAD_COUNT - 1));
    const own = { app, part: drawPart(random), namespace, workloadCount: WORKLOAD_COUNT };
    const port = random.chance(0.15) ? { ports: [drawHostPort(random)] } : {};
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: podLabels(own, random.chance(0.3), index) },
      spec: {
        containers: [{ ...container('main', isLarge ? { cpu: '200m', memory: '300Mi' } : requests), ...port }],
        nodeName: node.metadata.name,
        ...(random.chance(0.2) ? { affinity: { podAntiAffinity: drawKeepingAway(random, own) } } : {}),
      },
    };
    if (random.chance(0.2)) {
      const zone = node.metadata.labels?.['topology.kubernetes.io/zone'] ?? '';
      bind(storage, namespace, `disk-${name}`, { driver: DISK_DRIVER, zone });
      pod.spec.volumes = [{ name: 'disk', persistentVolumeClaim: { claimName: `disk-${name}` } }];
    }
    return pod;
  });
  return [...daemons.map((daemonSet) => boundDaemonPod(daemonSet, node)), ...others];
}

function runsEverywhere({ spec }: DaemonSet): boolean {
  const { affinity, tolerations = [] } = spec.template.spec;
  return affinity === undefined && tolerations.some(({ key, operator }) => key === undefined && operator === 'Exists');
}

function boundDaemonPod({ apiVersion, kind, metadata, spec }: DaemonSet, node: Node): Pod {
  const { name, namespace = 'default' } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${node.metadata.name}`,
      namespace,
      ...(spec.template.metadata === undefined ? {} : { labels: spec.template.metadata.labels }),
      ownerReferences: [{ apiVersion, kind, name, uid: `uid-of-${name}`, controller: true }],
    },
    spec: { ...spec.template.spec, nodeName: node.metadata.name },
  };
}
