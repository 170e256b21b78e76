// A valuable filling of one node: depth-first search over whole pods, the densest first, bounded by what room is worth
// (surrogate bounds of the multidimensional knapsack; Kellerer, Pferschy and Pisinger, "Knapsack problems", 2004, ch. 9).
// Works in doubles and gives up after so many steps: it looks for patterns and proves nothing.
import { roomPrices } from './fractional.ts';
import { type Knapsack, knapsackOf, reorder, type WholeForm } from './whole-form.ts';

/** Pods of one node. */
export interface Filling {
  readonly value: number;
  /** Rows of the instance, ascending. */
  readonly rows: readonly number[];
  readonly pods: readonly number[];
}

/** What a search found. */
export interface Found {
  /** The best filling worth more than the floor; undefined where none was found. */
  readonly filling: Filling | undefined;
  readonly steps: number;
}

/**
 * The best filling by `values` (`[rows of the instance]`) that is worth more than `floor`. `left` says how many pods there
 * are of each row of the instance; absent means as many as a node could take.
 */
export function fillNode(
  form: WholeForm,
  values: Float64Array,
  floor: number,
  stepLimit: number,
  left?: Float64Array,
): Found {
  const { rows, most } = form;
  const items: number[] = [];
  for (let at = 0; at < rows.length; at++) {
    if (values[rows[at]!]! > 0 && most[at]! > 0 && (left === undefined || left[rows[at]!]! > 0)) items.push(at);
  }
  if (items.length === 0) return { filling: undefined, steps: 1 };
  const whole = knapsackOf(form, items, values);
  if (left !== undefined) {
    items.forEach((at, item) => {
      whole.most[item] = Math.min(whole.most[item]!, left[rows[at]!]!);
    });
  }
  const prices = roomPrices(whole);
  const order = byDensity(whole, prices);
  const search = new Search(reorder(whole, order), prices, floor, stepLimit);
  search.run();
  if (search.bestValue <= floor) return { filling: undefined, steps: search.steps };
  const taken = order.flatMap((item, at) =>
    search.best[at]! > 0 ? [{ row: rows[items[item]!]!, pods: search.best[at]! }] : [],
  );
  taken.sort((left, right) => left.row - right.row);
  const filling = {
    value: search.bestValue,
    rows: taken.map(({ row }) => row),
    pods: taken.map(({ pods }) => pods),
  };
  return { filling, steps: search.steps };
}

/** Items by value for the price of their room, the best first. */
export function byDensity(knapsack: Knapsack, prices: Float64Array): number[] {
  const densities = Float64Array.from(knapsack.values, (value, item) => value / pricedSize(knapsack, prices, item));
  return Array.from(densities, (_, item) => item).sort((left, right) => {
    const [mine, other] = [densities[left]!, densities[right]!];
    return mine === other ? left - right : other - mine;
  });
}

function pricedSize({ dimensionCount, sizes }: Knapsack, prices: Float64Array, item: number): number {
  let size = 0;
  for (let d = 0; d < dimensionCount; d++) size += prices[d]! * sizes[item * dimensionCount + d]!;
  return size;
}

class Search {
  readonly best: Int32Array;
  bestValue: number;
  steps = 0;
  readonly #knapsack: Knapsack;
  readonly #stepLimit: number;
  readonly #room: Float64Array;
  readonly #taken: Int32Array;
  /** Sets of prices of room, and for each the best density from each item on. */
  readonly #priceSets: readonly Float64Array[];
  readonly #densities: readonly Float64Array[];

  constructor(knapsack: Knapsack, prices: Float64Array, floor: number, stepLimit: number) {
    const { itemCount, dimensionCount, rooms } = knapsack;
    this.#knapsack = knapsack;
    this.#stepLimit = stepLimit;
    this.best = new Int32Array(itemCount);
    this.bestValue = floor;
    this.#room = rooms.slice();
    this.#taken = new Int32Array(itemCount);
    const single = Array.from({ length: dimensionCount }, (_, d) =>
      Float64Array.from(rooms, (_room, at) => (at === d ? 1 : 0)),
    );
    this.#priceSets = [prices, ...single];
    this.#densities = this.#priceSets.map((set) => suffixDensities(knapsack, set));
  }

  run(): void {
    this.#visit(0, 0);
  }

  #visit(item: number, value: number): void {
    this.steps++;
    if (value > this.bestValue) {
      this.bestValue = value;
      this.best.set(this.#taken);
      this.best.fill(0, item);
    }
    const { itemCount, dimensionCount, sizes, most, values } = this.#knapsack;
    if (item === itemCount || this.steps > this.#stepLimit) return;
    if (value + this.#mostFrom(item) <= this.bestValue) return;
    const room = this.#room;
    const start = item * dimensionCount;
    let count = most[item]!;
    for (let d = 0; d < dimensionCount; d++) {
      if (sizes[start + d]! > 0) count = Math.min(count, Math.floor(room[d]! / sizes[start + d]!));
    }
    for (let take = count; take >= 0 && this.steps <= this.#stepLimit; take--) {
      for (let d = 0; d < dimensionCount; d++) room[d]! -= take * sizes[start + d]!;
      this.#taken[item] = take;
      this.#visit(item + 1, value + take * values[item]!);
      for (let d = 0; d < dimensionCount; d++) room[d]! += take * sizes[start + d]!;
    }
    this.#taken[item] = 0;
  }

  /** What the items from one on can add at most. */
  #mostFrom(item: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let set = 0; set < this.#priceSets.length; set++) {
      const prices = this.#priceSets[set]!;
      let worth = 0;
      for (let d = 0; d < prices.length; d++) worth += prices[d]! * this.#room[d]!;
      const bound = worth * this.#densities[set]![item]!;
      // No room left and items that take none of it: nothing is said.
      if (bound < least) least = bound;
    }
    return least;
  }
}

function suffixDensities(knapsack: Knapsack, prices: Float64Array): Float64Array {
  const densities = new Float64Array(knapsack.itemCount + 1);
  for (let item = knapsack.itemCount - 1; item >= 0; item--) {
    const density = knapsack.values[item]! / pricedSize(knapsack, prices, item);
    densities[item] = Math.max(densities[item + 1]!, density);
  }
  return densities;
}
