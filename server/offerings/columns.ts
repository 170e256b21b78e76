// The fast-moving state of a catalogue's offerings, as columns in the order of its index.
import { PRICE_SOURCES, type PriceSource } from '../../engine/index.ts';
import type { OfferingRecord, ReservationRecord } from '../messages/index.ts';

/** State of every offering. All arrays have one entry an offering. */
export interface OfferingColumns {
  /** Nano US dollars per hour; NaN where nobody knows it. */
  readonly priceNanoUsdPerHour: Float64Array;
  /** 1 where whoever feeds the catalogue says that it can be had. Shortages are kept apart. */
  readonly available: Uint8Array;
  /** Code in PRICE_SOURCES. */
  readonly source: Uint8Array;
  /** Seconds since 1970; 0 where nobody said. */
  readonly priceAsOfUnixSeconds: Float64Array;
  /** Reservations by offering. */
  readonly reservations: Map<number, ReservationRecord>;
}

/** Columns in which nothing is known and nothing can be had. */
export function createColumns(offeringCount: number): OfferingColumns {
  return {
    priceNanoUsdPerHour: new Float64Array(offeringCount).fill(Number.NaN),
    available: new Uint8Array(offeringCount),
    source: new Uint8Array(offeringCount),
    priceAsOfUnixSeconds: new Float64Array(offeringCount),
    reservations: new Map(),
  };
}

/** Columns of their own with the same state. */
export function copyColumns(columns: OfferingColumns): OfferingColumns {
  return {
    priceNanoUsdPerHour: columns.priceNanoUsdPerHour.slice(),
    available: columns.available.slice(),
    source: columns.source.slice(),
    priceAsOfUnixSeconds: columns.priceAsOfUnixSeconds.slice(),
    reservations: new Map(columns.reservations),
  };
}

/** Writes one offering's state; true when anything but the price's time changed. */
export function setOffering(columns: OfferingColumns, offeringIndex: number, record: OfferingRecord): boolean {
  const available = record.available ? 1 : 0;
  const source = priceSourceCode(record.priceSource);
  const reservation = columns.reservations.get(offeringIndex);
  const changed =
    !Object.is(columns.priceNanoUsdPerHour[offeringIndex], record.priceNanoUsdPerHour) ||
    columns.available[offeringIndex] !== available ||
    columns.source[offeringIndex] !== source ||
    reservation?.freeCount !== record.reservation?.freeCount ||
    reservation?.kind !== record.reservation?.kind;
  columns.priceNanoUsdPerHour[offeringIndex] = record.priceNanoUsdPerHour;
  columns.available[offeringIndex] = available;
  columns.source[offeringIndex] = source;
  columns.priceAsOfUnixSeconds[offeringIndex] = record.priceAsOfUnixSeconds;
  if (record.reservation !== undefined) columns.reservations.set(offeringIndex, record.reservation);
  return changed;
}

/** Copies one offering's state from other columns. */
export function copyOffering(from: OfferingColumns, fromIndex: number, to: OfferingColumns, toIndex: number): void {
  to.priceNanoUsdPerHour[toIndex] = from.priceNanoUsdPerHour[fromIndex] ?? Number.NaN;
  to.available[toIndex] = from.available[fromIndex] ?? 0;
  to.source[toIndex] = from.source[fromIndex] ?? 0;
  to.priceAsOfUnixSeconds[toIndex] = from.priceAsOfUnixSeconds[fromIndex] ?? 0;
  const reservation = from.reservations.get(fromIndex);
  if (reservation !== undefined) to.reservations.set(toIndex, reservation);
}

function priceSourceCode(source: PriceSource): number {
  return PRICE_SOURCES.indexOf(source);
}
