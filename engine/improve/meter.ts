// What improving may spend, counted in what it does: elementary operations of the kernels, of which some hundred are one
// unit of work. The same work is the same number of units everywhere.

import type { Work } from '../pack/index.ts';

/** Elementary operations (a multiplication and an addition each, about) in one unit: as many as filling a node takes. */
const OPERATIONS_PER_UNIT = 400;

/** Counts operations and spends units for them. */
export class Meter {
  readonly #work: Work;
  /** Operations that are not spent yet. */
  #operations = 0;
  #counted = 0;
  #empty = false;

  constructor(work: Work) {
    this.#work = work;
  }

  /** Whether nothing is left to spend; stays true once it is. */
  get isEmpty(): boolean {
    return this.#empty;
  }

  /** Operations counted so far. */
  get operationCount(): number {
    return this.#counted;
  }

  /** Counts operations; false when nothing is left to spend. */
  readonly count = (operationCount: number): boolean => {
    this.#operations += operationCount;
    this.#counted += operationCount;
    if (this.#operations < OPERATIONS_PER_UNIT || this.#empty) return !this.#empty;
    const unitCount = Math.floor(this.#operations / OPERATIONS_PER_UNIT);
    this.#operations -= unitCount * OPERATIONS_PER_UNIT;
    this.#empty = !this.#work.spend(unitCount);
    return !this.#empty;
  };
}
