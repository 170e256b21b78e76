// What a catalogue is built from: types in one of two forms, with where and how each can be bought. Prices and
// availability move fast and live apart, in the price table (price-table.ts).
import type { Ec2InstanceFacts } from '../ec2/index.ts';
import type { ResourceList } from '../model/index.ts';

/** How capacity is bought. */
export type CapacityType = 'on-demand' | 'spot' | 'reserved';

/** What kind of reservation stands behind reserved capacity. */
export type ReservationKind = 'default' | 'capacity-block' | 'interruptible';

/** Where a price comes from. */
export type PriceSource = 'reported' | 'listed' | 'estimated';

/** What is known of a type: facts of EC2, or labels and resources used as they are. */
export type TypeForm =
  | { readonly kind: 'ec2'; readonly facts: Ec2InstanceFacts }
  | {
      readonly kind: 'explicit';
      readonly labels: Readonly<Record<string, string>>;
      readonly capacity: ResourceList;
      readonly overhead: ResourceList;
    };

/** One way to buy a type; unique within the type by zone, capacity type and reservation. */
export interface OfferingInput {
  readonly zone: string;
  /** Empty where it is not known. */
  readonly zoneId: string;
  readonly capacityType: CapacityType;
  /** Empty unless the capacity type is `reserved`. */
  readonly reservationId: string;
  /** Of reserved capacity; absent means default. */
  readonly reservationKind?: ReservationKind;
}

/** One instance type. */
export interface CatalogueTypeInput {
  readonly name: string;
  readonly form: TypeForm;
  readonly offerings: readonly OfferingInput[];
}

/** A whole catalogue. Orders carry no meaning: the index sorts. */
export interface CatalogueInput {
  /** Label topology.kubernetes.io/region of every type; empty where there is none. */
  readonly region: string;
  readonly types: readonly CatalogueTypeInput[];
}

/** The fast-moving state of one offering. */
export interface OfferingState {
  /**
   * Nano US dollars per hour, an integer from 0 to 2^53 - 1; absent where nobody knows it. Of reserved capacity the type's
   * on-demand price.
   */
  readonly priceNanoUsdPerHour?: number;
  /** Instances that can still be launched from the reservation; absent means none, and is so where there is none. */
  readonly freeCount?: number;
  readonly available: boolean;
  readonly priceSource: PriceSource;
}
