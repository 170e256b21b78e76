// Pauses between tries: they double up to a bound, and a random part of each is left out, so that many who failed together
// don't come back together.

/** The pauses, in milliseconds. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** One row of pauses. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failureCount = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The next pause: between half of what it has come to and all of it, and no less than what the server asked for. */
  next(atLeastMs = 0): number {
    const { firstMs, longestMs, random } = this.#options;
    // 2 ** 30 times the first pause is beyond any bound.
    const wholeMs = Math.min(longestMs, firstMs * 2 ** Math.min(30, this.#failureCount));
    this.#failureCount += 1;
    return Math.max(atLeastMs, wholeMs * (0.5 + random() / 2));
  }

  /** Starts over: something went well. */
  reset(): void {
    this.#failureCount = 0;
  }
}
