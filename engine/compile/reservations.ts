// Capacity reservations as one solve sees them: which offerings draw on which, how many instances each has left, and which
// of them may stand in one node's list. How many a plan takes is counted by whoever places nodes.
import type { Catalogue, PriceSnapshot, ReservationKind } from '../catalogue/index.ts';
import { RESERVATION_KINDS } from '../catalogue/index.ts';
import type { EngineNotice } from '../model/index.ts';

/** The reservations that offerings can be had from now. Indices are in the order of ids. */
export class Reservations {
  readonly ids: readonly string[];
  readonly kinds: readonly ReservationKind[];
  /** `Float64Array[reservations]`: instances that can still be launched. */
  readonly freeCounts: Float64Array;
  /** What callers should know of them. */
  readonly notices: readonly EngineNotice[];
  /** `Int32Array[offeringCount]`: reservation of each offering, -1 for none; undefined where no offering has any. */
  readonly #of: Int32Array | undefined;

  constructor(catalogue: Catalogue, prices: PriceSnapshot) {
    const indexOf = new Map<string, number>();
    const kinds = new Map<string, ReservationKind>();
    for (const { reservationId, reservationKind } of catalogue.cells) {
      if (reservationKind !== '') kinds.set(reservationId, reservationKind);
    }
    this.ids = [...kinds.keys()].sort();
    this.kinds = this.ids.map((id) => kinds.get(id)!);
    this.ids.forEach((id, index) => {
      indexOf.set(id, index);
    });
    this.freeCounts = new Float64Array(this.ids.length).fill(Number.POSITIVE_INFINITY);
    this.#of = kinds.size === 0 ? undefined : new Int32Array(catalogue.offeringCount).fill(-1);
    const disagreeing = new Set<string>();
    for (let offering = 0; this.#of !== undefined && offering < catalogue.offeringCount; offering++) {
      const { reservationKind, reservationId } = catalogue.cells[catalogue.offeringCells[offering]!]!;
      if (reservationKind === '') continue;
      const index = indexOf.get(reservationId)!;
      this.#of[offering] = index;
      if (prices.available[offering] !== 1) continue;
      const free = prices.freeCount[offering]!;
      const known = this.freeCounts[index]!;
      if (known !== Number.POSITIVE_INFINITY && known !== free) disagreeing.add(reservationId);
      this.freeCounts[index] = Math.min(known, free);
    }
    this.freeCounts.forEach((free, index) => {
      if (free === Number.POSITIVE_INFINITY) this.freeCounts[index] = 0;
    });
    this.notices = [...disagreeing].sort().map((id) => ({
      field: 'catalogue',
      message: `offerings of reservation ${id} say different free counts: the least of them is planned with`,
    }));
  }

  /** The reservation that an offering draws on, -1 where it draws on none. */
  of(offering: number): number {
    return this.#of === undefined ? -1 : this.#of[offering]!;
  }

  /**
   * Offerings of one node's list are of one group: those without a reservation are 0, ordinary reservations together,
   * interruptible ones together, and every capacity block for itself, as one launch can ask for them.
   */
  listGroupOf(offering: number): number {
    const index = this.of(offering);
    if (index < 0) return 0;
    const kind = this.kinds[index]!;
    const code = RESERVATION_KINDS.indexOf(kind);
    return kind === 'capacity-block' ? RESERVATION_KINDS.length + 1 + index : 1 + code;
  }

  /** The groups of all offerings, those without a reservation last. */
  get listGroups(): readonly number[] {
    if (this.#of === undefined) return NO_RESERVATIONS;
    const groups = new Set<number>();
    for (let offering = 0; offering < this.#of.length; offering++) groups.add(this.listGroupOf(offering));
    groups.delete(0);
    return [...[...groups].sort((left, right) => left - right), 0];
  }
}

const NO_RESERVATIONS: readonly number[] = [0];
