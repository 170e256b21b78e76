// The bounds of nominations, together.
export const LIMITS = {
  /**
   * A node that has come is kept closed until it is ready, so that nominations are not tried in vain and lost before; for so
   * long at most: what makes it ready may itself wait for the node to be registered.
   */
  holdMs: 30_000,
  /** A node is opened so long after it was begun to tell its pods of it, whatever has become of that: the rest are told later. */
  tellMs: 20_000,
  /** Where nominating is refused nothing is tried for so long. */
  refusedMs: 600_000,
  /** A pod that still waits so long after it was nominated is planned for anew. */
  stayMs: 60_000,
  /** Tries for a pod that others write to at the same time. */
  tries: 5,
  /** How often and after which pause the cache is looked at for what was written: for two seconds at most. */
  looks: 100,
  lookMs: 20,
  /** How often pods are nominated for a node that is still closed, while the scheduler clears what is said. */
  rounds: 3,
  /** Nodes whose pods are nominated at once: one after the other they are open sooner, and less is cleared meanwhile. */
  nodesAtOnce: 4,
  /** Pods that are looked after at once. */
  concurrency: 50,
} as const;
