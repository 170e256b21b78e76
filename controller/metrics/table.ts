// Every metric of the controller, declared once: its name, its type, its labels, its unit, what it tells. docs/metrics.md is
// written from it, tests hold it against Karpenter's sources, and nothing can be recorded that is not in here. What Karpenter
// has and we have not is in lacking.ts.
import { NODE_LABELS } from './node-labels.ts';
import { OFFERING_METRICS } from './offering-metrics.ts';

/** How Prometheus reads a metric. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary';

/** What a metric's values are counted in. Kubernetes' resources have units of their own (cores, bytes, counts). */
export type MetricUnit = 'count' | 'seconds' | 'percent' | 'flag' | 'resource' | 'dollars' | 'bytes';

/** One metric. */
export interface MetricDeclaration {
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly unit: MetricUnit;
  readonly help: string;
  /** Upper bounds of a histogram, rising. */
  readonly buckets?: readonly number[];
}

/** Karpenter's bounds for durations, in seconds. */
const DURATIONS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60, 120, 150, 300, 450, 600,
] as const;

/** Prometheus' own default bounds, in seconds. */
const DEFAULT_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** controller-runtime's bounds for a reconciliation, in seconds. */
const RECONCILE_BOUNDS = DURATIONS.slice(0, 40);

const doublings = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => 2 ** index);

const HOUR = 3_600;
const DAY = 24 * HOUR;
const LIFETIMES = [
  ...[0.25, 0.5, 0.75, 1, 2, 4, 6, 8, 10, 12, 16, 20].map((hours) => hours * HOUR),
  ...[1, 2, 3, 5, 10, 15, 20, 25, 30].map((days) => days * DAY),
] as const;

/** Labels of a series of a node; `phase` is a field that kubelets have not filled in for years. */
const OF_NODE = [
  ...(Object.keys(NODE_LABELS) as (keyof typeof NODE_LABELS)[]),
  'node_name',
  'phase',
  'managed',
] as const;
const OF_NODE_RESOURCE = [...OF_NODE, 'resource_type'] as const;

const POD = ['name', 'namespace'] as const;
const POOL_RESOURCE = ['resource_type', 'nodepool'] as const;
const DISRUPTION = ['reason', 'nodepool', 'capacity_type'] as const;
const CALL = ['controller', 'method', 'provider'] as const;

