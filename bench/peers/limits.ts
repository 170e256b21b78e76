// How long and how large things around the peers may be.

/** Bounds of building and running peers. */
export const LIMITS = {
  /** One build from Go modules: minutes on an idle machine, far more on a busy one. */
  buildMs: 60 * 60_000,
  /** One run of Karpenter on one problem: 20,000 pods take it minutes. */
  runMs: 60 * 60_000,
  /** What one run may print: 4,000 claims with 600 types each are about 50 MB. */
  outputBytes: 512 * 2 ** 20,
  /** What of a failed run's standard error is shown. */
  errorCharacters: 4_000,
} as const;
