// Every number of the events, in one place.
export const LIMITS = {
  /** Events of one reason about one object within this time are one, unless the reason has a time of its own. */
  dedupeMs: 120_000,
  /** A pod that can't be placed is told so once in this time. */
  failedSchedulingDedupeMs: 300_000,
  /** Of nominations so many a second, and so many at once: a plan for thousands of pods would bury everything else. */
  nominated: { perSecond: 5, burst: 10 },
  /** On the controller's own Pod: everything about every node comes together there. */
  ownPod: { perSecond: 5, burst: 10 },
  /** About one object: so many at once, then one in five minutes. */
  perObject: { perSecond: 1 / 300, burst: 25 },
  /** Objects, deduplicated events and written events that are remembered; the ones not heard of for longest are forgotten. */
  rememberedCount: 8_192,
  /** Events that wait to be written; those that come when so many wait are lost. */
  waitingCount: 2_000,
  /** Written at once. */
  concurrency: 4,
  /** Tries to write one, and the first pause between two; it doubles. */
  tryCount: 4,
  firstRetryMs: 1_000,
  /** Characters of a message. */
  messageLength: 1_024,
  /** Characters of a name, as the API allows. */
  nameLength: 253,
} as const;
