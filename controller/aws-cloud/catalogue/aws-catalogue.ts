// What an account's region sells, as far as AWS has said it: each part is read on its own period and kept for itself, so that
// one that can't be read costs no other. Where no price was told, the one that was known before stands in under its own name.
import type { Clock, CloudInstanceType, LaunchOffering, OnSale, PricedOffering } from '../../ports/index.ts';
import { LIMITS } from '../limits.ts';
import { findReservations } from '../node-class/index.ts';
import type { Reservations } from '../reservations.ts';
import type { AwsLog, AwsSettings } from '../settings.ts';
import { Part, type Reading } from './part.ts';
import {
  type CatalogueClients,
  type Prices,
  readOnDemandPrices,
  readPlaces,
  readSpotPrices,
  readTypes,
  readZones,
  spotKey,
} from './reading.ts';

/** A price that was known before, and where it came from. */
export type KnownPrice = Pick<PricedOffering, 'priceNanoUsdPerHour' | 'priceSource' | 'priceAsOfMs'>;

/** Prices that stand in where AWS says none. */
export type KnownPrices = (offering: LaunchOffering) => KnownPrice | undefined;

/** What the catalogue is read with. */
export interface AwsCatalogueOptions {
  readonly clients: CatalogueClients;
  readonly settings: Pick<AwsSettings, 'isolatedVpc' | 'catalogueRefreshMs' | 'priceRefreshMs'>;
  readonly knownPrices: () => Promise<KnownPrices>;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly log: AwsLog;
  /** What is free of capacity reservations. */
  readonly reservations: Pick<Reservations, 'list' | 'tell'>;
  /** Reads every reservation that the account can use; absent where somebody else tells of those that count. */
  readonly readsReservations?: true;
}

interface Made {
  readonly readings: readonly unknown[];
  readonly known: KnownPrices;
  readonly offerings: readonly PricedOffering[];
  readonly instanceTypes: readonly CloudInstanceType[];
}

/** The catalogue. */
export class AwsCatalogue {
  readonly #options: AwsCatalogueOptions;
  readonly #zones: Part<ReadonlyMap<string, string>>;
  readonly #types: Part<ReadonlyMap<string, CloudInstanceType>>;
  readonly #places: Part<ReadonlyMap<string, readonly string[]>>;
  readonly #spot: Part<Prices>;
  readonly #linux: Part<Prices>;
  readonly #windows: Part<Prices>;
  /** Those from which offerings without a reservation are made. */
  readonly #facts: readonly Part<unknown>[];
  readonly #parts: readonly Part<unknown>[];
  /** What was made of them. */
  #made: Made | undefined;
  /** On demand, by type: a price that vanishes from the list stays, with its age. */
  #onDemand = new Map<string, Reading<number>>();
  #merged: Reading<Prices> | undefined;

