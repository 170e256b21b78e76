// Capacity reservations, which moto does not have: their list, what launches take of them, and which instances are from them.
import type { AwsRequest } from './request.ts';
import { escapeXml } from './xml.ts';

/** A reservation of the test's account. */
export interface TestReservation {
  readonly id: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly totalCount: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly interruptible?: true;
}

/** The reservations of an account. */
export class ReservedPlaces {
  readonly #owner: string;
  readonly #reservations = new Map<string, TestReservation>();
  /** Reservation by launch template. */
  readonly #templates = new Map<string, string>();
  /** Reservation by instance, while it runs. */
  readonly #instances = new Map<string, string>();

  constructor(owner: string) {
    this.#owner = owner;
  }

  /** Adds one, or changes how many instances it is for. */
  set(reservation: TestReservation): void {
    this.#reservations.set(reservation.id, reservation);
  }

  /** Takes all of them out of the account. */
  clear(): void {
    this.#reservations.clear();
  }

  freeCount(id: string): number {
    const taken = [...this.#instances.values()].filter((own) => own === id).length;
    return Math.max(0, (this.#reservations.get(id)?.totalCount ?? 0) - taken);
  }

  /** A launch template was made. */
  noteTemplate(parameters: ReadonlyMap<string, string>): void {
    const target =
      'LaunchTemplateData.CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId';
    const id = parameters.get(target);
    if (id !== undefined) this.#templates.set(parameters.get('LaunchTemplateName') ?? '', id);
  }

  /** The reservation that launches with a template are from. */
  ofTemplate(name: string): string | undefined {
    return this.#templates.get(name);
  }

  noteLaunched(instanceId: string, reservationId: string): void {
    this.#instances.set(instanceId, reservationId);
  }

  noteEnded(instanceId: string): void {
    this.#instances.delete(instanceId);
  }

  /** The answer of DescribeCapacityReservations. */
  describe({ action, parameters }: AwsRequest): string {
    const ids = valuesOf(parameters, /^CapacityReservationId\.\d+$/);
    const filters = filtersOf(parameters);
    const found = [...this.#reservations.values()].filter(
      (one) =>
        (ids.length === 0 || ids.includes(one.id)) &&
        [...filters].every(([name, values]) => values.includes(this.#attribute(one, name) ?? '')),
    );
    return (
      `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>proxy</requestId>` +
      `<capacityReservationSet>${found.map((one) => this.#item(one)).join('')}</capacityReservationSet></${action}Response>`
    );
  }

  #attribute({ tags = {} }: TestReservation, filter: string): string | undefined {
    if (filter === 'state') return 'active';
    if (filter === 'owner-id') return this.#owner;
    if (filter === 'instance-match-criteria') return 'targeted';
    return filter.startsWith('tag:') ? tags[filter.slice('tag:'.length)] : undefined;
  }

  #item(one: TestReservation): string {
    const tags = Object.entries(one.tags ?? {}).map(
      ([key, value]) => `<item><key>${escapeXml(key)}</key><value>${escapeXml(value)}</value></item>`,
    );
    return (
      `<item><capacityReservationId>${one.id}</capacityReservationId><ownerId>${this.#owner}</ownerId>` +
      `<instanceType>${one.instanceType}</instanceType><availabilityZone>${one.zone}</availabilityZone>` +
      `<totalInstanceCount>${one.totalCount}</totalInstanceCount>` +
      `<availableInstanceCount>${this.freeCount(one.id)}</availableInstanceCount><state>active</state>` +
      '<reservationType>default</reservationType><instanceMatchCriteria>targeted</instanceMatchCriteria>' +
      `<interruptible>${one.interruptible ?? false}</interruptible><tagSet>${tags.join('')}</tagSet></item>`
    );
  }

  /** A list of instances, with the reservations that they are from. */
  withReservations(body: string): string {
    if (this.#instances.size === 0) return body;
    return body.replaceAll(/<instanceId>(i-[0-9a-f]+)<\/instanceId>/g, (element, id: string) => {
      const reservation = this.#instances.get(id);
      if (reservation === undefined) return element;
      return (
        `${element}<capacityReservationId>${reservation}</capacityReservationId><capacityReservationSpecification>` +
        '<capacityReservationPreference>capacity-reservations-only</capacityReservationPreference>' +
        '</capacityReservationSpecification>'
      );
    });
  }
}

function valuesOf(parameters: ReadonlyMap<string, string>, name: RegExp): string[] {
  return [...parameters].flatMap(([key, value]) => (name.test(key) ? [value] : []));
}

function filtersOf(parameters: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const filters = new Map<string, readonly string[]>();
  for (const [key, name] of parameters) {
    const [, index] = /^Filter\.(\d+)\.Name$/.exec(key) ?? [];
    if (index !== undefined) filters.set(name, valuesOf(parameters, new RegExp(`^Filter\\.${index}\\.Value\\.\\d+$`)));
  }
  return filters;
}
