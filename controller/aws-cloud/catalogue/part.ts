// One part of what is known of a region: read anew when it is due, kept when a reading fails, which is tried again after
// pauses that grow. It says in the log what failed and what stays, and once when it works again.
import { type Clock, CloudError } from '../../ports/index.ts';
import { LIMITS } from '../limits.ts';
import type { AwsLog } from '../settings.ts';

/** What was read, and when. */
export interface Reading<Value> {
  readonly value: Value;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** What a part is made of. */
export interface PartOptions<Value> {
  /** What it is, for the log: "spot prices". */
  readonly name: string;
  readonly periodMs: number;
  /** Rejects with a CloudError where AWS does not tell. */
  readonly read: (signal: AbortSignal) => Promise<Value>;
  readonly clock: Clock;
  /** From 0 up to 1: so that many clusters of an account don't ask in step. */
  readonly random: () => number;
  readonly log: AwsLog;
}

/** The part. */
export class Part<Value> {
  readonly #options: PartOptions<Value>;
  #reading: Reading<Value> | undefined;
  #dueMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #running: Promise<void> | undefined;

  constructor(options: PartOptions<Value>) {
    this.#options = options;
  }

  /** The last that was read; undefined while nothing was. */
  get reading(): Reading<Value> | undefined {
    return this.#reading;
  }

  /** Milliseconds until it is due; 0 while it is read. */
  get dueInMs(): number {
    return this.#running === undefined ? Math.max(0, this.#dueMs - this.#options.clock.monotonicMs()) : 0;
  }

  /** Reads it if it is due. Resolves when it was, well or not; rejects with defects only. */
  refresh(): Promise<void> {
    if (this.#running !== undefined) return this.#running;
    if (this.dueInMs > 0) return Promise.resolve();
    this.#running = this.#read().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #read(): Promise<void> {
    const { name, periodMs, read, clock, random, log } = this.#options;
    let pauseMs = periodMs;
    try {
      // A service that swallows what it is asked must not keep the part from being asked for again.
      const value = await read(AbortSignal.timeout(LIMITS.readingMs));
      this.#reading = { value, atMs: clock.nowMs() };
      if (this.#failures > 0) log.info({ part: name }, 'read from AWS again');
      this.#failures = 0;
    } catch (error) {
      if (!isFailure(error)) throw error;
      pauseMs = Math.min(LIMITS.longestReadPauseMs, LIMITS.readPauseMs * 2 ** this.#failures, periodMs);
      this.#failures += 1;
      const kept = this.#reading === undefined ? undefined : new Date(this.#reading.atMs).toISOString();
      log.warn(
        {
          part: name,
          error: error.message,
          'kept-from': kept ?? 'the embedded catalogue',
          'retry-seconds': pauseMs / 1_000,
        },
        `failed reading ${name}: what was known before stays`,
      );
    }
    this.#dueMs = clock.monotonicMs() + pauseMs * (1 - LIMITS.readJitter * random());
  }
}

/** Whether AWS did not tell, or not in time. */
function isFailure(error: unknown): error is Error {
  return error instanceof CloudError || (error instanceof DOMException && error.name === 'TimeoutError');
}
