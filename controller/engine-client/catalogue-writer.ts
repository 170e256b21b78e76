// The planning service's catalogue of one account and region, for whoever feeds it: tells it what is on sale, and reads what it
// knows of prices. Calls reject with an EngineError.
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Client, Code, ConnectError } from '@connectrpc/connect';
import {
  CapacityType,
  type CatalogueReference,
  type InstanceTypeSchema,
  type ListedOffering,
  type OfferingService,
  type OfferingUpdateSchema,
  PriceSource,
} from '../../proto/index.ts';
import { capacityTypeName } from '../kubernetes/index.ts';
import type {
  CapacityTypeName,
  CloudInstanceType,
  LaunchOffering,
  OnSale,
  PricedOffering,
  PriceSourceName,
} from '../ports/index.ts';
import { engineError } from './engine-error.ts';

/** A price, where it came from and when it was seen. */
export type KnownPrice = Pick<PricedOffering, 'priceNanoUsdPerHour' | 'priceSource' | 'priceAsOfMs'>;

/** What came of telling. */
export interface Written {
  /** The epoch that it made: one that is lower later on is of a service that has forgotten it. */
  readonly epoch: bigint;
  /** Types that the service does not know and that the cloud did not describe: they can't be had. */
  readonly unknownTypes: readonly string[];
}

export const CAPACITY_TYPES: Readonly<Record<CapacityTypeName, CapacityType>> = {
  'on-demand': CapacityType.ON_DEMAND,
  spot: CapacityType.SPOT,
  reserved: CapacityType.RESERVED,
};

const SOURCES: Readonly<Record<PriceSourceName, PriceSource>> = {
  reported: PriceSource.REPORTED,
  listed: PriceSource.LISTED,
  estimated: PriceSource.ESTIMATED,
};

const SOURCE_NAMES: ReadonlyMap<PriceSource, PriceSourceName> = new Map(
  Object.entries(SOURCES).map(([name, source]) => [source, name as PriceSourceName]),
);

const PAGE_SIZE = 10_000;

/** The writer. */
export class CatalogueWriter {
  readonly #offerings: Client<typeof OfferingService>;
  readonly #catalogue: CatalogueReference;

  constructor(offerings: Client<typeof OfferingService>, catalogue: CatalogueReference) {
    this.#offerings = offerings;
    this.#catalogue = catalogue;
  }

