// Deployments: one replica set per template, and the way from an old one to a new one (RollingUpdate, Recreate).
import type { ApiObject } from '../../ports/index.ts';
import { KINDS } from '../../ports/index.ts';
import { type Controller, type ControllerContext, controllerQueue, follow, nameOfKey } from '../controller-context.ts';
import type { Fields } from '../json.ts';
import { isDeleting, workloadSpec } from '../objects.ts';
import { nameOf, objectKey } from '../storage.ts';
import type { WorkQueue } from '../work-queue.ts';
import { countOf } from './counts.ts';
import {
  controllerKey,
  controllerReference,
  dependentsOf,
  podsOf,
  templateHash,
  updateStatus,
} from './pod-template.ts';

const HASH_LABEL = 'pod-template-hash';

/** The controller of deployments. */
export class Deployments implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
  }

  start(): void {
    follow(this.#context, KINDS.deployments, (deployment) => this.#queue.add(objectKey(nameOf(deployment))));
    follow(this.#context, KINDS.replicaSets, (replicaSet) => {
      const key = controllerKey(KINDS.deployments, replicaSet);
      if (key !== undefined) this.#queue.add(key);
    });
  }

  #reconcile(key: string): void {
    const deployment = this.#context.api.storage.get(KINDS.deployments, nameOfKey(key));
    if (deployment === undefined) return;
    if (!isDeleting(deployment)) this.#rollOut(deployment);
    const replicaSets = dependentsOf(this.#context, deployment, KINDS.replicaSets);
    const sum = (field: string) => replicaSets.reduce((total, replicaSet) => total + statusCount(replicaSet, field), 0);
    const wanted = workloadSpec(deployment).replicas ?? 1;
    const current = replicaSets.find(({ metadata }) => metadata.labels?.[HASH_LABEL] === templateHash(deployment));
    updateStatus(this.#context, KINDS.deployments, deployment, {
      observedGeneration: deployment.metadata.generation,
      replicas: sum('replicas'),
      updatedReplicas: current === undefined ? 0 : statusCount(current, 'replicas'),
      readyReplicas: sum('readyReplicas'),
      availableReplicas: sum('availableReplicas'),
      unavailableReplicas: Math.max(0, wanted - sum('availableReplicas')),
    });
  }

  #rollOut(deployment: ApiObject): void {
    const { replicas = 1, strategy, paused } = workloadSpec(deployment) as Fields & { replicas?: number };
    const hash = templateHash(deployment);
    const all = dependentsOf(this.#context, deployment, KINDS.replicaSets);
    const old = all.filter(({ metadata }) => metadata.labels?.[HASH_LABEL] !== hash);
    const current =
      all.find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash) ?? this.#makeReplicaSet(deployment, hash);
    const oldCount = old.reduce((total, replicaSet) => total + replicasOf(replicaSet), 0);
    if (paused === true && oldCount > 0) return;
    if (oldCount === 0) {
      this.#scale(current, replicas);
      return;
    }
    if ((strategy as Fields | undefined)?.type === 'Recreate') {
      for (const replicaSet of old) this.#scale(replicaSet, 0);
      if (old.every((replicaSet) => podsOf(this.#context, replicaSet).length === 0)) this.#scale(current, replicas);
      return;
    }
    this.#roll(deployment, replicas, current, old);
  }

  /** One step of a rolling update: never more pods than the surge allows, never fewer available than the rule demands. */
  #roll(deployment: ApiObject, replicas: number, current: ApiObject, old: readonly ApiObject[]): void {
    const strategy = workloadSpec(deployment).strategy as { rollingUpdate?: Fields } | undefined;
    const surge = countOf(strategy?.rollingUpdate?.maxSurge ?? '25%', replicas, 'up');
    const written = countOf(strategy?.rollingUpdate?.maxUnavailable ?? '25%', replicas, 'down');
    const maxUnavailable = surge === 0 && written === 0 ? 1 : written;
    const total = [current, ...old].reduce((sum, replicaSet) => sum + replicasOf(replicaSet), 0);
    const room = Math.max(0, replicas + surge - total);
    const grown = Math.min(replicas, replicasOf(current) + room);
    this.#scale(current, Math.max(grown, Math.min(replicasOf(current), replicas)));
    const newUnavailable = replicasOf(current) - statusCount(current, 'availableReplicas');
    let spare = total - (replicas - maxUnavailable) - newUnavailable;
    for (const replicaSet of old) {
      const unavailable = replicasOf(replicaSet) - statusCount(replicaSet, 'availableReplicas');
      const fewer = Math.min(replicasOf(replicaSet), Math.max(0, spare, unavailable));
      spare -= fewer;
      this.#scale(replicaSet, replicasOf(replicaSet) - fewer);
    }
  }

  #scale(replicaSet: ApiObject, replicas: number): void {
    if (replicasOf(replicaSet) === replicas) return;
    this.#context.api.replace(KINDS.replicaSets, {
      ...replicaSet,
      spec: { ...(replicaSet.spec as object), replicas },
    });
  }

  #makeReplicaSet(deployment: ApiObject, hash: string): ApiObject {
    const { selector, template } = workloadSpec(deployment);
    const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
    const written = selector as { matchLabels?: Record<string, string> } | undefined;
    return this.#context.api.create(KINDS.replicaSets, {
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: String(deployment.metadata.namespace),
        labels,
        ownerReferences: [controllerReference(KINDS.deployments, deployment)],
      },
      spec: {
        replicas: 0,
        selector: { ...written, matchLabels: { ...written?.matchLabels, [HASH_LABEL]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    });
  }
}

function replicasOf(replicaSet: ApiObject): number {
  return workloadSpec(replicaSet).replicas ?? 1;
}

function statusCount(replicaSet: ApiObject, field: string): number {
  return Number((replicaSet.status as Fields | undefined)?.[field] ?? 0);
}
