// The scheduler of the cluster: pods in the order of their priority and age, one after the other, each bound to the best of
// the nodes that fit or marked Unschedulable, and tried again when something has happened that can help it. It evicts
// nobody for anybody and looks at no volumes.
import type { ApiObject } from '../../ports/index.ts';
import { ClusterError, KINDS } from '../../ports/index.ts';
import type { Chance } from '../../random/index.ts';
import { type Controller, type ControllerContext, follow, nameOfKey } from '../controller-context.ts';
import { isDeleting, isFinished, podSpec, podStatus, withCondition } from '../objects.ts';
import { formatTime } from '../stamps.ts';
import { nameOf, objectKey } from '../storage.ts';
import type { NamespaceLabels } from './affinity-terms.ts';
import { ClusterView, type NodeView } from './cluster-view.ts';
import { nodeRefusal } from './node-filters.ts';
import { awaits, podTests } from './pod-filters.ts';
import { type PodView, viewOfPod } from './pod-view.ts';
import { scoresOf } from './scores.ts';
import { headOf, WaitingPods, type WaitingShape } from './waiting-pods.ts';

/** The name by which pods choose this scheduler. */
const SCHEDULER_NAME = 'default-scheduler';

/** Time between two slices of work, and the pods that are tried in one: 600 a second. */
const PAUSE_MS = 50;
const SLICE_LENGTH = 30;

/** Pods that stay unschedulable for other words than before (one node more) are told so often at most. */
const REWORD_MS = 10_000;

/** Pods that wait are tried so often even if nothing that is known to help has happened. */
const RETRY_ALL_MS = 5 * 60_000;

/** Of many nodes so many that fit are enough to choose from: kube-scheduler's own rule. */
const ENOUGH_NODES = 100;
const MIN_SHARE_PERCENT = 5;
const SHARE_PERCENT = 50;
const NODES_PER_PERCENT = 125;

