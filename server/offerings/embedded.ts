// The embedded catalogue as the registry wants it: a finished index with the state of its offerings, and what a caller
// should know about them. The data and its loading are in server/catalogue.
import { openCatalogue, PRICE_SOURCES } from '../../engine/index.ts';
import {
  CAPACITY_TYPES,
  type EmbeddedRegion,
  embeddedRegions,
  loadRegionFacts,
  loadRegionImage,
  NO_PRICE,
  type RegionSummary,
} from '../catalogue/index.ts';
import type { OfferingRecord, TypeRecord } from '../messages/index.ts';
import type { CatalogueIndex } from './catalogue-index.ts';
import type { OfferingColumns } from './columns.ts';

/** One region, to be indexed. */
export interface RegionRecords {
  readonly types: readonly TypeRecord[];
  /** What a caller should know about the region's data. */
  readonly notices: readonly string[];
}

/** One region with its index. */
export interface IndexedRegion {
  readonly index: CatalogueIndex;
  /** State of the index's offerings; not written by whoever takes it. */
  readonly columns: OfferingColumns;
  readonly notices: readonly string[];
}

/** Where catalogues start from: a port, so that tests bring small ones. */
export interface RegionSource {
  /** Names of the regions, in order. */
  regions(): readonly string[];
  /** Loads a region of that list. Costs milliseconds; the registry keeps what it loads. */
  load(region: string): RegionRecords | IndexedRegion;
}

/** The catalogue that comes with the server, indexed when it was packed. */
export const embeddedRegionSource: RegionSource = { regions: () => embeddedRegions(), load: loadIndexed };

/** The same from the facts, indexed as what a client brings is: the way that the packed one is measured against. */
export const factsRegionSource: RegionSource = { regions: () => embeddedRegions(), load: loadRecords };

const LISTED = PRICE_SOURCES.indexOf('listed');

function loadIndexed(region: string): IndexedRegion {
  const image = loadRegionImage(region);
  const { buffer, digest, priceNanoUsdPerHour, priceSource } = image;
  const listedAsOf = asOfSeconds(image);
  const available = new Uint8Array(priceSource.length);
  const priceAsOfUnixSeconds = new Float64Array(priceSource.length);
  for (let offering = 0; offering < available.length; offering++) {
    if (!Number.isNaN(priceNanoUsdPerHour[offering])) available[offering] = 1;
    if (priceSource[offering] === LISTED) priceAsOfUnixSeconds[offering] = listedAsOf;
  }
  return {
    index: { buffer, digest, catalogue: openCatalogue(buffer) },
    columns: {
      priceNanoUsdPerHour,
      available,
      source: priceSource,
      priceAsOfUnixSeconds,
      // Reservations are an account's own.
      freeCount: new Uint32Array(available.length),
    },
    notices: noticesOf(image),
  };
}

function loadRecords(region: string): RegionRecords {
  const loaded = loadRegionFacts(region);
  const perType = offeringRecords(loaded, asOfSeconds(loaded));
  return {
    types: loaded.types.map((facts, index) => ({
      name: facts.name,
      form: { kind: 'ec2', facts },
      offerings: perType[index] ?? [],
    })),
    notices: noticesOf(loaded),
  };
}

function offeringRecords({ region, types, zones, offerings }: EmbeddedRegion, listedAsOf: number): OfferingRecord[][] {
  const perType: OfferingRecord[][] = types.map(() => []);
  for (let index = 0; index < offerings.count; index++) {
    const zone = zones[offerings.zoneIndex[index] ?? 0];
    const capacityType = CAPACITY_TYPES[offerings.capacityTypeIndex[index] ?? 0];
    const list = perType[offerings.typeIndex[index] ?? 0];
    if (zone === undefined || capacityType === undefined || list === undefined) {
      throw new Error(`load region: an offering points outside its tables (region=${region}, offering=${index})`);
    }
    const price = offerings.priceNanoUsdPerHour[index] ?? NO_PRICE;
    const estimated = offerings.priceIsEstimate[index] === 1;
    list.push({
      zone: zone.name,
      zoneId: zone.zoneId,
      capacityType,
      reservationId: '',
      freeCount: 0,
      priceNanoUsdPerHour: price === NO_PRICE ? Number.NaN : price,
      available: price !== NO_PRICE,
      priceSource: estimated ? 'estimated' : 'listed',
      priceAsOfUnixSeconds: estimated ? 0 : listedAsOf,
    });
  }
  return perType;
}

/** When the region's listed prices were read, in seconds since 1970; 0 where there are none. */
function asOfSeconds({ onDemandPricesAsOf }: RegionSummary): number {
  return onDemandPricesAsOf === undefined ? 0 : Date.parse(onDemandPricesAsOf) / 1000;
}

function noticesOf({ region, currency, zonesAreAssumed }: RegionSummary): string[] {
  const notices: string[] = [];
  if (currency !== 'USD') notices.push(`prices of ${region} are in ${currency}, not in US dollars`);
  if (zonesAreAssumed) {
    notices.push(`no source names the zones of ${region}'s instance types: each is taken to be in every zone`);
  }
  return notices;
}
