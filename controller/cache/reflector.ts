// Keeps a store like the API server has it: lists page by page, watches from there, and goes on through everything that
// happens to watches. It decides nothing about objects: the store projects them, and who subscribes to it acts.
import {
  type ApiObject,
  type Clock,
  ClusterError,
  type Kind,
  type ObjectEvent,
  type ObjectReader,
  type Selection,
} from '../ports/index.ts';
import { Backoff } from './backoff.ts';
import { LIMITS } from './limits.ts';
import { nameOfObject, type ObjectStore, storeKey } from './object-store.ts';

/** What to reflect into what. */
export interface ReflectorOptions {
  readonly reader: Pick<ObjectReader, 'list' | 'watch'>;
  readonly kind: Kind;
  /** Absent takes all objects of the kind. */
  readonly selection?: Selection;
  readonly store: Pick<ObjectStore<ApiObject>, 'upsert' | 'remove' | 'finishList'>;
  readonly clock: Clock;
  /** Uniform in [0, 1): spreads pauses and the ends of watches. */
  readonly random: () => number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Hears of every failure that is followed by another try. Ends of watches and expired versions are none. */
  readonly onError: (error: ClusterError) => void;
  /** A stream that brings neither an event nor a bookmark for so long is opened anew. */
  readonly silenceMs?: number;
  /** Objects of one page of a list. */
  readonly pageSize?: number;
}

/** A reflector that runs. */
export interface Reflector {
  /** Resolves when the first whole list is in the store. Rejects with the signal's reason when that ends it before. */
  readonly synced: Promise<void>;
  /** Resolves when it has ended. Rejects with what the store or a subscriber threw: that is a fault of the program. */
  readonly done: Promise<void>;
}

/** Starts one. */
export function startReflector(options: ReflectorOptions): Reflector {
  const synced = Promise.withResolvers<void>();
  const done = new Reflection(options, synced.resolve).run();
  options.signal.addEventListener('abort', () => synced.reject(options.signal.reason), { once: true });
  if (options.signal.aborted) synced.reject(options.signal.reason);
  done.catch(synced.reject);
  // Both may be left alone by who does not need them; a rejection of `done` is not to be missed.
  synced.promise.catch(() => {});
  return { synced: synced.promise, done };
}

/** How a watch came to its end, apart from failures. */
type WatchEnd = 'ended' | 'short' | 'silent' | 'history went back';

class Reflection {
  readonly #options: ReflectorOptions;
  readonly #silenceMs: number;
  readonly #listed: () => void;
  readonly #backoff: Backoff;
  /** The version that the store is at; absent when a list is due. */
  #version: string | undefined;
  /** True when a message has come since the last list began. */
  #hasProgress = false;

