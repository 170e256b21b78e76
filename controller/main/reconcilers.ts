// The queues of the reconcilers, and which change in the stores wakes which of them.
import type { ControllerContext } from '../context/index.ts';
import { Lifecycle, tagInstance, Upkeep } from '../lifecycle/index.ts';
import { callingAs, countReconciliation, type GaugeSource, gauge } from '../metrics/index.ts';
import { reconcileNodeClass } from '../node-class/index.ts';
import { NodePools } from '../node-pool/index.ts';
import { asNode, asNodeClaim, asPod, isDeleting, labelOf, NODE_POOL_LABEL, nameOf } from '../objects/index.ts';
import type { PodNominator } from '../pod-nomination/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { checkSeats } from '../provisioning/index.ts';
import { effectiveNodePoolSpec } from '../resources/index.ts';
import { nodeProvider } from '../state/index.ts';
import { Evictor, endClaim, NodeEnd } from '../termination/index.ts';
import { type Reconcile, WorkQueue } from '../work-queue/index.ts';

/** Keys of each queue that are worked on at once. */
const CONCURRENCY = {
  lifecycle: 1_000,
  upkeep: 100,
  tagging: 1,
  nodeEnd: 100,
  nodePool: 10,
  nodeClass: 10,
} as const;

/** How long a plan's pods keep their place on its node once that is open. */
const SEAT_MS = 60_000;

/** How long counters of a pool wait for more changes. */
const COUNT_DELAY_MS = 1_000;

/** What reconcilers work with besides the context. */
export interface ReconcilerParts {
  readonly replan: () => void;
  /** Absent where pods are not nominated. */
  readonly nominator: PodNominator | undefined;
}

/** The reconcilers of one controller. */
export class Reconcilers {
  readonly #context: ControllerContext;
  #signal: AbortSignal | undefined;
  readonly #evictor: Evictor;
  readonly #queues: readonly WorkQueue[];
  readonly #lifecycle: WorkQueue;
  readonly #upkeep: WorkQueue;
  readonly #tagging: WorkQueue;
  readonly #nodeEnd: WorkQueue;
  readonly #nodePool: WorkQueue;
  readonly #nodeClass: WorkQueue;

  constructor(context: ControllerContext, { replan, nominator }: ReconcilerParts) {
    this.#context = context;
    this.#evictor = new Evictor(context);
    const nodeEnd = new NodeEnd(context, this.#evictor);
    const pools = new NodePools(context);
    const upkeep = new Upkeep(context, (claim) => this.#upkeep.add(claim));
    const lifecycle = new Lifecycle(context, {
      replan,
      registered: (claim, isHealthy) => {
        const pool = pools.noteRegistration(claim, isHealthy);
        if (pool !== undefined) this.#nodePool.add(pool);
        if (!isHealthy) return;
        checkSeats(context, claim);
        this.#releaseSeats(nameOf(claim));
      },
      prepare: async (claim, node, signal) => (await nominator?.prepare(claim, node, signal)) ?? 0,
      finalize: (claim, instance, signal) => endClaim(context, claim, instance, signal),
    });
    const queue = (name: string, concurrency: number, reconcile: Reconcile) =>
      this.#queue(name, concurrency, reconcile);
    this.#lifecycle = queue('nodeclaim.lifecycle', CONCURRENCY.lifecycle, (key, signal) =>
      lifecycle.reconcile(key, signal),
    );
    this.#upkeep = queue('nodeclaim.disruption', CONCURRENCY.upkeep, (key, signal) => upkeep.reconcile(key, signal));
    this.#tagging = queue('nodeclaim.tagging', CONCURRENCY.tagging, (key, signal) => tagInstance(context, key, signal));
    this.#nodeEnd = queue('node.termination', CONCURRENCY.nodeEnd, (key, signal) => nodeEnd.reconcile(key, signal));
    this.#nodePool = queue('nodepool', CONCURRENCY.nodePool, (key, signal) => pools.reconcile(key, signal));
    this.#nodeClass = queue('nodeclass', CONCURRENCY.nodeClass, (key, signal) =>
      reconcileNodeClass(context, key, signal),
    );
    const own = [this.#lifecycle, this.#upkeep, this.#tagging, this.#nodeEnd, this.#nodePool, this.#nodeClass];
    this.#queues = nominator === undefined ? own : [...own, nominator.queue];
    this.#followClaims();
    this.#followNodes();
    this.#followPoolsAndClasses();
  }

  /** Begins to work, with everything that is there. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    const { nodeClaims, nodes, nodePools, ec2NodeClasses } = this.#context.stores;
    for (const nodeClass of ec2NodeClasses.values()) this.#nodeClass.add(nameOf(nodeClass));
    for (const pool of nodePools.values()) this.#nodePool.add(nameOf(pool));
    for (const claim of nodeClaims.values()) this.#wakeClaim(nameOf(claim));
    for (const node of nodes.values()) this.#nodeEnd.add(nameOf(node));
    this.#evictor.start(signal);
    for (const queue of this.#queues) queue.start(signal);
  }

  /** The depths of the queues. */
  readonly gauges: GaugeSource = () => [
    gauge(
      'workqueue_depth',
      [this.#evictor, ...this.#queues].map(({ name, waitingCount }) => [{ name, controller: name }, waitingCount]),
    ),
  ];

  /** Pods that are not on their node so long after it was opened belong nowhere: somebody else is in their place. */
  #releaseSeats(claim: string): void {
    const { clock, seats } = this.#context;
    clock.sleep(SEAT_MS, this.#signal).then(
      () => seats.release(claim),
      () => undefined,
    );
  }

  /** Resolves when nothing is worked on any more. */
  async drained(): Promise<void> {
    await Promise.all([this.#evictor.drained(), ...this.#queues.map((queue) => queue.drained())]);
  }

  #queue(name: string, concurrency: number, reconcile: Reconcile): WorkQueue {
    const { clock, random, log, metrics } = this.#context;
    return new WorkQueue({
      name,
      clock,
      random,
      concurrency,
      // What it asks of the cloud counts as its own.
      reconcile: (key, signal) => callingAs(name, () => reconcile(key, signal)),
      onReconciled: (ended) => countReconciliation(metrics, ended),
      onError: (controller, key, error) => {
        log.error(
          { controller, name: key, error: error instanceof Error ? error.message : String(error) },
          'Reconciler error',
        );
      },
    });
  }

  #wakeClaim(name: string): void {
    this.#lifecycle.add(name);
    this.#upkeep.add(name);
    this.#tagging.add(name);
  }

  #followClaims(): void {
    const { index, stores } = this.#context;
    stores.nodeClaims.subscribe(({ key, before, after }) => {
      this.#wakeClaim(key);
      const claim = after ?? before;
      if (claim === undefined) return;
      for (const node of index.nodesOf(asNodeClaim(claim))) this.#nodeEnd.add(nameOf(node));
      this.#countPool(claim);
      if (after === undefined) this.#wakeWaitingClass(asNodeClaim(claim).spec.nodeClassRef.name);
    });
  }

