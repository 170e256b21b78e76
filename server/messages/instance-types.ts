// Instance types and offerings between the contract's messages and the engine's catalogue input.
import {
  type Architecture,
  type CapacityType,
  type Ec2InstanceFacts,
  type PlacementStrategy,
  type PriceSource,
  RESERVATION_KINDS,
  type ReservationKind,
  type TypeForm,
} from '../../engine/index.ts';
import {
  CapacityType as CapacityTypeMessage,
  type Ec2InstanceFacts as Ec2InstanceFactsMessage,
  type InstanceType,
  type Offering,
  PriceSource as PriceSourceMessage,
} from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';
import { toResourceList } from './resources.ts';

/** Everything the contract says of one offering: what names it and how it stands. */
export interface OfferingRecord {
  readonly zone: string;
  readonly zoneId: string;
  readonly capacityType: CapacityType;
  readonly reservationId: string;
  /** NaN where nobody knows it. */
  readonly priceNanoUsdPerHour: number;
  readonly available: boolean;
  readonly priceSource: PriceSource;
  /** Seconds since 1970; 0 where nobody said. */
  readonly priceAsOfUnixSeconds: number;
  readonly reservationKind?: ReservationKind;
  /** Instances that can still be launched from the reservation; 0 where there is none. */
  readonly freeCount: number;
}

/** One instance type with its offerings. */
export interface TypeRecord {
  readonly name: string;
  readonly form: TypeForm;
  readonly offerings: readonly OfferingRecord[];
}

const CAPACITY_TYPES: Readonly<Record<number, CapacityType>> = {
  [CapacityTypeMessage.ON_DEMAND]: 'on-demand',
  [CapacityTypeMessage.SPOT]: 'spot',
  [CapacityTypeMessage.RESERVED]: 'reserved',
};

const CAPACITY_TYPE_MESSAGES: Readonly<Record<CapacityType, CapacityTypeMessage>> = {
  'on-demand': CapacityTypeMessage.ON_DEMAND,
  spot: CapacityTypeMessage.SPOT,
  reserved: CapacityTypeMessage.RESERVED,
};

const PRICE_SOURCES: Readonly<Record<number, PriceSource>> = {
  [PriceSourceMessage.UNSPECIFIED]: 'reported',
  [PriceSourceMessage.REPORTED]: 'reported',
  [PriceSourceMessage.LISTED]: 'listed',
  [PriceSourceMessage.ESTIMATED]: 'estimated',
};

const PRICE_SOURCE_MESSAGES: Readonly<Record<PriceSource, PriceSourceMessage>> = {
  reported: PriceSourceMessage.REPORTED,
  listed: PriceSourceMessage.LISTED,
  estimated: PriceSourceMessage.ESTIMATED,
};

/** The capacity type of a message; one that is not set is a bad request. */
export function toCapacityType(capacityType: CapacityTypeMessage, path: string): CapacityType {
  const known = CAPACITY_TYPES[capacityType];
  if (known === undefined) throw invalidArgument(path, 'needs ON_DEMAND, SPOT or RESERVED');
  return known;
}

/** The message's name of a capacity type. */
export function fromCapacityType(capacityType: CapacityType): CapacityTypeMessage {
  return CAPACITY_TYPE_MESSAGES[capacityType];
}

/** The message's name of a price's source. */
export function fromPriceSource(source: PriceSource): PriceSourceMessage {
  return PRICE_SOURCE_MESSAGES[source];
}

/** Instance types with their offerings. Names, and a type's offerings, must be unique. */
export function toTypeRecords(types: readonly InstanceType[], path: string): TypeRecord[] {
  const seen = new Map<string, number>();
  return types.map((type, index) => {
    const typePath = `${path}[${index}]`;
    const earlier = seen.get(type.name);
    if (earlier !== undefined) {
      throw invalidArgument(
        `${typePath}.name`,
        `instance type ${type.name} is already in ${path}[${earlier}]; send each once`,
      );
    }
    seen.set(type.name, index);
    return toTypeRecord(type, typePath);
  });
}

/** One offering. A reservation belongs to reserved capacity and to nothing else. */
export function toOfferingRecord(offering: Offering, path: string): OfferingRecord {
  const capacityType = toCapacityType(offering.capacityType, `${path}.capacity_type`);
  const { reservation } = offering;
  if (capacityType === 'reserved' && reservation === undefined) {
    throw invalidArgument(`${path}.reservation`, 'reserved capacity needs its reservation; send id and free_count');
  }
  if (capacityType !== 'reserved' && reservation !== undefined) {
    throw invalidArgument(`${path}.reservation`, 'only reserved capacity has a reservation; leave it out');
  }
  return {
    zone: offering.zone,
    zoneId: offering.zoneId,
    capacityType,
    reservationId: reservation?.id ?? '',
    priceNanoUsdPerHour: offering.priceNanoUsdPerHour === undefined ? Number.NaN : Number(offering.priceNanoUsdPerHour),
    available: offering.available,
    priceSource: PRICE_SOURCES[offering.priceSource] ?? 'reported',
    priceAsOfUnixSeconds: Number(offering.priceAsOfUnixSeconds),
    freeCount: reservation?.freeCount ?? 0,
    ...(reservation === undefined ? {} : { reservationKind: toReservationKind(reservation.kind, path) }),
  };
}

