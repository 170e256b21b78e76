// NodeClaims that the controller deletes by itself, as Karpenter counts them.
import { CAPACITY_TYPE_LABEL, labelOf, NODE_POOL_LABEL, type NodeClaimView } from '../objects/index.ts';
import type { MetricsRecorder } from './recorded.ts';

/** Counts one. `reason` is in snake case. */
export function countDisruption(metrics: MetricsRecorder, claim: NodeClaimView, reason: string): void {
  metrics.count('karpenter_nodeclaims_disrupted_total', {
    reason,
    nodepool: labelOf(claim, NODE_POOL_LABEL) ?? '',
    capacity_type: labelOf(claim, CAPACITY_TYPE_LABEL) ?? '',
  });
}
