// Which claim's node each pod that waits was planned onto, as the latest plan has it: what has to be remembered from a plan
// until the pods are on the node. It lives in this process only; after a start or a hand-over nothing is known of earlier plans.
import type { ApiObject } from '../ports/index.ts';
import { keyOf, nameOfKey } from './fresh-store.ts';
import type { StoreReaders } from './stores.ts';

interface Seat {
  readonly uid: string | undefined;
  readonly claim: string;
}

/** The seats. Pods that have a node or are gone have none, nor has anybody one on a claim that is gone. */
export class PlannedSeats {
  readonly #pods: StoreReaders['pods'];
  readonly #seats = new Map<string, Seat>();
  readonly #keysOf = new Map<string, Set<string>>();

  constructor({ pods, nodeClaims }: Pick<StoreReaders, 'pods' | 'nodeClaims'>) {
    this.#pods = pods;
    pods.subscribe(({ key, after }) => {
      const seat = this.#seats.get(key);
      if (seat !== undefined && (after === undefined || after.metadata.uid !== seat.uid || isBound(after))) {
        this.#leave(key);
      }
    });
    nodeClaims.subscribe(({ key, after }) => {
      if (after === undefined) for (const pod of this.#keysOf.get(key) ?? []) this.#leave(pod);
    });
  }

  /** Notes where a pod was planned to be; undefined where that is no claim's node. */
  plan(pod: ApiObject, claim: string | undefined): void {
    const key = keyOf(pod);
    this.#leave(key);
    if (claim === undefined) return;
    this.#seats.set(key, { uid: pod.metadata.uid, claim });
    const keys = this.#keysOf.get(claim);
    if (keys === undefined) this.#keysOf.set(claim, new Set([key]));
    else keys.add(key);
  }

  /** The pods that were planned onto a claim's node and still wait for it, as they are now. */
  podsOf(claim: string): ApiObject[] {
    return [...(this.#keysOf.get(claim) ?? [])].flatMap((key) => this.#pods.get(nameOfKey(key)) ?? []);
  }

  /** The claim onto whose node a pod was planned. */
  claimOf(podKey: string): string | undefined {
    return this.#seats.get(podKey)?.claim;
  }

  #leave(key: string): void {
    const seat = this.#seats.get(key);
    if (seat === undefined) return;
    this.#seats.delete(key);
    const keys = this.#keysOf.get(seat.claim);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(seat.claim);
  }
}

function isBound(pod: ApiObject): boolean {
  return ((pod.spec as { readonly nodeName?: string } | undefined)?.nodeName ?? '') !== '';
}
