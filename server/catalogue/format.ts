// The shape of the catalogue's index and facts on disk, shared by the generator that writes them and the loader that reads
// them. The images made from the facts are in image.ts.

import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { EncodedTable } from './table.ts';

/** Raised whenever the files change their shape; the loader refuses any other. */
export const CATALOGUE_SCHEMA = 1;

/** Price of a type that no source prices and no rule estimates. */
export const NO_PRICE = -1;

/** Capacity types by their position in an offering's `capacityTypeIndex`. */
export const CAPACITY_TYPES = ['on-demand', 'spot'] as const;

/** Where a figure comes from. */
export interface CatalogueSource {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Date of the data, ISO 8601. */
  readonly asOf: string;
  /** What that date is the date of. */
  readonly asOfMeaning: string;
  /** Which figures it gives. */
  readonly gives: string;
}

/** One zone of a region. */
export interface CatalogueZone {
  readonly name: string;
  readonly zoneId: string;
}

/** A region as stored: columns of one length, a row for each type on offer. */
export interface StoredRegion {
  readonly region: string;
  readonly currency: 'USD' | 'CNY';
  /** The sources give no zones for the types: every type is taken to be in every zone. */
  readonly zonesAreAssumed: boolean;
  /** When the region's own price table was read; absent where there is none. */
  readonly onDemandPricesAsOf?: string;
  readonly zones: readonly CatalogueZone[];
  /** Position of the type in the table of types. */
  readonly typeIndex: readonly number[];
  /** Bit i: offered in zones[i]. */
  readonly zoneMask: readonly number[];
  /** Nano-units of the currency per hour, or NO_PRICE. */
  readonly onDemandPriceNano: readonly number[];
  /** 1 where the price is an estimate. */
  readonly onDemandIsEstimate: readonly number[];
}

/** index.json: what is embedded, from where. Readable by people. */
export interface StoredIndex {
  readonly schema: number;
  readonly licence: string;
  readonly sources: readonly CatalogueSource[];
  readonly typeCount: number;
  readonly regions: readonly string[];
}

/** facts/types.json.br: facts of every type, in the order of their names. */
export interface StoredTypes {
  readonly schema: number;
  readonly table: EncodedTable;
}

/** facts/region-NAME.json.br. */
export interface StoredRegionFile {
  readonly schema: number;
  readonly typeCount: number;
  readonly data: StoredRegion;
}

/** Compresses a document as hard as possible; made once, read often. */
export function packJson(document: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(document));
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
}

/** Reads what packJson wrote. */
export function unpackJson(packed: Buffer): unknown {
  return JSON.parse(brotliDecompressSync(packed).toString('utf8'));
}
