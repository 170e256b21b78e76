// What every controller of the cluster gets: the API, the clock, chance, and the objects by owner and by node.
import type { ApiObject, Clock, Kind, ObjectName } from '../ports/index.ts';
import { KINDS } from '../ports/index.ts';
import type { Chance } from '../random/index.ts';
import type { ApiServer } from './api-server.ts';
import { isSameJson } from './json.ts';
import { kindKey } from './kind-rules.ts';
import { podSpec } from './objects.ts';
import type { PodCounts } from './pod-counts.ts';
import { type Change, nameOf, objectKey } from './storage.ts';
import { WorkQueue } from './work-queue.ts';

/** Where controllers stand. */
export interface ControllerContext {
  readonly api: ApiServer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly signal: AbortSignal;
  readonly owned: OwnerIndex;
  readonly podsByNode: NodeIndex;
  readonly podCounts: PodCounts;
}

/** A controller: told of every change from its start on. */
export interface Controller {
  start(): void;
}

/** Time between a change and what a controller does about it. */
const PAUSE_MS = 10;
const SLICE_LENGTH = 100;

/** A queue for a controller. Its keys are those of objectKey(). */
export function controllerQueue(context: ControllerContext, work: (key: string) => void): WorkQueue {
  return new WorkQueue(
    { clock: context.clock, signal: context.signal, pauseMs: PAUSE_MS, sliceLength: SLICE_LENGTH },
    work,
  );
}

/** Calls `listener` for everything there is of a kind, and for every change from then on. */
export function follow(
  context: ControllerContext,
  kind: Kind,
  listener: (object: ApiObject, change?: Change) => void,
): void {
  const key = kindKey(kind);
  const stop = context.api.storage.subscribe((change) => {
    if (kindKey(change.kind) === key) listener(change.object, change);
  });
  context.signal.addEventListener('abort', stop, { once: true });
  for (const object of context.api.storage.sorted(kind)) listener(object);
}

/** The name of a key that objectKey() made. */
export function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Which object an owner reference or an index speaks of. */
export interface Reference {
  readonly kind: Kind;
  readonly name: ObjectName;
}

/** Objects by the UIDs of their owners. */
export class OwnerIndex {
  readonly #byOwner = new Map<string, Map<string, Reference>>();

  constructor(api: ApiServer, kinds: readonly Kind[]) {
    for (const kind of kinds) for (const object of api.storage.sorted(kind)) this.#update(kind, undefined, object);
    api.storage.subscribe(({ kind, type, object, before }) => {
      this.#update(kind, before, type === 'DELETED' ? undefined : object);
    });
  }

  /** What an owner owns, in the order in which it came. */
  dependentsOf(ownerUid: string): readonly Reference[] {
    return [...(this.#byOwner.get(ownerUid)?.values() ?? [])];
  }

  #update(kind: Kind, before: ApiObject | undefined, after: ApiObject | undefined): void {
    const owners = after?.metadata.ownerReferences;
    if (before !== undefined && after !== undefined && isSameJson(before.metadata.ownerReferences, owners)) return;
    for (const { uid } of before?.metadata.ownerReferences ?? []) {
      const dependents = this.#byOwner.get(uid);
      dependents?.delete(referenceKey(kind, before as ApiObject));
      if (dependents?.size === 0) this.#byOwner.delete(uid);
    }
    for (const { uid } of owners ?? []) {
      const dependents = this.#byOwner.get(uid) ?? new Map<string, Reference>();
      dependents.set(referenceKey(kind, after as ApiObject), { kind, name: nameOf(after as ApiObject) });
      this.#byOwner.set(uid, dependents);
    }
  }
}

function referenceKey(kind: Kind, object: ApiObject): string {
  return `${kindKey(kind)} ${objectKey(nameOf(object))}`;
}

/** Keys of pods by the node that they are bound to. */
export class NodeIndex {
  readonly #byNode = new Map<string, Set<string>>();

  constructor(api: ApiServer) {
    for (const pod of api.storage.sorted(KINDS.pods)) this.#update(undefined, pod);
    const key = kindKey(KINDS.pods);
    api.storage.subscribe(({ kind, type, object, before }) => {
      if (kindKey(kind) === key) this.#update(before, type === 'DELETED' ? undefined : object);
    });
  }

  on(nodeName: string): readonly string[] {
    return [...(this.#byNode.get(nodeName) ?? [])];
  }

  nodeNames(): readonly string[] {
    return [...this.#byNode.keys()];
  }

  #update(before: ApiObject | undefined, after: ApiObject | undefined): void {
    const was = before === undefined ? '' : (podSpec(before).nodeName ?? '');
    const is = after === undefined ? '' : (podSpec(after).nodeName ?? '');
    if (was === is) return;
    const key = objectKey(nameOf((after ?? before) as ApiObject));
    if (was !== '') {
      const pods = this.#byNode.get(was);
      pods?.delete(key);
      if (pods?.size === 0) this.#byNode.delete(was);
    }
    if (is === '') return;
    const pods = this.#byNode.get(is) ?? new Set<string>();
    pods.add(key);
    this.#byNode.set(is, pods);
  }
}
