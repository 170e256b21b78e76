// Tells users what happens to their objects, by Events. What repeats within a short time is told once, what repeats later
// raises the count of the Event that is there, and floods are cut. Nobody waits for it, and it never fails.
import { type ApiObject, type Clock, ClusterError, KINDS } from '../ports/index.ts';
import type { Writes } from '../writes/index.ts';
import { type EventNote, nameOfEvent, newEvent, repeatedEvent } from './event-object.ts';
import { LIMITS } from './limits.ts';
import { type ReasonRule, ruleOf } from './reasons.ts';
import { Recent } from './recent.ts';
import { type BucketRate, TokenBucket } from './token-bucket.ts';

/** Writes events on objects, as far as its limits allow. It never fails and nobody waits for it. */
export interface EventRecorder {
  record(about: ApiObject, note: EventNote): void;
}

/** What the recorder stands on. */
export interface EventRecorderOptions {
  /** Should not share a rate limit with what is more urgent. */
  readonly writes: Pick<Writes, 'create' | 'patch'>;
  readonly clock: Clock;
  /** The Pod that this process runs in, with its UID where that is known. */
  readonly ownPod?: ApiObject;
  readonly log: { debug(fields: object, message: string): void };
}

interface WaitingEvent {
  readonly about: ApiObject;
  readonly note: EventNote;
  readonly atMs: number;
}

interface WrittenEvent {
  readonly object: ApiObject;
  count: number;
}

/** The recorder. It works until the signal aborts. */
export class ClusterEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #signal: AbortSignal;
  readonly #waiting: WaitingEvent[] = [];
  /** Monotonic time until which an event is one with the last of its kind. */
  readonly #toldUntilMs = new Recent<number>(LIMITS.rememberedCount);
  readonly #objects = new Recent<TokenBucket>(LIMITS.rememberedCount);
  readonly #written = new Recent<WrittenEvent>(LIMITS.rememberedCount);
  readonly #reasons = new Map<string, TokenBucket>();
  readonly #workers = new Set<Promise<void>>();
  #serial = 0;
  #lostCount = 0;

  constructor(options: EventRecorderOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Events that were lost: too many waited, or they could not be written. */
  get lostCount(): number {
    return this.#lostCount;
  }

  record(about: ApiObject, note: EventNote): void {
    const rule = ruleOf(note.reason);
    if (!this.#isNews(about, note, rule)) return;
    if (this.#bucketOf(this.#objects, identityOf(about), LIMITS.perObject)) this.#enqueue(about, note);
    const { ownPod } = this.#options;
    if (rule.onOwnPod !== true || ownPod === undefined) return;
    const message = `${about.kind} ${about.metadata.name}: ${note.message}`;
    if (this.#bucketOf(this.#reasons, 'own pod', LIMITS.ownPod)) this.#enqueue(ownPod, { ...note, message });
  }

  /** Resolves when nothing waits to be written. */
  async written(): Promise<void> {
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  #isNews(about: ApiObject, note: EventNote, rule: ReasonRule): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const key = `${note.reason} ${identityOf(about)}${rule.byMessage === true ? ` ${note.message}` : ''}`;
    if ((this.#toldUntilMs.get(key) ?? Number.NEGATIVE_INFINITY) > nowMs) return false;
    // What is cut here has not been told: it may come through the next time.
    if (rule.rate !== undefined && !this.#bucketOf(this.#reasons, note.reason, rule.rate)) return false;
    this.#toldUntilMs.set(key, nowMs + (note.dedupeMs ?? rule.dedupeMs ?? LIMITS.dedupeMs));
    return true;
  }

  #bucketOf(buckets: Recent<TokenBucket> | Map<string, TokenBucket>, key: string, rate: BucketRate): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    let bucket = buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(rate, nowMs);
      buckets.set(key, bucket);
    }
    return bucket.take(nowMs);
  }

  #enqueue(about: ApiObject, note: EventNote): void {
    if (this.#waiting.length >= LIMITS.waitingCount) {
      this.#lostCount += 1;
      return;
    }
    this.#waiting.push({ about, note, atMs: this.#options.clock.nowMs() });
    if (this.#workers.size >= LIMITS.concurrency) return;
    const worker: Promise<void> = this.#work().finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  async #work(): Promise<void> {
    // Leaves the caller's turn: it only wanted to say something.
    await Promise.resolve();
    for (;;) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (this.#signal.aborted) continue;
      try {
        await this.#tryToWrite(next);
      } catch (error) {
        if (this.#signal.aborted) continue;
        this.#lostCount += 1;
        const { reason } = next.note;
        this.#options.log.debug(
          { reason, object: identityOf(next.about), error: String(error) },
          'failed writing event',
        );
      }
    }
  }

  async #tryToWrite(event: WaitingEvent): Promise<void> {
    const { clock } = this.#options;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#write(event);
        return;
      } catch (error) {
        if (!(error instanceof ClusterError) || !error.retryable || tries === LIMITS.tryCount) throw error;
        await clock.sleep(Math.max(error.retryAfterMs ?? 0, LIMITS.firstRetryMs * 2 ** (tries - 1)), this.#signal);
      }
    }
  }

  async #write({ about, note, atMs }: WaitingEvent): Promise<void> {
    const { writes } = this.#options;
    const key = `${identityOf(about)} ${note.type} ${note.reason} ${note.message}`;
    const written = this.#written.get(key);
    if (written !== undefined) {
      const body = repeatedEvent(written.count + 1, atMs);
      try {
        const patch = { type: 'merge', body } as const;
        await writes.patch('event.repeat', KINDS.events, nameOfEvent(written.object), patch, this.#signal);
        written.count = body.count;
        return;
      } catch (error) {
        // The API server forgets Events after an hour.
        if (!(error instanceof ClusterError) || error.code !== 'NotFound') throw error;
        this.#written.delete(key);
      }
    }
    this.#serial += 1;
    const object = newEvent(about, note, atMs, this.#serial);
    await writes.create('event.create', KINDS.events, object, this.#signal);
    this.#written.set(key, { object, count: 1 });
  }
}

function identityOf({ kind, metadata }: ApiObject): string {
  return metadata.uid ?? `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
