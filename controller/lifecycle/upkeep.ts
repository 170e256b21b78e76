// Upkeep of NodeClaims that have become nodes: when pods last came or went, whether the node may be consolidated, whether it
// is what it was said to be, and the tags of its instance.
import type { ControllerContext } from '../context/index.ts';
import { parseQuantity } from '../kubernetes/index.ts';
import {
  asNodeClaim,
  asPod,
  ConditionSet,
  durationMs,
  isDeleting,
  isTrue,
  labelOf,
  momentMs,
  momentText,
  NODE_POOL_LABEL,
  type NodeClaimView,
  type NodeView,
  nameOf,
  type PodView,
} from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { effectiveNodePoolSpec } from '../resources/index.ts';
import type { ReconcileResult } from '../work-queue/index.ts';

/** At most one write of lastPodEventTime of a claim in this time. */
const POD_EVENT_MS = 10_000;

/** How often is looked whether a node is what it was said to be. */
const CONSISTENCY_MS = 600_000;

/** A node has to have so much of what was promised, in percent. */
const LEAST_PERCENT = 90n;

/** Looks after claims that are nodes. */
export class Upkeep {
  readonly #context: ControllerContext;
  /** Moments of pod events that are not written yet, by the name of the claim. */
  readonly #podEvents = new Map<string, number>();
  /** When claims were looked at last, on the monotonic clock, by UID. */
  readonly #checkedMs = new Map<string, number>();

  /** `wake` is called with a claim's name whenever a pod has come to its node or gone from it. */
  constructor(context: ControllerContext, wake: (claimName: string) => void) {
    this.#context = context;
    context.stores.pods.subscribe(({ before, after }) => {
      // What the first list brings has been there before.
      if (!context.stores.pods.isSynced) return;
      const nodeName = podEventNode(before, after);
      const node = nodeName === undefined ? undefined : context.stores.nodes.get({ name: nodeName });
      const claim = node === undefined ? undefined : context.index.claimOf(node as NodeView);
      if (claim === undefined) return;
      this.#podEvents.set(nameOf(claim), context.clock.nowMs());
      wake(nameOf(claim));
    });
    context.stores.nodeClaims.subscribe(({ key, before, after }) => {
      if (after !== undefined) return;
      this.#podEvents.delete(key);
      this.#checkedMs.delete(before?.metadata.uid ?? '');
    });
  }

  async reconcile(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    const object = this.#context.stores.nodeClaims.get({ name });
    if (object?.metadata.uid === undefined || isDeleting(object)) return undefined;
    const claim = asNodeClaim(object);
    const { clock, own } = this.#context;
    const nowMs = clock.nowMs();
    const lastPodEventTime = this.#takePodEvent(claim);
    const conditions = new ConditionSet(claim, nowMs);
    const eventMs = momentMs(lastPodEventTime ?? claim.status?.lastPodEventTime);
    const consolidatableInMs = this.#judgeConsolidatable(claim, conditions, eventMs, nowMs);
    const checkInMs = this.#judgeConsistency(claim, conditions);
    if (conditions.changed || lastPodEventTime !== undefined) {
      const status = {
        ...(conditions.changed ? { conditions: conditions.list } : {}),
        ...(lastPodEventTime === undefined ? {} : { lastPodEventTime }),
      };
      const change = { body: { status }, subresource: 'status' } as const;
      await own.patch('nodeclaim.upkeep', 'nodeClaims', claim, change, signal);
    }
    const waits = [consolidatableInMs, checkInMs].filter((ms) => ms !== undefined);
    return waits.length === 0 ? undefined : { requeueAfterMs: Math.min(...waits) };
  }

