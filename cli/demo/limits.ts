// The bounds of the demo, together.
export const LIMITS = {
  /** Most pods of one deployment that can be asked for. */
  replicas: 2_000,
  /** Most pods that can't fit, at once. */
  misfits: 10,
  /** How long `--once` waits for all pods to run. */
  onceMs: 180_000,
  /** Time between two looks at whether all pods run, and a little more than between two looks at what has happened. */
  onceLookMs: 300,
} as const;