  constructor(options: AwsCatalogueOptions) {
    const { clients, settings, clock } = options;
    this.#options = options;
    const part = <Value>(name: string, periodMs: number, read: (signal: AbortSignal) => Promise<Value>) =>
      new Part({ ...options, name, periodMs, read });
    const { catalogueRefreshMs, priceRefreshMs } = settings;
    this.#zones = part('zones', catalogueRefreshMs, (signal) => readZones(clients, signal));
    this.#types = part('instance types', catalogueRefreshMs, (signal) => readTypes(clients, signal));
    this.#places = part('offerings by zone', catalogueRefreshMs, (signal) => readPlaces(clients, signal));
    this.#spot = part('spot prices', priceRefreshMs, (signal) => readSpotPrices(clients, clock.nowMs(), signal));
    this.#linux = part('on-demand prices', priceRefreshMs, (signal) => readOnDemandPrices(clients, 'Linux', signal));
    this.#windows = part('prices of Windows', priceRefreshMs, (signal) =>
      readOnDemandPrices(clients, 'Windows', signal),
    );
    const ec2 = [this.#zones, this.#types, this.#places, this.#spot];
    this.#facts = hasPriceList(clients.region, settings) ? [...ec2, this.#linux, this.#windows] : ec2;
    const reserved = part('capacity reservations', LIMITS.reservationsMs, () => this.#readReservations());
    this.#parts = options.readsReservations === true ? [...this.#facts, reserved] : this.#facts;
  }

  /** Reads what is due, and tells all that is known. Readings that take long come with a later answer. */
  async onSale(): Promise<OnSale> {
    const { clock, knownPrices } = this.#options;
    const waited = new AbortController();
    const readings = Promise.all(this.#parts.map((part) => part.refresh()));
    const patience = clock.sleep(LIMITS.readingWaitMs, waited.signal).catch(() => undefined);
    try {
      await Promise.race([readings, patience]);
    } finally {
      waited.abort();
    }
    readings.catch(() => undefined);
    const refreshMs = Math.max(LIMITS.readingPollMs, Math.min(...this.#parts.map(({ dueInMs }) => dueInMs)));
    this.#mergeOnDemand();
    if (this.#places.reading === undefined) return { offerings: undefined, instanceTypes: [], refreshMs };
    const { offerings, instanceTypes, known } = await this.#make(knownPrices);
    return { offerings: [...offerings, ...this.#reserved(known)], instanceTypes, refreshMs };
  }

  /** What comes of the facts: the same as before, to the object, where none was read since. */
  async #make(knownPrices: AwsCatalogueOptions['knownPrices']): Promise<Made> {
    const made = this.#made;
    const readings = this.#facts.map(({ reading }) => reading);
    if (made?.readings.every((reading, index) => reading === readings[index]) === true) return made;
    const known = await knownPrices();
    this.#made = { readings, known, offerings: this.#offerings(known), instanceTypes: this.#instanceTypes() };
    return this.#made;
  }

  async #readReservations(): Promise<void> {
    const { clients, clock, reservations } = this.#options;
    const askedMs = clock.monotonicMs();
    const { capacity } = await findReservations(clients, [{}], clock.nowMs());
    reservations.tell('every', capacity, askedMs);
  }

  /** Reserved capacity, at the price on demand: Karpenter's ten-millionth of it is the planning service's to make. */
  #reserved(known: KnownPrices): PricedOffering[] {
    const zones = this.#zones.reading?.value;
    return this.#options.reservations.list().map(({ id, instanceType, zone, kind, freeCount }) => {
      const onDemand = this.#onDemand.get(instanceType);
      const price =
        onDemand === undefined ? known({ instanceType, zone, capacityType: 'on-demand' }) : priceOf(onDemand);
      const zoneId = zones?.get(zone);
      return {
        instanceType,
        zone,
        ...(zoneId === undefined ? {} : { zoneId }),
        capacityType: 'reserved',
        reservationId: id,
        reservation: { kind, freeCount },
        // Paid for already: of a type that nobody else sells, nobody has to know the price.
        ...(price ?? { priceNanoUsdPerHour: 0, priceSource: 'estimated' }),
        available: true,
      };
    });
  }

  #mergeOnDemand(): void {
    const { reading } = this.#linux;
    if (reading === undefined || reading === this.#merged) return;
    this.#merged = reading;
    for (const [type, value] of reading.value) this.#onDemand.set(type, { value, atMs: reading.atMs });
  }

  #offerings(known: KnownPrices): PricedOffering[] {
    const spot = this.#spot.reading;
    const zones = this.#zones.reading?.value;
    const types = this.#types.reading?.value;
    const offerings: PricedOffering[] = [];
    for (const [instanceType, places] of this.#places.reading?.value ?? []) {
      // Where types were described, one that was not is none for nodes: macOS.
      if (types?.has(instanceType) === false) continue;
      const usage = types?.get(instanceType)?.usageClasses;
      for (const zone of places) {
        const zoneId = zones?.get(zone);
        const place = { instanceType, zone, ...(zoneId === undefined ? {} : { zoneId }) };
        const add = (capacityType: 'on-demand' | 'spot', told: Reading<number> | undefined, isToldFully: boolean) => {
          if (usage?.includes(capacityType) === false) return;
          const offering = { ...place, capacityType };
          const price = told === undefined ? (isToldFully ? undefined : known(offering)) : priceOf(told);
          if (price !== undefined) offerings.push({ ...offering, ...price, available: true });
        };
        add('on-demand', this.#onDemand.get(instanceType), false);
        const value = spot?.value.get(spotKey(instanceType, zone));
        // Where spot prices were told and this one was not, it is not sold on spot there.
        add('spot', value === undefined || spot === undefined ? undefined : { ...spot, value }, spot !== undefined);
      }
    }
    return offerings;
  }

  /** Types that are offered somewhere, with what Windows costs on them. */
  #instanceTypes(): CloudInstanceType[] {
    const types: CloudInstanceType[] = [];
    for (const facts of this.#types.reading?.value.values() ?? []) {
      if (this.#places.reading?.value.has(facts.name) !== true) continue;
      const linux = this.#onDemand.get(facts.name)?.value;
      const windows = this.#windows.reading?.value.get(facts.name);
      const isListed = linux !== undefined && windows !== undefined && windows >= linux;
      types.push(isListed ? { ...facts, windowsLicenceNanoUsdPerHour: windows - linux } : facts);
    }
    return types;
  }
}

function priceOf({ value, atMs }: Reading<number>): KnownPrice {
  return { priceNanoUsdPerHour: value, priceSource: 'reported', priceAsOfMs: atMs };
}

/** The Pricing API knows nothing of GovCloud and of isolated partitions, and is out of reach of an isolated VPC. */
export function hasPriceList(region: string, { isolatedVpc }: Pick<AwsSettings, 'isolatedVpc'>): boolean {
  return !isolatedVpc && !region.startsWith('us-gov-') && !region.startsWith('us-iso');
}
