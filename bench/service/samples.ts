// Durations, kept one by one: percentiles are exact and as fine as the clock, which a histogram of milliseconds is not.

/** What is told of many durations, in milliseconds. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Durations of one kind. */
export class Samples {
  readonly #valuesMs: number[] = [];

  add(ms: number): void {
    this.#valuesMs.push(ms);
  }

  addAll(others: Samples): void {
    for (const ms of others.#valuesMs) this.#valuesMs.push(ms);
  }

  get count(): number {
    return this.#valuesMs.length;
  }

  /** O(n log n). Without samples every figure is NaN. */
  summary(): Summary {
    const sorted = Float64Array.from(this.#valuesMs).sort();
    const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
    return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
  }
}
