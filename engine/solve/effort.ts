// How much each effort spends on improving a plan, in units of work. What it is spent on is in improving.ts.
import type { Effort } from '../model/index.ts';
import type { PackWork } from '../pack/index.ts';

/** What one effort may spend beside the first good plan. */
interface Spending {
  /** Units for each unit that the first plan took, and so many more. */
  readonly perUnit: number;
  readonly units: number;
  /** Turns in a row that may gain nothing before the search ends. */
  readonly idleTurns: number;
}

/**
 * BALANCED is to take about three times what FAST takes and 50 ms (a unit is 1.5 to 2 µs). BEST has enough for any time
 * limit that the contract allows, and ends by itself where nothing was gained for long.
 */
const SPENDING: Readonly<Record<Exclude<Effort, 'fast'>, Spending>> = {
  balanced: { perUnit: 2, units: 25_000, idleTurns: 6 },
  best: { perUnit: 0, units: Number.POSITIVE_INFINITY, idleTurns: 400 },
};

/** A part of a budget, for one effort. Refuses when either has nothing left. */
export class Allowance implements PackWork {
  /** Turns in a row that may gain nothing before the search ends. */
  readonly idleTurns: number;
  readonly #work: PackWork;
  #left: number;
  #empty = false;

  /** `spentUnits` is what the first plan took. */
  constructor(effort: Exclude<Effort, 'fast'>, spentUnits: number, work: PackWork) {
    const { perUnit, units, idleTurns } = SPENDING[effort];
    this.idleTurns = idleTurns;
    this.#work = work;
    this.#left = units + perUnit * spentUnits;
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
