// A reader whose answers a test scripts: lists and watches are requests that wait until the test answers them.
import type { ApiObject, ClusterError, Kind, ObjectEvent, ObjectPage, ObjectReader } from '../../ports/index.ts';

/** A list that waits for its answer. */
export interface ListRequest {
  readonly options: Parameters<ObjectReader['list']>[1];
  answer(page: ObjectPage): void;
  fail(error: ClusterError): void;
}

/** A watch that is open. */
export interface WatchRequest {
  readonly options: Parameters<ObjectReader['watch']>[1];
  send(type: ObjectEvent['type'], object: ApiObject): void;
  /** Ends the stream as a server does that has had enough. */
  end(): void;
  fail(error: ClusterError): void;
  /** True once the reader has left. */
  readonly isClosed: boolean;
}

/** The reader. Requests stand in `lists` and `watches` in the order in which they came. */
export class ScriptedReader implements Pick<ObjectReader, 'list' | 'watch'> {
  readonly lists: ListRequest[] = [];
  readonly watches: ScriptedWatch[] = [];

  list(_kind: Kind, options: ListRequest['options'], signal?: AbortSignal): Promise<ObjectPage> {
    const { promise, resolve, reject } = Promise.withResolvers<ObjectPage>();
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    this.lists.push({ options, answer: resolve, fail: reject });
    return promise;
  }

  watch(_kind: Kind, options: WatchRequest['options'], signal?: AbortSignal): AsyncIterable<ObjectEvent> {
    const watch = new ScriptedWatch(options);
    this.watches.push(watch);
    return watch.read(signal);
  }
}

class ScriptedWatch implements WatchRequest {
  readonly options: WatchRequest['options'];
  readonly #messages: (ObjectEvent | ClusterError | 'end')[] = [];
  #wake: () => void = () => {};
  isClosed = false;

  constructor(options: WatchRequest['options']) {
    this.options = options;
  }

  send(type: ObjectEvent['type'], object: ApiObject): void {
    this.#push({ type, object });
  }

  end(): void {
    this.#push('end');
  }

  fail(error: ClusterError): void {
    this.#push(error);
  }

  #push(message: ObjectEvent | ClusterError | 'end'): void {
    this.#messages.push(message);
    this.#wake();
  }

  async *read(signal?: AbortSignal): AsyncGenerator<ObjectEvent, void, undefined> {
    try {
      for (;;) {
        signal?.throwIfAborted();
        const message = this.#messages.shift();
        if (message === 'end') return;
        if (message instanceof Error) throw message;
        if (message !== undefined) yield message;
        else await this.#untilWoken(signal);
      }
    } finally {
      this.isClosed = true;
    }
  }

  #untilWoken(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