  /** The moment to write; undefined where none is new, or one was written a short while ago. */
  #takePodEvent(claim: NodeClaimView): string | undefined {
    const eventMs = this.#podEvents.get(nameOf(claim));
    this.#podEvents.delete(nameOf(claim));
    if (eventMs === undefined || !isTrue(claim, 'Registered')) return undefined;
    const writtenMs = momentMs(claim.status?.lastPodEventTime);
    return writtenMs !== undefined && eventMs - writtenMs < POD_EVENT_MS ? undefined : momentText(eventMs);
  }

  /** Sets or takes away Consolidatable; answers after how long it will come. */
  #judgeConsolidatable(
    claim: NodeClaimView,
    conditions: ConditionSet,
    eventMs: number | undefined,
    nowMs: number,
  ): number | undefined {
    const type = 'Consolidatable';
    const afterMs = this.#consolidateAfterMs(claim);
    const initialized = conditions.get('Initialized');
    if (afterMs === undefined || initialized?.status !== 'True') {
      conditions.remove(type);
      return undefined;
    }
    const sinceMs = eventMs ?? momentMs(initialized.lastTransitionTime) ?? nowMs;
    const leftMs = sinceMs + afterMs - nowMs;
    if (leftMs > 0) conditions.remove(type);
    else conditions.set({ type, status: 'True' });
    return leftMs > 0 ? leftMs : undefined;
  }

  #consolidateAfterMs(claim: NodeClaimView): number | undefined {
    const name = labelOf(claim, NODE_POOL_LABEL);
    const pool = name === undefined ? undefined : this.#context.stores.nodePools.get({ name });
    if (pool === undefined) return undefined;
    const { consolidateAfter } = effectiveNodePoolSpec(pool).disruption;
    return consolidateAfter === 'Never' ? undefined : durationMs(consolidateAfter);
  }

  /** Sets ConsistentStateFound every while; answers after how long the next look is due. */
  #judgeConsistency(claim: NodeClaimView, conditions: ConditionSet): number | undefined {
    if (!conditions.isTrue('Initialized')) return undefined;
    const node = this.#context.index.nodeOf(claim);
    if (node === undefined) return undefined;
    const uid = claim.metadata.uid ?? '';
    const nowMs = this.#context.clock.monotonicMs();
    const dueMs = (this.#checkedMs.get(uid) ?? Number.NEGATIVE_INFINITY) + CONSISTENCY_MS;
    if (nowMs < dueMs) return dueMs - nowMs;
    this.#checkedMs.set(uid, nowMs);
    const failure = inconsistency(claim, node);
    const type = 'ConsistentStateFound';
    if (failure === undefined) conditions.set({ type, status: 'True' });
    else {
      conditions.set({ type, status: 'False', reason: 'ConsistencyCheckFailed', message: failure });
      this.#context.events.record(claim, { type: 'Warning', reason: 'FailedConsistencyCheck', message: failure });
    }
    return CONSISTENCY_MS;
  }
}

/** The node on which a pod was bound, ended, or began to end; daemonsets' pods come and go with their node. */
function podEventNode(before: ApiObject | undefined, after: ApiObject | undefined): string | undefined {
  const pod = after ?? before;
  if (pod === undefined || pod.metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet')) return undefined;
  const nodeName = asPod(pod).spec?.nodeName ?? '';
  if (nodeName === '') return undefined;
  if (before === undefined || after === undefined) return nodeName;
  return stageOf(asPod(before)) === stageOf(asPod(after)) ? undefined : nodeName;
}

function stageOf(pod: PodView): string {
  if (isDeleting(pod)) return 'ending';
  const { phase } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return 'ended';
  return pod.spec?.nodeName ?? '';
}

/** What a node has too little of; undefined when it is what its claim says. */
function inconsistency(claim: NodeClaimView, node: NodeView): string | undefined {
  const requests = claim.spec.resources?.requests ?? {};
  for (const [name, quantity] of Object.entries(requests)) {
    if ((parseQuantity(quantity) ?? 0n) === 0n) continue;
    const expected = parseQuantity(claim.status?.capacity?.[name]) ?? 0n;
    const found = parseQuantity(node.status?.capacity?.[name]) ?? 0n;
    if (expected === 0n || found * 100n >= expected * LEAST_PERCENT) continue;
    const percent = Number((found * 1000n) / expected) / 10;
    return `expected ${claim.status?.capacity?.[name]} of resource ${name}, but found ${node.status?.capacity?.[name] ?? 0} (${percent}% of expected)`;
  }
  return undefined;
}
