// Watches: every change after a version that concerns a selection, in order, with bookmarks between. A reader that falls
// too far behind, and one whose time is over, finds its stream ended, as a real API server ends it.
import type { ApiObject, Clock, Kind, ObjectEvent, Selection } from '../ports/index.ts';
import { apiVersionOf, ClusterError } from '../ports/index.ts';
import { badRequest, notFound } from './errors.ts';
import { kindKey, rulesOf } from './kind-rules.ts';
import { LIMITS } from './limits.ts';
import { selectionTest } from './selectors.ts';
import type { Change, Storage } from './storage.ts';

/** Where a watch begins and what it is about. */
export type WatchOptions = Selection & { readonly resourceVersion: string; readonly timeoutSeconds?: number };

/** The watches that are open. */
export class Watches {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #bookmarkMs: number;
  readonly #open = new Set<WatchStream>();

  constructor(storage: Storage, clock: Clock, bookmarkMs: number) {
    this.#storage = storage;
    this.#clock = clock;
    this.#bookmarkMs = bookmarkMs;
    storage.subscribe((change) => {
      for (const stream of this.#open) stream.take(change);
    });
  }

  /** How many are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Ends all streams, as a server does that is restarted. */
  endAll(): void {
    for (const stream of this.#open) stream.end();
  }

  async *watch(kind: Kind, options: WatchOptions, signal: AbortSignal | undefined): AsyncGenerator<ObjectEvent> {
    signal?.throwIfAborted();
    const stream = this.#openStream(kind, options);
    const onAbort = (): void => stream.fail(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const timers = new AbortController();
    this.#runTimers(stream, options.timeoutSeconds, timers.signal);
    try {
      for (;;) {
        const event = await stream.next();
        if (event === undefined) return;
        yield event;
      }
    } finally {
      timers.abort();
      signal?.removeEventListener('abort', onAbort);
      this.#open.delete(stream);
    }
  }

  #openStream(kind: Kind, options: WatchOptions): WatchStream {
    const rules = rulesOf(kind);
    if (rules === undefined) throw notFound(kind, { name: '' });
    const stream = new WatchStream(kind, selectionTest(rules, options));
    const text = options.resourceVersion;
    if (!/^\d*$/.test(text)) throw badRequest(`Invalid value: "${text}": resourceVersion must be a number`);
    const version = Number(text);
    if (version > this.#storage.version) {
      const message = `Too large resource version: ${version}, current: ${this.#storage.version}`;
      throw new ClusterError('Timeout', message, { causes: ['ResourceVersionTooLarge'], retryAfterMs: 1000 });
    }
    // Without a version a watch begins with what is there.
    if (version === 0) stream.begin(this.#storage.sorted(kind));
    else for (const change of this.#storage.changesAfter(version)) stream.take(change);
    this.#open.add(stream);
    return stream;
  }

  #runTimers(stream: WatchStream, timeoutSeconds: number | undefined, signal: AbortSignal): void {
    const bookmarks = async (): Promise<void> => {
      for (;;) {
        await this.#clock.sleep(this.#bookmarkMs, signal);
        stream.bookmark(this.#storage.version);
      }
    };
    const timeout = async (): Promise<void> => {
      if (timeoutSeconds === undefined) return;
      await this.#clock.sleep(timeoutSeconds * 1000, signal);
      stream.bookmark(this.#storage.version);
      stream.end();
    };
    const ignoreEnd = (error: unknown): void => {
      if (!signal.aborted) throw error;
    };
    bookmarks().catch(ignoreEnd);
    timeout().catch(ignoreEnd);
  }
}

/** One stream: events that wait to be read, and how it ends. */
class WatchStream {
  readonly #kind: Kind;
  readonly #key: string;
  readonly #test: (object: ApiObject) => boolean;
  readonly #waiting: ObjectEvent[] = [];
  #isEnded = false;
  #failure: { readonly reason: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(kind: Kind, test: (object: ApiObject) => boolean) {
    this.#kind = kind;
    this.#key = kindKey(kind);
    this.#test = test;
  }

  begin(objects: readonly ApiObject[]): void {
    for (const object of objects) if (this.#test(object)) this.#push({ type: 'ADDED', object });
  }

  /** An object that enters the selection was added to it, one that leaves it was deleted from it. */
  take(change: Change): void {
    if (kindKey(change.kind) !== this.#key) return;
    const was = change.before !== undefined && this.#test(change.before);
    const is = change.type !== 'DELETED' && this.#test(change.object);
    if (!was && !is) return;
    this.#push({ type: was ? (is ? 'MODIFIED' : 'DELETED') : 'ADDED', object: change.object });
  }

  bookmark(version: number): void {
    const { kind } = this.#kind;
    const metadata = { resourceVersion: String(version) };
    this.#push({ type: 'BOOKMARK', object: { apiVersion: apiVersionOf(this.#kind), kind, metadata } });
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  fail(reason: unknown): void {
    this.#failure = { reason };
    this.#wake?.();
  }

  /** The next event, or undefined at the end. */
  async next(): Promise<ObjectEvent | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.reason;
      const event = this.#waiting.shift();
      if (event !== undefined) return event;
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  #push(event: ObjectEvent): void {
    if (this.#isEnded) return;
    this.#waiting.push(event);
    if (this.#waiting.length > LIMITS.watchBuffer) this.#isEnded = true;
    this.#wake?.();
  }
}
