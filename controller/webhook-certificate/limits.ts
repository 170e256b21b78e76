// Every time of the webhook's certificates, in one place.
export const LIMITS = {
  /** A certificate is replaced once less than this part of its lifetime is left. */
  renewalPart: 1 / 3,
  /**
   * How long every step of a rotation is left alone before the next one: API servers and replicas have to hear of it first.
   * Where certificates live shortly, a part of their lifetime.
   */
  settleMs: 60_000,
  settlePart: 1 / 15,
  /** The longest pause between two looks at what is valid for how long. */
  lookMs: 3_600_000,
  /** After a write that nothing has come back of yet. */
  echoMs: 5_000,
} as const;

/** How long a step is left alone. */
export function settleMs(lifetimeMs: number): number {
  return Math.min(LIMITS.settleMs, lifetimeMs * LIMITS.settlePart);
}
