// What happens to dependents when their owner goes: deleted after it (background), before it (foreground), or let go
// (orphan). An object whose owners are all gone is deleted.
import type { ApiObject, Kind } from '../../ports/index.ts';
import { type Controller, type ControllerContext, controllerQueue, type Reference } from '../controller-context.ts';
import { FOREGROUND, ORPHAN } from '../deletion.ts';
import { isSameJson } from '../json.ts';
import { kindNamed } from '../kind-rules.ts';
import { isDeleting } from '../objects.ts';
import { type Change, nameOf } from '../storage.ts';
import type { WorkQueue } from '../work-queue.ts';

/** The garbage collector. */
export class GarbageCollector implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  /** What the keys of the queue stand for. */
  readonly #references = new Map<string, Reference>();

  constructor(context: ControllerContext, kinds: readonly Kind[]) {
    this.#context = context;
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
    for (const kind of kinds) for (const object of context.api.storage.sorted(kind)) this.#add(kind, object);
  }

  start(): void {
    const stop = this.#context.api.storage.subscribe((change) => this.#hear(change));
    this.#context.signal.addEventListener('abort', stop, { once: true });
  }

  #hear({ kind, type, object, before }: Change): void {
    if (type === 'DELETED') {
      for (const dependent of this.#context.owned.dependentsOf(String(object.metadata.uid)))
        this.#addReference(dependent);
      for (const owner of object.metadata.ownerReferences ?? []) this.#addOwner(object, owner);
      return;
    }
    const { ownerReferences } = object.metadata;
    const hasNewOwners =
      ownerReferences !== undefined && !isSameJson(before?.metadata.ownerReferences, ownerReferences);
    if (isDeleting(object) || hasNewOwners) this.#add(kind, object);
  }

  /** An owner that waits for its dependents looks again when one of them has gone. */
  #addOwner(object: ApiObject, owner: { apiVersion: string; kind: string; name: string }): void {
    const kind = kindNamed(owner.apiVersion, owner.kind);
    if (kind !== undefined) this.#addReference({ kind, name: ownerName(kind, object, owner.name) });
  }

  #add(kind: Kind, object: ApiObject): void {
    this.#addReference({ kind, name: nameOf(object) });
  }

  #addReference(reference: Reference): void {
    const key = JSON.stringify([reference.kind.group, reference.kind.plural, reference.name]);
    this.#references.set(key, reference);
    this.#queue.add(key);
  }

  #reconcile(key: string): void {
    const reference = this.#references.get(key);
    this.#references.delete(key);
    if (reference === undefined) return;
    const object = this.#context.api.storage.get(reference.kind, reference.name);
    if (object === undefined) return;
    const finalizers = object.metadata.finalizers ?? [];
    if (isDeleting(object) && finalizers.includes(FOREGROUND)) this.#deleteDependentsFirst(reference.kind, object);
    else if (isDeleting(object) && finalizers.includes(ORPHAN)) this.#letDependentsGo(reference.kind, object);
    else if (!isDeleting(object)) this.#deleteIfAbandoned(reference.kind, object);
  }

  #deleteDependentsFirst(kind: Kind, owner: ApiObject): void {
    const { api, owned } = this.#context;
    const uid = String(owner.metadata.uid);
    let isBlocked = false;
    for (const dependent of owned.dependentsOf(uid)) {
      const object = api.storage.get(dependent.kind, dependent.name);
      if (object === undefined) continue;
      if (object.metadata.ownerReferences?.some((entry) => entry.uid === uid && entry.blockOwnerDeletion === true))
        isBlocked = true;
      if (!isDeleting(object)) api.delete(dependent.kind, dependent.name, { propagationPolicy: 'Foreground' });
    }
    if (!isBlocked) this.#dropFinalizer(kind, owner, FOREGROUND);
  }

  #letDependentsGo(kind: Kind, owner: ApiObject): void {
    const { api, owned } = this.#context;
    const uid = String(owner.metadata.uid);
    for (const dependent of owned.dependentsOf(uid)) {
      const object = api.storage.get(dependent.kind, dependent.name);
      if (object === undefined) continue;
      const ownerReferences = object.metadata.ownerReferences?.filter((entry) => entry.uid !== uid) ?? [];
      api.replace(dependent.kind, { ...object, metadata: { ...object.metadata, ownerReferences } });
    }
    this.#dropFinalizer(kind, owner, ORPHAN);
  }

  #dropFinalizer(kind: Kind, object: ApiObject, finalizer: string): void {
    const finalizers = (object.metadata.finalizers ?? []).filter((entry) => entry !== finalizer);
    this.#context.api.replace(kind, { ...object, metadata: { ...object.metadata, finalizers } });
  }

  #deleteIfAbandoned(kind: Kind, object: ApiObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0) return;
    const isThere = owners.some((owner) => {
      const ownerKind = kindNamed(owner.apiVersion, owner.kind);
      // Of a kind that is not served nobody knows whether it is gone.
      if (ownerKind === undefined) return true;
      const found = this.#context.api.storage.get(ownerKind, ownerName(ownerKind, object, owner.name));
      return found?.metadata.uid === owner.uid;
    });
    if (isThere) return;
    this.#context.api.delete(kind, nameOf(object), {
      uid: String(object.metadata.uid),
      propagationPolicy: 'Background',
    });
  }
}

function ownerName(kind: Kind, dependent: ApiObject, name: string): Reference['name'] {
  const { namespace } = dependent.metadata;
  return kind.namespaced && namespace !== undefined ? { namespace, name } : { name };
}
