// The door of the embedded catalogue: every EC2 type with its zones and prices, region by region. Nothing here calls
// AWS; a server that is fed offerings does not need it.

export type { CatalogueSource, CatalogueZone } from './format.ts';
export { CAPACITY_TYPES, NO_PRICE } from './format.ts';
export { type RegionImage, type RegionSummary, readRegionImage, unpackRegionImage } from './image.ts';
export {
  DEFAULT_REGION,
  defaultDataDirectory,
  type EmbeddedOfferings,
  type EmbeddedRegion,
  embeddedRegions,
  loadRegionFacts,
  loadRegionImage,
  loadTypeFacts,
  regionImageUrl,
  UnknownRegionError,
} from './load.ts';
