// Work, counted in units instead of time, so that the same question gets the same answer everywhere. A deadline or a
// cancellation comes in as `interrupt` and only cuts between units.

/** How many units pass between two looks at the interrupt. */
const POLL_INTERVAL_UNITS = 32;

/** What work is taken from: a budget, or a part of one. */
export interface Work {
  /** Spends units, one where nothing is said; false when there are not so many left. */
  spend(unitCount?: number): boolean;
}

/** Work that says whether it was refused. */
export interface PackWork extends Work {
  /** Whether more was asked for than there was; stays true once it is. */
  readonly cut: boolean;
}

/** The work of one solve. One unit is one filled node (engine/pack/fill.ts). */
export class Budget implements PackWork {
  readonly #limit: number;
  readonly #interrupt: (() => boolean) | undefined;
  #spent = 0;
  #nextPoll = 0;
  #cut = false;

  constructor(limit: number | undefined, interrupt: (() => boolean) | undefined) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#interrupt = interrupt;
  }

  /** Units spent so far. */
  get spent(): number {
    return this.#spent;
  }

  /** Whether the limit or the interrupt has cut the search; stays true once it is. */
  get cut(): boolean {
    return this.#cut;
  }

  /** Spends units; false when there are not so many left, or when the search is to stop. */
  spend(unitCount = 1): boolean {
    if (this.#cut) return false;
    if (this.#spent + unitCount > this.#limit) {
      this.#cut = true;
      return false;
    }
    if (this.#spent >= this.#nextPoll) {
      this.#nextPoll = this.#spent + POLL_INTERVAL_UNITS;
      if (this.#interrupt?.() === true) {
        this.#cut = true;
        return false;
      }
    }
    this.#spent += unitCount;
    return true;
  }
}
