// Prices, availability and free reservations of one catalogue, in a small buffer of their own under a sequence lock: one writer, any number
// of readers, and no reader ever sees half an update. Two slots take turns, so that a reader copies the one that is not
// being written and starts again only when the writer has come round to it meanwhile. Source: the seqlock of Lameter
// ("Effective synchronization on Linux/NUMA systems", 2005), with the slots of a left-right scheme.
import { PRICE_SOURCES } from './layout.ts';

/** Prices and availability as one solve sees them. All arrays have one entry an offering; owned by the reader. */
export interface PriceSnapshot {
  /** Epoch that the state belongs to; counted by each table for itself. */
  epoch: number;
  /** Nano US dollars per hour; NaN where nobody knows the price. */
  readonly priceNanoUsdPerHour: Float64Array;
  /** 1 where the offering can be had. */
  readonly available: Uint8Array;
  /** Code of the price's source, see PRICE_SOURCES. */
  readonly source: Uint8Array;
  /** Instances that can still be launched from the offering's reservation; 0 where it has none. */
  readonly freeCount: Uint32Array;
}

// Words of the header: magic, offering count, current slot, then for each slot a sequence (odd while it is written).
const MAGIC = 0x50525431;
const WORD_MAGIC = 0;
const WORD_OFFERING_COUNT = 1;
const WORD_CURRENT = 2;
const WORD_SEQUENCE = 3;
const HEADER_BYTES = 32;
const SLOT_COUNT = 2;

/** A table for so many offerings, all without price and unavailable, at epoch 0. */
export function createPriceTable(offeringCount: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(HEADER_BYTES + SLOT_COUNT * slotBytes(offeringCount));
  const header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  header[WORD_MAGIC] = MAGIC;
  header[WORD_OFFERING_COUNT] = offeringCount;
  for (let slot = 0; slot < SLOT_COUNT; slot++) slotViews(buffer, slot).price.fill(Number.NaN);
  return buffer;
}

/** An empty snapshot of the right size, to be filled by copyPriceTable. */
export function createPriceSnapshot(offeringCount: number): PriceSnapshot {
  return {
    epoch: 0,
    priceNanoUsdPerHour: new Float64Array(offeringCount).fill(Number.NaN),
    available: new Uint8Array(offeringCount),
    source: new Uint8Array(offeringCount),
    freeCount: new Uint32Array(offeringCount),
  };
}

/** Publishes a whole state. Only one thread may write a table. Throws RangeError, and changes nothing, on a wrong size. */
export function writePriceTable(buffer: SharedArrayBuffer, state: PriceSnapshot): void {
  const header = checkedHeader(buffer);
  checkSize('write', header, state);
  const next = (Atomics.load(header, WORD_CURRENT) + 1) % SLOT_COUNT;
  const views = slotViews(buffer, next);
  Atomics.add(header, WORD_SEQUENCE + next, 1);
  views.epoch[0] = state.epoch;
  views.price.set(state.priceNanoUsdPerHour);
  views.available.set(state.available);
  views.source.set(state.source);
  views.freeCount.set(state.freeCount);
  Atomics.add(header, WORD_SEQUENCE + next, 1);
  Atomics.store(header, WORD_CURRENT, next);
}

/** Copies the current state into `into`, again and again until it is whole. */
export function copyPriceTable(buffer: SharedArrayBuffer, into: PriceSnapshot): PriceSnapshot {
  const header = checkedHeader(buffer);
  checkSize('copy', header, into);
  for (;;) {
    const slot = Atomics.load(header, WORD_CURRENT);
    const before = Atomics.load(header, WORD_SEQUENCE + slot);
    if ((before & 1) === 0) {
      const views = slotViews(buffer, slot);
      into.epoch = views.epoch[0]!;
      into.priceNanoUsdPerHour.set(views.price);
      into.available.set(views.available);
      into.source.set(views.source);
      into.freeCount.set(views.freeCount);
      // An exchange of the sequence for itself, because the reads above must be over before it: a plain load would not
      // hold them back on arm64. Boehm, "Can seqlocks get along with programming language memory models?" (2012).
      if (Atomics.compareExchange(header, WORD_SEQUENCE + slot, before, before) === before) {
        return into;
      }
    }
  }
}

/** Name of a price source's code. */
export function priceSourceName(code: number): (typeof PRICE_SOURCES)[number] {
  return PRICE_SOURCES[code] ?? 'reported';
}

interface SlotViews {
  readonly epoch: Float64Array;
  readonly price: Float64Array;
  readonly available: Uint8Array;
  readonly source: Uint8Array;
  readonly freeCount: Uint32Array;
}

function slotBytes(offeringCount: number): number {
  return (8 + offeringCount * 14 + 7) & ~7;
}

function slotViews(buffer: SharedArrayBuffer, slot: number): SlotViews {
  const offeringCount = new Int32Array(buffer, 0, HEADER_BYTES / 4)[WORD_OFFERING_COUNT]!;
  const start = HEADER_BYTES + slot * slotBytes(offeringCount);
  const words = start + 8 + offeringCount * 8;
  const bytes = words + offeringCount * 4;
  return {
    epoch: new Float64Array(buffer, start, 1),
    price: new Float64Array(buffer, start + 8, offeringCount),
    freeCount: new Uint32Array(buffer, words, offeringCount),
    available: new Uint8Array(buffer, bytes, offeringCount),
    source: new Uint8Array(buffer, bytes + offeringCount, offeringCount),
  };
}

function checkedHeader(buffer: SharedArrayBuffer): Int32Array {
  const header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  if (header[WORD_MAGIC] !== MAGIC) throw new RangeError('open price table: this buffer is not a price table');
  return header;
}

function checkSize(verb: 'copy' | 'write', header: Int32Array, snapshot: PriceSnapshot): void {
  const offeringCount = header[WORD_OFFERING_COUNT]!;
  const { priceNanoUsdPerHour, available, source, freeCount } = snapshot;
  const wrong = [priceNanoUsdPerHour, available, source, freeCount].find((column) => column.length !== offeringCount);
  if (wrong === undefined) return;
  throw new RangeError(
    `${verb} price table: the snapshot has another size (offerings=${offeringCount}, snapshot=${wrong.length})`,
  );
}
