// So many in the long run, and a burst of so many at once. Who comes too soon is told so and does not wait.

/** The size of a bucket. */
export interface BucketRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The bucket. Full at first. */
export class TokenBucket {
  readonly #rate: BucketRate;
  #tokens: number;
  #filledMs: number;

  constructor(rate: BucketRate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledMs = nowMs;
  }

  /** Takes one, if there is one. */
  take(nowMs: number): boolean {
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledMs) / 1_000) * perSecond);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
