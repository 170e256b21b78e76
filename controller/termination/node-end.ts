// The end of a Node: no new pods, its pods evicted tier by tier, volumes off, the instance ended, the finalizer last. Called
// again until it is gone; each step is decided by what is there.
import type { ControllerContext } from '../context/index.ts';
import type { MetricsRecorder } from '../metrics/index.ts';
import {
  annotationOf,
  asNode,
  ConditionSet,
  DISRUPTED_NO_SCHEDULE,
  EXCLUDE_BALANCERS_LABEL,
  hasFinalizer,
  instanceIdOf,
  isDeleting,
  isTrue,
  labelOf,
  matches,
  momentMs,
  NODE_POOL_LABEL,
  type NodeClaimView,
  type NodeView,
  nameOf,
  TERMINATION_FINALIZER,
  TERMINATION_TIMESTAMP,
  ZONE_LABEL,
} from '../objects/index.ts';
import { ClusterError, KINDS } from '../ports/index.ts';
import type { ReconcileResult } from '../work-queue/index.ts';
import type { Evictor } from './evictor.ts';
import { endInstance, INSTANCE_POLL_MS } from './instance-end.ts';
import { drainTiers, forcedGraceSeconds, isEvictable } from './pods.ts';
import { volumesToWaitFor } from './volumes.ts';

/** How often a drain is looked at, besides whenever one of its pods changes. */
const DRAIN_POLL_MS = 1_000;

/** A drain takes at least so long, for pods that are bound before kube-scheduler sees the taint. */
const LEAST_DRAIN_MS = 5_000;

/** A step that has to be waited for. */
type Step = 'done' | { readonly waitMs: number };

/** Ends nodes. */
export class NodeEnd {
  readonly #context: ControllerContext;
  readonly #evictor: Pick<Evictor, 'add'>;

  constructor(context: ControllerContext, evictor: Pick<Evictor, 'add'>) {
    this.#context = context;
    this.#evictor = evictor;
  }

  async reconcile(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    const object = this.#context.stores.nodes.get({ name });
    if (object === undefined) return undefined;
    const node = asNode(object);
    if (!isDeleting(node) || !hasFinalizer(node, TERMINATION_FINALIZER)) return undefined;
    // With several claims there is no telling whose it is.
    const claims = this.#context.index.claimsOf(node);
    const claim = claims.length === 1 ? claims[0] : undefined;
    if (claim !== undefined && !isDeleting(claim)) {
      await this.#context.own.delete('nodeclaim.delete', 'nodeClaims', claim, {}, signal);
      // The deletion brings a deadline with it where the claim has one.
      return { requeueAfterMs: 0 };
    }
    if (await this.#isInstanceGone(node, signal)) return this.#removeFinalizer(node, signal);
    const tainted = await this.#taint(node, signal);
    return tainted === undefined ? undefined : this.#empty(tainted, claim, signal);
  }

  /** Nothing is drained from an instance that is gone. One whose kubelet reports is there, whatever the cloud says. */
  async #isInstanceGone(node: NodeView, signal: AbortSignal): Promise<boolean> {
    const providerId = node.spec?.providerID ?? '';
    if (isTrue(node, 'Ready') || providerId === '') return false;
    return (await this.#context.cloud.get(instanceIdOf(providerId), signal)) === undefined;
  }

  async #taint(node: NodeView, signal: AbortSignal): Promise<NodeView | undefined> {
    const taints = node.spec?.taints ?? [];
    const isTainted = taints.some((taint) => matches(taint, DISRUPTED_NO_SCHEDULE));
    if (isTainted && labelOf(node, EXCLUDE_BALANCERS_LABEL) !== undefined) return node;
    const others = taints.filter(({ key }) => key !== DISRUPTED_NO_SCHEDULE.key);
    const body = {
      metadata: { labels: { [EXCLUDE_BALANCERS_LABEL]: 'karpenter' } },
      spec: { taints: isTainted ? taints : [...others, DISRUPTED_NO_SCHEDULE] },
    };
    const stored = await this.#context.own.patch('node.taint', 'nodes', node, { body }, signal);
    if (stored === undefined) return undefined;
    this.#context.log.info({ Node: { name: nameOf(node) }, 'taint.Key': DISRUPTED_NO_SCHEDULE.key }, 'tainted node');
    return asNode(stored);
  }

  async #empty(node: NodeView, claim: NodeClaimView | undefined, signal: AbortSignal): Promise<ReconcileResult> {
    const deadlineMs = momentMs(claim === undefined ? undefined : annotationOf(claim, TERMINATION_TIMESTAMP));
    const conditions = claim === undefined ? undefined : new ConditionSet(claim, this.#context.clock.nowMs());
    let step = await this.#drain(node, conditions, deadlineMs, signal);
    if (step === 'done') step = this.#detach(node, conditions, deadlineMs);
    if (step === 'done' && claim !== undefined) step = await this.#endInstance(claim, conditions, signal);
    if (claim !== undefined && conditions?.changed) {
      const change = { body: { status: { conditions: conditions.list } }, subresource: 'status' } as const;
      await this.#context.own.patch('nodeclaim.drain', 'nodeClaims', claim, change, signal);
    }
    return step === 'done' ? this.#removeFinalizer(node, signal) : { requeueAfterMs: step.waitMs };
  }

