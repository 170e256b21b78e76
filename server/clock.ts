// The server's clock as a port, so that tests can move time. Only shortages and time stamps read it; what a solve does
// never depends on it.

/** Wall-clock time. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };
