// Gathers equal requests into one: a batch is closed when nothing came for a while, after a longest time, or when it is full.
// What is made of it, and for how long, is the caller's.
import type { Clock } from '../ports/index.ts';

/** How a batch is gathered, and what is made of it. */
export interface BatcherOptions<Item, Answer> {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly maxMs: number;
  readonly most: number;
  /** Items with equal keys go together. */
  readonly keyOf: (item: Item) => string;
  /** Answers in the order of the items. */
  readonly run: (items: readonly Item[]) => Promise<readonly Answer[]>;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface Batch<Item, Answer> {
  readonly waiting: Waiting<Item, Answer>[];
  /** Ends the wait for more. */
  grown: PromiseWithResolvers<void>;
}

/** The batcher. */
export class Batcher<Item, Answer> {
  readonly #options: BatcherOptions<Item, Answer>;
  readonly #open = new Map<string, Batch<Item, Answer>>();

  constructor(options: BatcherOptions<Item, Answer>) {
    this.#options = options;
  }

  /** The item's answer, once its batch has been run. */
  add(item: Item): Promise<Answer> {
    const key = this.#options.keyOf(item);
    let batch = this.#open.get(key);
    if (batch === undefined) {
      batch = { waiting: [], grown: Promise.withResolvers<void>() };
      this.#open.set(key, batch);
      void this.#gather(key, batch);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    batch.waiting.push({ item, resolve, reject });
    batch.grown.resolve();
    if (batch.waiting.length >= this.#options.most) this.#open.delete(key);
    return promise;
  }

  async #gather(key: string, batch: Batch<Item, Answer>): Promise<void> {
    const { clock, idleMs, maxMs, most } = this.#options;
    const untilMs = clock.monotonicMs() + maxMs;
    // The first item comes right after this was called.
    await Promise.resolve();
    while (batch.waiting.length < most) {
      const leftMs = Math.min(idleMs, untilMs - clock.monotonicMs());
      if (leftMs <= 0) break;
      batch.grown = Promise.withResolvers<void>();
      const idle = new AbortController();
      const slept = clock.sleep(leftMs, idle.signal).then(
        () => true,
        () => false,
      );
      const wasIdle = await Promise.race([slept, batch.grown.promise.then(() => false)]);
      if (wasIdle) break;
      idle.abort();
    }
    if (this.#open.get(key) === batch) this.#open.delete(key);
    await this.#run(batch.waiting);
  }

  async #run(waiting: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.run(waiting.map(({ item }) => item));
      for (const [index, { resolve, reject }] of waiting.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new Error(`run batch: item ${index} of ${waiting.length} has no answer`));
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
