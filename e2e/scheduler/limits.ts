// Every bound of the judge, in one place.
export const LIMITS = {
  /** From the creation of pods until the scheduler has answered for all of them. */
  verdictMs: 30_000,
  /** Until the scheduler sees the nodes that the API server has. */
  syncMs: 30_000,
  /** Between two probes of what the scheduler sees. */
  probeMs: 10,
  /** Seeds of one run. */
  seedCount: 100_000,
  /** From so many cases on a run has to have had every rule in play. */
  casesWithEveryRule: 30,
  /** Cases tried while a failure is made smaller. */
  reductionTries: 150,
  /** Time in which a failure is made smaller; what takes no longer than this is finished. */
  reductionMs: 180_000,
  /** Orders of arrival by chance that are tried where those by thought get stuck. */
  shuffledOrders: 3,
  /** Findings of one case that are printed. */
  findingsPrinted: 8,
} as const;
