// Every bound of the controller's metrics.

export const LIMITS = {
  /** Most label sets of one metric that is recorded. What comes beyond is counted and not kept. */
  seriesCount: 10_000,
  /** How far back the quantiles of a summary look, and in how many steps what is older is let go. */
  summaryWindowMs: 600_000,
  summarySteps: 5,
  /** How far a quantile may be off, as a part of its value. */
  summaryError: 0.01,
  /** Pods that take the same are worked out once; of so many kinds at most. */
  podShapeCount: 2_000,
  /** Text is handed over in pieces of about so many characters. */
  chunkLength: 65_536,
} as const;
