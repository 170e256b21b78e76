// One process of `--ready`: loads the code, waits for its order, makes a region ready once, and tells how long each step
// took. What it does is what a server does for a first request of the region, and a worker for a first solve.
import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { copyPriceTable, createPriceSnapshot } from '../engine/index.ts';
import { CatalogueReferenceSchema } from '../proto/index.ts';
import {
  CatalogueRegistry,
  embeddedRegionSource,
  factsRegionSource,
  type RegionSource,
  readRegionImage,
  regionImageUrl,
  unpackRegionImage,
} from '../server/index.ts';
import { answerOrder } from './order-process.ts';

/** What to measure: a region by its packed image or from its facts, or the steps of reading the image. */
export interface ReadyOrder {
  readonly region: string;
  readonly way: 'packed' | 'facts' | 'reading';
}

/** Milliseconds of making a region ready. */
export interface ReadyTimes {
  /** Digest of the index that came of it. */
  readonly digest: string;
  /** Reading: files to memory. */
  readonly loadMs: number;
  /** Building the index, or opening the one that was read, with its prices beside it. */
  readonly indexMs: number;
  /** Copying the prices out of the shared table, as each solve does. */
  readonly pricesMs: number;
  /** What nodes of each type hold under AL2023's defaults. */
  readonly deriveMs: number;
  /** All of these. */
  readonly totalMs: number;
}

/** Milliseconds of reading an image. */
export interface ReadingTimes {
  readonly readMs: number;
  readonly unpackMs: number;
  readonly copyMs: number;
}

answerOrder(({ region, way }: ReadyOrder) => (way === 'reading' ? timeReading(region) : timeReady(region, way)));

function timeReady(region: string, way: 'packed' | 'facts'): ReadyTimes {
  const source = way === 'packed' ? embeddedRegionSource : factsRegionSource;
  let loadMs = 0;
  const timed: RegionSource = {
    regions: () => source.regions(),
    load: (name) => {
      const startMs = performance.now();
      const loaded = source.load(name);
      loadMs = performance.now() - startMs;
      return loaded;
    },
  };
  const identity = create(CatalogueReferenceSchema, { catalogue: { case: 'identity', value: { region } } });
  const startMs = performance.now();
  const registry = new CatalogueRegistry({ clock: { nowMs: () => 0 }, regions: timed });
  const view = registry.resolve(identity, 'catalogue');
  const indexedMs = performance.now();
  copyPriceTable(view.priceTable, createPriceSnapshot(view.catalogue.offeringCount));
  const pricedMs = performance.now();
  view.catalogue.columnSets.for();
  const endMs = performance.now();
  return {
    digest: view.indexDigest,
    loadMs,
    indexMs: indexedMs - startMs - loadMs,
    pricesMs: pricedMs - indexedMs,
    deriveMs: endMs - pricedMs,
    totalMs: endMs - startMs,
  };
}

function timeReading(region: string): ReadingTimes {
  const startMs = performance.now();
  const packed = readFileSync(regionImageUrl(region));
  const readMs = performance.now();
  const image = unpackRegionImage(packed);
  const unpackedMs = performance.now();
  readRegionImage(image);
  return {
    readMs: readMs - startMs,
    unpackMs: unpackedMs - readMs,
    copyMs: performance.now() - unpackedMs,
  };
}
