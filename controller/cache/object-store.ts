// Objects of one kind as last seen, projected to what is used. It is fed by a reflector and read by reconcilers; who wants to
// know of changes subscribes. It asks nobody for anything.
import type { ApiObject, ObjectName } from '../ports/index.ts';

/** What happened to one object. `before` is absent for one that came, `after` for one that is gone. */
export interface StoreChange<Value> {
  readonly key: string;
  readonly before?: Value;
  readonly after?: Value;
}

/** Reads of a store. */
export interface ObjectStoreReader<Value> {
  get(name: ObjectName): Value | undefined;
  values(): IterableIterator<Value>;
  readonly size: number;
  /** True once a whole list has been taken in, and from then on. */
  readonly isSynced: boolean;
  /** Calls `listener` after every change, in order, within the same turn. Answers the way to stop. */
  subscribe(listener: (change: StoreChange<Value>) => void): () => void;
}

/** The key of an object: `namespace/name`, or the name where there is no namespace. */
export function storeKey(name: ObjectName): string {
  return name.namespace === undefined ? name.name : `${name.namespace}/${name.name}`;
}

/** The name of an object that has one. */
export function nameOfObject(object: ApiObject): ObjectName {
  const { name, namespace } = object.metadata;
  if (name === undefined) throw new Error(`store object: it has no name (kind=${object.kind})`);
  return namespace === undefined ? { name } : { namespace, name };
}

/** The store. `project` keeps of an object what is used; it must keep metadata.name and metadata.namespace. */
export class ObjectStore<Value extends ApiObject> implements ObjectStoreReader<Value> {
  readonly #project: (object: ApiObject) => Value;
  readonly #values = new Map<string, Value>();
  readonly #listeners = new Set<(change: StoreChange<Value>) => void>();
  #isSynced = false;

  constructor(project: (object: ApiObject) => Value) {
    this.#project = project;
  }

  get(name: ObjectName): Value | undefined {
    return this.#values.get(storeKey(name));
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  get size(): number {
    return this.#values.size;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  subscribe(listener: (change: StoreChange<Value>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in an object that came or changed. One with the version that is stored already changes nothing. */
  upsert(object: ApiObject): void {
    const key = storeKey(nameOfObject(object));
    const before = this.#values.get(key);
    const version = object.metadata.resourceVersion;
    if (before !== undefined && version !== undefined && before.metadata.resourceVersion === version) return;
    const after = this.#project(object);
    this.#values.set(key, after);
    this.#tell(before === undefined ? { key, after } : { key, before, after });
  }

  /** Drops an object that is gone. */
  remove(name: ObjectName): void {
    const key = storeKey(name);
    const before = this.#values.get(key);
    if (before === undefined) return;
    this.#values.delete(key);
    this.#tell({ key, before });
  }

  /** Takes in a whole list: `keys` are all that there are now, and what is not among them is dropped. */
  finishList(keys: ReadonlySet<string>): void {
    for (const [key, before] of this.#values) {
      if (keys.has(key)) continue;
      this.#values.delete(key);
      this.#tell({ key, before });
    }
    this.#isSynced = true;
  }

  #tell(change: StoreChange<Value>): void {
    for (const listener of this.#listeners) listener(change);
  }
}
