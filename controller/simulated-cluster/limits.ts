// The bounds of the simulated cluster, together.
export const LIMITS = {
  /** Changes that watches can still start from; older versions are Gone. */
  historyLength: 20_000,
  /** Paged lists that are under way at once; the oldest make room, and their tokens are Gone. */
  openLists: 100,
  /** Events that wait for one slow reader of a watch before the server ends the stream. */
  watchBuffer: 10_000,
  /** Tries to make a free name out of generateName. */
  generatedNameTries: 8,
  /** Pods whose eviction was allowed and that are still there, in one budget. */
  disruptedPods: 2_000,
} as const;
