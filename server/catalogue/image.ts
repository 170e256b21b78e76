// A region as it is used: the finished index of its types and the prices of its offerings, compressed as one file, so that
// a start only reads and copies. Made from the facts beside it (pack.ts); a test builds every region from its
// facts and holds the images against that, byte by byte.
//
// Layout before compression, little-endian: magic, version, length of the header; the header as JSON; then, each on a
// multiple of 8 bytes, the index (engine/catalogue), Float64 prices and Uint8 price sources, one for each offering.

import { createHash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { buildCatalogue, openCatalogue, PRICE_SOURCES } from '../../engine/index.ts';
import { CAPACITY_TYPES, NO_PRICE } from './format.ts';
import type { EmbeddedRegion } from './load.ts';

/** "DVRG" in little-endian ASCII. */
const MAGIC = 0x47525644;

/** Raised whenever the layout changes; the reader refuses any other. */
export const IMAGE_VERSION = 1;

const FIXED_BYTES = 12;

/** Written out at once: in steps of 16 KiB, which is the default, unpacking takes twice as long. */
const OUTPUT_CHUNK_BYTES = 2 ** 20;

/** What is said of a region beside its types and offerings. */
export interface RegionSummary {
  readonly region: string;
  /** CNY in China: prices are then nano-yuan, as Karpenter has them there. USD everywhere else. */
  readonly currency: 'USD' | 'CNY';
  /** The sources name no zones for the region's types: each is taken to be in every zone. */
  readonly zonesAreAssumed: boolean;
  /** ISO date of the region's own on-demand prices; absent where all prices are estimates. */
  readonly onDemandPricesAsOf?: string;
}

/** A region's image, unpacked. Owned by the caller. */
export interface RegionImage extends RegionSummary {
  /** The index, for openCatalogue. */
  readonly buffer: SharedArrayBuffer;
  /** SHA-256 of the index, lower-case hex. */
  readonly digest: string;
  /** By offering of the index; NaN where nobody knows it: such an offering can't be had. */
  readonly priceNanoUsdPerHour: Float64Array;
  /** By offering: code in PRICE_SOURCES. */
  readonly priceSource: Uint8Array;
}

interface ImageHeader extends RegionSummary {
  readonly digest: string;
  readonly indexBytes: number;
  readonly offeringCount: number;
}

/** The image of a region, before compression. Equal facts give equal bytes. */
export function buildRegionImage(region: EmbeddedRegion): Buffer {
  const index = buildCatalogue({ region: region.region, types: typesWithOfferings(region) });
  const { prices, sources } = offeringStates(region, index);
  const header: ImageHeader = {
    region: region.region,
    currency: region.currency,
    zonesAreAssumed: region.zonesAreAssumed,
    ...(region.onDemandPricesAsOf === undefined ? {} : { onDemandPricesAsOf: region.onDemandPricesAsOf }),
    digest: createHash('sha256').update(new Uint8Array(index)).digest('hex'),
    indexBytes: index.byteLength,
    offeringCount: sources.length,
  };
  const text = Buffer.from(JSON.stringify(header));
  const at = sectionOffsets(text.length, header);
  const image = Buffer.alloc(at.end);
  image.writeUInt32LE(MAGIC, 0);
  image.writeUInt32LE(IMAGE_VERSION, 4);
  image.writeUInt32LE(text.length, 8);
  image.set(text, FIXED_BYTES);
  image.set(new Uint8Array(index), at.index);
  image.set(new Uint8Array(prices.buffer), at.prices);
  image.set(sources, at.sources);
  return image;
}

/** Compresses an image as hard as possible, with a checksum; made once, read often. */
export function packRegionImage(image: Buffer): Buffer {
  return zstdCompressSync(image, {
    params: { [constants.ZSTD_c_compressionLevel]: 22, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/** Undoes packRegionImage. Throws on a file that is cut or damaged. */
export function unpackRegionImage(packed: Buffer): Buffer {
  return zstdDecompressSync(packed, { chunkSize: OUTPUT_CHUNK_BYTES });
}

/** Reads an image that buildRegionImage made. Throws where it is of another version, or cut. */
export function readRegionImage(image: Buffer): RegionImage {
  const version = image.length < FIXED_BYTES || image.readUInt32LE(0) !== MAGIC ? undefined : image.readUInt32LE(4);
  if (version !== IMAGE_VERSION) {
    throw new Error(
      `read region image: not an image of version ${IMAGE_VERSION} (version=${version}); run npm run catalogue:pack`,
    );
  }
  const textBytes = image.readUInt32LE(8);
  const text = image.toString('utf8', FIXED_BYTES, FIXED_BYTES + textBytes);
  const { indexBytes, offeringCount, digest, ...summary } = JSON.parse(text) as ImageHeader;
  const at = sectionOffsets(textBytes, { indexBytes, offeringCount });
  if (image.length !== at.end) {
    throw new Error(`read region image: it is cut (bytes=${image.length}, expected=${at.end})`);
  }
  const buffer = new SharedArrayBuffer(indexBytes);
  new Uint8Array(buffer).set(image.subarray(at.index, at.index + indexBytes));
  const priceNanoUsdPerHour = new Float64Array(offeringCount);
  new Uint8Array(priceNanoUsdPerHour.buffer).set(image.subarray(at.prices, at.prices + offeringCount * 8));
  const priceSource = Uint8Array.from(image.subarray(at.sources, at.sources + offeringCount));
  return { ...summary, buffer, digest, priceNanoUsdPerHour, priceSource };
}

/** Where the parts of an image begin, and where it ends. */
function sectionOffsets(textBytes: number, sizes: Pick<ImageHeader, 'indexBytes' | 'offeringCount'>) {
  const index = align(FIXED_BYTES + textBytes);
  const prices = align(index + sizes.indexBytes);
  const sources = prices + sizes.offeringCount * 8;
  return { index, prices, sources, end: sources + sizes.offeringCount };
}

function align(offset: number): number {
  return (offset + 7) & ~7;
}

/** The region's types as a catalogue is built from. */
function typesWithOfferings({ types, zones, offerings }: EmbeddedRegion) {
  const built = types.map((facts) => ({
    name: facts.name,
    form: { kind: 'ec2' as const, facts },
    offerings: [] as { zone: string; zoneId: string; capacityType: 'on-demand' | 'spot'; reservationId: string }[],
  }));
  for (let offering = 0; offering < offerings.count; offering += 1) {
    const zone = zones[offerings.zoneIndex[offering]!]!;
    built[offerings.typeIndex[offering]!]!.offerings.push({
      zone: zone.name,
      zoneId: zone.zoneId,
      capacityType: CAPACITY_TYPES[offerings.capacityTypeIndex[offering]!]!,
      reservationId: '',
    });
  }
  return built;
}

/** Prices and their sources in the order of the index. */
function offeringStates(region: EmbeddedRegion, index: SharedArrayBuffer) {
  const catalogue = openCatalogue(index);
  const { types, zones, offerings } = region;
  const prices = new Float64Array(catalogue.offeringCount).fill(Number.NaN);
  const sources = new Uint8Array(catalogue.offeringCount);
  for (let row = 0; row < offerings.count; row += 1) {
    const { name } = types[offerings.typeIndex[row]!]!;
    const zone = zones[offerings.zoneIndex[row]!]!.name;
    const capacityType = CAPACITY_TYPES[offerings.capacityTypeIndex[row]!]!;
    const offering = catalogue.findOffering(name, zone, capacityType, '');
    const price = offerings.priceNanoUsdPerHour[row]!;
    if (price !== NO_PRICE) prices[offering] = price;
    sources[offering] = PRICE_SOURCES.indexOf(offerings.priceIsEstimate[row] === 1 ? 'estimated' : 'listed');
  }
  return { prices, sources };
}
