// Everything that bounds the work on a lower bound.

/** Named together; the units stand beside them. */
export const BOUND_LIMITS = {
  /** The bound has converged when it is within this share of what the relaxation can give at all. */
  tolerance: 0.001,
  /** Rows up to which duals are worked out: the programme's inverse has a row and a column for each. */
  rowCount: 600,
  /** Kinds of nodes that exist: each is a row of the programme, too. */
  standingCount: 200,
  /** Work in all: a state of the check is 1, see column-generation.ts. About 2 µs each. */
  work: 40_000_000,
  /** Rounds of columns and duals. */
  rounds: 400,
  /** Greedy rounds before the first duals. */
  seedRounds: 8,
  /** Steps of one filling: while seeding, and while looking for columns. */
  seedSteps: 60,
  pricingSteps: 300,
  /** States that the check keeps at a time while columns are looked for, and once none are found any more. */
  pricingStates: 2_000,
  provingStates: 20_000,
} as const;
