// Finds where placing repeats itself, so that the same places can be taken many pods at a time.
import type { Place } from './places.ts';

/** Steps among which a round is looked for. */
const ROUND_STEP_LIMIT = 512;

/** Finds rounds of places: where a state comes again, what was done since will be done again. */
export class RoundFinder {
  readonly #stepOf = new Map<string, number>();
  readonly #places: Place[] = [];

  /** Notes a step and the states before and after it; the round that it closes, where it closes one. */
  step(before: string, place: Place, after: string): readonly Place[] | undefined {
    if (this.#places.length >= ROUND_STEP_LIMIT) return undefined;
    if (!this.#stepOf.has(before)) this.#stepOf.set(before, this.#places.length);
    this.#places.push(place);
    const start = this.#stepOf.get(after);
    if (start === undefined) return undefined;
    const round = this.#places.slice(start);
    this.#stepOf.clear();
    this.#places.length = 0;
    return round;
  }
}
