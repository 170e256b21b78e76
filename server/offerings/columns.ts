// The fast-moving state of a catalogue's offerings, as columns in the order of its index.
import { PRICE_SOURCES, type PriceSource } from '../../engine/index.ts';
import type { OfferingRecord } from '../messages/index.ts';

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
  /** Instances that can still be launched from the offering's reservation; 0 where it has none. */
  readonly freeCount: Uint32Array;
}

/** Columns in which nothing is known and nothing can be had. */
export function createColumns(offeringCount: number): OfferingColumns {
  return {
    priceNanoUsdPerHour: new Float64Array(offeringCount).fill(Number.NaN),
    available: new Uint8Array(offeringCount),
    source: new Uint8Array(offeringCount),
    priceAsOfUnixSeconds: new Float64Array(offeringCount),
    freeCount: new Uint32Array(offeringCount),
  };
}

/** Columns of their own with the same state. */
export function copyColumns(columns: OfferingColumns): OfferingColumns {
  return {
    priceNanoUsdPerHour: columns.priceNanoUsdPerHour.slice(),
    available: columns.available.slice(),
    source: columns.source.slice(),
    priceAsOfUnixSeconds: columns.priceAsOfUnixSeconds.slice(),
    freeCount: columns.freeCount.slice(),
  };
}

/** Writes one offering's state; true when anything but the price's time changed. */
export function setOffering(columns: OfferingColumns, offeringIndex: number, record: OfferingRecord): boolean {
  const available = record.available ? 1 : 0;
  const source = priceSourceCode(record.priceSource);
  const changed =
    !Object.is(columns.priceNanoUsdPerHour[offeringIndex], record.priceNanoUsdPerHour) ||
    columns.available[offeringIndex] !== available ||
    columns.source[offeringIndex] !== source ||
    columns.freeCount[offeringIndex] !== record.freeCount;
  columns.priceNanoUsdPerHour[offeringIndex] = record.priceNanoUsdPerHour;
  columns.available[offeringIndex] = available;
  columns.source[offeringIndex] = source;
  columns.priceAsOfUnixSeconds[offeringIndex] = record.priceAsOfUnixSeconds;
  columns.freeCount[offeringIndex] = record.freeCount;
  return changed;
}

/** Copies one offering's state from other columns. */
export function copyOffering(from: OfferingColumns, fromIndex: number, to: OfferingColumns, toIndex: number): void {
  to.priceNanoUsdPerHour[toIndex] = from.priceNanoUsdPerHour[fromIndex] ?? Number.NaN;
  to.available[toIndex] = from.available[fromIndex] ?? 0;
  to.source[toIndex] = from.source[fromIndex] ?? 0;
  to.priceAsOfUnixSeconds[toIndex] = from.priceAsOfUnixSeconds[fromIndex] ?? 0;
  to.freeCount[toIndex] = from.freeCount[fromIndex] ?? 0;
}

function priceSourceCode(source: PriceSource): number {
  return PRICE_SOURCES.indexOf(source);
}