  /** A class that is being deleted waits for its claims. */
  #wakeWaitingClass(name: string): void {
    const nodeClass = this.#context.stores.ec2NodeClasses.get({ name });
    if (nodeClass !== undefined && isDeleting(nodeClass)) this.#nodeClass.add(name);
  }

  #followNodes(): void {
    const { index, stores } = this.#context;
    stores.nodes.subscribe(({ key, before, after }) => {
      this.#nodeEnd.add(key);
      for (const provider of new Set([nodeProvider(before), nodeProvider(after)])) {
        if (provider === undefined) continue;
        for (const claim of index.claimNamesOfProvider(provider)) {
          this.#lifecycle.add(claim);
          this.#upkeep.add(claim);
        }
      }
      for (const node of [before, after]) if (node !== undefined) this.#countPool(node);
    });
    const wakeLeaving = (nodeName: string | undefined): void => {
      const node = nodeName === undefined ? undefined : stores.nodes.get({ name: nodeName });
      if (node !== undefined && index.isLeaving(asNode(node))) this.#nodeEnd.add(nameOf(node));
    };
    stores.pods.subscribe(({ before, after }) => {
      const pod = after ?? before;
      if (pod !== undefined) wakeLeaving(asPod(pod).spec?.nodeName);
    });
    stores.volumeAttachments.subscribe(({ before, after }) => {
      const attachment = after ?? before;
      wakeLeaving((attachment?.spec as { readonly nodeName?: string } | undefined)?.nodeName);
    });
  }

  #followPoolsAndClasses(): void {
    const { index, stores } = this.#context;
    stores.nodePools.subscribe(({ key }) => {
      this.#nodePool.add(key);
      for (const claim of index.claimsOfPool(key)) this.#upkeep.add(nameOf(claim));
    });
    stores.ec2NodeClasses.subscribe(({ key, before, after }) => {
      // Each look at a class asks the cloud: our own writes to its status are no reason.
      if (classFields(before) !== classFields(after)) this.#nodeClass.add(key);
      for (const pool of stores.nodePools.values()) {
        if (effectiveNodePoolSpec(pool).template.spec.nodeClassRef.name === key) this.#nodePool.add(nameOf(pool));
      }
    });
  }

  #countPool(object: ApiObject): void {
    const pool = labelOf(object, NODE_POOL_LABEL);
    if (pool !== undefined) this.#nodePool.addAfter(pool, COUNT_DELAY_MS);
  }
}

/** What of a class is looked after. */
function classFields(nodeClass: ApiObject | undefined): string {
  const { uid, generation, deletionTimestamp, finalizers, annotations } = nodeClass?.metadata ?? {};
  return JSON.stringify([uid, generation, deletionTimestamp, finalizers, annotations]);
}
