// Quantiles of what was observed in the last minutes. Values are counted in buckets whose bounds grow by a constant factor, so
// that a quantile is off by a small part of its value at most, in little and bounded memory: Masson, Rim, Lee, "DDSketch: a
// fast and fully-mergeable quantile sketch with relative-error guarantees" (2019). The smallest and the largest are exact.
import { LIMITS } from './limits.ts';

const GAMMA = (1 + LIMITS.summaryError) / (1 - LIMITS.summaryError);
const LOG_GAMMA = Math.log(GAMMA);

/** Values below count as this one: a millisecond is less than anybody asks for. */
const LEAST = 0.001;

/** What was observed in one step of time. */
interface Step {
  readonly number: number;
  /** Bucket index to count. */
  readonly counts: Map<number, number>;
  min: number;
  max: number;
}

/** The window. Times are passed in, and never go back. */
export class QuantileWindow {
  readonly #stepMs = LIMITS.summaryWindowMs / LIMITS.summarySteps;
  #steps: Step[] = [];

  observe(value: number, nowMs: number): void {
    const number = Math.floor(nowMs / this.#stepMs);
    let step = this.#steps.at(-1);
    if (step?.number !== number) {
      step = { number, counts: new Map(), min: value, max: value };
      this.#dropOld(number);
      this.#steps.push(step);
    }
    const bucket = Math.ceil(Math.log(Math.max(value, LEAST)) / LOG_GAMMA);
    step.counts.set(bucket, (step.counts.get(bucket) ?? 0) + 1);
    step.min = Math.min(step.min, value);
    step.max = Math.max(step.max, value);
  }

  /** The quantiles (0 to 1) of what the window holds; NaN where it holds nothing. */
  quantiles(asked: readonly number[], nowMs: number): number[] {
    this.#dropOld(Math.floor(nowMs / this.#stepMs));
    const counts = new Map<number, number>();
    let [min, max, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (const step of this.#steps) {
      min = Math.min(min, step.min);
      max = Math.max(max, step.max);
      for (const [bucket, some] of step.counts) {
        counts.set(bucket, (counts.get(bucket) ?? 0) + some);
        count += some;
      }
    }
    if (count === 0) return asked.map(() => Number.NaN);
    const sorted = [...counts].sort(([one], [other]) => one - other);
    return asked.map((quantile) => {
      if (quantile <= 0) return min;
      if (quantile >= 1) return max;
      let below = 0;
      for (const [bucket, some] of sorted) {
        below += some;
        if (below >= quantile * count) return Math.min(max, Math.max(min, (2 * GAMMA ** bucket) / (GAMMA + 1)));
      }
      return max;
    });
  }

  #dropOld(number: number): void {
    this.#steps = this.#steps.filter((step) => step.number > number - LIMITS.summarySteps);
  }
}
