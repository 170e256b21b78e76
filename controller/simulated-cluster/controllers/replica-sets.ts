// Replica sets: as many pods as are wanted. Those that are least worth keeping go first, as in Kubernetes.
import type { ApiObject } from '../../ports/index.ts';
import { KINDS } from '../../ports/index.ts';
import { type Controller, type ControllerContext, controllerQueue, follow, nameOfKey } from '../controller-context.ts';
import { isReady } from '../eviction.ts';
import { isDeleting, podSpec, podStatus, workloadSpec } from '../objects.ts';
import { isActive } from '../pod-counts.ts';
import { nameOf, objectKey } from '../storage.ts';
import type { WorkQueue } from '../work-queue.ts';
import { controllerKey, podOf, podsOf, updateStatus } from './pod-template.ts';

/** Pods that are made or deleted in one go for one replica set. */
const BURST = 500;

/** The controller of replica sets. */
export class ReplicaSets implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
  }

  start(): void {
    follow(this.#context, KINDS.replicaSets, (replicaSet) => this.#queue.add(objectKey(nameOf(replicaSet))));
    follow(this.#context, KINDS.pods, (pod) => {
      const key = controllerKey(KINDS.replicaSets, pod);
      if (key !== undefined) this.#queue.add(key);
    });
  }

  #reconcile(key: string): void {
    const { api } = this.#context;
    const replicaSet = api.storage.get(KINDS.replicaSets, nameOfKey(key));
    if (replicaSet === undefined) return;
    if (!isDeleting(replicaSet)) this.#reachCount(key, replicaSet);
    const { active, ready } = this.#context.podCounts.of(replicaSet);
    updateStatus(this.#context, KINDS.replicaSets, replicaSet, {
      replicas: active,
      readyReplicas: ready,
      availableReplicas: ready,
      observedGeneration: replicaSet.metadata.generation,
    });
  }

  #reachCount(key: string, replicaSet: ApiObject): void {
    const { api, podCounts } = this.#context;
    const missing = (workloadSpec(replicaSet).replicas ?? 1) - podCounts.of(replicaSet).active;
    if (Math.abs(missing) > BURST) this.#queue.add(key);
    for (let index = 0; index < Math.min(missing, BURST); index += 1) {
      api.create(KINDS.pods, podOf(KINDS.replicaSets, replicaSet));
    }
    if (missing >= 0) return;
    const pods = podsOf(this.#context, replicaSet).filter(isActive);
    const ranked = pods.toSorted(compareWorth).slice(0, Math.min(-missing, BURST));
    for (const pod of ranked) api.delete(KINDS.pods, nameOf(pod));
  }
}

/** Pods that are worth less come first: without a node, not running, not ready, cheap to delete, young. */
export function compareWorth(a: ApiObject, b: ApiObject): number {
  return (
    rank(a) - rank(b) ||
    deletionCost(a) - deletionCost(b) ||
    compareText(String(b.metadata.creationTimestamp), String(a.metadata.creationTimestamp)) ||
    compareText(String(a.metadata.name), String(b.metadata.name))
  );
}

function rank(pod: ApiObject): number {
  if ((podSpec(pod).nodeName ?? '') === '') return 0;
  if (podStatus(pod).phase !== 'Running') return 1;
  return isReady(pod) ? 3 : 2;
}

function deletionCost(pod: ApiObject): number {
  return Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
