// Every bound of the tests of the cluster adapter on a real API server. Times are for a loaded machine with two cores.
export const LIMITS = {
  /** The server forgets history this fast, so that tests see it happen. */
  compactionSeconds: 2,
  /** One call of kubectl. */
  kubectlMs: 60_000,
  /** Between two looks at something that is waited for. */
  pollMs: 50,
  /** What tests wait for comes within this, or never. */
  waitMs: 60_000,
  /** Short, so that tests see leases run out; long enough for a loaded machine to renew in. */
  leaseTimes: { leaseDurationMs: 5_000, renewDeadlineMs: 3_500, retryPeriodMs: 400 },
} as const;
