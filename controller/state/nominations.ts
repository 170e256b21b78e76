// Nodes that pods have been planned onto and have not reached yet: they are not to be taken away for a while.
import type { Clock } from '../ports/index.ts';

/** Nominations by the name of a node or of a claim in flight. */
export class Nominations {
  readonly #clock: Clock;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nominate(name: string, durationMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [other, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(other);
    this.#untilMs.set(name, nowMs + durationMs);
  }

  isNominated(name: string): boolean {
    return (this.#untilMs.get(name) ?? 0) > this.#clock.monotonicMs();
  }
}
