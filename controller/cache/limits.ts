// Every number of the caches' upkeep, in one place. Settings may change those of the reflector.
export const LIMITS = {
  /** Objects of one page of a list. */
  pageSize: 500,
  /** A stream that brings neither an event nor a bookmark for so long is given up. API servers send a bookmark a minute. */
  silenceMs: 180_000,
  /** Watches end after this by themselves, or up to twice as late: the streams of many kinds don't end together. */
  watchSeconds: 300,
  /** A watch that ends sooner and has brought nothing counts as a failure, or an ill server would be asked without a pause. */
  shortWatchMs: 1_000,
  /** First pause after a failure; it doubles with each failure that follows. */
  firstBackoffMs: 800,
  /** Longest pause between two tries. */
  longestBackoffMs: 30_000,
} as const;
