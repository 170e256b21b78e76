// Whether everything that the demo's workloads ask for runs, by what they say of themselves.
import type { Overview } from '../../controller/overview/index.ts';
import { type ApiObject, KINDS, type Kind } from '../../controller/ports/index.ts';
import type { SimulatedCluster } from '../../controller/simulated-cluster/index.ts';

/** How many pods a workload asks for, and how many of them run or have ended well. */
interface Progress {
  readonly wanted: number;
  readonly reached: number;
}

interface Counts {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly desiredNumberScheduled?: number;
  readonly numberReady?: number;
  readonly active?: number;
  readonly ready?: number;
  readonly succeeded?: number;
}

const replicas = ({ spec, status }: ApiObject): Progress => ({
  wanted: (spec as Counts).replicas ?? 1,
  reached: countsOf(status).readyReplicas ?? 0,
});

const PROGRESS: readonly (readonly [kind: Kind, read: (workload: ApiObject) => Progress])[] = [
  [KINDS.deployments, replicas],
  [KINDS.replicaSets, replicas],
  [
    KINDS.daemonSets,
    ({ status }) => {
      const { desiredNumberScheduled = 0, numberReady = 0 } = countsOf(status);
      return { wanted: desiredNumberScheduled, reached: numberReady };
    },
  ],
  [
    KINDS.jobs,
    ({ status }) => {
      const { active = 0, ready = 0, succeeded = 0 } = countsOf(status);
      // One that has said nothing yet has not begun.
      return { wanted: Math.max(1, active + succeeded), reached: ready + succeeded };
    },
  ],
];

/** True when every workload has reached what it asks for, and one asks for something. */
export function allRun({ api }: SimulatedCluster, { workloads }: Overview): boolean {
  if (workloads.some(({ starting, waiting }) => starting + waiting > 0)) return false;
  const all = PROGRESS.flatMap(([kind, read]) => [...api.storage.values(kind)].map(read));
  return all.some(({ wanted }) => wanted > 0) && all.every(({ wanted, reached }) => reached >= wanted);
}

function countsOf(status: unknown): Counts {
  return (status ?? {}) as Counts;
}
