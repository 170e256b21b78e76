// Small catalogues with their prices for tests, written as tables of types. Not for product code.
import type { ResourceList } from '../../model/index.ts';
import type { CatalogueTypeInput, OfferingInput, OfferingState, PriceSnapshot, TypeForm } from '../index.ts';
import { buildCatalogue, type Catalogue, createPriceSnapshot, openCatalogue, PRICE_SOURCES } from '../index.ts';

/** An offering with its state; available and reported unless a test says otherwise. */
export type MarketOffering = Partial<OfferingInput> & Partial<OfferingState>;

/** A type with its offerings and their state. */
export interface MarketType {
  readonly name: string;
  readonly form: TypeForm;
  readonly offerings: readonly MarketOffering[];
}

/** A catalogue that is open, with prices. */
export interface Market {
  readonly catalogue: Catalogue;
  readonly prices: PriceSnapshot;
}

/** A type that is described by its labels and what it holds. `pods` is 110 where a test does not say. */
export function explicitType(
  name: string,
  capacity: ResourceList,
  offerings: readonly MarketOffering[],
  labels: Readonly<Record<string, string>> = {},
  overhead: ResourceList = {},
): MarketType {
  return { name, form: { kind: 'explicit', labels, capacity: { pods: 110, ...capacity }, overhead }, offerings };
}

/** An offering as it is named: on demand in zone-a unless a test says otherwise. */
export function offeringOf(offering: MarketOffering): OfferingInput {
  return {
    zone: offering.zone ?? 'zone-a',
    zoneId: offering.zoneId ?? '',
    capacityType: offering.capacityType ?? 'on-demand',
    reservationId: offering.reservationId ?? '',
    ...(offering.reservationKind === undefined ? {} : { reservationKind: offering.reservationKind }),
  };
}

/** The catalogue's input of these types. */
export function catalogueTypes(types: readonly MarketType[]): CatalogueTypeInput[] {
  return types.map(({ name, form, offerings }) => ({ name, form, offerings: offerings.map(offeringOf) }));
}

/** Builds and opens the catalogue of these types, with the prices they state. */
export function marketOf(types: readonly MarketType[], region = ''): Market {
  const catalogue = openCatalogue(buildCatalogue({ region, types: catalogueTypes(types) }));
  const prices = createPriceSnapshot(catalogue.offeringCount);
  for (const type of types) {
    for (const offering of type.offerings) {
      const { zone, capacityType, reservationId } = offeringOf(offering);
      const index = catalogue.findOffering(type.name, zone, capacityType, reservationId);
      prices.priceNanoUsdPerHour[index] = offering.priceNanoUsdPerHour ?? Number.NaN;
      prices.available[index] = offering.available === false ? 0 : 1;
      prices.freeCount[index] = offering.freeCount ?? 0;
      prices.source[index] = PRICE_SOURCES.indexOf(offering.priceSource ?? 'reported');
    }
  }
  return { catalogue, prices };
}
