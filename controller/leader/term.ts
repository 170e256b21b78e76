// The time in which a candidate leads: until it gives up, sees another holder, or has not renewed for too long. The last is
// judged by the clock at every question, because timers don't run in a process that was stopped.
import type { Clock } from '../ports/index.ts';

/** A write that was kept back: the lease has run out. */
export class NotLeadingError extends Error {
  constructor(what: string, why: string) {
    super(`${what}: this process does not lead (${why})`);
    this.name = 'NotLeadingError';
  }
}

/** A term, as those who write in it see it. */
export interface Term {
  /** Higher than that of every term before it, of whichever process. */
  readonly epoch: bigint;
  /** Aborts when the term is over. */
  readonly lost: AbortSignal;
  /** Whether something may be written now. */
  leads(): boolean;
  /** Throws a NotLeadingError unless something may be written now. For the last look before a write goes out. */
  assertLeads(): void;
  /** Makes a write and counts it, or throws a NotLeadingError. The hook of `Writes`. */
  around<Result>(point: string, call: () => Promise<Result>): Promise<Result>;
}

/** A term, as the election sees it. */
export class OwnTerm implements Term {
  readonly epoch: bigint;
  readonly #clock: Clock;
  readonly #renewDeadlineMs: number;
  readonly #lost = new AbortController();
  readonly #idle = new Set<() => void>();
  #renewedMs: number;
  #inFlightCount = 0;

  /** @param renewedMs monotonic time at which the write that took the lease was sent */
  constructor(epoch: bigint, renewedMs: number, { clock, renewDeadlineMs }: { clock: Clock; renewDeadlineMs: number }) {
    this.epoch = epoch;
    this.#renewedMs = renewedMs;
    this.#clock = clock;
    this.#renewDeadlineMs = renewDeadlineMs;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** How much of the time is left in which something may be written. */
  get leftMs(): number {
    return this.#renewedMs + this.#renewDeadlineMs - this.#clock.monotonicMs();
  }

  leads(): boolean {
    return !this.lost.aborted && this.leftMs > 0;
  }

  assertLeads(): void {
    this.#assertLeads('write');
  }

  async around<Result>(point: string, call: () => Promise<Result>): Promise<Result> {
    this.#assertLeads(`write ${point}`);
    this.#inFlightCount += 1;
    try {
      return await call();
    } finally {
      this.#inFlightCount -= 1;
      if (this.#inFlightCount === 0) for (const tell of this.#idle) tell();
    }
  }

  /** Takes note of a renewal that was sent at this monotonic time. One that comes after the deadline is none. */
  renewed(sentMs: number): void {
    if (this.leads()) this.#renewedMs = sentMs;
    else this.endLate();
  }

  /** Ends the term, if it has not ended. */
  end(why: string): void {
    if (!this.lost.aborted) this.#lost.abort(new Error(why));
  }

  /** Ends the term because its deadline has passed. */
  endLate(): void {
    this.end(`it could not renew its lease for ${this.#renewDeadlineMs} ms`);
  }

  /** Resolves when no write is in flight, or the term is over: what is in flight then ends without it. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#inFlightCount === 0 || this.lost.aborted) {
        resolve();
        return;
      }
      this.#idle.add(resolve);
      this.lost.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #assertLeads(what: string): void {
    if (this.leads()) return;
    if (!this.lost.aborted) this.endLate();
    throw new NotLeadingError(what, (this.lost.reason as Error).message);
  }
}
