// What is on sale in the region and for how much: where each type is offered, on-demand prices from the price list, spot
// prices from their history. Where AWS says nothing of a price, what was known before stands in for it, as an estimate.
import {
  DescribeInstanceTypeOfferingsCommand,
  DescribeSpotPriceHistoryCommand,
  type InstanceTypeOffering,
  type SpotPrice,
} from '@aws-sdk/client-ec2';
import { GetProductsCommand } from '@aws-sdk/client-pricing';
import {
  type CapacityTypeName,
  type Clock,
  CloudError,
  type LaunchOffering,
  type PricedOffering,
} from '../ports/index.ts';
import { readPages } from './calls.ts';
import type { AwsClients } from './clients.ts';
import type { AwsLog, AwsSettings } from './settings.ts';

/** A price that was known before. */
export interface KnownPrice {
  readonly priceNanoUsdPerHour: number;
  readonly isEstimate: boolean;
}

/** Prices that stand in where AWS says none. */
export type KnownPrices = (offering: LaunchOffering) => KnownPrice | undefined;

/** What offerings are read with. */
export interface OfferingsOptions {
  readonly clients: Pick<AwsClients, 'ec2' | 'pricing' | 'region'>;
  readonly settings: Pick<AwsSettings, 'isolatedVpc'>;
  readonly knownPrices: () => Promise<KnownPrices>;
  readonly clock: Clock;
  readonly log: AwsLog;
}

type Prices = ReadonlyMap<string, number>;

const NANO = 1_000_000_000;

/** Everything that is sold. Rejects where AWS does not say what is offered where. */
export async function readOfferings(options: OfferingsOptions): Promise<readonly PricedOffering[]> {
  const [places, onDemand, spot, known] = await Promise.all([
    readPlaces(options),
    priced(options, 'on-demand', () => onDemandPrices(options)),
    priced(options, 'spot', () => spotPrices(options)),
    options.knownPrices(),
  ]);
  return places.flatMap(({ InstanceType: instanceType = '', Location: zone = '' }) => [
    offeringOf({ instanceType, zone, capacityType: 'on-demand' }, onDemand?.get(instanceType), known, false),
    // Where a type has a history in the region but none in a zone, it is not sold on spot there.
    offeringOf(
      { instanceType, zone, capacityType: 'spot' },
      spot?.get(`${instanceType} ${zone}`),
      known,
      spot !== undefined,
    ),
  ]);
}

function offeringOf(
  offering: LaunchOffering,
  told: number | undefined,
  known: KnownPrices,
  isToldFully: boolean,
): PricedOffering {
  if (told !== undefined) return { ...offering, priceNanoUsdPerHour: told, available: true };
  const before = known(offering);
  if (before === undefined || isToldFully) {
    return { ...offering, priceNanoUsdPerHour: before?.priceNanoUsdPerHour ?? 0, available: false };
  }
  const { priceNanoUsdPerHour, isEstimate } = before;
  return { ...offering, priceNanoUsdPerHour, available: true, ...(isEstimate ? { isEstimate: true as const } : {}) };
}

/** Prices, or undefined where AWS does not tell: the log says so, and the rest goes on. */
async function priced(
  { log }: OfferingsOptions,
  capacityType: CapacityTypeName,
  read: () => Promise<Prices | undefined>,
): Promise<Prices | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    log.warn({ error: error.message, 'capacity-type': capacityType }, 'failed reading prices: those known before stay');
    return undefined;
  }
}

function readPlaces({ clients }: OfferingsOptions): Promise<InstanceTypeOffering[]> {
  return readPages<InstanceTypeOffering>('ec2:DescribeInstanceTypeOfferings', async (NextToken, call) => {
    const command = new DescribeInstanceTypeOfferingsCommand({ LocationType: 'availability-zone', NextToken });
    const answer = await clients.ec2.send(command, call);
    return { items: answer.InstanceTypeOfferings, next: answer.NextToken };
  });
}

/** By type. The Pricing API knows nothing of GovCloud, and is out of reach of an isolated VPC. */
async function onDemandPrices({ clients, settings }: OfferingsOptions): Promise<Prices | undefined> {
  if (settings.isolatedVpc || clients.region.startsWith('us-gov-') || clients.region.startsWith('us-iso')) {
    return undefined;
  }
  const filters = {
    regionCode: clients.region,
    operatingSystem: 'Linux',
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    marketoption: 'OnDemand',
    licenseModel: 'No License required',
  };
  const Filters = Object.entries(filters).map(([Field, Value]) => ({ Type: 'TERM_MATCH' as const, Field, Value }));
  const products = await readPages<unknown>('pricing:GetProducts', async (NextToken, call) => {
    const command = new GetProductsCommand({ ServiceCode: 'AmazonEC2', Filters, NextToken });
    const answer = await clients.pricing.send(command, call);
    return { items: answer.PriceList, next: answer.NextToken };
  });
  const prices = new Map<string, number>();
  for (const product of products) {
    const found = productPrice(product);
    if (found !== undefined) prices.set(...found);
  }
  return prices;
}

interface Product {
  readonly product?: { readonly attributes?: { readonly instanceType?: string; readonly tenancy?: string } };
  readonly terms?: {
    readonly OnDemand?: Readonly<
      Record<string, { readonly priceDimensions?: Readonly<Record<string, { readonly pricePerUnit?: object }>> }>
    >;
  };
}

/** Type and nano-dollars (in China nano-yuan) of a product of the price list. */
function productPrice(listed: unknown): [string, number] | undefined {
  const { product, terms } = JSON.parse(String(listed)) as Product;
  const { instanceType = '', tenancy } = product?.attributes ?? {};
  // Bare metal is sold dedicated, everything else shared.
  if (tenancy !== (instanceType.includes('.metal') ? 'Dedicated' : 'Shared')) return undefined;
  for (const term of Object.values(terms?.OnDemand ?? {})) {
    for (const { pricePerUnit } of Object.values(term.priceDimensions ?? {})) {
      const { USD, CNY } = (pricePerUnit ?? {}) as { readonly USD?: string; readonly CNY?: string };
      const price = nanoOf(USD ?? CNY);
      if (price > 0) return [instanceType, price];
    }
  }
  return undefined;
}

/** By type and zone: the newest of each. */
async function spotPrices({ clients, clock }: OfferingsOptions): Promise<Prices> {
  const StartTime = new Date(clock.nowMs());
  const history = await readPages<SpotPrice>('ec2:DescribeSpotPriceHistory', async (NextToken, call) => {
    const input = { ProductDescriptions: ['Linux/UNIX', 'Linux/UNIX (Amazon VPC)'], StartTime, NextToken };
    const answer = await clients.ec2.send(new DescribeSpotPriceHistoryCommand(input), call);
    return { items: answer.SpotPriceHistory, next: answer.NextToken };
  });
  const newest = new Map<string, { readonly atMs: number; readonly price: number }>();
  for (const { InstanceType = '', AvailabilityZone = '', SpotPrice: text, Timestamp } of history) {
    const key = `${InstanceType} ${AvailabilityZone}`;
    const atMs = Timestamp?.getTime() ?? 0;
    const price = nanoOf(text);
    if (price > 0 && (newest.get(key)?.atMs ?? Number.NEGATIVE_INFINITY) < atMs) newest.set(key, { atMs, price });
  }
  return new Map([...newest].map(([key, { price }]) => [key, price]));
}

/** Whole nano-dollars, rounded once; 0 for what is no price. */
function nanoOf(text: string | undefined): number {
  const dollars = Number(text);
  return Number.isFinite(dollars) && dollars > 0 ? Math.round(dollars * NANO) : 0;
}
