// What is left of pools' limits and of reservations while nodes are planned. The limits themselves stay as they are.
import type { LimitTable, PackingInstance } from './classes.ts';

/** Keeps count of limits and reservations for one packing. */
export class LimitBook {
  /** `Float64Array[groups × names]`: what is left of the limits. */
  readonly remaining: Float64Array;
  /** `Float64Array[reservations]`: what is left free of each. */
  readonly free: Float64Array;
  readonly #instance: PackingInstance;
  readonly #nameCount: number;

  constructor(instance: PackingInstance, limits: LimitTable) {
    this.#instance = instance;
    this.#nameCount = limits.names.length;
    this.remaining = limits.remaining.slice();
    this.free = limits.free.slice();
  }

  /** How many nodes of a class there may still be, up to `most`. */
  most(classIndex: number, most: number): number {
    const { limitGroups, limitTakes, reservations } = this.#instance;
    let allowed = most;
    const group = limitGroups[classIndex]!;
    for (let name = 0; group >= 0 && name < this.#nameCount; name++) {
      const take = limitTakes[classIndex * this.#nameCount + name]!;
      if (take > 0) allowed = Math.min(allowed, Math.floor(this.remaining[group * this.#nameCount + name]! / take));
    }
    for (const reservation of reservations[classIndex]!) allowed = Math.min(allowed, this.free[reservation]!);
    return Math.max(0, allowed);
  }

  /** Takes nodes of a class off what is left; gives them back where `nodeCount` is below 0. */
  take(classIndex: number, nodeCount: number): void {
    const { limitGroups, limitTakes, reservations } = this.#instance;
    const group = limitGroups[classIndex]!;
    for (let name = 0; group >= 0 && name < this.#nameCount; name++) {
      this.remaining[group * this.#nameCount + name]! -= nodeCount * limitTakes[classIndex * this.#nameCount + name]!;
    }
    for (const reservation of reservations[classIndex]!) this.free[reservation]! -= nodeCount;
  }
}
