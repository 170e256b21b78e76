// Every number of the leader election, in one place, and how they have to stand to each other.

/** How long things take. */
export interface LeaseTimes {
  /** Others take a lease that has not changed for so long. */
  readonly leaseDurationMs: number;
  /** The holder writes nothing any more when it has not renewed for so long. */
  readonly renewDeadlineMs: number;
  /** Between two tries to get the lease, or to renew it. */
  readonly retryPeriodMs: number;
}

/** Karpenter's. */
export const LEASE_TIMES: LeaseTimes = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/** Those who failed together must not come back together: up to this part of the period is added to it. */
export const RETRY_JITTER = 0.2;

/** Throws where a lease could be taken from a holder that still writes, or could not be renewed in time. */
export function assertLeaseTimes({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaseTimes): void {
  const told = `lease duration ${leaseDurationMs} ms, renew deadline ${renewDeadlineMs} ms, retry period ${retryPeriodMs} ms`;
  if (leaseDurationMs % 1_000 !== 0 || leaseDurationMs < 1_000) {
    throw new Error(`elect leader: a lease lasts whole seconds (${told})`);
  }
  if (leaseDurationMs <= renewDeadlineMs) {
    throw new Error(`elect leader: the renew deadline must come before the end of the lease (${told})`);
  }
  if (retryPeriodMs <= 0 || renewDeadlineMs <= retryPeriodMs * (1 + RETRY_JITTER)) {
    throw new Error(`elect leader: there must be time to try again before the renew deadline (${told})`);
  }
}
