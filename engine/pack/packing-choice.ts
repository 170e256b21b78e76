// Chooses among packings of one instance as they come: the cheapest is what a search goes on from, and of those that cost
// hardly more the one with the fewest nodes is what it answers.
import type { PackingInstance } from './classes.ts';
import { comparePlaced, isBetterPacking, type Packing } from './packing.ts';

/** The best packings so far. */
export class PackingChoice {
  readonly #instance: PackingInstance;
  #best: Packing;
  /** Packings with fewer nodes than the best, each cheaper than those with fewer nodes still; none dearer than a tie. */
  #smaller: Packing[] = [];

  constructor(instance: PackingInstance, first: Packing) {
    this.#instance = instance;
    this.#best = first;
  }

  /** Takes a packing into account; whether it is the best now. */
  offer(packing: Packing): boolean {
    const before = this.#best;
    const isBest = isBetterPacking(this.#instance, packing, before);
    if (isBest) this.#best = packing;
    if (this.#instance.tieShare > 0) this.#keepSmaller(isBest ? before : packing);
    return isBest;
  }

  /** Most pods, then least cost, then fewest nodes. */
  get best(): Packing {
    return this.#best;
  }

  /** As many pods, at a cost that is nearly the best's, with the fewest nodes. */
  get fewest(): Packing {
    return this.#smaller.reduce(
      (fewest, packing) => (packing.nodeCount < fewest.nodeCount ? packing : fewest),
      this.#best,
    );
  }

  #keepSmaller(candidate: Packing): void {
    const best = this.#best;
    const most = (1 + this.#instance.tieShare) * best.priceNanoUsdPerHour;
    const kept = [...this.#smaller, candidate].filter(
      (packing) =>
        packing.nodeCount < best.nodeCount &&
        packing.priceNanoUsdPerHour <= most &&
        comparePlaced(this.#instance, packing.left, best.left) === 0,
    );
    // Of equal ones the first stays.
    this.#smaller = kept.filter(
      (packing, place) =>
        !kept.some(
          (other, at) =>
            at !== place &&
            other.nodeCount <= packing.nodeCount &&
            other.priceNanoUsdPerHour <= packing.priceNanoUsdPerHour &&
            (at < place ||
              other.nodeCount < packing.nodeCount ||
              other.priceNanoUsdPerHour < packing.priceNanoUsdPerHour),
        ),
    );
  }
}
