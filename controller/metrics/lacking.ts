// Karpenter's metrics that are not served, each with the reason. A test holds this list and the table against Karpenter's
// sources: what Karpenter has is in one of the two, and in one only.

const NO_DISRUPTION = 'consolidation, drift and expiration are not built yet';
const BY_SERVICE = 'told by the planning service, in the same scrape where it is in the same process';

/** Name to reason. */
export const LACKING: ReadonlyMap<string, string> = new Map([
  ['karpenter_nodeclaims_unhealthy_disrupted_total', 'node repair is not built yet'],
  ['karpenter_voluntary_disruption_decisions_total', NO_DISRUPTION],
  ['karpenter_voluntary_disruption_decisions_by_nodepool_total', NO_DISRUPTION],
  ['karpenter_voluntary_disruption_eligible_nodes', NO_DISRUPTION],
  ['karpenter_voluntary_disruption_decision_evaluation_duration_seconds', NO_DISRUPTION],
  ['karpenter_voluntary_disruption_consolidation_timeouts_total', NO_DISRUPTION],
  ['karpenter_voluntary_disruption_failed_validations_total', NO_DISRUPTION],
  ['karpenter_voluntary_disruption_queue_failures_total', NO_DISRUPTION],
  ['karpenter_consolidation_score', NO_DISRUPTION],
  ['karpenter_consolidation_moves_total', NO_DISRUPTION],
  ['karpenter_nodepools_allowed_disruptions', NO_DISRUPTION],
  ['karpenter_nodepools_nodes_consuming_budgets', NO_DISRUPTION],
  ['karpenter_scheduler_scheduling_duration_seconds', BY_SERVICE],
  ['karpenter_scheduler_queue_depth', BY_SERVICE],
  ['karpenter_scheduler_unfinished_work_seconds', BY_SERVICE],
  ['karpenter_scheduler_unschedulable_pods_count', BY_SERVICE],
  [
    'karpenter_scheduler_ignored_pods_count',
    'pods that can not be understood are told once, in log and events, and not kept',
  ],
  [
    'karpenter_scheduler_pending_pods_by_effective_zone_count',
    'the zones that are left to a pod are worked out in the planning service, which does not tell them',
  ],
  ['karpenter_nodepools_cost_total', 'the controller does not keep prices; they are in the planning service'],
  ['karpenter_nodepools_cost_tracker_errors_total', 'there is no tracker of costs that could fail'],
  ['karpenter_cloudprovider_instance_termination_failures_total', 'the EC2 adapter has no metrics of its own yet'],
  ['karpenter_cloudprovider_batcher_batch_size', 'the EC2 adapter has no metrics of its own yet'],
  ['karpenter_cloudprovider_batcher_batch_time_seconds', 'the EC2 adapter has no metrics of its own yet'],
  ['karpenter_ec2nodeclasses_userdata_bytes', 'the EC2 adapter has no metrics of its own yet'],
  ['karpenter_interruption_instance_status_unhealthy_total', 'instance status checks are not built yet'],
]);

/** The same for metrics of the libraries that Karpenter is built on, by how their names begin. */
export const LACKING_FAMILIES: ReadonlyMap<string, string> = new Map([
  ['operator_', 'conditions are not timed yet'],
  ['client_go_', 'calls to the API server are not timed yet'],
  ['aws_sdk_go_', 'the EC2 adapter has no metrics of its own yet'],
  ['go_', 'there is no Go in it; the planning service tells of Node.js'],
]);
