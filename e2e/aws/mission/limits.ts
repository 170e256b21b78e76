// Every bound of the walk-through. Times are for a loaded machine with two cores.
export const LIMITS = {
  /** One command, the longest of which waits for a controller to be ready. */
  commandMs: 120_000,
  /** Between two looks at something that is waited for. */
  pollMs: 100,
  /** Between two looks of a kubelet at what it has to do. */
  kubeletMs: 300,
  /** From being bound to running, and from being told to stop to having stopped. */
  podStartMs: [200, 500],
  podStopMs: [100, 300],
  /** What tests wait for comes within this, or never: as many calls of CreateFleet as it takes to find that nothing is left. */
  waitMs: 180_000,
  certificateMs: 3_600_000,
} as const;
