// Bounds of the tests of the CRDs.
export const LIMITS = {
  /** Questions that are asked at the same time. */
  questionsAtOnce: 16,
  /** From applying a CRD until the API server answers by it. */
  crdServedMs: 60_000,
  crdPollMs: 100,
  /** One call of kubectl. */
  kubectlMs: 60_000,
  /** Findings that a failed test prints in full. */
  findingsPrinted: 20,
} as const;
