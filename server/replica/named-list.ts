// Objects by name, as a list in ascending order of names that is the same array for as long as nothing changes. Order
// means nothing to the engine; one that follows from the names alone makes every copy of a state the same.
import { compareText } from '../../engine/index.ts';

/** A list of objects by name. */
export class NamedList<T> {
  readonly #byName = new Map<string, T>();
  readonly #changed = new Set<string>();
  #names: readonly string[] = [];
  #items: readonly T[] = [];

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): T | undefined {
    return this.#byName.get(name);
  }

  set(name: string, item: T): void {
    this.#byName.set(name, item);
    this.#changed.add(name);
  }

  delete(name: string): void {
    if (this.#byName.delete(name)) this.#changed.add(name);
  }

  /** All objects, by name. A new array when something has changed since the last call. */
  get items(): readonly T[] {
    if (this.#changed.size === 0) return this.#items;
    const names = this.#mergedNames();
    this.#items = names.map((name) => this.#byName.get(name)!);
    this.#names = names;
    this.#changed.clear();
    return this.#items;
  }

  /** The old names and the changed ones in one pass: O(names + changed · log changed). */
  #mergedNames(): string[] {
    const changed = [...this.#changed].sort(compareText);
    const merged: string[] = [];
    let next = 0;
    const take = (name: string): void => {
      if (this.#byName.has(name)) merged.push(name);
    };
    for (const name of this.#names) {
      while (next < changed.length && compareText(changed[next]!, name) < 0) take(changed[next++]!);
      if (changed[next] === name) next += 1;
      take(name);
    }
    while (next < changed.length) take(changed[next++]!);
    return merged;
  }
}
