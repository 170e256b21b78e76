// Offerings in the order of their prices. Sorting a region's takes longer than planning a few pods, and most solves see the
// prices of the one before.
import type { Catalogue } from './catalogue.ts';
import { CAPACITY_TYPES } from './layout.ts';
import type { PriceSnapshot } from './price-table.ts';

/**
 * Offerings that can be had at a known price: reserved capacity, then the rest by price; spot before on demand among
 * equals.
 */
export interface PriceOrder {
  /** Offerings in that order. */
  readonly order: Uint32Array;
  /** `Uint32Array[offeringCount]`: place of each offering in `order`; meaningless for those that are not in it. */
  readonly rank: Uint32Array;
}

/** By how much launching on reserved capacity is cheaper than what it costs on demand, as Karpenter shows it. */
const RESERVED_DISCOUNT = 10_000_000;

const RESERVED = CAPACITY_TYPES.indexOf('reserved');

/** More than any price. */
const RESERVED_FIRST = Number.MAX_SAFE_INTEGER;

/**
 * What a node on reserved capacity is shown and planned to cost, of its price on demand: it is paid for already, so it adds
 * next to nothing. Whole nano US dollars, rounded up.
 */
export function reservedPrice(onDemandNanoUsdPerHour: number): number {
  return Math.ceil(onDemandNanoUsdPerHour / RESERVED_DISCOUNT);
}

/** Orders offerings by price, or by price and what `extra` adds for each type. */
export function orderByPrice(catalogue: Catalogue, prices: PriceSnapshot, extra?: Float64Array): PriceOrder {
  const { offeringCount, offeringTypes, offeringCells, cells } = catalogue;
  const keys = new Float64Array(offeringCount);
  const codes = Uint8Array.from(cells, (cell) => cell.capacityTypeCode);
  const offerings: number[] = [];
  for (let offering = 0; offering < offeringCount; offering++) {
    const price = prices.priceNanoUsdPerHour[offering]!;
    if (prices.available[offering] !== 1 || Number.isNaN(price)) continue;
    const whole = price + (extra?.[offeringTypes[offering]!] ?? 0);
    // Reserved capacity comes first by order as well as by price: an instance may cost next to nothing otherwise.
    const reserved = codes[offeringCells[offering]!] === RESERVED;
    keys[offering] = reserved ? reservedPrice(whole) - RESERVED_FIRST : whole;
    offerings.push(offering);
  }
  const order = Uint32Array.from(offerings).sort(
    (left, right) =>
      keys[left]! - keys[right]! || codes[offeringCells[left]!]! - codes[offeringCells[right]!]! || left - right,
  );
  const rank = new Uint32Array(offeringCount);
  order.forEach((offering, position) => {
    rank[offering] = position;
  });
  return { order, rank };
}

/** An order with the prices that it was made from. */
interface KeptOrder extends PriceOrder {
  readonly prices: Float64Array;
  readonly available: Uint8Array;
}

/** The last order of a catalogue, and the last with each table of what is added for types. */
export class PriceOrders {
  readonly #catalogue: Catalogue;
  readonly #kept = new WeakMap<object, KeptOrder>();

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /**
   * Offerings by price, or by price and what `extra` adds for each type. Prices are compared one by one: a snapshot does not
   * say whether they changed, since several tables may be read with one catalogue and each counts epochs for itself.
   */
  of(prices: PriceSnapshot, extra?: Float64Array): PriceOrder {
    const key = extra ?? this.#catalogue;
    const kept = this.#kept.get(key);
    if (kept !== undefined && isSame(kept, prices)) return kept;
    const order: KeptOrder = {
      ...orderByPrice(this.#catalogue, prices, extra),
      prices: prices.priceNanoUsdPerHour.slice(),
      available: prices.available.slice(),
    };
    this.#kept.set(key, order);
    return order;
  }
}

function isSame({ prices, available }: KeptOrder, now: PriceSnapshot): boolean {
  for (let offering = 0; offering < available.length; offering++) {
    if (available[offering] !== now.available[offering]) return false;
    // What cannot be had is in no order, whatever its price.
    if (available[offering] !== 1) continue;
    if (!Object.is(prices[offering], now.priceNanoUsdPerHour[offering])) return false;
  }
  return true;
}
