// Answers on their way to a client: taken one by one as the transport has sent the one before. How many there are decides
// whether the client's next message is read.
import { LIMITS } from '../limits.ts';

interface Waiting<T> {
  readonly message: T;
  readonly byteLength: number;
}

/** A queue with one reader. Its bound is kept by whoever fills it: see `drained`. */
export class Outbox<T> {
  readonly #queue: Waiting<T>[] = [];
  #byteLength = 0;
  #end: { readonly error?: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  /** Answers that nobody has taken. */
  get length(): number {
    return this.#queue.length;
  }

  /** Adds an answer; `byteLength` is about what it takes. Nothing happens once the box is closed. */
  put(message: T, byteLength = 0): void {
    if (this.#end !== undefined) return;
    this.#queue.push({ message, byteLength });
    this.#byteLength += byteLength;
    this.#wakeReader?.();
  }

  /** Ends the answers after those that are there. */
  close(): void {
    this.#finish({});
  }

  /** Ends the answers with an error, and drops those that are there. */
  fail(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#queue.length = 0;
    this.#byteLength = 0;
    this.#finish({ error });
  }

  /** Resolves once few enough answers wait, or the box is closed. */
  async drained(): Promise<void> {
    while (this.#end === undefined && this.#isFull()) {
      await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
    }
  }

  /** The answers, until the box is closed. Throws what it failed with. For one reader. */
  async *read(): AsyncGenerator<T, undefined> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        this.#byteLength -= next.byteLength;
        yield next.message;
        // Only here, where the transport has sent it and asks for more, does it no longer count.
        this.#notifyWriters();
        continue;
      }
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
      this.#wakeReader = undefined;
    }
  }

  #isFull(): boolean {
    return this.#queue.length >= LIMITS.unsentAnswerCount || this.#byteLength >= LIMITS.unsentAnswerBytes;
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end ??= end;
    this.#wakeReader?.();
    this.#notifyWriters();
  }

  #notifyWriters(): void {
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }
}
