// The life of a NodeClaim from its order to a node that takes pods, and, once it is being deleted, to its end. Called with a
// name, it looks at what is there and takes the next steps; each can be taken again after a crash. Draining is
// controller/termination.
import type { ControllerContext } from '../context/index.ts';
import { countDisruption } from '../metrics/index.ts';
import {
  asNodeClaim,
  type Condition,
  ConditionSet,
  hasFinalizer,
  INITIALIZED_LABEL,
  isDeleting,
  labelOf,
  NODE_POOL_LABEL,
  type NodeClaimStatus,
  type NodeClaimView,
  type NodeView,
  nameOf,
  TERMINATION_FINALIZER,
  ZONE_LABEL,
} from '../objects/index.ts';
import { NODE_CLASS_GROUP } from '../resources/index.ts';
import type { KnownInstance } from '../termination/index.ts';
import type { ReconcileResult } from '../work-queue/index.ts';
import { initializationObstacle } from './initialization.ts';
import {
  INSUFFICIENT_CAPACITY,
  LaunchError,
  type LaunchedInstance,
  launch,
  launchedMetadata,
  launchedStatus,
  noteLaunchError,
} from './launch.ts';
import { livenessOf } from './liveness.ts';
import { lacksUnregisteredTaint, registrationChange, registrationObstacle } from './registration.ts';

/** What the lifecycle tells others. */
export interface LifecycleHooks {
  /** The pods of a claim need another plan, at once. */
  readonly replan: () => void;
  /** A claim of a pool has become a node, or it never will. */
  readonly registered: (claim: NodeClaimView, isHealthy: boolean) => void;
  /**
   * Does what has to be done before a node takes pods; answers for how many milliseconds the node must not be registered
   * yet.
   */
  readonly prepare: (claim: NodeClaimView, node: NodeView, signal: AbortSignal) => Promise<number>;
  /** Takes the next step to the end of a claim that is being deleted. */
  readonly finalize: (claim: NodeClaimView, instance: KnownInstance, signal: AbortSignal) => Promise<ReconcileResult>;
}

/** Conditions that together make a claim Ready. */
const LIVING_CONDITIONS = ['Launched', 'Registered', 'Initialized'] as const;

/** What the condition Registered says while a node is kept closed for the pods that it was planned for. */
const NOT_READY_YET = { reason: 'NodeNotReady', message: 'Node is not ready for the pods that it was planned for' };

/** Takes one claim through its life. */
export class Lifecycle {
  readonly #context: ControllerContext;
  readonly #hooks: LifecycleHooks;
  /** Instances of claims whose status does not say so yet, by UID: the cloud need not be asked again. */
  readonly #launched = new Map<string, LaunchedInstance>();

  constructor(context: ControllerContext, hooks: LifecycleHooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  async reconcile(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    const object = this.#context.stores.nodeClaims.get({ name });
    // Without a UID it is about to be created, and comes again once it is.
    if (object?.metadata.uid === undefined) return undefined;
    let claim: NodeClaimView | undefined = asNodeClaim(object);
    // Claims of other classes belong to other controllers.
    if (claim.spec.nodeClassRef.group !== NODE_CLASS_GROUP) return undefined;
    if (isDeleting(claim)) {
      return this.#hooks.finalize(claim, this.#knownInstance(claim), signal);
    }
    claim = await this.#ensureFinalizer(claim, signal);
    if (claim === undefined || isDeleting(claim)) return undefined;
    return this.#live(claim, signal);
  }

  /** What is known of a claim's instance here, besides its status. */
  #knownInstance(claim: NodeClaimView): KnownInstance {
    const launched = this.#launched.get(claim.metadata.uid ?? '');
    return launched === undefined ? { kind: 'unknown' } : { kind: 'known', instanceId: launched.instance.id };
  }

