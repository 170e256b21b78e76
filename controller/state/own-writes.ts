// Writes to the kinds that the controller decides by. Each goes out through the one wrapper and is taken into the stores at
// once, so that the next decision sees it. It retries nothing.
import {
  type ApiObject,
  ClusterError,
  type DeleteOptions,
  KINDS,
  type ObjectName,
  type ObjectReader,
} from '../ports/index.ts';
import type { Writes } from '../writes/index.ts';
import type { Stores, WrittenKind } from './stores.ts';

/** Changes of one object, as a merge patch. */
export interface ObjectChange {
  readonly body: Readonly<Record<string, unknown>>;
  readonly subresource?: 'status';
}

/** The writer. */
export class OwnWrites {
  readonly #writes: Writes;
  readonly #reader: Pick<ObjectReader, 'get'>;
  readonly #stores: Stores;

  constructor(writes: Writes, reader: Pick<ObjectReader, 'get'>, stores: Stores) {
    this.#writes = writes;
    this.#reader = reader;
    this.#stores = stores;
  }

  async create(point: string, kind: WrittenKind, object: ApiObject, signal?: AbortSignal): Promise<ApiObject> {
    const stored = await this.#writes.create(point, KINDS[kind], object, signal);
    this.#stores[kind].note(stored);
    return stored;
  }

  /**
   * Patches an object as it was read: whoever has written in between makes it a `Conflict`. Answers undefined where the
   * object is gone.
   */
  async patch(
    point: string,
    kind: WrittenKind,
    object: ApiObject,
    change: ObjectChange,
    signal?: AbortSignal,
  ): Promise<ApiObject | undefined> {
    const name = nameOf(object);
    const { resourceVersion, uid } = object.metadata;
    const metadata = { ...(change.body.metadata as object | undefined), resourceVersion, uid };
    const { subresource } = change;
    try {
      const stored = await this.#writes.patch(
        point,
        KINDS[kind],
        name,
        { type: 'merge', body: { ...change.body, metadata }, ...(subresource === undefined ? {} : { subresource }) },
        signal,
      );
      if (isFinallyGone(stored)) this.#stores[kind].noteGone(name);
      else this.#stores[kind].note(stored);
      return stored;
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code !== 'NotFound') throw error;
      this.#stores[kind].noteGone(name);
      return undefined;
    }
  }

  /**
   * Asks for the deletion of exactly this object, not of another one of its name. Gone already is no error. Answers what is
   * left of it: an object with finalizers stays until they are off. A `Conflict` that leaves the object as it was is one.
   */
  async delete(
    point: string,
    kind: WrittenKind,
    object: ApiObject,
    options: DeleteOptions = {},
    signal?: AbortSignal,
  ): Promise<ApiObject | undefined> {
    const name = nameOf(object);
    const { uid } = object.metadata;
    let conflict: ClusterError | undefined;
    try {
      const precondition = uid === undefined ? {} : { uid };
      await this.#writes.delete(point, KINDS[kind], name, { ...precondition, ...options }, signal);
    } catch (error) {
      if (!(error instanceof ClusterError) || (error.code !== 'NotFound' && error.code !== 'Conflict')) throw error;
      if (error.code === 'Conflict') conflict = error;
    }
    const left = await this.refresh(kind, name, signal);
    // Another object of that name is why it is refused; the same one, untouched, waits for another try.
    if (conflict !== undefined && left?.metadata.uid === uid && !isBeingDeleted(left)) throw conflict;
    return left;
  }

  /** Reads an object past all caches and takes it in. */
  async refresh(kind: WrittenKind, name: ObjectName, signal?: AbortSignal): Promise<ApiObject | undefined> {
    const stored = await this.#reader.get(KINDS[kind], name, signal);
    if (stored === undefined) this.#stores[kind].noteGone(name);
    else this.#stores[kind].note(stored);
    return stored;
  }
}

function nameOf(object: ApiObject): ObjectName {
  const { name } = object.metadata;
  if (name === undefined) throw new Error(`write object: it has no name (kind=${object.kind})`);
  return { name };
}

/** What is answered when the last finalizer went: the object is there no more. */
function isFinallyGone(object: ApiObject): boolean {
  return isBeingDeleted(object) && (object.metadata.finalizers ?? []).length === 0;
}

function isBeingDeleted(object: ApiObject | undefined): boolean {
  const deletionTimestamp = object?.metadata.deletionTimestamp;
  return deletionTimestamp !== undefined && deletionTimestamp !== null;
}
