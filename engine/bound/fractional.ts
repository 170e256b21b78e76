// The knapsack of one node with fractions of pods: primal simplex with bounded variables and a small dense inverse
// (Dantzig, "Upper bounds, secondary constraints, and block triangularity in linear programming", 1955). Its duals say what
// room is worth. They are hints: whoever proves something with them does the sums again.
import type { Knapsack } from './whole-form.ts';

const TOLERANCE = 1e-9;
const LEAST_PIVOT = 1e-9;

/** Pivots at most: with few dimensions some ten do. */
const PIVOT_LIMIT = 200;

/**
 * What a unit of room is worth in each dimension, for the items from `from` on: `Float64Array[dimensions]`, not below 0.
 * `scarce` is a dimension of which only a quarter is there; -1 for none.
 */
export function roomPrices(knapsack: Knapsack, from = 0, scarce = -1): Float64Array {
  const simplex = new BoundedSimplex(knapsack, from, scarce);
  for (let pivots = 0; pivots < PIVOT_LIMIT && simplex.pivot(); pivots++);
  return simplex.unitPrices();
}

/** A quarter is left of a scarce dimension. */
const SCARCE = 4;

/** Works on shares of rooms and of the largest value, so that all numbers are near 1. */
class BoundedSimplex {
  readonly #itemCount: number;
  readonly #m: number;
  readonly #values: Float64Array;
  readonly #sizes: Float64Array;
  readonly #most: Float64Array;
  /** What a share of value, and a share of each room, stand for. */
  readonly #largest: number;
  readonly #shares: Float64Array;
  /** Items, or `itemCount + dimension` for what is left of a dimension. */
  readonly #basis: Int32Array;
  readonly #levels: Float64Array;
  readonly #inverse: Float64Array;
  /** 0 where there is none of an item, 1 where there are most, 2 in the basis. */
  readonly #states: Uint8Array;
  readonly #prices: Float64Array;
  readonly #entering: Float64Array;

  constructor({ itemCount, dimensionCount: m, values, sizes, most, rooms }: Knapsack, from: number, scarce: number) {
    this.#itemCount = itemCount - from;
    this.#m = m;
    this.#largest = values.subarray(from).reduce((largest, value) => Math.max(largest, value), 0);
    this.#values = values.slice(from).map((value) => value / this.#largest);
    this.#shares = rooms.map((room, d) => (d === scarce ? SCARCE : 1) / Math.max(1, room));
    this.#sizes = sizes.slice(from * m).map((size, at) => size * this.#shares[at % m]!);
    this.#most = most.slice(from);
    this.#basis = Int32Array.from({ length: m }, (_, place) => this.#itemCount + place);
    this.#levels = new Float64Array(m).fill(1);
    this.#inverse = new Float64Array(m * m);
    for (let place = 0; place < m; place++) this.#inverse[place * m + place] = 1;
    this.#states = new Uint8Array(this.#itemCount);
    this.#prices = new Float64Array(m);
    this.#entering = new Float64Array(m);
  }

  /** Prices by units of room and of value. */
  unitPrices(): Float64Array {
    this.#priceRoom();
    return this.#prices.map((price, d) => (price > 0 ? price * this.#largest * this.#shares[d]! : 0));
  }

  /** One step; false where none pays. */
  pivot(): boolean {
    this.#priceRoom();
    const { item, slack } = this.#choose();
    if (item < 0 && slack < 0) return false;
    const falls = slack < 0 && this.#states[item] === 1;
    this.#enter(item, slack, falls ? -1 : 1);
    const { step, leaves } = this.#longestStep(slack < 0 ? this.#most[item]! : Number.POSITIVE_INFINITY);
    if (!Number.isFinite(step)) return false;
    for (let place = 0; place < this.#m; place++) this.#levels[place]! -= step * this.#entering[place]!;
    if (leaves < 0) this.#states[item] = falls ? 0 : 1;
    else this.#exchange(item, slack, leaves, falls ? this.#most[item]! - step : step, falls ? -1 : 1);
    return true;
  }

  #priceRoom(): void {
    const m = this.#m;
    this.#prices.fill(0);
    for (let place = 0; place < m; place++) {
      const item = this.#basis[place]!;
      if (item >= this.#itemCount) continue;
      for (let d = 0; d < m; d++) this.#prices[d]! += this.#values[item]! * this.#inverse[place * m + d]!;
    }
  }

  /** The item or the slack that pays most beside its value. */
  #choose(): { readonly item: number; readonly slack: number } {
    const m = this.#m;
    let best = -1;
    let bestGain = TOLERANCE;
    for (let item = 0; item < this.#itemCount; item++) {
      if (this.#states[item] === 2) continue;
      let gain = this.#values[item]!;
      for (let d = 0; d < m; d++) gain -= this.#prices[d]! * this.#sizes[item * m + d]!;
      gain /= this.#states[item] === 1 ? -this.#values[item]! : this.#values[item]!;
      if (gain > bestGain) {
        best = item;
        bestGain = gain;
      }
    }
    for (let d = 0; d < m; d++) if (-this.#prices[d]! > bestGain) return { item: -1, slack: d };
    return { item: best, slack: -1 };
  }

  #enter(item: number, slack: number, direction: number): void {
    const m = this.#m;
    for (let place = 0; place < m; place++) {
      let amount = 0;
      if (slack >= 0) amount = this.#inverse[place * m + slack]!;
      else for (let d = 0; d < m; d++) amount += this.#inverse[place * m + d]! * this.#sizes[item * m + d]!;
      this.#entering[place] = amount * direction;
    }
  }

  #longestStep(most: number): { readonly step: number; readonly leaves: number } {
    let step = most;
    let leaves = -1;
    for (let place = 0; place < this.#m; place++) {
      const rate = this.#entering[place]!;
      const item = this.#basis[place]!;
      let room = Number.POSITIVE_INFINITY;
      if (rate > LEAST_PIVOT) room = this.#levels[place]! / rate;
      else if (rate < -LEAST_PIVOT && item < this.#itemCount) room = (this.#most[item]! - this.#levels[place]!) / -rate;
      if (room < step) {
        step = Math.max(0, room);
        leaves = place;
      }
    }
    return { step, leaves };
  }

  #exchange(item: number, slack: number, leaves: number, level: number, direction: number): void {
    const m = this.#m;
    const gone = this.#basis[leaves]!;
    if (gone < this.#itemCount) this.#states[gone] = this.#entering[leaves]! > 0 ? 0 : 1;
    if (slack < 0) this.#states[item] = 2;
    this.#basis[leaves] = slack < 0 ? item : this.#itemCount + slack;
    this.#levels[leaves] = level;
    const pivot = this.#entering[leaves]! * direction;
    for (let d = 0; d < m; d++) this.#inverse[leaves * m + d]! /= pivot;
    for (let place = 0; place < m; place++) {
      const factor = this.#entering[place]! * direction;
      if (place === leaves || factor === 0) continue;
      for (let d = 0; d < m; d++) this.#inverse[place * m + d]! -= factor * this.#inverse[leaves * m + d]!;
    }
  }
}
