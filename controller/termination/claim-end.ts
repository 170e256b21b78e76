// The end of a NodeClaim: its nodes are deleted and drained first (node-end.ts), then its instance ends, and the finalizer
// goes last. Called again until nothing is left.
import type { ControllerContext } from '../context/index.ts';
import type { MetricsRecorder } from '../metrics/index.ts';
import {
  annotationOf,
  asNodeClaim,
  CAPACITY_TYPE_LABEL,
  ConditionSet,
  conditionOf,
  durationMs,
  hasFinalizer,
  instanceIdOf,
  isDeleting,
  isTrue,
  labelOf,
  momentMs,
  momentText,
  NODE_CLAIM_TAG,
  NODE_POOL_LABEL,
  type NodeClaimView,
  nameOf,
  TERMINATION_FINALIZER,
  TERMINATION_TIMESTAMP,
  ZONE_LABEL,
} from '../objects/index.ts';
import type { ReconcileResult } from '../work-queue/index.ts';
import { endInstance, INSTANCE_POLL_MS } from './instance-end.ts';

/** What is known of the instance of a claim whose status names none. */
export type KnownInstance =
  | { readonly kind: 'known'; readonly instanceId: string }
  /** The cloud has said that there is none. */
  | { readonly kind: 'none' }
  /** A launch may have been cut off: the cloud has to be asked. */
  | { readonly kind: 'unknown' };

/** Takes the next step to the end of a claim that is being deleted. */
export async function endClaim(
  context: ControllerContext,
  claim: NodeClaimView,
  known: KnownInstance,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  if (!hasFinalizer(claim, TERMINATION_FINALIZER)) return undefined;
  const dated = await ensureDeadline(context, claim, signal);
  if (dated === undefined) return undefined;
  if (isTrue(dated, 'Registered')) {
    const nodes = context.index.nodesOf(dated);
    for (const node of nodes) {
      if (!isDeleting(node)) await context.own.delete('node.delete', 'nodes', node, {}, signal);
    }
    // Each node that goes brings the claim here again.
    if (context.index.nodesOf(dated).length > 0) return undefined;
  }
  const instanceId = await instanceOf(context, dated, known, signal);
  if (instanceId === undefined) return removeFinalizer(context, dated, signal);
  const isGone = await endInstance(context, instanceId, signal);
  const marked = await markTerminating(context, dated, signal);
  if (marked === undefined) return undefined;
  if (!isGone) return { requeueAfterMs: INSTANCE_POLL_MS };
  const terminatingMs = momentMs(conditionOf(marked, 'InstanceTerminating')?.lastTransitionTime);
  if (terminatingMs !== undefined) {
    context.metrics.observe(
      'karpenter_nodeclaims_instance_termination_duration_seconds',
      { nodepool: labelOf(marked, NODE_POOL_LABEL) ?? '' },
      (context.clock.nowMs() - terminatingMs) / 1_000,
    );
  }
  context.events.record(marked, { type: 'Normal', reason: 'Terminated', message: `Terminated instance ${instanceId}` });
  return removeFinalizer(context, marked, signal);
}

/** Writes down when everything on the node has to be gone, counted from the deletion. */
async function ensureDeadline(
  { own, events }: ControllerContext,
  claim: NodeClaimView,
  signal: AbortSignal,
): Promise<NodeClaimView | undefined> {
  const { terminationGracePeriod } = claim.spec;
  const deletedMs = momentMs(claim.metadata.deletionTimestamp);
  if (terminationGracePeriod === undefined || deletedMs === undefined) return claim;
  if (annotationOf(claim, TERMINATION_TIMESTAMP) !== undefined) return claim;
  const deadline = momentText(deletedMs + (durationMs(terminationGracePeriod) ?? 0));
  const body = { metadata: { annotations: { [TERMINATION_TIMESTAMP]: deadline } } };
  const stored = await own.patch('nodeclaim.deadline', 'nodeClaims', claim, { body }, signal);
  if (stored === undefined) return undefined;
  const message = `All pods will be deleted by ${deadline}`;
  events.record(claim, { type: 'Warning', reason: 'TerminationGracePeriodExpiring', message });
  return asNodeClaim(stored);
}

async function instanceOf(
  { cloud }: ControllerContext,
  claim: NodeClaimView,
  known: KnownInstance,
  signal: AbortSignal,
): Promise<string | undefined> {
  const providerId = claim.status?.providerID ?? '';
  if (providerId !== '') return instanceIdOf(providerId);
  if (known.kind === 'known') return known.instanceId;
  if (known.kind === 'none') return undefined;
  const instances = await cloud.list(signal);
  return instances.find(({ tags }) => tags[NODE_CLAIM_TAG] === nameOf(claim))?.id;
}

async function markTerminating(
  { own, clock }: ControllerContext,
  claim: NodeClaimView,
  signal: AbortSignal,
): Promise<NodeClaimView | undefined> {
  const conditions = new ConditionSet(claim, clock.nowMs());
  conditions.set({ type: 'InstanceTerminating', status: 'True' });
  if (!conditions.changed) return claim;
  const change = { body: { status: { conditions: conditions.list } }, subresource: 'status' } as const;
  const stored = await own.patch('nodeclaim.terminating', 'nodeClaims', claim, change, signal);
  return stored === undefined ? undefined : asNodeClaim(stored);
}

async function removeFinalizer(
  { clock, own, metrics, log }: ControllerContext,
  claim: NodeClaimView,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const finalizers = (claim.metadata.finalizers ?? []).filter((finalizer) => finalizer !== TERMINATION_FINALIZER);
  const change = { body: { metadata: { finalizers } } };
  const stored = await own.patch('nodeclaim.finalizer.remove', 'nodeClaims', claim, change, signal);
  // Where somebody else has removed it, its end has been counted.
  if (stored !== undefined) countEnd(metrics, claim, clock.nowMs());
  log.info({ NodeClaim: { name: nameOf(claim) } }, 'deleted nodeclaim');
  return undefined;
}

function countEnd(metrics: MetricsRecorder, claim: NodeClaimView, nowMs: number): void {
  const nodepool = labelOf(claim, NODE_POOL_LABEL) ?? '';
  metrics.count('karpenter_nodeclaims_terminated_total', {
    nodepool,
    capacity_type: labelOf(claim, CAPACITY_TYPE_LABEL) ?? '',
    zone: labelOf(claim, ZONE_LABEL) ?? '',
  });
  const deletedMs = momentMs(claim.metadata.deletionTimestamp) ?? nowMs;
  metrics.observe('karpenter_nodeclaims_termination_duration_seconds', { nodepool }, (nowMs - deletedMs) / 1_000);
}
