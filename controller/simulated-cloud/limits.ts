// The bounds of the simulated cloud, together.
export const LIMITS = {
  /** Entries of the journal that are kept in memory; older ones are only where its reader put them. */
  journalLength: 100_000,
  /** How long news of an instance waits for somebody to take it, as a queue's retention does. */
  newsRetentionMs: 5 * 60_000,
  /** How long news that was taken and not acknowledged is hidden before it comes again. */
  newsHiddenMs: 20_000,
  /** Letters of one line between a cloud in a process of its own and its callers. */
  lineLength: 64 * 1024 * 1024,
  /** Bytes that a caller has not read yet, before its connection ends. */
  unsentBytes: 64 * 1024 * 1024,
  /** Calls of one connection that are under way at once. */
  openCalls: 10_000,
  /** News that was handed out over a socket and not acknowledged; the oldest can no longer be, and comes again. */
  openReceipts: 10_000,
  /** Offerings of one page of the service's catalogue. */
  offeringsPerPage: 10_000,
  /** Tries of a write to a node that others write to as well. */
  nodeWriteTries: 20,
} as const;