/** The scheduler. */
export class Scheduler implements Controller {
  readonly #context: ControllerContext;
  readonly #chance: Chance;
  readonly #view = new ClusterView();
  readonly #waiting = new WaitingPods();
  readonly #namespaceLabels: NamespaceLabels;
  /** Where the search for nodes goes on, so that all get their share of pods. */
  #firstNode = 0;
  #isRunning = false;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#chance = context.chance.fork('scheduler');
    const { storage } = context.api;
    this.#namespaceLabels = (name) => storage.get(KINDS.namespaces, { name })?.metadata.labels ?? {};
  }

  start(): void {
    follow(this.#context, KINDS.nodes, (node, change) => this.#hearNode(node, change?.type === 'DELETED'));
    follow(this.#context, KINDS.pods, (pod, change) => this.#hearPod(pod, change?.type === 'DELETED'));
    const { clock, signal } = this.#context;
    const retryAll = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(RETRY_ALL_MS, signal);
        this.#retry(() => true);
      }
    };
    retryAll().catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  #hearNode(node: ApiObject, isGone: boolean): void {
    if (isGone) {
      this.#view.removeNode(String(node.metadata.name));
      // What was in the way of a pod elsewhere may have been on it.
      this.#retry(({ failure }) => failure?.hangsOnOthers === true);
      return;
    }
    const changed = this.#view.updateNode(node);
    if (changed !== undefined) this.#retryOn(changed);
  }

  #hearPod(pod: ApiObject, isGone: boolean): void {
    const key = objectKey(nameOf(pod));
    if (!isGone && (podSpec(pod).nodeName ?? '') !== '') {
      this.#waiting.remove(key);
      const { came, roomier } = this.#view.updateBoundPod(pod);
      if (came?.isDeleting) this.#retry(({ failure }) => failure?.hangsOnOthers === true);
      else if (came !== undefined) this.#retryMatesOf(came);
      if (roomier !== undefined) this.#retryOn(this.#view.nodes.get(roomier));
      return;
    }
    const roomier = this.#view.removePod(key);
    if (roomier !== undefined) this.#retryOn(this.#view.nodes.get(roomier));
    const { schedulerName = SCHEDULER_NAME, schedulingGates = [] } = podSpec(pod);
    const waits =
      !isGone &&
      !isDeleting(pod) &&
      !isFinished(pod) &&
      schedulerName === SCHEDULER_NAME &&
      schedulingGates.length === 0;
    const left = waits ? this.#waiting.put(viewOfPod(pod)) : this.#waiting.remove(key);
    if (left !== undefined) this.#retryOn(this.#view.nodes.get(left));
    if (waits) this.#wake();
  }

  /** Tries again what may fit a node that has come, changed or got room. */
  #retryOn(node: NodeView | undefined): void {
    this.#retry(
      (shape) =>
        shape.failure?.hangsOnOthers === true ||
        (node !== undefined && this.#ownRefusal(headOf(shape), node) === undefined),
    );
  }

  /** A pod that has come can be the mate of others, or even out a spread. */
  #retryMatesOf(came: PodView): void {
    this.#retry((shape) => shape.failure?.hangsOnOthers === true && awaits(headOf(shape), came, this.#namespaceLabels));
  }

  #retry(mayFit: (shape: WaitingShape) => boolean): void {
    for (const shape of this.#waiting.failed()) {
      if (!mayFit(shape)) continue;
      shape.failure = undefined;
      this.#wake();
    }
  }

  #wake(): void {
    if (this.#isRunning || this.#context.signal.aborted) return;
    this.#isRunning = true;
    this.#run();
  }

  async #run(): Promise<void> {
    while (this.#waiting.hasWork) {
      try {
        await this.#context.clock.sleep(PAUSE_MS, this.#context.signal);
      } catch {
        // The signal has ended the work.
        return;
      }
      for (const pod of this.#waiting.next(SLICE_LENGTH)) {
        const shape = this.#waiting.shapeOf(pod.key);
        // One of its shape may have failed in this very slice.
        if (shape !== undefined && shape.failure === undefined) this.#tryPod(pod, shape);
      }
      for (const [pod, { message }] of this.#waiting.takeUntold()) this.#mark(pod, message);
    }
    this.#isRunning = false;
  }

  /** Binds a pod, or notes why none of its shape fits anywhere. */
  #tryPod(pod: PodView, shape: WaitingShape): void {
    const reasons = new Map<string, number>();
    const { node, hangsOnOthers } = this.#choose(pod, reasons);
    if (node !== undefined) {
      this.#context.api.bind(nameOfKey(pod.key), node.name);
      return;
    }
    shape.failure = { message: unschedulableMessage(this.#view.nodes.size, reasons), hangsOnOthers };
    shape.untold.add(pod.key);
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - shape.allToldMs < REWORD_MS) return;
    shape.allToldMs = nowMs;
    for (const key of shape.pods.keys()) shape.untold.add(key);
  }

  #choose(
    pod: PodView,
    reasons: Map<string, number>,
  ): { readonly node: NodeView | undefined; readonly hangsOnOthers: boolean } {
    const tests = podTests(pod, this.#view, this.#namespaceLabels);
    let hangsOnOthers = false;
    const refusal = (node: NodeView): string | undefined => {
      const own = this.#ownRefusal(pod, node);
      if (own !== undefined) return own;
      for (const test of tests) {
        const refused = test(node);
        if (refused === undefined) continue;
        hangsOnOthers = true;
        return refused;
      }
      return undefined;
    };
    const promised = this.#view.nodes.get(pod.nominatedNodeName);
    if (promised !== undefined && refusal(promised) === undefined) return { node: promised, hangsOnOthers };
    const fitting: NodeView[] = [];
    const nodes = this.#view.listed;
    const enough = enoughNodes(nodes.length);
    let index = 0;
    for (; index < nodes.length && fitting.length < enough; index += 1) {
      const node = nodes[(this.#firstNode + index) % nodes.length] as NodeView;
      const refused = refusal(node);
      if (refused === undefined) fitting.push(node);
      else reasons.set(refused, (reasons.get(refused) ?? 0) + 1);
    }
    this.#firstNode = nodes.length === 0 ? 0 : (this.#firstNode + index) % nodes.length;
    return { node: this.#best(pod, fitting), hangsOnOthers };
  }

  /** Why a node can't take a pod for what it is itself, room that is promised to others included. */
  #ownRefusal(pod: PodView, node: NodeView): string | undefined {
    const promised = [...this.#waiting.nominatedOn(node.name)].filter(
      (other) => other.key !== pod.key && other.priority >= pod.priority,
    );
    return nodeRefusal(pod, node, promised);
  }

  /** The best node; chance decides among equals. */
  #best(pod: PodView, nodes: readonly NodeView[]): NodeView | undefined {
    if (nodes.length <= 1) return nodes[0];
    const scores = scoresOf(pod, nodes);
    const highest = Math.max(...scores);
    const best = nodes.filter((_, index) => scores[index] === highest);
    return best[this.#chance.integer(0, best.length - 1)];
  }

  #mark(pod: PodView, message: string): void {
    const { api, clock } = this.#context;
    const stored = api.storage.get(KINDS.pods, nameOfKey(pod.key));
    if (stored === undefined) return;
    const status = podStatus(stored);
    const known = status.conditions?.find(({ type }) => type === 'PodScheduled');
    if (known?.status === 'False' && known.message === message) return;
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    const conditions = withCondition(status.conditions, condition, formatTime(clock.nowMs()));
    try {
      api.replace(KINDS.pods, { ...stored, status: { ...status, conditions } }, 'status');
    } catch (error) {
      // An admission of the composition may refuse it; the pod is tried again when something changes.
      if (!(error instanceof ClusterError)) throw error;
    }
  }
}

/** How many nodes that fit are looked for among so many. */
function enoughNodes(nodeCount: number): number {
  const percent = Math.max(MIN_SHARE_PERCENT, SHARE_PERCENT - Math.floor(nodeCount / NODES_PER_PERCENT));
  return Math.max(ENOUGH_NODES, Math.floor((nodeCount * percent) / 100));
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 Too many pods.` */
function unschedulableMessage(nodeCount: number, reasons: ReadonlyMap<string, number>): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const listed = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodeCount} nodes are available: ${listed.join(', ')}.`;
}
