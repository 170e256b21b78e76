// Small batches on the real EC2 catalogue: what waits when a deployment is rolled out or a node is lost. How many workloads,
// which architectures they run on, whether some demand on-demand capacity and what daemonsets there are is drawn.
import type { Random } from '../random.ts';
import type { GeneratedProblem } from './problem.ts';
import { generateWorkloads } from './workloads.ts';

/** Pods in each batch of a seed, by the size that is asked for. */
export const SMALL_BATCH_SIZES: Readonly<Record<'smoke' | 'normal', readonly number[]>> = {
  smoke: [1, 4],
  normal: [1, 2, 3, 5, 8, 12, 20, 30, 50, 75, 100],
};

/** Most workloads that a batch has. */
const WORKLOAD_LIMIT = 40;

/** Draws one batch. */
export function generateSmallBatch(region: string, podCount: number, random: Random): GeneratedProblem {
  const draw = random.fork('dimensions');
  return generateWorkloads(
    {
      region,
      podCount,
      workloadCount: draw.integer(1, Math.min(podCount, WORKLOAD_LIMIT)),
      ...(draw.chance(0.5) ? { onDemandShare: 0.2 } : {}),
      ...(draw.chance(0.5) ? { architectureShares: { amd64: 0.3, arm64: 0.2 } } : {}),
      ...(draw.chance(0.5) ? { daemonSetCount: draw.integer(1, 4) } : {}),
    },
    random,
  );
}
