// The part of an instance that a bound comes from. Left out are pods that cost nothing for certain: those that only nodes of
// a supply can hold, and those that a node can hold which costs nothing and can be had as often as wanted. Left out are also
// offers that another one makes superfluous.
import type { OfferForm } from './check.ts';
import type { BoundInstance, Offer } from './instance.ts';
import { wholeForm } from './whole-form.ts';

/** An instance with the rows of the whole that it has. */
export interface PricedPart {
  readonly instance: BoundInstance;
  /** For each of its rows, the row of the whole. */
  readonly rowOf: readonly number[];
}

/** The part with a price. */
export function pricedPart(whole: BoundInstance): PricedPart {
  const hasPrice = new Uint8Array(whole.rows.length);
  for (const { supply, rows } of whole.offers) if (supply < 0) for (const row of rows) hasPrice[row] = 1;
  for (const { supply, rows, cost } of whole.offers) {
    if (supply < 0 && Math.floor(cost) <= 0) for (const row of rows) hasPrice[row] = 0;
  }
  const rowOf = whole.rows.flatMap((_, row) => (hasPrice[row] === 1 ? [row] : []));
  const places = new Map(rowOf.map((row, place) => [row, place]));
  const { resourceCount } = whole;
  const sizes = new Float64Array(rowOf.length * resourceCount);
  rowOf.forEach((row, place) => {
    sizes.set(whole.sizes.subarray(row * resourceCount, (row + 1) * resourceCount), place * resourceCount);
  });
  const instance: BoundInstance = {
    rows: rowOf.map((row) => whole.rows[row]!),
    resourceCount,
    sizes,
    caps: whole.caps.map(({ most, rows, amounts }) => {
      const kept = rows.map((row, entry) => ({ place: places.get(row), amount: amounts[entry]! }));
      const inside = kept.flatMap(({ place, amount }) => (place === undefined ? [] : [{ place, amount }]));
      return { most, rows: inside.map(({ place }) => place), amounts: inside.map(({ amount }) => amount) };
    }),
    offers: whole.offers.flatMap((offer) => {
      const rows = [...offer.rows].flatMap((row) => places.get(row) ?? []);
      return rows.length === 0 ? [] : [{ ...offer, rows: Uint32Array.from(rows) }];
    }),
    supplies: whole.supplies,
  };
  return { instance, rowOf };
}

/** Forms of the offers of which none has as much room for as many kinds of pods at no higher cost. O(offers² × rows). */
export function undominatedOffers(instance: BoundInstance): OfferForm[] {
  const { offers } = instance;
  const order = offers
    .map((_, offer) => offer)
    .sort((left, right) => offers[left]!.cost - offers[right]!.cost || left - right);
  const kept: number[] = [];
  for (const offer of order) {
    if (!kept.some((better) => dominates(offers[better]!, offers[offer]!))) kept.push(offer);
  }
  return kept
    .sort((left, right) => left - right)
    .map((offer) => ({ offer, form: wholeForm(instance, offers[offer]!) }));
}

function dominates(better: Offer, worse: Offer): boolean {
  // What can be had only so often makes nothing else superfluous, and costs too little to be made so itself.
  if (better.supply >= 0 || worse.supply >= 0 || better.rows.length < worse.rows.length) return false;
  for (let resource = 0; resource < worse.room.length; resource++) {
    if (worse.room[resource]! > better.room[resource]!) return false;
  }
  let at = 0;
  for (const row of worse.rows) {
    while (at < better.rows.length && better.rows[at]! < row) at++;
    if (better.rows[at] !== row) return false;
  }
  return true;
}
