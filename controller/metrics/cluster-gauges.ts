// Gauges of nodes and of the cluster as a whole, from the stores. Pods are added up once for each reading, node labels are
// written once for each node: O(pods + nodes × resources).
import { asNode, asPod, momentMs, type NodeView, nameOf } from '../objects/index.ts';
import type { ApiObject, Clock } from '../ports/index.ts';
import { type ClusterIndex, isSynced, type StoreReaders } from '../state/index.ts';
import { type Amounts, addTo, type PodAmounts, podAmountsReader, writtenAmounts } from './amounts.ts';
import type { GaugeSource } from './controller-metrics.ts';
import { gauge, resourceLabel, single } from './gauges.ts';
import { NODE_LABELS } from './node-labels.ts';
import type { NameOf } from './table.ts';
import { labelText, type Sample } from './text.ts';

/** What gauges of nodes are made of. */
export interface ClusterGaugeParts {
  readonly stores: StoreReaders;
  readonly index: Pick<ClusterIndex, 'claimOf' | 'nodeOf'>;
  readonly clock: Clock;
}

/** Names in the order in which they are written; sorting them again for each node would cost more than all the rest. */
const LABEL_NAMES = [...Object.keys(NODE_LABELS), 'node_name', 'phase', 'managed'];
const NODE_LABEL_KEYS = Object.values(NODE_LABELS);

/** What pods on a node take. */
interface Load {
  readonly podRequests: Map<string, number>;
  readonly podLimits: Map<string, number>;
  readonly daemonRequests: Map<string, number>;
  readonly daemonLimits: Map<string, number>;
}

/** A node as it is told. */
interface NodeFacts {
  readonly labels: string;
  readonly allocatable: Amounts;
  readonly overhead: Amounts;
  readonly load: Load | undefined;
  readonly ageSeconds: number;
}

/** The gauges of nodes and of their cluster. */
export function clusterGauges(parts: ClusterGaugeParts): GaugeSource {
  const { clock, index, stores } = parts;
  const startMs = clock.monotonicMs();
  const amountsOf = podAmountsReader();
  let syncedAfterMs: number | undefined;
  return () => {
    const isNowSynced = isSynced(stores);
    const sinceMs = clock.monotonicMs() - startMs;
    if (isNowSynced) syncedAfterMs ??= sinceMs;
    // One state for all metrics of a reading, and no object twice, whatever happens while it is written.
    const loads = loadsOf(stores.pods.values(), amountsOf);
    const nodes = [...stores.nodes.values()].map((node) => factsOf(asNode(node), loads, parts));
    const claimCount = [...stores.nodeClaims.values()].filter(
      (claim) => index.nodeOf(claim as never) === undefined,
    ).length;
    const of = (name: NodeResourceMetric, amounts: (node: NodeFacts) => Amounts | undefined) => ({
      name,
      samples: resourceSamples(nodes, amounts),
    });
    return [
      of('karpenter_nodes_allocatable', ({ allocatable }) => allocatable),
      of('karpenter_nodes_total_pod_requests', ({ load }) => load?.podRequests),
      of('karpenter_nodes_total_pod_limits', ({ load }) => load?.podLimits),
      of('karpenter_nodes_total_daemon_requests', ({ load }) => load?.daemonRequests),
      of('karpenter_nodes_total_daemon_limits', ({ load }) => load?.daemonLimits),
      of('karpenter_nodes_system_overhead', ({ overhead }) => overhead),
      {
        name: 'karpenter_nodes_current_lifetime_seconds',
        samples: nodes.map(({ labels, ageSeconds }) => ({ labels, value: ageSeconds })),
      },
      gauge('karpenter_cluster_utilization_percent', utilization(nodes)),
      single('karpenter_cluster_state_synced', isNowSynced ? 1 : 0),
      single('karpenter_cluster_state_node_count', nodes.length + claimCount),
      single('karpenter_cluster_state_unsynced_time_seconds', syncedAfterMs === undefined ? sinceMs / 1_000 : 0),
    ];
  };
}

type NodeResourceMetric = Exclude<
  Extract<NameOf<'gauge'>, `karpenter_nodes_${string}`>,
  'karpenter_nodes_current_lifetime_seconds'
>;

function loadsOf(pods: Iterable<ApiObject>, amountsOf: (pod: ApiObject) => PodAmounts): ReadonlyMap<string, Load> {
  const loads = new Map<string, Load>();
  for (const pod of pods) {
    const { spec, status } = asPod(pod);
    const nodeName = spec?.nodeName ?? '';
    if (nodeName === '' || status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    let load = loads.get(nodeName);
    if (load === undefined) {
      load = { podRequests: new Map(), podLimits: new Map(), daemonRequests: new Map(), daemonLimits: new Map() };
      loads.set(nodeName, load);
    }
    const { requests, limits } = amountsOf(pod);
    addTo(load.podRequests, requests);
    addTo(load.podLimits, limits);
    if (pod.metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet') !== true) continue;
    addTo(load.daemonRequests, requests);
    addTo(load.daemonLimits, limits);
  }
  return loads;
}

function factsOf(
  node: NodeView,
  loads: ReadonlyMap<string, Load>,
  { index, clock }: Pick<ClusterGaugeParts, 'index' | 'clock'>,
): NodeFacts {
  const { labels = {}, creationTimestamp } = node.metadata;
  const name = nameOf(node);
  const allocatable = writtenAmounts(node.status?.allocatable);
  const overhead = new Map<string, number>();
  for (const [resource, amount] of writtenAmounts(node.status?.capacity)) {
    addTo(overhead, new Map([[resource, amount - (allocatable.get(resource) ?? 0)]]));
  }
  const nowMs = clock.nowMs();
  return {
    labels: labelText(LABEL_NAMES, [
      ...NODE_LABEL_KEYS.map((key) => labels[key] ?? ''),
      name,
      '',
      String(index.claimOf(node) !== undefined),
    ]),
    allocatable,
    overhead,
    load: loads.get(name),
    ageSeconds: Math.max(0, nowMs - (momentMs(creationTimestamp) ?? nowMs)) / 1_000,
  };
}

function* resourceSamples(
  nodes: readonly NodeFacts[],
  amounts: (node: NodeFacts) => Amounts | undefined,
): Generator<Sample> {
  for (const node of nodes) {
    for (const [resource, value] of amounts(node) ?? []) {
      yield { labels: `${node.labels},${labelText(['resource_type'], [resourceLabel(resource)])}`, value };
    }
  }
}

function* utilization(nodes: readonly NodeFacts[]): Generator<readonly [{ readonly resource_type: string }, number]> {
  const offered = new Map<string, number>();
  const requested = new Map<string, number>();
  for (const { allocatable, load } of nodes) {
    addTo(offered, allocatable);
    if (load !== undefined) addTo(requested, load.podRequests);
  }
  for (const [resource, amount] of offered) {
    if (amount === 0) continue;
    yield [{ resource_type: resourceLabel(resource) }, (100 * (requested.get(resource) ?? 0)) / amount];
  }
}
