// Every bound of the measurement of the realised price.
import type { CloudTimes } from '../../controller/simulated-cloud/index.ts';

export const LIMITS = {
  /** CPUs of the largest instance type that is on sale. */
  mostCpu: 16,
  /** Between two looks at the pods. */
  pollMs: 500,
  /** Pods are marked unschedulable within this, or never. */
  markedMs: 240_000,
  /** From the first plan until every pod has a node, or it is left pending. Several of the controller's own rounds. */
  settleMs: 240_000,
  /** What has settled stays so for so long: claims that come late are counted. */
  quietMs: 15_000,
  /** The price that is paid may differ from the planned one by this part: prices are rounded where they are shown. */
  priceTolerance: 0.005,
} as const;

/** Nodes come a few seconds after their launch, and not together: about a tenth of what EC2 takes. */
export const CLOUD_TIMES: CloudTimes = {
  launchMs: [200, 500],
  callMs: [5, 20],
  runningMs: [500, 1_000],
  joinMs: [2_000, 5_000],
  readyMs: [500, 1_500],
  labelMs: [50, 200],
  shutdownMs: [500, 1_000],
  silenceMs: [500, 1_000],
  removalMs: [200, 500],
  spotWarningMs: 5_000,
  listLagMs: [0, 0],
};
