// Every bound of the tests of the whole controller. Times are for a loaded machine with two cores.
import type { CloudTimes } from '../../controller/simulated-cloud/index.ts';

export const LIMITS = {
  /** One call of kubectl. */
  kubectlMs: 60_000,
  /** Between two looks at something that is waited for. */
  pollMs: 100,
  /** What tests wait for comes within this, or never. */
  waitMs: 120_000,
  /** From SIGTERM to the end of a controller. */
  stopMs: 60_000,
  /** Short, so that a killed leader is followed soon; long enough for a loaded machine to renew in. */
  lease: { duration: '8s', renewDeadline: '6s', retryPeriod: '500ms' },
  /** Short, so that a certificate of the webhook is rotated every 40 s; each step of a rotation takes 4 s then. */
  certificateLifetime: '60s',
  /** Between two applies of one loop of the load on the webhook. */
  loadPauseMs: 20,
  /** How long something is looked at that must not happen. */
  stillMs: 8_000,
} as const;

/** A cloud in a hurry: a tenth of what EC2 takes, and less. */
export const CLOUD_TIMES: CloudTimes = {
  launchMs: [400, 800],
  callMs: [5, 20],
  runningMs: [300, 600],
  joinMs: [1_000, 2_000],
  readyMs: [500, 1_000],
  labelMs: [100, 300],
  shutdownMs: [500, 1_000],
  silenceMs: [500, 1_000],
  removalMs: [200, 500],
  spotWarningMs: 5_000,
  listLagMs: [0, 0],
};
