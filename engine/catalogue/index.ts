// Door of the catalogue: what is on sale, as an index over shared memory, and what it costs.
export { buildCatalogue, compareText } from './build.ts';
export {
  Catalogue,
  OFFERING_LABELS,
  type OfferingCell,
  offeringLabelReader,
  openCatalogue,
} from './catalogue.ts';
export {
  amountsOf,
  COLUMN_SET_LIMIT,
  type ColumnSet,
  ColumnSets,
  nodeClassLabelValues,
} from './columns.ts';
export type {
  CapacityType,
  CatalogueInput,
  CatalogueTypeInput,
  OfferingInput,
  OfferingState,
  PriceSource,
  ReservationKind,
  TypeForm,
} from './input.ts';
export { CAPACITY_TYPES, NODE_CLASS_LABELS, PRICE_SOURCES, RESERVATION_KINDS, TENANCY_LABEL } from './layout.ts';
export { orderByPrice, type PriceOrder, reservedPrice } from './price-order.ts';
export {
  copyPriceTable,
  createPriceSnapshot,
  createPriceTable,
  type PriceSnapshot,
  priceSourceName,
  writePriceTable,
} from './price-table.ts';
