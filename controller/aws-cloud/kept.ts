// Values that are looked up and kept for a while, so many at most. A lookup that fails is not kept; lookups of one key at
// once are one.
import type { Clock } from '../ports/index.ts';

interface Entry<Value> {
  readonly value: Promise<Value>;
  untilMs: number;
}

/** The values, by key. */
export class Kept<Value> {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #entries = new Map<string, Entry<Value>>();

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** The value of a key, kept or looked up. `forMs` may depend on what was found. */
  get(key: string, forMs: number | ((value: Value) => number), look: () => Promise<Value>): Promise<Value> {
    const found = this.#entries.get(key);
    if (found !== undefined && found.untilMs > this.#clock.monotonicMs()) return found.value;
    const entry: Entry<Value> = { value: look(), untilMs: Number.POSITIVE_INFINITY };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most) break;
      this.#entries.delete(oldest);
    }
    entry.value.then(
      (value) => {
        entry.untilMs = this.#clock.monotonicMs() + (typeof forMs === 'number' ? forMs : forMs(value));
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    return entry.value;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
