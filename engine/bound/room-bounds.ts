// What pods that are still to come can add to a node, in whole numbers: never less than they can. Room is worth whole
// prices; what a pod is worth beyond the room that it takes is added for as many as there may be (Lagrangian bounds of the
// knapsack; Martello and Toth, "Knapsack problems", 1990). Prices come from a programme in doubles and are only hints:
// the sums here hold for any prices.
import { roomPrices } from './fractional.ts';
import type { Knapsack } from './whole-form.ts';

/** Sums stay below this, so that every one of them is exact. */
export const MOST_SUM = 2 ** 52;

/** Places at which prices are made anew for the items that are left then, as shares of all items. */
const PRICING_PLACES: readonly number[] = Array.from({ length: 24 }, (_, i) => i / 24);

/** Room below which a dimension is a cap on few pods: no prices are made for its being scarce. */
const SMALL_ROOM = 64;

/** Prices with what items gain beyond them, from each item on. */
interface PriceSet {
  readonly prices: Float64Array;
  /** `Float64Array[items + 1]`. */
  readonly gains: Float64Array;
}

/** Bounds for one knapsack, whose values are whole. */
export class RoomBounds {
  readonly #knapsack: Knapsack;
  /** Sets that were made for the last place before each of PRICING_PLACES ended. */
  readonly #sets: PriceSet[] = [];
  readonly #places: number[];
  readonly #setsOfPlace: PriceSet[][] = [];
  /** For each dimension the price at which no item is worth more than its room, from each item on. */
  readonly #covering: { readonly dimension: number; readonly prices: Float64Array; readonly gains: Float64Array }[] =
    [];

  constructor(knapsack: Knapsack) {
    this.#knapsack = knapsack;
    this.#places = [...new Set(PRICING_PLACES.map((share) => Math.floor(share * knapsack.itemCount)))];
    for (let dimension = 0; dimension < knapsack.dimensionCount; dimension++) {
      if (knapsack.rooms[dimension]! <= SMALL_ROOM) continue;
      const covering = coveringPrices(knapsack, dimension);
      if (covering !== undefined) this.#covering.push({ dimension, ...covering });
    }
  }

  /** The sets of prices that count for the items from one on: bounds are the least over them. */
  setsFrom(item: number): { readonly prices: Float64Array; readonly gain: number }[] {
    while (this.#setsOfPlace.length < this.#places.length && this.#places[this.#setsOfPlace.length]! <= item) {
      this.#setsOfPlace.push(this.#makeSets(this.#places[this.#setsOfPlace.length]!));
    }
    const sets = [...this.#sets.slice(0, 1), ...this.#setsOfPlace.at(-1)!];
    const found = [...new Set(sets)].map(({ prices, gains }) => ({ prices, gain: gains[item]! }));
    for (const { dimension, prices, gains } of this.#covering) {
      const alone = new Float64Array(this.#knapsack.dimensionCount);
      alone[dimension] = prices[item]!;
      found.push({ prices: alone, gain: gains[item]! });
    }
    return found;
  }

  #makeSets(place: number): PriceSet[] {
    const { dimensionCount, rooms, itemCount } = this.#knapsack;
    if (place >= itemCount) return [];
    const made = [this.#makeSet(place, -1)];
    for (let d = 0; d < dimensionCount && dimensionCount > 1; d++) {
      if (rooms[d]! > SMALL_ROOM) made.push(this.#makeSet(place, d));
    }
    this.#sets.push(...made);
    return made;
  }

  #makeSet(place: number, scarce: number): PriceSet {
    const { dimensionCount, rooms } = this.#knapsack;
    const prices = roomPrices(this.#knapsack, place, scarce).map((price, d) => {
      const highest = Math.floor(MOST_SUM / (4 * dimensionCount * Math.max(1, rooms[d]!)));
      return Math.min(Math.round(price), highest);
    });
    return { prices, gains: gainsBeyond(this.#knapsack, prices) };
  }
}

/** What items are worth beyond the price of their room, from each on: `Float64Array[items + 1]`. */
function gainsBeyond({ itemCount, dimensionCount, values, sizes, most }: Knapsack, prices: Float64Array): Float64Array {
  const gains = new Float64Array(itemCount + 1);
  for (let item = itemCount - 1; item >= 0; item--) {
    let gain = values[item]!;
    for (let d = 0; d < dimensionCount; d++) gain -= prices[d]! * sizes[item * dimensionCount + d]!;
    gains[item] = gains[item + 1]! + (gain > 0 ? gain * most[item]! : 0);
  }
  return gains;
}

/** Undefined where the prices would be too high for exact sums. */
function coveringPrices(
  { itemCount, dimensionCount, values, sizes, most, rooms }: Knapsack,
  dimension: number,
): { readonly prices: Float64Array; readonly gains: Float64Array } | undefined {
  const prices = new Float64Array(itemCount + 1);
  const gains = new Float64Array(itemCount + 1);
  for (let item = itemCount - 1; item >= 0; item--) {
    const size = sizes[item * dimensionCount + dimension]!;
    prices[item] = size === 0 ? prices[item + 1]! : Math.max(prices[item + 1]!, Math.ceil(values[item]! / size));
    gains[item] = gains[item + 1]! + (size === 0 ? values[item]! * most[item]! : 0);
  }
  return prices[0]! * rooms[dimension]! < MOST_SUM / 4 ? { prices, gains } : undefined;
}
