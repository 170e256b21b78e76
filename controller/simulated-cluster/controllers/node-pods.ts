// Pods whose node does not keep them: a NoExecute taint drives out those that do not tolerate it, or no longer; and what was
// on a node that is gone ends with it, so that their owners make others.
import type { ApiObject } from '../../ports/index.ts';
import { KINDS } from '../../ports/index.ts';
import { type Controller, type ControllerContext, controllerQueue, follow, nameOfKey } from '../controller-context.ts';
import { isDeleting, isFinished, nodeSpec, podSpec, podStatus, type Taint, tolerates } from '../objects.ts';
import { nameOf } from '../storage.ts';
import type { WorkQueue } from '../work-queue.ts';

/** How long a node has to be gone before its pods are: it may come back under its name. */
const QUARANTINE_MS = 40_000;

/** The controller of pods that lose their nodes. */
export class NodePods implements Controller {
  readonly #context: ControllerContext;
  /** Keys are names of nodes. */
  readonly #queue: WorkQueue;
  /** Since when nodes are gone that pods are bound to, by the monotonic clock. */
  readonly #goneMs = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
  }

  start(): void {
    const { api } = this.#context;
    follow(this.#context, KINDS.nodes, (node, change) => {
      if (change?.type === 'DELETED' || taintsOf(node).length > 0) this.#queue.add(String(node.metadata.name));
    });
    follow(this.#context, KINDS.pods, (pod) => {
      const { nodeName = '' } = podSpec(pod);
      if (nodeName === '') return;
      const node = api.storage.get(KINDS.nodes, { name: nodeName });
      if (node === undefined || taintsOf(node).length > 0) this.#queue.add(nodeName);
    });
  }

  #reconcile(nodeName: string): void {
    const node = this.#context.api.storage.get(KINDS.nodes, { name: nodeName });
    const pods = this.#context.podsByNode.on(nodeName).flatMap((key) => {
      const pod = this.#context.api.storage.get(KINDS.pods, nameOfKey(key));
      return pod === undefined ? [] : [pod];
    });
    if (node === undefined) {
      this.#endOf(nodeName, pods);
      return;
    }
    this.#goneMs.delete(nodeName);
    for (const pod of pods) this.#driveOut(nodeName, pod, taintsOf(node));
  }

  #endOf(nodeName: string, pods: readonly ApiObject[]): void {
    const { api, clock } = this.#context;
    if (pods.length === 0) {
      this.#goneMs.delete(nodeName);
      return;
    }
    const goneMs = this.#goneMs.get(nodeName) ?? clock.monotonicMs();
    this.#goneMs.set(nodeName, goneMs);
    const leftMs = goneMs + QUARANTINE_MS - clock.monotonicMs();
    if (leftMs > 0) {
      this.#queue.addLater(nodeName, leftMs);
      return;
    }
    for (const pod of pods) {
      const failed = isFinished(pod)
        ? pod
        : api.replace(KINDS.pods, { ...pod, status: { ...podStatus(pod), phase: 'Failed' } }, 'status');
      api.delete(KINDS.pods, nameOf(failed), { gracePeriodSeconds: 0 });
    }
  }

  #driveOut(nodeName: string, pod: ApiObject, taints: readonly Taint[]): void {
    if (isDeleting(pod) || isFinished(pod)) return;
    const { api, clock } = this.#context;
    let leftMs = Number.POSITIVE_INFINITY;
    for (const taint of taints) {
      const used = (podSpec(pod).tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
      const seconds = Math.min(...used.map(({ tolerationSeconds = Number.POSITIVE_INFINITY }) => tolerationSeconds));
      const sinceMs = taint.timeAdded === undefined ? clock.nowMs() : Date.parse(taint.timeAdded);
      leftMs = Math.min(leftMs, used.length === 0 ? 0 : sinceMs + seconds * 1000 - clock.nowMs());
    }
    if (leftMs <= 0) api.delete(KINDS.pods, nameOf(pod));
    else if (leftMs < Number.POSITIVE_INFINITY) this.#queue.addLater(nodeName, leftMs);
  }
}

/** The taints that drive pods out. */
function taintsOf(node: ApiObject): readonly Taint[] {
  return (nodeSpec(node).taints ?? []).filter(({ effect }) => effect === 'NoExecute');
}