  /** Nothing is launched for a claim that could vanish without a trace. */
  async #ensureFinalizer(claim: NodeClaimView, signal: AbortSignal): Promise<NodeClaimView | undefined> {
    if (hasFinalizer(claim, TERMINATION_FINALIZER)) return claim;
    const finalizers = [...(claim.metadata.finalizers ?? []), TERMINATION_FINALIZER];
    const body = { metadata: { finalizers } };
    const stored = await this.#context.own.patch('nodeclaim.finalizer', 'nodeClaims', claim, { body }, signal);
    return stored === undefined ? undefined : asNodeClaim(stored);
  }

  async #live(claim: NodeClaimView, signal: AbortSignal): Promise<ReconcileResult> {
    const conditions = new ConditionSet(claim, this.#context.clock.nowMs());
    const status: { -readonly [Field in keyof NodeClaimStatus]: NodeClaimStatus[Field] } = {};
    let current = claim;
    let launchError: LaunchError | undefined;
    if (!conditions.isTrue('Launched')) {
      try {
        const launched = await this.#launch(current, signal);
        if (launched === undefined) return undefined;
        const labelled = await this.#writeLaunched(current, launched, signal);
        if (labelled === undefined) return undefined;
        current = labelled;
        Object.assign(status, launchedStatus(launched));
        conditions.set({ type: 'Launched', status: 'True' });
      } catch (error) {
        if (!(error instanceof LaunchError)) throw error;
        launchError = error;
        noteLaunchError(conditions, error);
      }
    }
    const known: NodeClaimView = { ...current, status: { ...current.status, ...status } };
    const closedMs = await this.#register(known, conditions, status, signal);
    await this.#initialize(known, conditions, signal);
    conditions.summarize(LIVING_CONDITIONS);
    const stored = await this.#writeStatus(current, conditions, status, signal);
    if (stored === undefined) return undefined;
    if (conditions.isTrue('Launched')) this.#launched.delete(claim.metadata.uid ?? '');
    const leftMs = await this.#checkLiveness(stored, conditions, signal);
    if (leftMs === undefined) return undefined;
    // Backs off; the condition has been written.
    if (launchError !== undefined) throw launchError;
    const againMs = Math.min(leftMs, closedMs ?? leftMs);
    return againMs === Number.POSITIVE_INFINITY ? undefined : { requeueAfterMs: againMs };
  }

  /** The claim's instance; undefined where there will be none and the claim goes. */
  async #launch(claim: NodeClaimView, signal: AbortSignal): Promise<LaunchedInstance | undefined> {
    const uid = claim.metadata.uid ?? '';
    const known = this.#launched.get(uid);
    if (known !== undefined) return known;
    const outcome = await launch(this.#context, claim, signal);
    if (outcome.kind === 'launched') {
      this.#launched.set(uid, outcome);
      this.#tellLaunch(claim, outcome);
      return outcome;
    }
    this.#logHopeless(claim, outcome);
    await this.#remove(claim, outcome.reason, { kind: 'none' }, signal);
    return undefined;
  }

  /** That capacity has run out is part of every day: another plan follows. What has to be put right by somebody is an error. */
  #logHopeless(claim: NodeClaimView, { reason, message }: { readonly reason: string; readonly message: string }): void {
    const { log } = this.#context;
    if (reason === INSUFFICIENT_CAPACITY) log.info({ ...logNames(claim), why: message }, 'no capacity for nodeclaim');
    else log.error({ ...logNames(claim), error: message }, 'failed launching nodeclaim');
  }

  #tellLaunch(claim: NodeClaimView, { instance, node: { allocatable } }: LaunchedInstance): void {
    const { id, providerId, instanceType, zone, capacityType } = instance;
    const message = `Launched instance ${id}: ${instanceType} in ${zone}, ${capacityType}`;
    this.#context.events.record(claim, { type: 'Normal', reason: 'Launched', message });
    this.#context.log.info(
      {
        ...logNames(claim),
        'provider-id': providerId,
        'instance-type': instanceType,
        zone,
        'capacity-type': capacityType,
        allocatable,
      },
      'launched nodeclaim',
    );
  }

  async #writeLaunched(
    claim: NodeClaimView,
    launched: LaunchedInstance,
    signal: AbortSignal,
  ): Promise<NodeClaimView | undefined> {
    const metadata = launchedMetadata(claim, launched);
    const { own } = this.#context;
    const stored = await own.patch('nodeclaim.labels', 'nodeClaims', claim, { body: { metadata } }, signal);
    return stored === undefined ? undefined : asNodeClaim(stored);
  }

  /** Answers in how many milliseconds to come again where the node is kept closed for now. */
  async #register(
    claim: NodeClaimView,
    conditions: ConditionSet,
    status: { nodeName?: string },
    signal: AbortSignal,
  ): Promise<number | undefined> {
    if (!conditions.isTrue('Launched')) return undefined;
    const registered = conditions.get('Registered');
    if (registered !== undefined && registered.status !== 'Unknown') return undefined;
    const nodes = this.#context.index.nodesOf(claim);
    const [node] = nodes;
    const obstacle = registrationObstacle(nodes.length);
    if (obstacle !== undefined || node === undefined) {
      if (obstacle !== undefined) conditions.set({ type: 'Registered', ...obstacle } as Condition);
      return undefined;
    }
    if (lacksUnregisteredTaint(node)) this.#tellMissingTaint(claim);
    const closedMs = await this.#hooks.prepare(claim, node, signal);
    if (closedMs > 0) {
      conditions.set({ type: 'Registered', status: 'Unknown', ...NOT_READY_YET });
      return closedMs;
    }
    if (!(await this.#writeNode('node.register', node, registrationChange(claim, node), signal))) return undefined;
    status.nodeName = nameOf(node);
    conditions.set({ type: 'Registered', status: 'True' });
    this.#context.log.info({ ...logNames(claim), Node: { name: nameOf(node) } }, 'registered nodeclaim');
    this.#context.metrics.count('karpenter_nodes_created_total', {
      nodepool: labelOf(claim, NODE_POOL_LABEL) ?? '',
      zone: labelOf(claim, ZONE_LABEL) ?? '',
    });
    this.#hooks.registered(claim, true);
    return undefined;
  }

  #tellMissingTaint(claim: NodeClaimView): void {
    const message = 'Missing karpenter.sh/unregistered taint which prevents registration related race conditions';
    this.#context.events.record(claim, { type: 'Warning', reason: 'UnregisteredTaintMissing', message });
  }

  async #initialize(claim: NodeClaimView, conditions: ConditionSet, signal: AbortSignal): Promise<void> {
    if (!conditions.isTrue('Registered') || conditions.isTrue('Initialized')) return;
    const node = this.#context.index.nodeOf(claim);
    const obstacle = initializationObstacle(claim, node);
    if (obstacle !== undefined || node === undefined) {
      if (obstacle !== undefined) conditions.set({ type: 'Initialized', status: 'Unknown', ...obstacle });
      return;
    }
    const isLabelled = labelOf(node, INITIALIZED_LABEL) === 'true';
    const change = isLabelled ? undefined : { metadata: { labels: { [INITIALIZED_LABEL]: 'true' } } };
    if (!(await this.#writeNode('node.initialize', node, change, signal))) return;
    conditions.set({ type: 'Initialized', status: 'True' });
    // Comes again where others have written to the claim in between: the label has been set then.
    if (isLabelled) return;
    this.#context.log.info(
      { ...logNames(claim), Node: { name: nameOf(node) }, allocatable: node.status?.allocatable },
      'initialized nodeclaim',
    );
  }

  /** False where the node is gone. */
  async #writeNode(
    point: string,
    node: NodeView,
    body: Readonly<Record<string, unknown>> | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (body === undefined) return true;
    return (await this.#context.own.patch(point, 'nodes', node, { body }, signal)) !== undefined;
  }

  async #writeStatus(
    claim: NodeClaimView,
    conditions: ConditionSet,
    status: NodeClaimStatus,
    signal: AbortSignal,
  ): Promise<NodeClaimView | undefined> {
    if (!conditions.changed && Object.keys(status).length === 0) return claim;
    const body = { status: { ...status, ...(conditions.changed ? { conditions: conditions.list } : {}) } };
    const { own } = this.#context;
    const stored = await own.patch('nodeclaim.status', 'nodeClaims', claim, { body, subresource: 'status' }, signal);
    return stored === undefined ? undefined : asNodeClaim(stored);
  }

  /** How long the claim may go on, in milliseconds; undefined where its time was up and it is deleted. */
  async #checkLiveness(
    claim: NodeClaimView,
    conditions: ConditionSet,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const liveness = livenessOf(conditions, this.#context.clock.nowMs());
    if (liveness.kind === 'alive') return liveness.forMs ?? Number.POSITIVE_INFINITY;
    this.#hooks.registered(claim, false);
    this.#context.log.info({ ...logNames(claim), reason: liveness.reason }, 'terminating due to timeout');
    await this.#remove(claim, liveness.reason, this.#knownInstance(claim), signal);
    return undefined;
  }

  /** Deletes a claim that will not become a node, and has its pods planned anew. */
  async #remove(claim: NodeClaimView, reason: string, instance: KnownInstance, signal: AbortSignal): Promise<void> {
    const left = await this.#context.own.delete(`nodeclaim.delete.${reason}`, 'nodeClaims', claim, {}, signal);
    countDisruption(this.#context.metrics, claim, reason);
    // Without an instance nothing has to be waited for.
    if (left !== undefined && isDeleting(left)) await this.#hooks.finalize(asNodeClaim(left), instance, signal);
    this.#hooks.replan();
  }
}

function logNames(claim: NodeClaimView) {
  const pool = labelOf(claim, NODE_POOL_LABEL);
  return { NodeClaim: { name: nameOf(claim) }, ...(pool === undefined ? {} : { NodePool: { name: pool } }) };
}
