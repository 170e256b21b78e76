// Starts the controllers of a simulated cluster: those of kube-controller-manager that matter to nodes and pods, and the
// scheduler.
import { KINDS, type Kind } from '../../ports/index.ts';
import { type Controller, type ControllerContext, NodeIndex, OwnerIndex } from '../controller-context.ts';
import { PodCounts } from '../pod-counts.ts';
import { Scheduler } from '../scheduler/index.ts';
import type { SimulatedCluster } from '../simulated-cluster.ts';
import { DaemonSets } from './daemon-sets.ts';
import { Deployments } from './deployments.ts';
import { DisruptionBudgets } from './disruption-budgets.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { Jobs } from './jobs.ts';
import { Namespaces } from './namespaces.ts';
import { NodeLifecycle } from './node-lifecycle.ts';
import { NodePods } from './node-pods.ts';
import { ReplicaSets } from './replica-sets.ts';

/** How the controllers run. */
export interface ControlPlaneOptions {
  /** Ends all of them. */
  readonly signal: AbortSignal;
}

/** Starts all controllers of a cluster. They work from the next passing of time on. */
export function startControlPlane(cluster: SimulatedCluster, { signal }: ControlPlaneOptions): void {
  const kinds: readonly Kind[] = Object.values(KINDS);
  const { api } = cluster;
  const context: ControllerContext = {
    api,
    clock: api.clock,
    chance: cluster.chance.fork('control-plane'),
    signal,
    owned: new OwnerIndex(api, kinds),
    podsByNode: new NodeIndex(api),
    podCounts: new PodCounts(api),
  };
  const controllers: readonly Controller[] = [
    new NodeLifecycle(context),
    new NodePods(context),
    new Deployments(context),
    new ReplicaSets(context),
    new DaemonSets(context),
    new Jobs(context),
    new Scheduler(context),
    new DisruptionBudgets(context),
    new Namespaces(context, kinds),
    new GarbageCollector(context, kinds),
  ];
  for (const controller of controllers) controller.start();
}
