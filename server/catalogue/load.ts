// Reads the embedded catalogue from its files: a region's image, which is what a server uses, and the facts that images are
// made from. It keeps nothing between calls and knows no node class: what a type is as a node is derived by engine/ec2.

import { readFileSync } from 'node:fs';
import type { Ec2InstanceFacts } from '../../engine/index.ts';
import { estimateSpotPriceNano } from './estimates.ts';
import {
  CAPACITY_TYPES,
  CATALOGUE_SCHEMA,
  type CatalogueSource,
  type CatalogueZone,
  NO_PRICE,
  type StoredIndex,
  type StoredRegion,
  type StoredRegionFile,
  type StoredTypes,
  unpackJson,
} from './format.ts';
import { type RegionImage, type RegionSummary, readRegionImage, unpackRegionImage } from './image.ts';
import { decodeTypes } from './types.ts';

/** The region that is served where nobody names one. */
export const DEFAULT_REGION = 'us-east-1';

const ON_DEMAND = 0;
const SPOT = 1;

/** Offerings as columns of length `count`: by type, then zone, then on-demand before spot. Owned by the caller. */
export interface EmbeddedOfferings {
  readonly count: number;
  /** Position in the region's `types`. */
  readonly typeIndex: Uint16Array;
  /** Position in the region's `zones`. */
  readonly zoneIndex: Uint8Array;
  /** Position in CAPACITY_TYPES. */
  readonly capacityTypeIndex: Uint8Array;
  /** Nano-units of the region's currency per hour for Linux, whole numbers; NO_PRICE where nobody knows: unavailable. */
  readonly priceNanoUsdPerHour: Float64Array;
  /** 1 where the price follows a stated rule and no source. */
  readonly priceIsEstimate: Uint8Array;
}

/** Everything the catalogue knows of one region. */
export interface EmbeddedRegion extends RegionSummary {
  readonly zones: readonly CatalogueZone[];
  /** Types on offer in the region, by name. */
  readonly types: readonly Ec2InstanceFacts[];
  readonly offerings: EmbeddedOfferings;
  readonly sources: readonly CatalogueSource[];
}

/** A region that the catalogue does not have. The message lists those it has. */
export class UnknownRegionError extends Error {
  readonly region: string;
  readonly knownRegions: readonly string[];

  constructor(region: string, knownRegions: readonly string[]) {
    super(`load region: not in the catalogue (region=${region}); use one of ${knownRegions.join(', ')}`);
    this.name = 'UnknownRegionError';
    this.region = region;
    this.knownRegions = knownRegions;
  }
}

/** Where the data lies next to this module: the one place to change for a bundle that keeps it elsewhere. */
export function defaultDataDirectory(): URL {
  return new URL('./data/', import.meta.url);
}

/** Names of the embedded regions, in order. */
export function embeddedRegions(dataDirectory: URL = defaultDataDirectory()): readonly string[] {
  return readIndex(dataDirectory).regions;
}

/** File of a region's image. */
export function regionImageUrl(region: string, dataDirectory: URL = defaultDataDirectory()): URL {
  return new URL(`region-${region}.zst`, dataDirectory);
}

/**
 * Reads a region ready to use; a few milliseconds. Throws UnknownRegionError where the catalogue lacks it, and a plain error
 * where its file is damaged or of another version.
 */
export function loadRegionImage(region: string, dataDirectory: URL = defaultDataDirectory()): RegionImage {
  const { regions } = readIndex(dataDirectory);
  if (!regions.includes(region)) throw new UnknownRegionError(region, regions);
  const packed = readFileSync(regionImageUrl(region, dataDirectory));
  const image = readRegionImage(unpackRegionImage(packed));
  if (image.region !== region) throw new Error(`load region: its file is of another one (region=${image.region})`);
  return image;
}

/**
 * Reads the facts of one region; about 30 ms. Throws UnknownRegionError where the catalogue lacks it, and a plain error where the
 * files do not belong together.
 */