  async #drain(
    node: NodeView,
    conditions: ConditionSet | undefined,
    deadlineMs: number | undefined,
    signal: AbortSignal,
  ): Promise<Step> {
    const { clock, events, index, metrics } = this.#context;
    if (conditions?.isTrue('Drained')) return 'done';
    if (conditions !== undefined && conditions.get('Drained') === undefined) {
      conditions.set({ type: 'Drained', status: 'Unknown', reason: 'Draining', message: 'Draining' });
    }
    const nowMs = clock.nowMs();
    const pods = index.podsOn(nameOf(node));
    if (deadlineMs !== undefined) await this.#deleteExpiring(pods, deadlineMs, signal);
    const tiers = drainTiers(pods, nowMs);
    const first = tiers.find((tier) => tier.length > 0);
    if (first !== undefined) {
      for (const pod of first) if (isEvictable(pod, nowMs)) this.#evictor.add(pod);
      const count = tiers.reduce((sum, tier) => sum + tier.length, 0);
      const message = `Failed to drain node, ${count} pods are waiting to be evicted`;
      events.record(node, { type: 'Warning', reason: 'FailedDraining', message });
      return { waitMs: DRAIN_POLL_MS };
    }
    const since = conditions?.get('Drained')?.lastTransitionTime;
    const drainedForMs = nowMs - (momentMs(since) ?? nowMs);
    if (conditions !== undefined && drainedForMs < LEAST_DRAIN_MS) return { waitMs: DRAIN_POLL_MS };
    if (conditions !== undefined) {
      conditions.set({ type: 'Drained', status: 'True' });
      metrics.count('karpenter_nodes_drained_total', { nodepool: labelOf(node, NODE_POOL_LABEL) ?? '' });
    }
    return 'done';
  }

  /** Deletes pods that would otherwise not have their own grace period before the node has to be gone. */
  async #deleteExpiring(
    pods: ReturnType<ControllerContext['index']['podsOn']>,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, events, writes } = this.#context;
    for (const pod of pods) {
      const gracePeriodSeconds = forcedGraceSeconds(pod, deadlineMs, clock.nowMs());
      if (gracePeriodSeconds === undefined) continue;
      const { namespace, uid } = pod.metadata;
      const name = { ...(namespace === undefined ? {} : { namespace }), name: nameOf(pod) };
      const message = `Deleting the pod to accommodate the terminationTime of the node. The pod was granted ${gracePeriodSeconds} seconds of grace-period`;
      events.record(pod, { type: 'Normal', reason: 'Disrupted', message });
      try {
        const options = { gracePeriodSeconds, ...(uid === undefined ? {} : { uid }) };
        await writes.delete('pod.delete', KINDS.pods, name, options, signal);
      } catch (error) {
        if (!(error instanceof ClusterError) || (error.code !== 'NotFound' && error.code !== 'Conflict')) throw error;
      }
    }
  }

  #detach(node: NodeView, conditions: ConditionSet | undefined, deadlineMs: number | undefined): Step {
    const { clock, events, index, stores } = this.#context;
    const nowMs = clock.nowMs();
    const waiting = volumesToWaitFor(nameOf(node), index.podsOn(nameOf(node)), stores, nowMs);
    const type = 'VolumesDetached';
    if (waiting.length === 0) {
      conditions?.set({ type, status: 'True' });
      return 'done';
    }
    if (deadlineMs !== undefined && nowMs > deadlineMs) {
      const reason = 'TerminationGracePeriodElapsed';
      conditions?.set({ type, status: 'False', reason, message: reason });
      return 'done';
    }
    const reason = 'AwaitingVolumeDetachment';
    events.record(node, {
      type: 'Normal',
      reason,
      message: `Awaiting deletion of bound volumeattachments (${waiting.join(', ')})`,
    });
    conditions?.set({ type, status: 'Unknown', reason, message: reason });
    return { waitMs: DRAIN_POLL_MS };
  }

  async #endInstance(claim: NodeClaimView, conditions: ConditionSet | undefined, signal: AbortSignal): Promise<Step> {
    const providerId = claim.status?.providerID ?? '';
    if (providerId === '') return 'done';
    const isGone = await endInstance(this.#context, instanceIdOf(providerId), signal);
    conditions?.set({ type: 'InstanceTerminating', status: 'True' });
    return isGone ? 'done' : { waitMs: INSTANCE_POLL_MS };
  }

  async #removeFinalizer(node: NodeView, signal: AbortSignal): Promise<ReconcileResult> {
    const finalizers = (node.metadata.finalizers ?? []).filter((finalizer) => finalizer !== TERMINATION_FINALIZER);
    const change = { body: { metadata: { finalizers } } };
    const stored = await this.#context.own.patch('node.finalizer.remove', 'nodes', node, change, signal);
    // Where somebody else has removed it, its end has been counted.
    if (stored !== undefined) countEnd(this.#context.metrics, node, this.#context.clock.nowMs());
    this.#context.log.info({ Node: { name: nameOf(node) } }, 'deleted node');
    return undefined;
  }
}

function countEnd(metrics: MetricsRecorder, node: NodeView, nowMs: number): void {
  const { creationTimestamp, deletionTimestamp } = node.metadata;
  const nodepool = labelOf(node, NODE_POOL_LABEL) ?? '';
  metrics.count('karpenter_nodes_terminated_total', { nodepool, zone: labelOf(node, ZONE_LABEL) ?? '' });
  const secondsSince = (text: string | undefined): number => (nowMs - (momentMs(text) ?? nowMs)) / 1_000;
  metrics.observe('karpenter_nodes_termination_duration_seconds', { nodepool }, secondsSince(deletionTimestamp));
  metrics.observe('karpenter_nodes_lifetime_duration_seconds', { nodepool }, secondsSince(creationTimestamp));
}
