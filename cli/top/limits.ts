// The bounds of top, together.
export const LIMITS = {
  /** Time between two looks at what is shown. */
  lookMs: 500,
  /** After so long without news it is said how old they are. */
  staleMs: 5_000,
  /** How long a page has to answer. */
  answerMs: 5_000,
  /** How long a cluster and its prices have to be read. */
  syncMs: 60_000,
  /** Prices that have not come by then are left open in a table that is printed once. */
  priceMs: 10_000,
} as const;
