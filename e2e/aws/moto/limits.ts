// Bounds of moto as a part of tests. Times are for a loaded machine with two cores.
export const LIMITS = {
  /** Making the environment, once a machine: downloads of about 60 MB. */
  installMs: 600_000,
  /** From the start of the process to its port. */
  startMs: 120_000,
} as const;