  constructor(options: ReflectorOptions, listed: () => void) {
    this.#options = options;
    this.#listed = listed;
    this.#silenceMs = options.silenceMs ?? LIMITS.silenceMs;
    this.#backoff = new Backoff({
      firstMs: LIMITS.firstBackoffMs,
      longestMs: LIMITS.longestBackoffMs,
      random: options.random,
    });
  }

  async run(): Promise<void> {
    const { signal, clock } = this.#options;
    // After a failure the server may be another one than before, with a history that is behind what has been seen.
    let isServerKnown = true;
    while (!signal.aborted) {
      let pauseMs: number | undefined;
      try {
        if (this.#version !== undefined && !isServerKnown) await this.#checkHistory(this.#version);
        isServerKnown = true;
        this.#version ??= await this.#list();
        const end = await this.#watch(this.#version);
        if (end === 'silent') isServerKnown = false;
        if (end === 'short') pauseMs = this.#backoff.next();
        if (end === 'history went back') this.#version = undefined;
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof ClusterError)) throw error;
        isServerKnown = false;
        if (error.code === 'Gone') {
          // Too old to go on from, which is normal after a pause. What is too old right after a list, or in the middle of
          // one, will be so again.
          if (!this.#hasProgress) pauseMs = this.#backoff.next();
          this.#version = undefined;
        } else {
          this.#options.onError(error);
          pauseMs = this.#backoff.next(error.retryAfterMs);
        }
      }
      if (pauseMs === undefined) continue;
      try {
        await clock.sleep(pauseMs, signal);
      } catch {
        // Only the signal ends a sleep.
      }
    }
  }

  /** Takes in a whole list, page by page; answers its version. */
  async #list(): Promise<string> {
    const { reader, kind, selection, store, signal, pageSize } = this.#options;
    this.#hasProgress = false;
    const keys = new Set<string>();
    let continueToken: string | undefined;
    for (;;) {
      const page = await reader.list(
        kind,
        { ...selection, limit: pageSize ?? LIMITS.pageSize, ...(continueToken === undefined ? {} : { continueToken }) },
        signal,
      );
      for (const object of page.items) {
        keys.add(storeKey(nameOfObject(object)));
        store.upsert(object);
      }
      continueToken = page.continueToken;
      if (continueToken !== undefined) continue;
      store.finishList(keys);
      this.#listed();
      return page.resourceVersion;
    }
  }

  /**
   * Asks what version the server is at, and makes a list due when that is behind the store: an API server that came back
   * from a backup would leave a watch from a version that it has yet to reach silent until then.
   */
  async #checkHistory(version: string): Promise<void> {
    const { reader, kind, selection, signal } = this.#options;
    const { resourceVersion } = await reader.list(kind, { ...selection, limit: 1 }, signal);
    if (isBehind(resourceVersion, version)) this.#version = undefined;
  }

  /** Watches until the stream ends; keeps `#version` up with it. Rejects with the ClusterError that it failed with. */
  async #watch(from: string): Promise<WatchEnd> {
    const { reader, kind, selection, clock, random, signal } = this.#options;
    const timeoutSeconds = Math.round(LIMITS.watchSeconds * (1 + random()));
    const stream = new Watchdog(clock, signal, this.#silenceMs);
    const openedMs = clock.monotonicMs();
    let hasMessages = false;
    try {
      for await (const event of reader.watch(
        kind,
        { ...selection, resourceVersion: from, timeoutSeconds },
        stream.signal,
      )) {
        stream.heard();
        hasMessages = true;
        this.#hasProgress = true;
        if (!this.#take(event)) return 'history went back';
        this.#backoff.reset();
      }
    } catch (error) {
      if (signal.aborted || !stream.isSilent) throw error;
      return 'silent';
    } finally {
      stream.close();
    }
    if (!hasMessages && clock.monotonicMs() - openedMs < LIMITS.shortWatchMs) return 'short';
    this.#backoff.reset();
    return 'ended';
  }

  /** Takes in one message; false for one that is behind what has been seen. */
  #take({ type, object }: ObjectEvent): boolean {
    const { store } = this.#options;
    const version = object.metadata.resourceVersion;
    if (version !== undefined) {
      if (this.#version !== undefined && isBehind(version, this.#version)) return false;
      this.#version = version;
    }
    if (type === 'DELETED') store.remove(nameOfObject(object));
    else if (type !== 'BOOKMARK') store.upsert(object);
    return true;
  }
}

/** Gives a stream up when it has been silent for too long. One timer runs, whatever comes through the stream. */
class Watchdog {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #ended = new AbortController();
  readonly #silence = new AbortController();
  /** Aborts when the caller's does, or on silence. */
  readonly signal: AbortSignal;
  #heardMs: number;

  constructor(clock: Clock, signal: AbortSignal, silenceMs: number) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.signal = AbortSignal.any([signal, this.#silence.signal]);
    this.#heardMs = clock.monotonicMs();
    void this.#run(AbortSignal.any([signal, this.#ended.signal]));
  }

  heard(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  get isSilent(): boolean {
    return this.#silence.signal.aborted;
  }

  close(): void {
    this.#ended.abort();
  }

  async #run(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      const leftMs = this.#silenceMs - (this.#clock.monotonicMs() - this.#heardMs);
      if (leftMs <= 0) {
        this.#silence.abort(new Error('the stream is silent'));
        return;
      }
      try {
        await this.#clock.sleep(leftMs, ended);
      } catch {
        return;
      }
    }
  }
}

/** Whether a version is older than another one. They are whole numbers in decimal, of any length. */
function isBehind(version: string, other: string): boolean {
  if (version.length !== other.length) return version.length < other.length;
  return version < other;
}
