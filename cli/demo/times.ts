// How long things take in the demo: as on EC2 and EKS, divided by a factor that the demo states. What the controller itself
// waits for (batches, retries) takes as long as it does in production.
import { type CloudTimes, EC2_TIMES } from '../../controller/simulated-cloud/index.ts';
import type { KubeletsOptions } from '../../controller/simulated-cluster/index.ts';

/** By how much everything of the cloud is quicker than on EC2. */
export const QUICKER_BY = 10;

/** Times of the cloud. */
export function quickCloudTimes(factor: number): CloudTimes {
  const quick = (ms: number): number => Math.max(1, Math.round(ms / factor));
  const entries = Object.entries(EC2_TIMES).map(([name, time]) => [
    name,
    typeof time === 'number' ? quick(time) : time.map((ms: number) => (ms === 0 ? 0 : quick(ms))),
  ]);
  return Object.fromEntries(entries) as CloudTimes;
}

/** Times of kubelets, which start and stop pods; those of jobs end well after a minute or two. */
export function quickPodTimes(factor: number): Pick<KubeletsOptions, 'podStartMs' | 'podStopMs' | 'jobMs'> {
  return {
    podStartMs: [1_000 / factor, 3_000 / factor],
    podStopMs: [500 / factor, 2_000 / factor],
    jobMs: [60_000 / factor, 120_000 / factor],
  };
}
