// The bounds of the simulated cloud, together.
export const LIMITS = {
  /** Entries of the journal that are kept in memory; older ones are only where its reader put them. */
  journalLength: 100_000,
  /** How long news of an instance waits for somebody to take it, as a queue's retention does. */
  newsRetentionMs: 5 * 60_000,
  /** How long news that was taken and not acknowledged is hidden before it comes again. */
  newsHiddenMs: 20_000,
  /** Tries of a write to a node that others write to as well. */
  nodeWriteTries: 20,
} as const;
