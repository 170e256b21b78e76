// Work that waits to be looked at again, each piece once, in the order in which it came. It is done in slices with a pause
// before each, so that one controller never holds up the others for long, and changes that come together are met once.
import type { Clock } from '../ports/index.ts';
import { ClusterError } from '../ports/index.ts';

/** How a queue works. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Ends the work. */
  readonly signal: AbortSignal;
  /** Time between a change and the work on it, and between slices. */
  readonly pauseMs: number;
  /** Pieces of one slice. */
  readonly sliceLength: number;
}

/** How long work rests that the API server refused. */
const RETRY_MS = 1000;

/** The queue. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #work: (key: string) => void;
  readonly #waiting = new Set<string>();
  #isRunning = false;

  /** @param work does one piece, at once; a ClusterError that it throws makes it try again later */
  constructor(options: WorkQueueOptions, work: (key: string) => void) {
    this.#options = options;
    this.#work = work;
  }

  add(key: string): void {
    this.#waiting.add(key);
    if (this.#isRunning || this.#options.signal.aborted) return;
    this.#isRunning = true;
    this.#run();
  }

  /** Adds after a while. */
  addLater(key: string, ms: number): void {
    const { clock, signal } = this.#options;
    clock.sleep(ms, signal).then(
      () => this.add(key),
      () => undefined,
    );
  }

  async #run(): Promise<void> {
    const { clock, signal, pauseMs, sliceLength } = this.#options;
    while (this.#waiting.size > 0) {
      try {
        await clock.sleep(pauseMs, signal);
      } catch {
        // The signal has ended the work.
        return;
      }
      let left = sliceLength;
      for (const key of this.#waiting) {
        if (left === 0) break;
        left -= 1;
        this.#waiting.delete(key);
        this.#doOne(key);
      }
    }
    this.#isRunning = false;
  }

  #doOne(key: string): void {
    try {
      this.#work(key);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.addLater(key, RETRY_MS);
    }
  }
}
