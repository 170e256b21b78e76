// Which pods a session has and where: names on this thread, counts in the log. Pods of one shape in one place (waiting, or
// on one node) are one entry, so a pod costs its name and nothing more.
import type { LiveRecord } from '../replica/index.ts';

/** A pod shape that some pod of the session has. */
export interface KnownShape {
  /** Its number in the log. */
  readonly id: number;
  readonly key: string;
  readonly namespace: string;
  readonly record: LiveRecord;
  /** Its pods' places, by node; the empty name stands for waiting. */
  readonly places: Map<string, Place>;
}

/** Pods of one shape that wait, or that run on one node. */
export interface Place {
  readonly shape: KnownShape;
  /** Empty while they wait. */
  readonly node: string;
  count: number;
  /** Names of those that wait, in the order in which they came; empty for running ones. */
  readonly names: Set<string>;
  /** The same as a list, made when first asked for and given to plans: never changed. */
  listed: readonly string[] | undefined;
  /** The count of running pods in the log. */
  record: LiveRecord | undefined;
}

/** The pods of a session by namespace and name. */
export class PodTable {
  readonly #places = new Map<string, Map<string, Place>>();
  #count = 0;
  #nameLength = 0;

  get count(): number {
    return this.#count;
  }

  /** Characters of all names together. */
  get nameLength(): number {
    return this.#nameLength;
  }

  place(namespace: string, name: string): Place | undefined {
    return this.#places.get(namespace)?.get(name);
  }

  /** Puts a pod somewhere; answers where it was. */
  put(namespace: string, name: string, place: Place): Place | undefined {
    let names = this.#places.get(namespace);
    if (names === undefined) {
      names = new Map();
      this.#places.set(namespace, names);
    }
    const before = names.get(name);
    if (before === place) return place;
    if (before === undefined) {
      this.#count += 1;
      this.#nameLength += name.length;
    } else leave(before, name);
    names.set(name, place);
    place.count += 1;
    if (place.node === '') {
      place.names.add(name);
      place.listed = undefined;
    }
    return before;
  }

  /** Takes a pod out; answers where it was. */
  remove(namespace: string, name: string): Place | undefined {
    const names = this.#places.get(namespace);
    const before = names?.get(name);
    if (names === undefined || before === undefined) return undefined;
    names.delete(name);
    if (names.size === 0) this.#places.delete(namespace);
    this.#count -= 1;
    this.#nameLength -= name.length;
    leave(before, name);
    return before;
  }
}

/** The names of a place's pods, as a list that stays as it is. */
export function listNames(place: Place): readonly string[] {
  place.listed ??= [...place.names];
  return place.listed;
}

function leave(place: Place, name: string): void {
  place.count -= 1;
  if (place.node !== '') return;
  place.names.delete(name);
  place.listed = undefined;
}
