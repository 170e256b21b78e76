// The scheduler of the cluster: pods in the order of their priority and age, one after the other, each bound to the best of
// the nodes that fit or marked Unschedulable. It evicts nobody for anybody and looks at no volumes.
import type { ApiObject } from '../../ports/index.ts';
import { ClusterError, KINDS } from '../../ports/index.ts';
import type { Chance } from '../../random/index.ts';
import { type Controller, type ControllerContext, follow, nameOfKey } from '../controller-context.ts';
import { isDeleting, isFinished, podSpec, podStatus, withCondition } from '../objects.ts';
import { formatTime } from '../stamps.ts';
import { nameOf, objectKey } from '../storage.ts';
import { ClusterView, type NodeView, type PodView, viewOfPod } from './cluster-view.ts';
import { nodeRefusal } from './node-filters.ts';
import { podTests } from './pod-filters.ts';
import { scoresOf } from './scores.ts';

/** The name by which pods choose this scheduler. */
const SCHEDULER_NAME = 'default-scheduler';

/** Time between two slices of work, and the pods that are tried in one: 600 a second. */
const PAUSE_MS = 50;
const SLICE_LENGTH = 30;

interface Failure {
  readonly version: number;
  readonly message: string;
}

/** The scheduler. */
export class Scheduler implements Controller {
  readonly #context: ControllerContext;
  readonly #chance: Chance;
  readonly #view = new ClusterView();
  /** Pods without a node, by key. */
  readonly #pending = new Map<string, PodView>();
  /** Those of them that wait to be tried. */
  readonly #active = new Set<string>();
  /** Shapes that fitted nowhere, and in which state of the cluster. */
  readonly #failures = new Map<string, Failure>();
  #isRunning = false;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#chance = context.chance.fork('scheduler');
  }

  start(): void {
    follow(this.#context, KINDS.nodes, (node, change) => {
      if (change?.type === 'DELETED') this.#view.removeNode(String(node.metadata.name));
      else if (this.#view.updateNode(node)) this.#retryAll();
    });
    follow(this.#context, KINDS.pods, (pod, change) => this.#hearPod(pod, change?.type === 'DELETED'));
  }

  #hearPod(pod: ApiObject, isGone: boolean): void {
    const key = objectKey(nameOf(pod));
    if (!isGone && (podSpec(pod).nodeName ?? '') !== '') {
      this.#forget(key);
      const change = this.#view.updateBoundPod(pod);
      if (change === 'made room') this.#retryAll();
      else if (change === 'came') this.#retryMates();
      return;
    }
    if (this.#view.removePod(key)) this.#retryAll();
    const { schedulerName = SCHEDULER_NAME, schedulingGates = [] } = podSpec(pod);
    const waits =
      !isGone &&
      !isDeleting(pod) &&
      !isFinished(pod) &&
      schedulerName === SCHEDULER_NAME &&
      schedulingGates.length === 0;
    if (!waits) {
      this.#forget(key);
      return;
    }
    const known = this.#pending.get(key);
    const view = viewOfPod(pod);
    this.#pending.set(key, view);
    // What only says that the pod can't be scheduled is no reason to try it again.
    if (known === undefined || known.shape !== view.shape) this.#activate(key);
  }

  #forget(key: string): void {
    this.#pending.delete(key);
    this.#active.delete(key);
  }

  #activate(key: string): void {
    this.#active.add(key);
    if (this.#isRunning || this.#context.signal.aborted) return;
    this.#isRunning = true;
    this.#run();
  }

  #retryAll(): void {
    for (const key of this.#pending.keys()) this.#activate(key);
  }

  /** A pod that has come can be the mate of others, or even out a spread. */
  #retryMates(): void {
    for (const pod of this.#pending.values()) if (pod.looksAtOthers) this.#activate(pod.key);
  }

  async #run(): Promise<void> {
    while (this.#active.size > 0) {
      try {
        await this.#context.clock.sleep(PAUSE_MS, this.#context.signal);
      } catch {
        // The signal has ended the work.
        return;
      }
      let left = SLICE_LENGTH;
      for (const pod of this.#inOrder()) {
        this.#active.delete(pod.key);
        if (this.#tryPod(pod)) left -= 1;
        if (left === 0) break;
      }
    }
    this.#isRunning = false;
  }

  /** Higher priority first, then who came first. */
  #inOrder(): PodView[] {
    const pods = [...this.#active].flatMap((key) => this.#pending.get(key) ?? []);
    return pods.sort((a, b) => b.priority - a.priority);
  }

  /** Binds or marks a pod. Answers whether that took a look at the nodes. */
  #tryPod(pod: PodView): boolean {
    const failure = this.#failures.get(pod.shape);
    if (failure !== undefined && failure.version === this.#view.version) {
      this.#mark(pod, failure.message);
      return false;
    }
    const reasons = new Map<string, number>();
    const node = this.#choose(pod, reasons);
    if (node !== undefined) {
      this.#failures.delete(pod.shape);
      this.#context.api.bind(nameOfKey(pod.key), node.name);
      return true;
    }
    const message = unschedulableMessage(this.#view.nodes.size, reasons);
    this.#failures.set(pod.shape, { version: this.#view.version, message });
    this.#mark(pod, message);
    return true;
  }

  #choose(pod: PodView, reasons: Map<string, number>): NodeView | undefined {
    const { storage } = this.#context.api;
    const tests = podTests(pod, this.#view, (name) => storage.get(KINDS.namespaces, { name })?.metadata.labels ?? {});
    const nominated = this.#nominatedBefore(pod);
    const refusal = (node: NodeView): string | undefined => {
      const own = nodeRefusal(pod, node, nominated.get(node.name) ?? []);
      if (own !== undefined) return own;
      for (const test of tests) {
        const refused = test(node);
        if (refused !== undefined) return refused;
      }
      return undefined;
    };
    const promised = this.#view.nodes.get(pod.nominatedNodeName);
    if (promised !== undefined && refusal(promised) === undefined) return promised;
    const fitting: NodeView[] = [];
    for (const node of this.#view.nodes.values()) {
      const refused = refusal(node);
      if (refused === undefined) fitting.push(node);
      else reasons.set(refused, (reasons.get(refused) ?? 0) + 1);
    }
    return this.#best(pod, fitting);
  }

  /** Pods that have been promised a node and may not lose their room to this one. */
  #nominatedBefore(pod: PodView): Map<string, PodView[]> {
    const nominated = new Map<string, PodView[]>();
    for (const other of this.#pending.values()) {
      if (other.nominatedNodeName === '' || other.key === pod.key || other.priority < pod.priority) continue;
      const pods = nominated.get(other.nominatedNodeName) ?? [];
      pods.push(other);
      nominated.set(other.nominatedNodeName, pods);
    }
    return nominated;
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

/** `0/3 nodes are available: 1 Insufficient cpu, 2 Too many pods.` */
function unschedulableMessage(nodeCount: number, reasons: ReadonlyMap<string, number>): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const listed = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodeCount} nodes are available: ${listed.join(', ')}.`;
}
