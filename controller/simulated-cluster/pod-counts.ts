// How many pods each workload has, and how many of them are ready: kept up to date pod by pod, because a workload of
// thousands is looked at after each of its pods.
import type { ApiObject } from '../ports/index.ts';
import { KINDS } from '../ports/index.ts';
import type { ApiServer } from './api-server.ts';
import { isReady } from './eviction.ts';
import { kindKey } from './kind-rules.ts';
import { isDeleting, isFinished } from './objects.ts';

/** The pods of one workload. */
export interface PodCount {
  /** Those that have neither ended nor are ending. */
  readonly active: number;
  /** Those of them that are ready. */
  readonly ready: number;
}

const NONE: PodCount = { active: 0, ready: 0 };

/** Counts by the UID of the controlling owner. */
export class PodCounts {
  readonly #counts = new Map<string, { active: number; ready: number }>();

  constructor(api: ApiServer) {
    for (const pod of api.storage.values(KINDS.pods)) this.#count(pod, 1);
    const key = kindKey(KINDS.pods);
    api.storage.subscribe(({ kind, type, object, before }) => {
      if (kindKey(kind) !== key) return;
      if (before !== undefined) this.#count(before, -1);
      if (type !== 'DELETED') this.#count(object, 1);
    });
  }

  of(owner: ApiObject): PodCount {
    return this.#counts.get(String(owner.metadata.uid)) ?? NONE;
  }

  #count(pod: ApiObject, sign: number): void {
    if (!isActive(pod)) return;
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner === undefined) return;
    const count = this.#counts.get(owner.uid) ?? { active: 0, ready: 0 };
    count.active += sign;
    if (isReady(pod)) count.ready += sign;
    if (count.active === 0) this.#counts.delete(owner.uid);
    else this.#counts.set(owner.uid, count);
  }
}

/** Whether a pod counts: it has neither ended nor is it ending. */
export function isActive(pod: ApiObject): boolean {
  return !isFinished(pod) && !isDeleting(pod);
}
