// Collects what asks for a plan into windows: pods mostly come in crowds, and one plan for a crowd is better than many for its
// parts. A window opens with the first that asks, stays open while others come, and has a longest duration.
import type { Clock } from '../ports/index.ts';

/** How long windows are. */
export interface BatchWindow {
  /** A window closes when nothing new has come for so long. */
  readonly idleMs: number;
  readonly maxMs: number;
}

/** The batcher. One waits, anybody triggers. */
export class Batcher {
  readonly #clock: Clock;
  readonly #window: BatchWindow;
  /** Who has asked in this window: asking again does not keep it open. */
  readonly #asked = new Set<string>();
  #lastMs = 0;
  #isUrgent = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, window: BatchWindow) {
    this.#clock = clock;
    this.#window = window;
  }

  /** Asks for a plan, once a window for each id. */
  trigger(id: string): void {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    this.#lastMs = this.#clock.monotonicMs();
    this.#wake?.();
  }

  /** Asks for a plan without waiting for others: what it is about has been collected before. */
  triggerNow(): void {
    this.#isUrgent = true;
    this.#wake?.();
  }

  /** Resolves when a window closes, and empties it. Rejects when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    while (this.#asked.size === 0 && !this.#isUrgent) await this.#nextTrigger(signal);
    const endMs = this.#clock.monotonicMs() + this.#window.maxMs;
    while (!this.#isUrgent) {
      const nowMs = this.#clock.monotonicMs();
      const dueMs = Math.min(endMs, this.#lastMs + this.#window.idleMs);
      if (nowMs >= dueMs) break;
      await this.#sleep(dueMs - nowMs, signal);
    }
    signal.throwIfAborted();
    this.#asked.clear();
    this.#isUrgent = false;
  }

  async #nextTrigger(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => {
        signal.removeEventListener('abort', onAbort);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Sleeps, or until somebody is in a hurry. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const hurry = new AbortController();
    this.#wake = () => {
      if (this.#isUrgent) hurry.abort();
    };
    try {
      await this.#clock.sleep(ms, AbortSignal.any([signal, hurry.signal]));
    } catch (error) {
      if (signal.aborted || !hurry.signal.aborted) throw error;
    } finally {
      this.#wake = undefined;
    }
  }
}
