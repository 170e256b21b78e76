// A token bucket: so many calls a second in the long run, and a burst of so many at once. Calls get their turn in the order
// in which they came.
import type { Clock } from '../ports/index.ts';

/** How often the server may be called. */
export interface RateLimit {
  /** Calls per second. */
  readonly qps: number;
  /** Calls at once after a quiet time. */
  readonly burst: number;
}

/** The bucket. One that nobody calls costs nothing: there are no timers. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  /** The moment at which the bucket would be full, on the clock's monotonic time. */
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor(limit: RateLimit, clock: Clock) {
    if (!(limit.qps > 0) || !(limit.burst >= 1)) {
      throw new Error(`limit calls: qps and burst must be positive (qps=${limit.qps}, burst=${limit.burst})`);
    }
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Resolves when it is the caller's turn. A turn that is given up by aborting is lost: the next ones come no sooner. */
  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const nowMs = this.#clock.monotonicMs();
    const intervalMs = 1000 / this.#limit.qps;
    // Every call moves the moment of fullness one interval further; it may lie a whole burst in the future.
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + intervalMs;
    const waitMs = this.#fullAtMs - this.#limit.burst * intervalMs - nowMs;
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
  }
}
