// A clock that stands until a test moves it. What sleeps wakes in the order of its times, and what follows from one waking
// happens before the next.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../ports/index.ts';

interface Sleeper {
  readonly wakeMs: number;
  wake(): void;
}

/** How many turns of the event loop what follows from a waking may take. */
const SETTLE_TURN_COUNT = 8;

/** The clock. Its monotonic time starts at 0 and its time of day at a moment that a test may choose. */
export class DrivenClock implements Clock {
  readonly #startMs: number;
  readonly #sleepers = new Set<Sleeper>();
  #elapsedMs = 0;

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /** How many sleep now. */
  get sleeperCount(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper = {
        wakeMs: this.#elapsedMs + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Lets time pass, with everything that happens in it. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settled();
    for (;;) {
      let next: Sleeper | undefined;
      for (const sleeper of this.#sleepers) {
        if (sleeper.wakeMs <= untilMs && (next === undefined || sleeper.wakeMs < next.wakeMs)) next = sleeper;
      }
      if (next === undefined) break;
      this.#sleepers.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.wakeMs);
      next.wake();
      await settled();
    }
    this.#elapsedMs = untilMs;
    await settled();
  }
}

/** Resolves when everything that can go on without time passing has gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURN_COUNT; turn += 1) await nextTurn();
}
