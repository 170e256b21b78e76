// Every bound of the webhook, in one place.
export const LIMITS = {
  /** One review: an object of the largest size that etcd stores, its predecessor, and what is said about them. */
  reviewBytes: 8 * 1024 * 1024,
  /** Headers of a call. The API server waits for two seconds for the whole answer. */
  headersMs: 5_000,
  /** One call with its body. */
  requestMs: 10_000,
  /**
   * An idle connection is kept for so long: longer than API servers keep theirs (90 s), so that it is they who close them. A
   * call that meets a connection which we close would be lost, and its object go in as it was written.
   */
  idleConnectionMs: 180_000,
  /** Connections at once. An API server needs a handful. */
  connectionCount: 256,
  /** Calls in flight end within this once the server stops. */
  stopMs: 3_000,
  /** Faults that one refusal names, and warnings of one answer. */
  faultCount: 10,
  warningCount: 20,
} as const;
