// What has changed in one catalogue, for those that watch it: which offerings differ since an epoch, as far back as is
// remembered. All watchers share it, so a slow one costs nothing; it is told that its epoch is too old.
import type { PriceSnapshot } from '../../engine/index.ts';
import { LIMITS } from '../limits.ts';
import { copyColumns, type OfferingColumns } from './columns.ts';

/** The state of all offerings at one epoch; nothing changes it. */
export interface FrozenOfferings {
  readonly epoch: number;
  readonly columns: OfferingColumns;
  /** 1 where solves may use the offering. */
  readonly effective: Uint8Array;
}

interface EpochChange {
  readonly epoch: number;
  readonly offerings: Uint32Array;
}

/** Changes of one catalogue from the moment on when somebody began to watch. */
export class OfferingFeed {
  #frozen: FrozenOfferings;
  #changes: EpochChange[] = [];
  #changeCount = 0;
  /** Changes after this epoch are known. */
  #knownFrom: number;
  readonly #listeners = new Set<() => void>();

  constructor(epoch: number, columns: OfferingColumns, effective: Uint8Array) {
    this.#frozen = freeze(epoch, columns, effective);
    this.#knownFrom = epoch;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** The state as it was last published. */
  get frozen(): FrozenOfferings {
    return this.#frozen;
  }

  /** Calls `listener` after every change until the answered function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears of a new state. `sameIndex` is false when the offerings themselves are others than before. O(offerings). */
  published(state: PriceSnapshot, columns: OfferingColumns, sameIndex: boolean): void {
    const before = this.#frozen;
    this.#frozen = freeze(state.epoch, columns, state.available);
    if (sameIndex) this.#remember({ epoch: state.epoch, offerings: difference(before, this.#frozen) });
    else {
      this.#changes = [];
      this.#changeCount = 0;
      this.#knownFrom = state.epoch;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  /** Offerings that differ now from what they were at the epoch, ascending; undefined when that is too long ago. */
  changesSince(epoch: number): number[] | undefined {
    if (epoch < this.#knownFrom) return undefined;
    const changed = new Set<number>();
    for (const change of this.#changes) {
      if (change.epoch <= epoch) continue;
      for (const offering of change.offerings) changed.add(offering);
    }
    return [...changed].sort((left, right) => left - right);
  }

  #remember(change: EpochChange): void {
    this.#changes.push(change);
    // An epoch without a change counts as one, so that their number is bounded too.
    this.#changeCount += change.offerings.length + 1;
    while (this.#changeCount > LIMITS.rememberedChangeCount) {
      const oldest = this.#changes.shift();
      if (oldest === undefined) return;
      this.#changeCount -= oldest.offerings.length + 1;
      this.#knownFrom = oldest.epoch;
    }
  }
}

function freeze(epoch: number, columns: OfferingColumns, effective: Uint8Array): FrozenOfferings {
  return { epoch, columns: copyColumns(columns), effective: effective.slice() };
}

function difference(before: FrozenOfferings, after: FrozenOfferings): Uint32Array {
  const changed: number[] = [];
  for (let offering = 0; offering < after.effective.length; offering++) {
    const same =
      before.effective[offering] === after.effective[offering] &&
      Object.is(before.columns.priceNanoUsdPerHour[offering], after.columns.priceNanoUsdPerHour[offering]) &&
      before.columns.source[offering] === after.columns.source[offering] &&
      before.columns.freeCount[offering] === after.columns.freeCount[offering];
    if (!same) changed.push(offering);
  }
  return Uint32Array.from(changed);
}