  /** Says all that is on sale; what is not named is not. Solves that run see the state before or after, and wait for nothing. */
  async write({ offerings = [], instanceTypes }: OnSale, signal?: AbortSignal): Promise<Written> {
    try {
      return { epoch: await this.#update(offerings, instanceTypes, signal), unknownTypes: [] };
    } catch (error) {
      if (!(error instanceof ConnectError) || error.code !== Code.NotFound) {
        throw engineError(error, 'feed offerings');
      }
    }
    const known = new Set(instanceTypes.map(({ name }) => name));
    for (const { instanceType } of await this.#list(signal)) known.add(instanceType);
    const unknown = new Set(offerings.map(({ instanceType }) => instanceType).filter((type) => !known.has(type)));
    const rest = offerings.filter(({ instanceType }) => !unknown.has(instanceType));
    const update = () => this.#update(rest, instanceTypes, signal);
    return { epoch: await calling('feed offerings', update), unknownTypes: [...unknown] };
  }

  /** Says what has changed of offerings since all of them were said; what is not named stays. Answers the new epoch. */
  async writeChanges(offerings: readonly PricedOffering[], signal?: AbortSignal): Promise<bigint> {
    const request = { catalogue: this.#catalogue, updates: offerings.map(updateMessage) };
    const { epoch } = await calling('feed offerings', () => this.#offerings.updateOfferings(request, options(signal)));
    return epoch;
  }

  /** The service's present epoch. */
  async epoch(signal?: AbortSignal): Promise<bigint> {
    const ask = () => this.#offerings.listOfferings({ catalogue: this.#catalogue, pageSize: 1 }, options(signal));
    return (await calling('ask for the epoch', ask)).epoch;
  }

  /** Every price that the service knows; `undefined` for offerings without one. */
  async knownPrices(signal?: AbortSignal): Promise<(offering: LaunchOffering) => KnownPrice | undefined> {
    const known = new Map<string, KnownPrice>();
    for (const { instanceType, offering } of await this.#list(signal)) {
      if (offering?.priceNanoUsdPerHour === undefined) continue;
      const { zone, capacityType, priceNanoUsdPerHour, priceSource, priceAsOfUnixSeconds } = offering;
      known.set(`${instanceType} ${zone} ${capacityTypeName(capacityType)}`, {
        priceNanoUsdPerHour: Number(priceNanoUsdPerHour),
        priceSource: SOURCE_NAMES.get(priceSource) ?? 'reported',
        ...(priceAsOfUnixSeconds === 0n ? {} : { priceAsOfMs: Number(priceAsOfUnixSeconds) * 1_000 }),
      });
    }
    return ({ instanceType, zone, capacityType }) => known.get(`${instanceType} ${zone} ${capacityType}`);
  }

  async #list(signal: AbortSignal | undefined): Promise<ListedOffering[]> {
    const listed: ListedOffering[] = [];
    let pageToken = '';
    do {
      const request = { catalogue: this.#catalogue, pageSize: PAGE_SIZE, pageToken };
      const page = await calling('list offerings', () => this.#offerings.listOfferings(request, options(signal)));
      listed.push(...page.offerings);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return listed;
  }

  async #update(
    offerings: readonly PricedOffering[],
    instanceTypes: readonly CloudInstanceType[],
    signal: AbortSignal | undefined,
  ): Promise<bigint> {
    const request = {
      catalogue: this.#catalogue,
      replaceAll: true,
      keepUnstated: true,
      instanceTypes: instanceTypes.map(typeMessage),
      updates: offerings.map(updateMessage),
    };
    return (await this.#offerings.updateOfferings(request, options(signal))).epoch;
  }
}

/** An offering as the contract has it. */
export function updateMessage(offering: PricedOffering): MessageInitShape<typeof OfferingUpdateSchema> {
  const { instanceType, zone, zoneId = '', capacityType, reservationId, available, reservation } = offering;
  return {
    instanceType,
    offering: {
      zone,
      zoneId,
      capacityType: CAPACITY_TYPES[capacityType],
      priceNanoUsdPerHour: BigInt(offering.priceNanoUsdPerHour),
      priceSource: SOURCES[offering.priceSource ?? 'reported'],
      priceAsOfUnixSeconds: BigInt(Math.trunc((offering.priceAsOfMs ?? 0) / 1_000)),
      available,
      ...(reservationId === undefined ? {} : { reservation: { id: reservationId, ...reservation } }),
    },
  };
}

/** A type as the contract has it, without its offerings. */
export function typeMessage(type: CloudInstanceType): MessageInitShape<typeof InstanceTypeSchema> {
  const { name, memoryMib, instanceStorage, gpus, windowsLicenceNanoUsdPerHour: licence, ...facts } = type;
  return {
    name,
    form: {
      case: 'ec2',
      value: {
        ...facts,
        architectures: [...facts.architectures],
        usageClasses: [...facts.usageClasses],
        placementStrategies: [...facts.placementStrategies],
        networkCards: [...facts.networkCards],
        inferenceAccelerators: [...facts.inferenceAccelerators],
        neuronDevices: [...facts.neuronDevices],
        memoryMib: BigInt(memoryMib),
        gpus: gpus.map((gpu) => ({ ...gpu, memoryMib: BigInt(gpu.memoryMib) })),
        ...(instanceStorage === undefined
          ? {}
          : { instanceStorage: { nvme: instanceStorage.nvme, totalGb: BigInt(instanceStorage.totalGb) } }),
        ...(licence === undefined ? {} : { windowsLicenceNanoUsdPerHour: BigInt(licence) }),
      },
    },
  };
}

function options(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function calling<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw engineError(error, what);
  }
}
