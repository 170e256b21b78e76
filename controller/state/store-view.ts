// A store as one term of a leader sees it: the store outlives the term, and what the term has subscribed to it does not.
import type { ObjectStoreReader, StoreChange } from '../cache/index.ts';
import type { ApiObject, ObjectName } from '../ports/index.ts';

/** Reads of a store; its subscriptions end when the signal aborts. */
export class StoreView implements ObjectStoreReader<ApiObject> {
  readonly #base: ObjectStoreReader<ApiObject>;
  readonly #signal: AbortSignal;

  constructor(base: ObjectStoreReader<ApiObject>, signal: AbortSignal) {
    this.#base = base;
    this.#signal = signal;
  }

  get isSynced(): boolean {
    return this.#base.isSynced;
  }

  get size(): number {
    return this.#base.size;
  }

  get(name: ObjectName): ApiObject | undefined {
    return this.#base.get(name);
  }

  values(): IterableIterator<ApiObject> {
    return this.#base.values();
  }

  subscribe(listener: (change: StoreChange<ApiObject>) => void): () => void {
    const end = this.#base.subscribe(listener);
    if (this.#signal.aborted) end();
    else this.#signal.addEventListener('abort', end, { once: true });
    return () => {
      this.#signal.removeEventListener('abort', end);
      end();
    };
  }
}
