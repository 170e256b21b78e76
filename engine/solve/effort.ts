// How much each effort spends on improving a plan, in units of work. What it is spent on is in improving.ts.
import type { Effort } from '../model/index.ts';
import type { PackWork } from '../pack/index.ts';

/** What one effort may spend beside the first good plan. */
interface Spending {
  /** Units for each unit that the first plan took, and so many more. */
  readonly perUnit: number;
  readonly units: number;
  /** Units for each pod that was given its place by itself, which counts as no work and takes long. */
  readonly perPlacedPod: number;
  /** Turns in a row that may gain nothing before the search ends. */
  readonly idleTurns: number;
}

/**
 * BALANCED is to take three times what FAST takes and 50 ms at most (a unit is 1.5 to 2 µs, giving a pod its place some 30).
 * BEST has enough for any time limit that the contract allows, and ends by itself where nothing was gained for long.
 */
const SPENDING: Readonly<Record<Exclude<Effort, 'fast'>, Spending>> = {
  balanced: { perUnit: 2, units: 25_000, perPlacedPod: 7, idleTurns: 12 },
  best: { perUnit: 0, units: Number.POSITIVE_INFINITY, perPlacedPod: 0, idleTurns: 400 },
};

/** A part of a budget, for one effort. Refuses when either has nothing left. */
export class Allowance implements PackWork {
  /** Turns in a row that may gain nothing before the search ends. */
  readonly idleTurns: number;
  readonly #work: PackWork;
  #left: number;
  #empty = false;

  /** `spentUnits` is what the first plan took, `placedPodCount` how many of its pods were given a place each. */
  constructor(effort: Exclude<Effort, 'fast'>, spentUnits: number, placedPodCount: number, work: PackWork) {
    const { perUnit, units, perPlacedPod, idleTurns } = SPENDING[effort];
    this.idleTurns = idleTurns;
    this.#work = work;
    this.#left = units + perUnit * spentUnits + perPlacedPod * placedPodCount;
  }

  get cut(): boolean {
    return this.#empty || this.#work.cut;
  }

  spend(unitCount = 1): boolean {
    if (this.#empty) return false;
    if (unitCount > this.#left) {
      this.#empty = true;
      return false;
    }
    this.#left -= unitCount;
    return this.#work.spend(unitCount);
  }
}
