// What can be had: offerings that are sold, shortages that were set, addresses of subnets, free places of reservations.
import type { LaunchOffering, PricedOffering } from '../ports/index.ts';
import type { CloudFacts, OfferingMatch, Subnet } from './facts.ts';

/** A shortage: `left` more instances of what it matches can be had. */
interface Shortage {
  readonly match: OfferingMatch;
  left: number;
}

/** The stock. */
export class Stock {
  readonly #facts: CloudFacts;
  readonly #sold: ReadonlySet<string>;
  readonly #taken = new Map<string, number>();
  readonly #reserved = new Map<string, number>();
  #shortages: Shortage[] = [];

  constructor(facts: CloudFacts) {
    this.#facts = facts;
    this.#sold = new Set(facts.offerings.map(offeringKey));
  }

  /** From now on only `left` more of the matching offerings can be had. */
  exhaust(match: OfferingMatch, left = 0): void {
    this.#shortages.push({ match, left });
  }

  /** Ends the shortages of exactly this match; without one, all. */
  restock(match?: OfferingMatch): void {
    const wanted = match === undefined ? undefined : matchKey(match);
    this.#shortages = this.#shortages.filter((shortage) => wanted !== undefined && matchKey(shortage.match) !== wanted);
  }

  /** What is on sale. Shortages don't show: they are found out by asking. */
  offerings(): readonly PricedOffering[] {
    return this.#facts.offerings.map((offering) =>
      offering.reservationId === undefined
        ? offering
        : { ...offering, reservation: { kind: 'default', freeCount: this.#freeReserved(offering.reservationId) } },
    );
  }

  freeAddresses(subnetId: string): number {
    const subnet = this.#facts.network.subnets.find(({ id }) => id === subnetId);
    return (subnet?.freeAddressCount ?? 0) - (this.#taken.get(subnetId) ?? 0);
  }

  /** Takes one of an offering in one of the subnets. Undefined where it can't be had. */
  take(offering: LaunchOffering, subnetIds: readonly string[]): Subnet | undefined {
    if (!this.#sold.has(offeringKey(offering))) return undefined;
    const shortages = this.#shortages.filter(({ match }) => matches(offering, match));
    if (shortages.some(({ left }) => left <= 0)) return undefined;
    const { reservationId } = offering;
    if (reservationId !== undefined && this.#freeReserved(reservationId) <= 0) return undefined;
    const subnet = this.#bestSubnet(offering.zone, subnetIds);
    if (subnet === undefined) return undefined;
    for (const shortage of shortages) shortage.left -= 1;
    this.#count(this.#taken, subnet.id, 1);
    if (reservationId !== undefined) this.#count(this.#reserved, reservationId, 1);
    return subnet;
  }

  /** Gives back what an instance had. */
  giveBack(subnetId: string, reservationId: string | undefined): void {
    this.#count(this.#taken, subnetId, -1);
    if (reservationId !== undefined) this.#count(this.#reserved, reservationId, -1);
  }

  #bestSubnet(zone: string, subnetIds: readonly string[]): Subnet | undefined {
    return this.#facts.network.subnets
      .filter(({ id, zone: own }) => own === zone && subnetIds.includes(id) && this.freeAddresses(id) > 0)
      .toSorted((a, b) => this.freeAddresses(b.id) - this.freeAddresses(a.id) || (a.id < b.id ? -1 : 1))[0];
  }

  #freeReserved(reservationId: string): number {
    const reservation = this.#facts.network.reservations.find(({ id }) => id === reservationId);
    return (reservation?.instanceCount ?? 0) - (this.#reserved.get(reservationId) ?? 0);
  }

  #count(counts: Map<string, number>, key: string, change: number): void {
    counts.set(key, (counts.get(key) ?? 0) + change);
  }
}

/** Whether an offering is among those meant. */
export function matches(offering: LaunchOffering, match: OfferingMatch | undefined): boolean {
  return (
    (match?.instanceType === undefined || match.instanceType === offering.instanceType) &&
    (match?.zone === undefined || match.zone === offering.zone) &&
    (match?.capacityType === undefined || match.capacityType === offering.capacityType)
  );
}

function matchKey({ instanceType, zone, capacityType }: OfferingMatch): string {
  return `${instanceType ?? '*'} ${zone ?? '*'} ${capacityType ?? '*'}`;
}

function offeringKey({ instanceType, zone, capacityType, reservationId = '' }: LaunchOffering): string {
  return `${instanceType} ${zone} ${capacityType} ${reservationId}`;
}
