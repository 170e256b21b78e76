// What is stored: objects by kind and name under one count of versions, and the latest changes, which watches read. It is
// etcd and the watch cache in one; the rules of the API are in api-server.ts. Everything happens at once and in order.
import type { ApiObject, Kind, ObjectName } from '../ports/index.ts';
import { gone } from './errors.ts';
import { type Fields, freezeJson } from './json.ts';
import { kindKey } from './kind-rules.ts';

/** One change. `before` is absent for an object that came; for one that went, `object` is its last state. */
export interface Change {
  readonly version: number;
  readonly kind: Kind;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiObject;
  readonly before?: ApiObject;
}

/** `namespace/name`, or the name where there is no namespace. */
export function objectKey(name: ObjectName): string {
  return name.namespace === undefined ? name.name : `${name.namespace}/${name.name}`;
}

/** The name of a stored object. */
export function nameOf(object: ApiObject): ObjectName {
  const { name, namespace } = object.metadata;
  if (name === undefined) throw new Error(`stored object: it has no name (kind=${object.kind})`);
  return namespace === undefined ? { name } : { namespace, name };
}

/** The storage. Objects in it are frozen, all the way down. */
export class Storage {
  readonly #tables = new Map<string, Map<string, ApiObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #historyLength: number;
  #history: Change[] = [];
  /** Versions up to this one can't be watched from any more. */
  #compactedVersion = 0;
  #version = 1;

  constructor(historyLength: number) {
    this.#historyLength = historyLength;
  }

  /** The version of the latest change. */
  get version(): number {
    return this.#version;
  }

  /** Changes after versions below this one are forgotten. */
  get compactedVersion(): number {
    return this.#compactedVersion;
  }

  get(kind: Kind, name: ObjectName): ApiObject | undefined {
    return this.#tables.get(kindKey(kind))?.get(objectKey(name));
  }

  /** All objects of a kind in no particular order. */
  values(kind: Kind): Iterable<ApiObject> {
    return this.#tables.get(kindKey(kind))?.values() ?? [];
  }

  /** All objects of a kind in the order of their names. O(n log n). */
  sorted(kind: Kind): ApiObject[] {
    const table = this.#tables.get(kindKey(kind));
    if (table === undefined) return [];
    return [...table.keys()].sort(compareText).map((key) => table.get(key) as ApiObject);
  }

  /** Stores an object in place of the one of its name, if there is one, under the next version. Takes it over. */
  put(kind: Kind, object: ApiObject): ApiObject {
    const table = this.#tableOf(kind);
    const key = objectKey(nameOf(object));
    const before = table.get(key);
    const stored = this.#stamped(object);
    table.set(key, stored);
    this.#record(
      before === undefined
        ? { version: this.#version, kind, type: 'ADDED', object: stored }
        : { version: this.#version, kind, type: 'MODIFIED', object: stored, before },
    );
    return stored;
  }

  /** Takes an object away; watches see its last state, `last`, under the next version. */
  remove(kind: Kind, name: ObjectName, last?: ApiObject): void {
    const table = this.#tableOf(kind);
    const key = objectKey(name);
    const before = table.get(key);
    if (before === undefined) return;
    table.delete(key);
    const object = this.#stamped(last ?? before);
    this.#record({ version: this.#version, kind, type: 'DELETED', object, before });
  }

  /** Calls `listener` after every change, within the same turn. It may not write. Answers the way to stop. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The changes after `version`, oldest first. Throws Gone where they are not all known any more. */
  changesAfter(version: number): readonly Change[] {
    if (version < this.#compactedVersion)
      throw gone(`too old resource version: ${version} (${this.#compactedVersion})`);
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#history[middle] as Change).version <= version) low = middle + 1;
      else high = middle;
    }
    return this.#history.slice(low);
  }

  /** Forgets all changes so far: whoever goes on from a version that he knows finds it Gone, and has to list anew. */
  compact(): void {
    this.#history = [];
    this.#version += 1;
    this.#compactedVersion = this.#version;
  }

  #tableOf(kind: Kind): Map<string, ApiObject> {
    const key = kindKey(kind);
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const table = new Map<string, ApiObject>();
    this.#tables.set(key, table);
    return table;
  }

  #stamped(object: ApiObject): ApiObject {
    this.#version += 1;
    const metadata: Fields = { ...object.metadata, resourceVersion: String(this.#version) };
    return freezeJson({ ...object, metadata });
  }

  #record(change: Change): void {
    this.#history.push(change);
    if (this.#history.length >= 2 * this.#historyLength) {
      this.#history = this.#history.slice(-this.#historyLength);
      this.#compactedVersion = (this.#history[0] as Change).version - 1;
    }
    for (const listener of this.#listeners) listener(change);
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
