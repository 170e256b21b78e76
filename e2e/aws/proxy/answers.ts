// Answers to calls that moto does not have, or does not check. Whatever rests on them rests on the proxy and not on moto.
import type { ProxyAnswer } from './fleet.ts';
import type { AwsRequest } from './request.ts';
import { ec2Error } from './xml.ts';

/** What the proxy answers in moto's place, by service and action. docs/e2e.md lists the same. */
export const ANSWERED_HERE: ReadonlyMap<string, string> = new Map([
  ['pricing:GetProducts', 'prices of a table of the test'],
  ['ec2:DescribeCapacityReservations', 'reservations of the test, and what launches have taken of them'],
  ['ec2:DescribePlacementGroups', 'placement groups of the test'],
  ['eks:DescribeCluster', 'the security group of the cluster; moto describes the rest'],
  ['eks:DescribeAccessEntry, CreateAccessEntry', 'a set of roles that are let in'],
  ['iam:SimulatePrincipalPolicy', 'what an evaluator of ours says of the policies that moto has for the role'],
  ['ec2:CreateFleet', 'shortages, reservations, client tokens and templates not known yet; moto launches'],
  ['ec2:CreateTags', 'the refusal of instances that are not there; moto tags'],
  ['ec2:DescribeInstances', 'reservations, and instances that do not show yet are left out; moto lists'],
]);

/** What tests tell the proxy of the account. */
export interface ProxyFacts {
  /** Dollars an hour on demand, by instance type. */
  readonly prices: Readonly<Record<string, number>>;
  readonly region: string;
  readonly account: string;
  /** Present and true where somebody else than the controller calls, but while policies are set. */
  readonly hasAdministrator?: true;
  /** Whoever signs with this key may do everything. */
  readonly administratorKeyId?: string;
  /** The security group that EKS makes for a cluster, which moto does not make. */
  readonly clusterSecurityGroupId?: string;
}

const PRICES_PER_PAGE = 2;

/** What Windows adds to a price, dollars for each hour. */
export const WINDOWS_DOLLARS = 0.05;

/** GetProducts, in pages: products that pass all filters. */
export function products({ prices, region }: ProxyFacts, parameters: ReadonlyMap<string, string>): string {
  const filters = JSON.parse(parameters.get('Filters') ?? '[]') as readonly Filter[];
  const all = Object.entries(prices)
    .flatMap(([instanceType, price]) => [
      product(instanceType, { regionCode: region, operatingSystem: 'Linux' }, price),
      product(instanceType, { regionCode: region, operatingSystem: 'Windows' }, price + WINDOWS_DOLLARS),
    ])
    .filter(({ product: { attributes, productFamily } }) => passes(filters, { ...attributes, productFamily }));
  const start = Number(parameters.get('NextToken') ?? '0');
  const page = all.slice(start, start + PRICES_PER_PAGE);
  const end = start + page.length;
  return JSON.stringify({
    FormatVersion: 'aws_v1',
    PriceList: page.map((one) => JSON.stringify(one)),
    ...(end < all.length ? { NextToken: String(end) } : {}),
  });
}

interface Filter {
  readonly Field: string;
  readonly Value: string;
}

function passes(filters: readonly Filter[], attributes: Readonly<Record<string, string>>): boolean {
  return filters.every(({ Field, Value }) => attributes[Field] === Value);
}

function product(instanceType: string, more: Readonly<Record<string, string>>, price: number) {
  const isMetal = instanceType.includes('.metal');
  const attributes: Readonly<Record<string, string>> = {
    ...more,
    instanceType,
    tenancy: isMetal ? 'Dedicated' : 'Shared',
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    marketoption: 'OnDemand',
    licenseModel: 'No License required',
  };
  return {
    product: { productFamily: isMetal ? 'Compute Instance (bare metal)' : 'Compute Instance', attributes },
    terms: { OnDemand: { term: { priceDimensions: { dimension: { pricePerUnit: { USD: price.toFixed(10) } } } } } },
  };
}

/** Makes an access entry, or looks at one. */
export function accessEntry({ action, parameters, path }: AwsRequest, entries: Set<string>): ProxyAnswer {
  const asked = decodeURIComponent(path.split('/').at(-1) ?? '');
  const principalArn = action === 'CreateAccessEntry' ? (parameters.get('principalArn') ?? '') : asked;
  if (action === 'CreateAccessEntry') entries.add(principalArn);
  if (entries.has(principalArn)) return { status: 200, body: JSON.stringify({ accessEntry: { principalArn } }) };
  const message = 'The specified principalArn could not be found';
  return { status: 404, body: JSON.stringify({ __type: 'ResourceNotFoundException', message }) };
}

/** moto's description of a cluster, with the security group that EKS would have made. */
export function withClusterGroup(body: string, clusterSecurityGroupId: string): string {
  const { cluster } = JSON.parse(body) as { readonly cluster: { readonly resourcesVpcConfig: object } };
  const resourcesVpcConfig = { ...cluster.resourcesVpcConfig, clusterSecurityGroupId };
  return JSON.stringify({ cluster: { ...cluster, resourcesVpcConfig } });
}

/** An empty list of an EC2 call. */
export function emptyList(action: string, list: string): string {
  return `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>proxy</requestId><${list}/></${action}Response>`;
}

/** The refusal of an instance that is not there. */
export function noInstance(id: string): string {
  return ec2Error('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
}