/** The metrics of the controller, in the order in which they are told. */
export const METRICS = {
  karpenter_build_info: {
    type: 'gauge',
    labels: ['version', 'goversion', 'goarch', 'commit'],
    unit: 'flag',
    help: 'Always 1; the labels say what runs. goversion is the version of Node.js, commit is empty.',
  },
  karpenter_nodeclaims_created_total: {
    type: 'counter',
    labels: ['reason', 'nodepool', 'min_values_relaxed'],
    unit: 'count',
    help: 'NodeClaims that were created.',
  },
  karpenter_nodeclaims_terminated_total: {
    type: 'counter',
    labels: ['nodepool', 'capacity_type', 'zone'],
    unit: 'count',
    help: 'NodeClaims whose end was seen through: instance gone, finalizer removed.',
  },
  karpenter_nodeclaims_disrupted_total: {
    type: 'counter',
    labels: DISRUPTION,
    unit: 'count',
    help: 'NodeClaims that the controller deleted, by why: interruptions, launches that failed, time limits, garbage.',
  },
  karpenter_nodeclaims_termination_duration_seconds: {
    type: 'histogram',
    labels: ['nodepool'],
    unit: 'seconds',
    help: 'From the deletion of a NodeClaim to the removal of its finalizer.',
    buckets: doublings(12),
  },
  karpenter_nodeclaims_instance_termination_duration_seconds: {
    type: 'histogram',
    labels: ['nodepool'],
    unit: 'seconds',
    help: 'From the first request to terminate an instance until the cloud knew it no more.',
    buckets: doublings(11),
  },
  karpenter_nodes_created_total: {
    type: 'counter',
    labels: ['nodepool', 'zone'],
    unit: 'count',
    help: 'Nodes that joined and were registered.',
  },
  karpenter_nodes_terminated_total: {
    type: 'counter',
    labels: ['nodepool', 'zone'],
    unit: 'count',
    help: 'Nodes whose end was seen through.',
  },
  karpenter_nodes_drained_total: {
    type: 'counter',
    labels: ['nodepool'],
    unit: 'count',
    help: 'Nodes that were drained.',
  },
  karpenter_nodes_termination_duration_seconds: {
    type: 'summary',
    labels: ['nodepool'],
    unit: 'seconds',
    help: 'From the deletion of a node to the removal of its finalizer.',
  },
  karpenter_nodes_lifetime_duration_seconds: {
    type: 'histogram',
    labels: ['nodepool'],
    unit: 'seconds',
    help: 'How old nodes were when they had ended.',
    buckets: LIFETIMES,
  },
  karpenter_nodes_allocatable: {
    type: 'gauge',
    labels: OF_NODE_RESOURCE,
    unit: 'resource',
    help: 'What nodes have for pods.',
  },
  karpenter_nodes_total_pod_requests: {
    type: 'gauge',
    labels: OF_NODE_RESOURCE,
    unit: 'resource',
    help: 'What pods on nodes request, those of DaemonSets included.',
  },
  karpenter_nodes_total_pod_limits: {
    type: 'gauge',
    labels: OF_NODE_RESOURCE,
    unit: 'resource',
    help: 'The limits of pods on nodes, those of DaemonSets included.',
  },
  karpenter_nodes_total_daemon_requests: {
    type: 'gauge',
    labels: OF_NODE_RESOURCE,
    unit: 'resource',
    help: 'What pods of DaemonSets on nodes request.',
  },
  karpenter_nodes_total_daemon_limits: {
    type: 'gauge',
    labels: OF_NODE_RESOURCE,
    unit: 'resource',
    help: 'The limits of pods of DaemonSets on nodes.',
  },
  karpenter_nodes_system_overhead: {
    type: 'gauge',
    labels: OF_NODE_RESOURCE,
    unit: 'resource',
    help: 'What nodes keep for themselves: capacity less allocatable.',
  },
  karpenter_nodes_current_lifetime_seconds: {
    type: 'gauge',
    labels: OF_NODE,
    unit: 'seconds',
    help: 'How old nodes are.',
  },
  karpenter_cluster_utilization_percent: {
    type: 'gauge',
    labels: ['resource_type'],
    unit: 'percent',
    help: 'What pods on nodes request, of what all nodes have for pods.',
  },
  karpenter_cluster_state_synced: {
    type: 'gauge',
    labels: [],
    unit: 'flag',
    help: '1 once every watched kind has been listed.',
  },
  karpenter_cluster_state_node_count: {
    type: 'gauge',
    labels: [],
    unit: 'count',
    help: 'Nodes, and NodeClaims that are no nodes yet.',
  },
  karpenter_cluster_state_unsynced_time_seconds: {
    type: 'gauge',
    labels: [],
    unit: 'seconds',
    help: 'How long the watched kinds have not been listed; 0 once they are.',
  },
  karpenter_pods_state: {
    type: 'gauge',
    labels: [
      ...POD,
      'owner',
      'node',
      'scheduled',
      'nodepool',
      'zone',
      'arch',
      'capacity_type',
      'instance_type',
      'phase',
      'ready',
      'managed',
    ],
    unit: 'flag',
    help: 'Always 1; the labels say how a pod stands and where.',
  },
  karpenter_pods_startup_duration_seconds: {
    type: 'summary',
    labels: [],
    unit: 'seconds',
    help: 'From the creation of a pod until it was ready.',
  },
  karpenter_pods_bound_duration_seconds: {
    type: 'histogram',
    labels: [],
    unit: 'seconds',
    help: 'From the creation of a pod until it was bound to a node.',
    buckets: DURATIONS,
  },
  karpenter_pods_provisioning_bound_duration_seconds: {
    type: 'histogram',
    labels: [],
    unit: 'seconds',
    help: 'From the first plan that had a place for a pod until it was bound.',
    buckets: DURATIONS,
  },
  karpenter_pods_provisioning_startup_duration_seconds: {
    type: 'histogram',
    labels: [],
    unit: 'seconds',
    help: 'From the first plan that had a place for a pod until it was ready.',
    buckets: DURATIONS,
  },
  karpenter_pods_scheduling_decision_duration_seconds: {
    type: 'histogram',
    labels: [],
    unit: 'seconds',
    help: 'From when a waiting pod was first seen to the first plan that was about it.',
    buckets: DURATIONS,
  },
  karpenter_pods_unstarted_time_seconds: {
    type: 'gauge',
    labels: POD,
    unit: 'seconds',
    help: 'How old pods are that are not ready yet.',
  },
  karpenter_pods_unbound_time_seconds: {
    type: 'gauge',
    labels: POD,
    unit: 'seconds',
    help: 'How old pods are that are not bound yet.',
  },
  karpenter_pods_provisioning_unstarted_time_seconds: {
    type: 'gauge',
    labels: POD,
    unit: 'seconds',
    help: 'Since the first plan that had a place for a pod that is not ready yet.',
  },
  karpenter_pods_provisioning_unbound_time_seconds: {
    type: 'gauge',
    labels: POD,
    unit: 'seconds',
    help: 'Since the first plan that had a place for a pod that is not bound yet.',
  },
  karpenter_pods_provisioning_scheduling_undecided_time_seconds: {
    type: 'gauge',
    labels: POD,
    unit: 'seconds',
    help: 'How long pods have waited that no plan was about yet.',
  },
  karpenter_pods_eviction_requests_total: {
    type: 'counter',
    labels: ['code'],
    unit: 'count',
    help: 'Requests to evict a pod, by the code of the answer.',
  },
  karpenter_pods_drained_total: {
    type: 'counter',
    labels: ['reason'],
    unit: 'count',
    help: 'Pods that were evicted from nodes that end, by why the nodes end.',
  },
  karpenter_nodepools_usage: {
    type: 'gauge',
    labels: POOL_RESOURCE,
    unit: 'resource',
    help: 'What the nodes of a NodePool have, as its status says.',
  },
  karpenter_nodepools_limit: {
    type: 'gauge',
    labels: POOL_RESOURCE,
    unit: 'resource',
    help: 'What the nodes of a NodePool may have at most.',
  },
  karpenter_cloudprovider_duration_seconds: {
    type: 'histogram',
    labels: CALL,
    unit: 'seconds',
    help: 'Calls to the cloud.',
    buckets: DEFAULT_BOUNDS,
  },
  karpenter_cloudprovider_errors_total: {
    type: 'counter',
    labels: [...CALL, 'error'],
    unit: 'count',
    help: 'Calls to the cloud that failed, and launches that came to nothing.',
  },
  karpenter_cloudprovider_instance_launch_failures_total: {
    type: 'counter',
    labels: ['zone', 'zone_id', 'capacity_type', 'reason'],
    unit: 'count',
    help: 'Offerings that the cloud refused in launches.',
  },
  ...OFFERING_METRICS,
  karpenter_interruption_received_messages_total: {
    type: 'counter',
    labels: ['message_type'],
    unit: 'count',
    help: 'Interruption messages that came.',
  },
  karpenter_interruption_deleted_messages_total: {
    type: 'counter',
    labels: [],
    unit: 'count',
    help: 'Interruption messages that were acted on and acknowledged.',
  },
  karpenter_interruption_message_queue_duration_seconds: {
    type: 'histogram',
    labels: [],
    unit: 'seconds',
    help: 'How old interruption messages were when they came.',
    buckets: DURATIONS,
  },
  controller_runtime_reconcile_total: {
    type: 'counter',
    labels: ['controller', 'result'],
    unit: 'count',
    help: 'Reconciliations, by how they ended: success, requeue, requeue_after, error.',
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    labels: ['controller'],
    unit: 'count',
    help: 'Reconciliations that failed.',
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    labels: ['controller'],
    unit: 'seconds',
    help: 'How long reconciliations took.',
    buckets: RECONCILE_BOUNDS,
  },
  workqueue_depth: {
    type: 'gauge',
    labels: ['name', 'controller'],
    unit: 'count',
    help: 'Keys that wait in the queue of a controller.',
  },
  leader_election_master_status: {
    type: 'gauge',
    labels: ['name'],
    unit: 'flag',
    help: '1 while this replica holds the Lease of this name, 0 while another one may.',
  },
  dovetail_metrics_lost_series: {
    type: 'gauge',
    labels: [],
    unit: 'count',
    help: 'Label sets for which a metric had no room any more.',
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>;

type Table = typeof METRICS;

/** The name of a metric. */
export type MetricName = keyof Table;

/** Names of the metrics of some types. */
export type NameOf<Type extends MetricType> = {
  [Name in MetricName]: Table[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** A value for each label of a metric. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<Table[Name]['labels'][number], string>>;

/** The declaration of a metric. */
export function declarationOf(name: MetricName): MetricDeclaration {
  return METRICS[name];
}
