// The bounds of nominations, together.
export const LIMITS = {
  /**
   * A node that has come is kept closed until it is ready, so that nominations are not tried in vain and lost before; for so
   * long at most: what makes it ready may itself wait for the node to be registered.
   */
  holdMs: 30_000,
  /** A pod that still waits so long after it was nominated is planned for anew. */
  stayMs: 60_000,
  /** Tries for a pod that others write to at the same time, and the pause in which the watch catches up. */
  tries: 5,
  pauseMs: 100,
  /** Nominations that are taken back at once. */
  concurrentEnds: 20,
} as const;
