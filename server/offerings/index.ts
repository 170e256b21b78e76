// The door of server/offerings: catalogues, their prices, availability and shortages. What an offering is worth to a
// plan is the engine's business.
export type { OfferingColumns } from './columns.ts';
export {
  embeddedRegionSource,
  factsRegionSource,
  type IndexedRegion,
  type RegionRecords,
  type RegionSource,
} from './embedded.ts';
export type { CatalogueUpdate, LiveCatalogue, OfferingChange, ShortagePattern } from './live-catalogue.ts';
export {
  assertHasOfferings,
  CatalogueRegistry,
  type CatalogueView,
  DEFAULT_REGION,
  taskCatalogue,
  type UpdateTarget,
} from './registry.ts';
export { type WatchedPiece, watchCatalogue } from './watch.ts';
