// The embedded catalogue as the registry wants it: types with their offerings, and what a caller should know about them.
// The data and its loading are in server/catalogue.
import { CAPACITY_TYPES, embeddedRegions, loadEmbeddedRegion, NO_PRICE } from '../catalogue/index.ts';
import type { OfferingRecord, TypeRecord } from '../messages/index.ts';

/** One region, ready to be indexed. */
export interface RegionRecords {
  readonly types: readonly TypeRecord[];
  /** What a caller should know about the region's data. */
  readonly notices: readonly string[];
}

/** Where catalogues start from: a port, so that tests bring small ones. */
export interface RegionSource {
  /** Names of the regions, in order. */
  regions(): readonly string[];
  /** Loads a region of that list. Costs milliseconds; the registry keeps what it loads. */
  load(region: string): RegionRecords;
}

/** The catalogue that comes with the server. */
export const embeddedRegionSource: RegionSource = { regions: () => embeddedRegions(), load: loadRegion };

function loadRegion(region: string): RegionRecords {
  const loaded = loadEmbeddedRegion(region);
  const { offerings, zones } = loaded;
  const listedAsOf = loaded.onDemandPricesAsOf === undefined ? 0 : Date.parse(loaded.onDemandPricesAsOf) / 1000;
  const perType: OfferingRecord[][] = loaded.types.map(() => []);
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
  const notices: string[] = [];
  if (loaded.currency !== 'USD') notices.push(`prices of ${region} are in ${loaded.currency}, not in US dollars`);
  if (loaded.zonesAreAssumed) {
    notices.push(`no source names the zones of ${region}'s instance types: each is taken to be in every zone`);
  }
  return {
    types: loaded.types.map((facts, index) => ({
      name: facts.name,
      form: { kind: 'ec2', facts },
      offerings: perType[index] ?? [],
    })),
    notices,
  };
}
