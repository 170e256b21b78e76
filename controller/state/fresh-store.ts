// A store with our own writes laid over it: what the API server answered to a write counts at once, although the watch has
// not brought it yet. So nothing is decided on a cache that lags behind ourselves. It holds a write until the store has
// caught up with it.
import { type ObjectStoreReader, type StoreChange, storeKey } from '../cache/index.ts';
import type { ApiObject, ObjectName } from '../ports/index.ts';

type Listener = (change: StoreChange<ApiObject>) => void;

/** Reads as of a store, never older than what was noted. */
export class FreshStore implements ObjectStoreReader<ApiObject> {
  readonly #base: ObjectStoreReader<ApiObject>;
  readonly #project: (object: ApiObject) => ApiObject;
  /** Objects that the store has in an older state, or not at all. */
  readonly #noted = new Map<string, ApiObject>();
  /** UIDs of objects that are gone, and that the store still has. */
  readonly #gone = new Map<string, string | undefined>();
  readonly #listeners = new Set<Listener>();

  /** `project` is what the store keeps of an object. */
  constructor(base: ObjectStoreReader<ApiObject>, project: (object: ApiObject) => ApiObject = (object) => object) {
    this.#base = base;
    this.#project = project;
    base.subscribe((change) => this.#follow(change));
  }

  get isSynced(): boolean {
    return this.#base.isSynced;
  }

  get size(): number {
    let size = this.#base.size;
    for (const key of this.#noted.keys()) if (this.#inBase(key) === undefined) size += 1;
    for (const key of this.#gone.keys()) if (this.#inBase(key) !== undefined && !this.#noted.has(key)) size -= 1;
    return size;
  }

  get(name: ObjectName): ApiObject | undefined {
    const key = storeKey(name);
    const noted = this.#noted.get(key);
    if (noted !== undefined) return noted;
    const stored = this.#base.get(name);
    return stored === undefined || this.#isGone(key, stored) ? undefined : stored;
  }

  *values(): IterableIterator<ApiObject> {
    for (const stored of this.#base.values()) {
      const key = keyOf(stored);
      const noted = this.#noted.get(key);
      if (noted !== undefined) yield noted;
      else if (!this.#isGone(key, stored)) yield stored;
    }
    for (const [key, noted] of this.#noted) if (this.#inBase(key) === undefined) yield noted;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes in what the API server answered to a write, or, without a resource version, what is about to be written. What the
   * store has already in this state or a newer one changes nothing.
   */
  note(object: ApiObject): void {
    const projected = this.#project(object);
    const key = keyOf(projected);
    const before = this.#visible(key);
    const stored = this.#inBase(key);
    if (stored !== undefined && !isNewer(projected, stored)) return;
    const present = this.#noted.get(key);
    if (present !== undefined && isNewer(present, projected)) return;
    this.#noted.set(key, projected);
    this.#gone.delete(key);
    this.#tell(before === undefined ? { key, after: projected } : { key, before, after: projected });
  }

  /** Takes in that an object is gone, or that what was to be written came to nothing. */
  noteGone(name: ObjectName): void {
    const key = storeKey(name);
    const before = this.#visible(key);
    this.#noted.delete(key);
    const stored = this.#inBase(key);
    if (stored !== undefined) this.#gone.set(key, stored.metadata.uid);
    if (before !== undefined) this.#tell({ key, before });
  }

  #follow(change: StoreChange<ApiObject>): void {
    const { key, after } = change;
    const noted = this.#noted.get(key);
    // News of a state that we wrote over.
    if (after !== undefined && noted !== undefined && isNewer(noted, after)) return;
    const before =
      noted ?? (change.before !== undefined && !this.#isGone(key, change.before) ? change.before : undefined);
    this.#noted.delete(key);
    if (after !== undefined && this.#isGone(key, after)) return;
    this.#gone.delete(key);
    if (before === undefined && after === undefined) return;
    this.#tell({ key, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
  }

  #visible(key: string): ApiObject | undefined {
    const noted = this.#noted.get(key);
    if (noted !== undefined) return noted;
    const stored = this.#inBase(key);
    return stored === undefined || this.#isGone(key, stored) ? undefined : stored;
  }

  #inBase(key: string): ApiObject | undefined {
    return this.#base.get(nameOfKey(key));
  }

  #isGone(key: string, object: ApiObject): boolean {
    return this.#gone.has(key) && this.#gone.get(key) === object.metadata.uid;
  }

  #tell(change: StoreChange<ApiObject>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** The key of an object in its store. */
export function keyOf(object: ApiObject): string {
  const { name = '', namespace } = object.metadata;
  return storeKey(namespace === undefined ? { name } : { namespace, name });
}

/** The name behind a store's key. */
export function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Resource versions of one kind are numbers that rise. Without one, an object is only about to be written. */
function isNewer(one: ApiObject, other: ApiObject): boolean {
  return versionOf(one) > versionOf(other);
}

function versionOf(object: ApiObject): bigint {
  const version = object.metadata.resourceVersion;
  return version !== undefined && /^\d+$/.test(version) ? BigInt(version) : -1n;
}
