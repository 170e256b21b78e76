// Which pods mount which claims, so that a claim that comes, or that a second pod mounts, finds the pods whose shape it
// changes.
import { storeKey } from '../cache/index.ts';
import { asPod } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { keyOf } from './fresh-store.ts';

/** Keys of pods by the key of a claim. */
export class VolumeUsers {
  readonly #pods = new Map<string, Set<string>>();

  /** Notes a pod that came; answers the pods of which a claim is shared from now on. */
  add(pod: ApiObject): string[] {
    const changed: string[] = [];
    for (const claim of claimKeys(pod)) {
      const users = this.#pods.get(claim);
      if (users === undefined) this.#pods.set(claim, new Set([keyOf(pod)]));
      else if (!users.has(keyOf(pod)) && users.add(keyOf(pod)).size === 2) changed.push(...users);
    }
    return changed;
  }

  /** Notes that a pod is gone; answers the pods that have a claim to themselves from now on. */
  remove(pod: ApiObject): string[] {
    const changed: string[] = [];
    for (const claim of claimKeys(pod)) {
      const users = this.#pods.get(claim);
      users?.delete(keyOf(pod));
      if (users?.size === 0) this.#pods.delete(claim);
      if (users?.size === 1) changed.push(...users);
    }
    return changed;
  }

  usersOf(claimKey: string): Iterable<string> {
    return this.#pods.get(claimKey) ?? [];
  }

  clear(): void {
    this.#pods.clear();
  }

  /** Every pod that mounts a claim. */
  *all(): Generator<string> {
    for (const users of this.#pods.values()) yield* users;
  }
}

/** The claims that a pod mounts, those that are made with it included. */
function claimKeys(pod: ApiObject): Set<string> {
  const { namespace = 'default', name: podName } = pod.metadata;
  const keys = new Set<string>();
  for (const { name, persistentVolumeClaim, ephemeral } of asPod(pod).spec?.volumes ?? []) {
    const claimName = persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${podName}-${name}`);
    if (claimName !== undefined) keys.add(storeKey({ namespace, name: claimName }));
  }
  return keys;
}