/** The kind of a reservation; one that is not said is an ordinary one. */
function toReservationKind(kind: string, path: string): ReservationKind {
  const known = RESERVATION_KINDS.find((one) => one === (kind === '' ? 'default' : kind));
  if (known !== undefined) return known;
  throw invalidArgument(`${path}.reservation.kind`, `is ${kind}; use one of ${RESERVATION_KINDS.join(', ')}`);
}

/** What names an offering within its type. */
export function offeringKey(offering: Pick<OfferingRecord, 'zone' | 'capacityType' | 'reservationId'>): string {
  return `${offering.zone}\n${offering.capacityType}\n${offering.reservationId}`;
}

function toTypeRecord(type: InstanceType, path: string): TypeRecord {
  const keys = new Map<string, number>();
  const offerings = type.offerings.map((offering, index) => {
    const record = toOfferingRecord(offering, `${path}.offerings[${index}]`);
    const key = offeringKey(record);
    const earlier = keys.get(key);
    if (earlier !== undefined) {
      throw invalidArgument(
        `${path}.offerings[${index}]`,
        `names the same zone, capacity type and reservation as offerings[${earlier}]; send each once`,
      );
    }
    keys.set(key, index);
    return record;
  });
  return { name: type.name, form: toForm(type, path), offerings };
}

function toForm(type: InstanceType, path: string): TypeForm {
  switch (type.form.case) {
    case 'ec2':
      return { kind: 'ec2', facts: toFacts(type.name, type.form.value, `${path}.ec2`) };
    case 'explicit':
      return {
        kind: 'explicit',
        labels: type.form.value.labels,
        capacity: toResourceList(type.form.value.capacity, `${path}.explicit.capacity`),
        overhead: toResourceList(type.form.value.overhead, `${path}.explicit.overhead`),
      };
    default:
      throw invalidArgument(path, 'needs either ec2 or explicit');
  }
}

function toFacts(name: string, facts: Ec2InstanceFactsMessage, path: string): Ec2InstanceFacts {
  if (facts.defaultNetworkCardIndex >= facts.networkCards.length) {
    throw invalidArgument(`${path}.default_network_card_index`, 'must be a position in network_cards');
  }
  return {
    name,
    architectures: facts.architectures as Architecture[],
    vcpuCount: facts.vcpuCount,
    memoryMib: Number(facts.memoryMib),
    ...(facts.cpuManufacturer === '' ? {} : { cpuManufacturer: facts.cpuManufacturer }),
    ...(facts.sustainedClockMhz === undefined ? {} : { sustainedClockMhz: facts.sustainedClockMhz }),
    bareMetal: facts.bareMetal,
    ...(facts.hypervisor === '' ? {} : { hypervisor: facts.hypervisor }),
    usageClasses: facts.usageClasses as Ec2InstanceFacts['usageClasses'][number][],
    placementStrategies: facts.placementStrategies as PlacementStrategy[],
    nestedVirtualization: facts.nestedVirtualization,
    encryptionInTransit: facts.encryptionInTransit,
    enaSupport: facts.enaSupport === '' ? 'supported' : (facts.enaSupport as Ec2InstanceFacts['enaSupport']),
    networkCards: facts.networkCards.map((card) => ({ index: card.index, interfaceCount: card.interfaceCount })),
    defaultNetworkCardIndex: facts.defaultNetworkCardIndex,
    ipv4AddressesPerInterface: facts.ipv4AddressesPerInterface,
    ...(facts.efaInterfaceCount === undefined ? {} : { efaInterfaceCount: facts.efaInterfaceCount }),
    ...(facts.branchInterfaceCount === undefined ? {} : { branchInterfaceCount: facts.branchInterfaceCount }),
    ...(facts.vpcControllerIpv4PerInterface === undefined
      ? {}
      : { vpcControllerIpv4PerInterface: facts.vpcControllerIpv4PerInterface }),
    ...(facts.networkBandwidthMbps === undefined ? {} : { networkBandwidthMbps: facts.networkBandwidthMbps }),
    ...(facts.ebsBandwidthMbps === undefined ? {} : { ebsBandwidthMbps: facts.ebsBandwidthMbps }),
    ...(facts.ebsAttachmentLimit === undefined
      ? {}
      : {
          ebsAttachmentLimit: {
            attachmentCount: facts.ebsAttachmentLimit.attachmentCount,
            kind: facts.ebsAttachmentLimit.shared ? 'shared' : 'dedicated',
          },
        }),
    ...(facts.instanceStorage === undefined
      ? {}
      : { instanceStorage: { totalGb: Number(facts.instanceStorage.totalGb), nvme: facts.instanceStorage.nvme } }),
    gpus: facts.gpus.map((gpu) => ({
      name: gpu.name,
      manufacturer: gpu.manufacturer,
      count: gpu.count,
      memoryMib: Number(gpu.memoryMib),
    })),
    inferenceAccelerators: facts.inferenceAccelerators.map((accelerator) => ({
      name: accelerator.name,
      manufacturer: accelerator.manufacturer,
      count: accelerator.count,
    })),
    neuronDevices: facts.neuronDevices.map((device) => ({
      name: device.name,
      count: device.count,
      coreCountPerDevice: device.coreCountPerDevice,
    })),
    ...(facts.windowsLicenceNanoUsdPerHour === undefined
      ? {}
      : { windowsLicenceNanoUsdPerHour: Number(facts.windowsLicenceNanoUsdPerHour) }),
  };
}
