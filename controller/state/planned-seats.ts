// Which claim's node each pod that waits was planned onto: what has to be remembered from a plan until the pods are on the
// node. Later plans take those pods for being there: fitted in anew, one after the other, not all would find the room that a
// plan has made for them. It lives in this process only; after a start or a hand-over nothing is known of earlier plans.
import type { ApiObject } from '../ports/index.ts';
import { keyOf, nameOfKey } from './fresh-store.ts';
import type { StoreReaders } from './stores.ts';

interface Seat {
  readonly uid: string | undefined;
  readonly claim: string;
}

/** Where pods that wait were planned to be. */
export interface SeatReader {
  /** The claim onto whose node a pod was planned. */
  claimOf(podKey: string): string | undefined;
  /** Keys of the pods that were planned onto a claim's node. */
  keysOf(claim: string): readonly string[];
  /** Hears of every pod whose seat has changed. */
  onChange(listener: (podKey: string) => void): void;
}

/** The seats. Pods that have a node or are gone have none, nor has anybody one on a claim that is gone. */
export class PlannedSeats implements SeatReader {
  readonly #pods: StoreReaders['pods'];
  readonly #seats = new Map<string, Seat>();
  readonly #keysOf = new Map<string, Set<string>>();
  readonly #onChange: ((podKey: string) => void)[] = [];
  readonly #onLost: ((podKey: string) => void)[] = [];
  readonly #onBound: ((nodeName: string, planned: string | undefined) => void)[] = [];

  constructor({ pods, nodeClaims }: Pick<StoreReaders, 'pods' | 'nodeClaims'>) {
    this.#pods = pods;
    pods.subscribe(({ key, before, after }) => {
      const seat = this.#seats.get(key);
      const bound = nodeNameOf(after);
      const isSame = after !== undefined && after.metadata.uid === seat?.uid;
      if (seat !== undefined && (!isSame || bound !== '')) this.#leave(key);
      if (bound === '' || bound === nodeNameOf(before)) return;
      for (const tell of this.#onBound) tell(bound, isSame ? seat?.claim : undefined);
    });
    nodeClaims.subscribe(({ key, after }) => {
      if (after === undefined) this.release(key);
    });
  }

  /** Notes where a pod was planned to be; undefined where that is no claim's node. */
  plan(pod: ApiObject, claim: string | undefined): void {
    const key = keyOf(pod);
    if (this.#seats.get(key)?.claim === claim && this.#seats.get(key)?.uid === pod.metadata.uid) return;
    this.#leave(key);
    if (claim === undefined) return;
    this.#seats.set(key, { uid: pod.metadata.uid, claim });
    const keys = this.#keysOf.get(claim);
    if (keys === undefined) this.#keysOf.set(claim, new Set([key]));
    else keys.add(key);
    for (const tell of this.#onChange) tell(key);
  }

  /** Pods that still wait for a claim's node belong nowhere any more, and need another plan. */
  release(claim: string): void {
    for (const key of this.keysOf(claim)) this.#lose(key);
  }

  /** A pod that waits does not find its place any more, and needs another plan. */
  lose(pod: ApiObject): void {
    this.#lose(keyOf(pod));
  }

  onChange(listener: (podKey: string) => void): void {
    this.#onChange.push(listener);
  }

  /** Hears of pods that wait and for which another plan is needed. */
  onLost(listener: (podKey: string) => void): void {
    this.#onLost.push(listener);
  }

  /** Hears of pods that get a node: its name, and the claim onto whose node the pod was planned. */
  onBound(listener: (nodeName: string, planned: string | undefined) => void): void {
    this.#onBound.push(listener);
  }

  /** The seats as they are now, and stay. */
  snapshot(): SeatReader {
    const claims = new Map([...this.#seats].map(([key, { claim }]) => [key, claim]));
    return { claimOf: (key) => claims.get(key), keysOf: () => [], onChange: () => undefined };
  }

  /** The pods that were planned onto a claim's node and still wait for it, as they are now. */
  podsOf(claim: string): ApiObject[] {
    return this.keysOf(claim).flatMap((key) => this.#pods.get(nameOfKey(key)) ?? []);
  }

  keysOf(claim: string): readonly string[] {
    return [...(this.#keysOf.get(claim) ?? [])];
  }

  claimOf(podKey: string): string | undefined {
    return this.#seats.get(podKey)?.claim;
  }

  #lose(key: string): void {
    this.#leave(key);
    for (const tell of this.#onLost) tell(key);
  }

  #leave(key: string): void {
    const seat = this.#seats.get(key);
    if (seat === undefined) return;
    this.#seats.delete(key);
    const keys = this.#keysOf.get(seat.claim);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(seat.claim);
    for (const tell of this.#onChange) tell(key);
  }
}

function nodeNameOf(pod: ApiObject | undefined): string {
  return (pod?.spec as { readonly nodeName?: string } | undefined)?.nodeName ?? '';
}
