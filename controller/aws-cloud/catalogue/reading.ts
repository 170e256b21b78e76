// Calls that say what a region sells: zones, types, where each is offered, prices on demand by the price list, spot prices by
// their history. Each reads all pages or rejects with a CloudError that names the action; what is kept is aws-catalogue.ts'.
import {
  DescribeAvailabilityZonesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeSpotPriceHistoryCommand,
  type InstanceTypeInfo,
  type InstanceTypeOffering,
  type SpotPrice,
} from '@aws-sdk/client-ec2';
import { GetProductsCommand } from '@aws-sdk/client-pricing';
import { CloudError, type CloudInstanceType } from '../../ports/index.ts';
import { callAws, readPages } from '../calls.ts';
import type { AwsClients } from '../clients.ts';
import { LIMITS } from '../limits.ts';
import { instanceTypeFacts } from './instance-type.ts';
import { nanoOf, productPrice } from './prices.ts';

/** What is read with. */
export type CatalogueClients = Pick<AwsClients, 'ec2' | 'pricing' | 'region'>;

/** Nano-dollars an hour (in China nano-yuan) by type, or by type and zone. */
export type Prices = ReadonlyMap<string, number>;

/** The name by which a price in a zone is found. */
export function spotKey(instanceType: string, zone: string): string {
  return `${instanceType} ${zone}`;
}

/** Ids of zones by their names: an account's own. */
export async function readZones({ ec2 }: CatalogueClients, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { AvailabilityZones = [] } = await callAws(
    'ec2:DescribeAvailabilityZones',
    (call) => ec2.send(new DescribeAvailabilityZonesCommand({}), call),
    signal,
  );
  return new Map(AvailabilityZones.map(({ ZoneName = '', ZoneId = '' }) => [ZoneName, ZoneId]));
}

/** Every type as EC2 describes it. */
export function describeTypes({ ec2 }: CatalogueClients, signal: AbortSignal): Promise<InstanceTypeInfo[]> {
  return readPages<InstanceTypeInfo>(
    'ec2:DescribeInstanceTypes',
    async (NextToken, call) => {
      const command = new DescribeInstanceTypesCommand({ MaxResults: LIMITS.typesPageSize, NextToken });
      const answer = await ec2.send(command, call);
      return { items: answer.InstanceTypes, next: answer.NextToken };
    },
    signal,
  );
}

/** Types that Kubernetes nodes run on, by name. */
export async function readTypes(
  clients: CatalogueClients,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CloudInstanceType>> {
  const types = new Map<string, CloudInstanceType>();
  for (const info of await describeTypes(clients, signal)) {
    const facts = instanceTypeFacts(info);
    if (facts !== undefined) types.set(facts.name, facts);
  }
  return some('ec2:DescribeInstanceTypes', types);
}

/** Zones in which each type is offered. */
export async function readPlaces(
  { ec2 }: CatalogueClients,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const action = 'ec2:DescribeInstanceTypeOfferings';
  const offerings = await readPages<InstanceTypeOffering>(
    action,
    async (NextToken, call) => {
      const input = { LocationType: 'availability-zone', MaxResults: LIMITS.pageSize, NextToken } as const;
      const answer = await ec2.send(new DescribeInstanceTypeOfferingsCommand(input), call);
      return { items: answer.InstanceTypeOfferings, next: answer.NextToken };
    },
    signal,
  );
  const places = new Map<string, string[]>();
  for (const { InstanceType = '', Location = '' } of offerings) {
    places.set(InstanceType, [...(places.get(InstanceType) ?? []), Location]);
  }
  return some(action, places);
}

/** Kinds of products in the price list: bare metal is sold dedicated, everything else shared. */
const PRODUCTS = [
  { tenancy: 'Shared', productFamily: 'Compute Instance' },
  { tenancy: 'Dedicated', productFamily: 'Compute Instance (bare metal)' },
] as const;

/** Prices on demand with an operating system whose licence is part of the price. */
export async function readOnDemandPrices(
  clients: CatalogueClients,
  operatingSystem: 'Linux' | 'Windows',
  signal: AbortSignal,
): Promise<Prices> {
  const lists = await Promise.all(
    PRODUCTS.map((product) => listPrices(clients, { ...product, operatingSystem }, signal)),
  );
  return some('pricing:GetProducts', new Map(lists.flat()));
}

async function listPrices(
  { pricing, region }: CatalogueClients,
  product: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<(readonly [string, number])[]> {
  const filters = {
    ...product,
    regionCode: region,
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    marketoption: 'OnDemand',
    licenseModel: 'No License required',
  };
  const Filters = Object.entries(filters).map(([Field, Value]) => ({ Type: 'TERM_MATCH' as const, Field, Value }));
  const products = await readPages<unknown>(
    'pricing:GetProducts',
    async (NextToken, call) => {
      const input = { ServiceCode: 'AmazonEC2', Filters, MaxResults: LIMITS.productsPageSize, NextToken };
      const answer = await pricing.send(new GetProductsCommand(input), call);
      return { items: answer.PriceList, next: answer.NextToken };
    },
    signal,
  );
  return products.flatMap((listed) => {
    const price = productPrice(listed);
    return price === undefined ? [] : [price];
  });
}

/** Spot prices of Linux by type and zone: the newest of each. */
export async function readSpotPrices({ ec2 }: CatalogueClients, nowMs: number, signal: AbortSignal): Promise<Prices> {
  const action = 'ec2:DescribeSpotPriceHistory';
  const ProductDescriptions = ['Linux/UNIX', 'Linux/UNIX (Amazon VPC)'];
  const StartTime = new Date(nowMs);
  const history = await readPages<SpotPrice>(
    action,
    async (NextToken, call) => {
      const input = { ProductDescriptions, StartTime, MaxResults: LIMITS.pageSize, NextToken };
      const answer = await ec2.send(new DescribeSpotPriceHistoryCommand(input), call);
      return { items: answer.SpotPriceHistory, next: answer.NextToken };
    },
    signal,
  );
  const newest = new Map<string, { readonly atMs: number; readonly price: number }>();
  for (const { InstanceType = '', AvailabilityZone = '', SpotPrice: text, Timestamp } of history) {
    const key = spotKey(InstanceType, AvailabilityZone);
    const atMs = Timestamp?.getTime() ?? 0;
    const price = nanoOf(text);
    if (price > 0 && (newest.get(key)?.atMs ?? Number.NEGATIVE_INFINITY) < atMs) newest.set(key, { atMs, price });
  }
  return some(action, new Map([...newest].map(([key, { price }]) => [key, price])));
}

/** What was read; nothing at all is no answer, and what was known before is better. */
function some<Key, Value>(action: string, read: ReadonlyMap<Key, Value>): ReadonlyMap<Key, Value> {
  if (read.size > 0) return read;
  throw new CloudError('NothingListed', `${action}: it answered without a single entry`, { retryable: true });
}
