// An offer in whole units, as fillings and the check read it: most pods of each kind on one node, and the dimensions that
// can be full. What caps pods on a host is a dimension like any other: so many, of which each pod takes what it counts.
import type { BoundInstance, Offer } from './instance.ts';

/** Room of a dimension in whole units is below this, so that products with prices stay exact. */
export const MOST_ROOM = 2 ** 24;

/** One dimension in whole units. */
export interface Dimension {
  readonly room: number;
  /** `Float64Array[rows of the offer]`. */
  readonly amounts: Float64Array;
}

/** An offer without its price. */
export interface WholeForm {
  readonly offer: Offer;
  readonly rows: Uint32Array;
  /** `Float64Array[rows of the offer]`: most pods of each on one node. */
  readonly most: Float64Array;
  /** Only those that can be full. */
  readonly dimensions: readonly Dimension[];
}

/**
 * Lays out an offer. Amounts and room are both rounded down to units, powers of two: whatever fits by the amounts fits by
 * their units, so that a bound by units is one by amounts. O(rows × dimensions).
 */
export function wholeForm(instance: BoundInstance, offer: Offer): WholeForm {
  const { resourceCount, sizes, caps, supplies } = instance;
  const { rows } = offer;
  const all: Dimension[] = [];
  for (let resource = 0; resource < resourceCount; resource++) {
    const room = offer.room[resource]!;
    if (room === Number.POSITIVE_INFINITY) continue;
    let unit = 1;
    while (room / unit >= MOST_ROOM) unit *= 2;
    const amounts = Float64Array.from(rows, (row) => Math.floor(sizes[row * resourceCount + resource]! / unit));
    all.push({ room: Math.floor(room / unit), amounts });
  }
  const isStanding = offer.supply >= 0 && supplies[offer.supply]!.kind === 'standing';
  for (const cap of isStanding ? [] : caps) {
    const amountOf = new Map(cap.rows.map((row, entry) => [row, cap.amounts[entry]!]));
    all.push({ room: cap.most, amounts: Float64Array.from(rows, (row) => amountOf.get(row) ?? 0) });
  }
  const most = Float64Array.from(rows, (row, at) => {
    let count = instance.rows[row]!.podCount;
    for (const { room, amounts } of all) {
      if (amounts[at]! > 0) count = Math.min(count, Math.floor(room / amounts[at]!));
    }
    return count;
  });
  const dimensions = all.filter(({ room, amounts }) => {
    let sum = 0;
    for (let at = 0; at < rows.length; at++) sum += most[at]! * amounts[at]!;
    return sum > room;
  });
  return { offer, rows, most, dimensions };
}

/** A knapsack of some of an offer's rows: rows of the matrices are items, in this order. */
export interface Knapsack {
  readonly itemCount: number;
  readonly dimensionCount: number;
  /** `Float64Array[dimensions]`. */
  readonly rooms: Float64Array;
  /** `Float64Array[items]`, above 0. */
  readonly values: Float64Array;
  /** `Float64Array[items × dimensions]`, row-major. */
  readonly sizes: Float64Array;
  /** `Float64Array[items]`: at least 1. */
  readonly most: Float64Array;
}

/** The knapsack of these rows of a form (by place), with values by row of the instance. Only dimensions that they use. */
export function knapsackOf(form: WholeForm, items: readonly number[], values: Float64Array): Knapsack {
  const used = form.dimensions.filter(({ amounts }) => items.some((at) => amounts[at]! > 0));
  const sizes = new Float64Array(items.length * used.length);
  items.forEach((at, item) => {
    used.forEach(({ amounts }, dimension) => {
      sizes[item * used.length + dimension] = amounts[at]!;
    });
  });
  return {
    itemCount: items.length,
    dimensionCount: used.length,
    rooms: Float64Array.from(used, ({ room }) => room),
    values: Float64Array.from(items, (at) => values[form.rows[at]!]!),
    sizes,
    most: Float64Array.from(items, (at) => form.most[at]!),
  };
}

/** The same with its items in another order. */
export function reorder(knapsack: Knapsack, order: readonly number[]): Knapsack {
  const { dimensionCount, sizes, values, most } = knapsack;
  const moved = new Float64Array(sizes.length);
  order.forEach((item, at) => {
    moved.set(sizes.subarray(item * dimensionCount, (item + 1) * dimensionCount), at * dimensionCount);
  });
  return {
    ...knapsack,
    values: Float64Array.from(order, (item) => values[item]!),
    sizes: moved,
    most: Float64Array.from(order, (item) => most[item]!),
  };
}

/** The same with only some of its dimensions. */
export function withDimensions(knapsack: Knapsack, keeps: (dimension: number) => boolean): Knapsack {
  const { itemCount, dimensionCount, rooms, sizes } = knapsack;
  const kept = [...rooms.keys()].filter(keeps);
  const moved = new Float64Array(itemCount * kept.length);
  for (let item = 0; item < itemCount; item++) {
    kept.forEach((d, at) => {
      moved[item * kept.length + at] = sizes[item * dimensionCount + d]!;
    });
  }
  return { ...knapsack, dimensionCount: kept.length, rooms: Float64Array.from(kept, (d) => rooms[d]!), sizes: moved };
}
