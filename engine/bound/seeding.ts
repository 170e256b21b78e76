// Columns to begin with: all pods packed some times, each time by what they paid the time before (sequential value
// correction; Mukhacheva, Belov and Scheithauer). A column generation that begins with good patterns needs few rounds; one
// that begins with a pod of one kind a node needs a hundred.
import type { OfferForm } from './check.ts';
import { type Filling, fillNode } from './filling.ts';
import type { BoundInstance } from './instance.ts';

/** How far values move to what pods paid. */
const CORRECTION = 0.7;

/** What seeding works with. */
export interface SeedingInput {
  readonly instance: BoundInstance;
  readonly forms: readonly OfferForm[];
  /** `Float64Array[rows]`: what a pod is worth at first. */
  readonly shares: Float64Array;
  readonly rounds: number;
  readonly stepLimit: number;
  /** Takes a filling of an offer in. */
  readonly keep: (offer: number, filling: Filling) => void;
  /** Counts steps; false ends. */
  readonly spend: (steps: number) => boolean;
}

/** Packs and keeps what it packs. */
export function seedColumns(input: SeedingInput): void {
  const values = input.shares.slice();
  for (let round = 0; round < input.rounds; round++) {
    const paid = packOnce(input, values);
    if (paid === undefined) return;
    for (let row = 0; row < values.length; row++) {
      if (paid[row]! > 0) values[row] = (1 - CORRECTION) * values[row]! + CORRECTION * paid[row]!;
    }
  }
}

/** What a pod of each row paid in the mean; undefined where the work ran out. */
function packOnce(
  { instance: { offers, supplies, rows }, forms, stepLimit, keep, spend }: SeedingInput,
  values: Float64Array,
): Float64Array | undefined {
  const left = Float64Array.from(rows, ({ podCount }) => podCount);
  const free = supplies.map(({ count }) => count);
  const paid = new Float64Array(rows.length);
  const heap = new LazyHeap(forms.length);
  while (heap.size > 0) {
    const place = heap.top;
    const { offer, form } = forms[place]!;
    const { cost, supply } = offers[offer]!;
    const { filling, steps } = fillNode(form, values, 0, stepLimit, left);
    if (!spend(steps)) return undefined;
    const nodeCount = supply < 0 ? Number.POSITIVE_INFINITY : free[supply]!;
    if (filling === undefined || nodeCount === 0) {
      heap.drop();
      continue;
    }
    if (!heap.rate(filling.value / Math.max(1, cost))) continue;
    let times = nodeCount;
    filling.rows.forEach((row, entry) => {
      times = Math.min(times, Math.floor(left[row]! / filling.pods[entry]!));
    });
    keep(offer, filling);
    if (supply >= 0) free[supply]! -= times;
    filling.rows.forEach((row, entry) => {
      const podCount = filling.pods[entry]! * times;
      left[row]! -= podCount;
      paid[row]! += (podCount * cost * values[row]!) / filling.value;
    });
  }
  return paid.map((sum, row) => sum / (rows[row]!.podCount - left[row]!));
}

/** Offers by what they were last worth for their cost; only the one on top is looked at again (Minoux). */
class LazyHeap {
  readonly #places: number[];
  readonly #ratios: Float64Array;

  constructor(count: number) {
    this.#places = Array.from({ length: count }, (_, place) => place);
    this.#ratios = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  }

  get size(): number {
    return this.#places.length;
  }

  get top(): number {
    return this.#places[0]!;
  }

  drop(): void {
    const last = this.#places.pop()!;
    if (this.#places.length === 0) return;
    this.#places[0] = last;
    this.#sink();
  }

  /** The ratio of the one on top; whether it is still there. */
  rate(ratio: number): boolean {
    const top = this.top;
    this.#ratios[top] = ratio;
    this.#sink();
    return this.top === top;
  }

  #sink(): void {
    const places = this.#places;
    const moving = places[0]!;
    let at = 0;
    for (let child = 1; child < places.length; child = 2 * at + 1) {
      if (child + 1 < places.length && this.#isAbove(places[child + 1]!, places[child]!)) child++;
      if (!this.#isAbove(places[child]!, moving)) break;
      places[at] = places[child]!;
      at = child;
    }
    places[at] = moving;
  }

  #isAbove(left: number, right: number): boolean {
    const [mine, other] = [this.#ratios[left]!, this.#ratios[right]!];
    return mine > other || (mine === other && left < right);
  }
}
