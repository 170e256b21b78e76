// The door of the embedded catalogue: every EC2 type with its zones and prices, region by region. Nothing here calls
// AWS; a server that is fed offerings does not need it.

export type { CatalogueSource, CatalogueZone } from './format.ts';
export { NO_PRICE } from './format.ts';
export {
  CAPACITY_TYPES,
  DEFAULT_REGION,
  defaultDataDirectory,
  type EmbeddedOfferings,
  type EmbeddedRegion,
  embeddedRegions,
  loadEmbeddedRegion,
  loadEmbeddedTypes,
  UnknownRegionError,
} from './load.ts';
