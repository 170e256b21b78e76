// News of instances on its way to whoever listens, as a queue of EventBridge messages: what was taken and not acknowledged
// comes again, and what nobody takes is lost after a while.
import type { Clock, Interruption } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** News without the means to acknowledge it. */
export type News = Omit<Interruption, 'acknowledge'>;

interface Message {
  readonly news: News;
  readonly sentMs: number;
  hiddenUntilMs: number;
}

/** The queue. */
export class NewsQueue {
  readonly #clock: Clock;
  readonly #messages = new Set<Message>();
  #arrival = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#messages.size;
  }

  send(news: News): void {
    const nowMs = this.#clock.monotonicMs();
    for (const message of this.#messages) {
      if (nowMs - message.sentMs <= LIMITS.newsRetentionMs) break;
      this.#messages.delete(message);
    }
    this.#messages.add({ news, sentMs: nowMs, hiddenUntilMs: 0 });
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  /** Takes the next message that is not hidden, and hides it for a while. Undefined when there is none. */
  take(): Interruption | undefined {
    const nowMs = this.#clock.monotonicMs();
    for (const message of this.#messages) {
      if (message.hiddenUntilMs > nowMs) continue;
      message.hiddenUntilMs = nowMs + LIMITS.newsHiddenMs;
      const acknowledge = async (): Promise<void> => void this.#messages.delete(message);
      return { ...message.news, acknowledge };
    }
    return undefined;
  }

  /** All news until the signal aborts, which ends it with the signal's reason. */
  async *follow(signal: AbortSignal): AsyncGenerator<Interruption> {
    for (;;) {
      signal.throwIfAborted();
      const news = this.take();
      if (news !== undefined) {
        yield news;
        continue;
      }
      await this.#arrivalOrReturn(signal);
    }
  }

  /** Resolves when there may be something to take again. */
  async #arrivalOrReturn(signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const stop = AbortSignal.any([signal, end.signal]);
    const nowMs = this.#clock.monotonicMs();
    const soonestMs = Math.min(...[...this.#messages].map(({ hiddenUntilMs }) => hiddenUntilMs - nowMs));
    const waits: Promise<void>[] = [this.#arrival.promise];
    // With nothing hidden only an arrival can change anything, or the end.
    waits.push(this.#clock.sleep(Number.isFinite(soonestMs) ? soonestMs : LIMITS.newsRetentionMs, stop));
    try {
      await Promise.race(waits);
    } finally {
      end.abort();
      for (const wait of waits) wait.catch(() => undefined);
    }
  }
}