export function loadRegionFacts(region: string, dataDirectory: URL = defaultDataDirectory()): EmbeddedRegion {
  const index = readIndex(dataDirectory);
  if (!index.regions.includes(region)) throw new UnknownRegionError(region, index.regions);
  const allTypes = loadTypeFacts(dataDirectory);
  const file = unpackJson(readFileSync(new URL(`facts/region-${region}.json.br`, dataDirectory))) as StoredRegionFile;
  checkSchema(file.schema, `region-${region}.json.br`);
  if (file.typeCount !== allTypes.length) {
    throw new Error(`load region: made for another table of types (region=${region}); generate the catalogue again`);
  }
  const { data } = file;
  const types = data.typeIndex.map((position) => allTypes[position]!);
  return {
    region: data.region,
    currency: data.currency,
    zonesAreAssumed: data.zonesAreAssumed,
    ...(data.onDemandPricesAsOf === undefined ? {} : { onDemandPricesAsOf: data.onDemandPricesAsOf }),
    zones: data.zones,
    types,
    offerings: expandOfferings(data, types),
    sources: index.sources,
  };
}

/** Facts of every type of the catalogue, whatever region offers it, by name. */
export function loadTypeFacts(dataDirectory: URL = defaultDataDirectory()): Ec2InstanceFacts[] {
  const stored = unpackJson(readFileSync(new URL('facts/types.json.br', dataDirectory))) as StoredTypes;
  checkSchema(stored.schema, 'types.json.br');
  return decodeTypes(stored.table);
}

function readIndex(dataDirectory: URL): StoredIndex {
  const index = JSON.parse(readFileSync(new URL('index.json', dataDirectory), 'utf8')) as StoredIndex;
  checkSchema(index.schema, 'index.json');
  return index;
}

function checkSchema(schema: number, file: string): void {
  if (schema === CATALOGUE_SCHEMA) return;
  throw new Error(`read catalogue: wrong schema (file=${file}, schema=${schema}, expected=${CATALOGUE_SCHEMA})`);
}

/**
 * One row for every type, zone and capacity type that can be bought. Plain loops over numbers: with iterators this was
 * a third of the time that a region takes.
 */
function expandOfferings(data: StoredRegion, types: readonly Ec2InstanceFacts[]): EmbeddedOfferings {
  const zoneCount = data.zones.length;
  const most = types.length * zoneCount * CAPACITY_TYPES.length;
  const typeIndex = new Uint16Array(most);
  const zoneIndex = new Uint8Array(most);
  const capacityTypeIndex = new Uint8Array(most);
  const priceNanoUsdPerHour = new Float64Array(most);
  const priceIsEstimate = new Uint8Array(most);
  let count = 0;
  for (let type = 0; type < types.length; type += 1) {
    const facts = types[type]!;
    const onDemandNano = data.onDemandPriceNano[type]!;
    const onDemandIsEstimate = data.onDemandIsEstimate[type]!;
    const hasPrice = onDemandNano !== NO_PRICE;
    const spotNano = hasPrice ? estimateSpotPriceNano(facts, onDemandNano) : NO_PRICE;
    const onDemand = facts.usageClasses.includes('on-demand');
    const spot = facts.usageClasses.includes('spot');
    const zoneMask = data.zoneMask[type]!;
    for (let zone = 0; zone < zoneCount; zone += 1) {
      if ((zoneMask & (1 << zone)) === 0) continue;
      if (onDemand) {
        typeIndex[count] = type;
        zoneIndex[count] = zone;
        capacityTypeIndex[count] = ON_DEMAND;
        priceNanoUsdPerHour[count] = onDemandNano;
        priceIsEstimate[count] = onDemandIsEstimate;
        count += 1;
      }
      if (spot) {
        typeIndex[count] = type;
        zoneIndex[count] = zone;
        capacityTypeIndex[count] = SPOT;
        priceNanoUsdPerHour[count] = spotNano;
        priceIsEstimate[count] = hasPrice ? 1 : 0;
        count += 1;
      }
    }
  }
  return {
    count,
    typeIndex: typeIndex.subarray(0, count),
    zoneIndex: zoneIndex.subarray(0, count),
    capacityTypeIndex: capacityTypeIndex.subarray(0, count),
    priceNanoUsdPerHour: priceNanoUsdPerHour.subarray(0, count),
    priceIsEstimate: priceIsEstimate.subarray(0, count),
  };
}
