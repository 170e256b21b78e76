// A queue of keys to be reconciled. A key is worked on by one worker at a time; added while it is worked on, it comes again
// afterwards; added twice while it waits, it comes once. Failures come again after a growing, jittered pause. It knows
// nothing of what keys mean.
import { type Clock, ClusterError } from '../ports/index.ts';

/** What a reconciliation asks for: nothing, or to be called again, after a while or with the backoff of a failure. */
export type ReconcileResult = { readonly requeueAfterMs: number } | { readonly backoff: true } | undefined;

/** Brings one thing from how it is to how it should be. It may be called at any time, any number of times. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult>;

/** A reconciliation that is over. */
export interface EndedReconciliation {
  readonly controller: string;
  /** As controller-runtime names it. */
  readonly result: 'success' | 'requeue' | 'requeue_after' | 'error';
  readonly durationMs: number;
}

/** How a queue works. */
export interface WorkQueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly reconcile: Reconcile;
  /** Most keys that are worked on at once. */
  readonly concurrency: number;
  /** The pause after the first failure of a key; it doubles with each further one. */
  readonly firstBackoffMs?: number;
  readonly longestBackoffMs?: number;
  /** Numbers from 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Hears of every reconciliation when it is over. */
  readonly onReconciled?: (ended: EndedReconciliation) => void;
  /** Hears of failures, which are tried again. Conflicts are not told: they are how concurrent writers find out. */
  readonly onError: (name: string, key: string, error: unknown) => void;
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;

/** Soon enough that nobody notices, late enough that the cache has caught up with whoever wrote. */
const CONFLICT_BACKOFF_MS = 100;

interface Alarm {
  readonly dueMs: number;
  readonly cancel: AbortController;
}

/** The queue. It works from `start` until the signal aborts. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  /** Keys that were added while they were worked on. */
  readonly #again = new Set<string>();
  readonly #alarms = new Map<string, Alarm>();
  readonly #failures = new Map<string, number>();
  #signal: AbortSignal | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait or are worked on; not those that come later. */
  get depth(): number {
    return this.#waiting.size + this.#running.size;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Keys that wait for a worker. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Lets a key be worked on as soon as a worker is free. */
  add(key: string): void {
    this.#alarms.get(key)?.cancel.abort();
    this.#alarms.delete(key);
    if (this.#running.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#work();
  }

  /** The same after a while. Of several times the earliest counts. */
  addAfter(key: string, ms: number): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + ms;
    const present = this.#alarms.get(key);
    if (this.#signal?.aborted || this.#waiting.has(key) || (present !== undefined && present.dueMs <= dueMs)) return;
    present?.cancel.abort();
    const alarm: Alarm = { dueMs, cancel: new AbortController() };
    this.#alarms.set(key, alarm);
    clock.sleep(ms, alarm.cancel.signal).then(
      () => {
        if (this.#alarms.get(key) === alarm) this.add(key);
      },
      () => undefined,
    );
  }

  /** Begins to work; keys that were added before wait until then. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    if (signal.aborted) this.#stop();
    else this.#work();
  }

  /** Resolves when nothing is worked on any more. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #stop(): void {
    this.#waiting.clear();
    this.#again.clear();
    for (const { cancel } of this.#alarms.values()) cancel.abort();
    this.#alarms.clear();
  }

  #work(): void {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted) return;
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#running.set(key, this.#runOne(key, signal));
    }
  }

  async #runOne(key: string, signal: AbortSignal): Promise<void> {
    // Leaves the caller's turn, so that whoever adds a key is never run into by its reconciliation.
    await Promise.resolve();
    const after = await this.#reconcile(key, signal);
    this.#running.delete(key);
    if (signal.aborted) return;
    if (this.#again.delete(key)) this.#waiting.add(key);
    else if (after !== undefined) this.addAfter(key, after);
    this.#work();
  }

  /** Answers after how long the key comes again. */
  async #reconcile(key: string, signal: AbortSignal): Promise<number | undefined> {
    const { clock, name, reconcile, onError, onReconciled } = this.#options;
    const startMs = clock.monotonicMs();
    const tell = (result: EndedReconciliation['result']): void =>
      onReconciled?.({ controller: name, result, durationMs: clock.monotonicMs() - startMs });
    try {
      const result = await reconcile(key, signal);
      tell(outcomeOf(result));
      if (result !== undefined && 'backoff' in result) return this.#backoffMs(key, undefined);
      this.#failures.delete(key);
      return result?.requeueAfterMs;
    } catch (error) {
      if (signal.aborted) return undefined;
      const isConflict = error instanceof ClusterError && error.code === 'Conflict';
      tell(isConflict ? 'requeue' : 'error');
      if (isConflict) return CONFLICT_BACKOFF_MS;
      onError(name, key, error);
      return this.#backoffMs(key, error);
    }
  }

  #backoffMs(key: string, error: unknown): number {
    const { firstBackoffMs = FIRST_BACKOFF_MS, longestBackoffMs = LONGEST_BACKOFF_MS, random } = this.#options;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const full = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(failures, 30));
    const pauseMs = full * (0.5 + random() / 2);
    const askedMs = error instanceof ClusterError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(pauseMs, askedMs);
  }
}

function outcomeOf(result: ReconcileResult): EndedReconciliation['result'] {
  if (result === undefined) return 'success';
  return 'backoff' in result ? 'requeue' : 'requeue_after';
}
