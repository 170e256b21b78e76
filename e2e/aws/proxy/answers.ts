// Answers to calls that moto does not have, or does not check. Whatever rests on them rests on the proxy and not on moto.
import { ec2Error } from './xml.ts';

/** What the proxy answers in moto's place, by service and action. docs/e2e.md lists the same. */
export const ANSWERED_HERE: ReadonlyMap<string, string> = new Map([
  ['pricing:GetProducts', 'prices of a table of the test'],
  ['ec2:DescribeCapacityReservations', 'reservations of the test'],
  ['ec2:DescribePlacementGroups', 'placement groups of the test'],
  ['ec2:CreateFleet', 'shortages, client tokens and templates that are not known yet; moto launches'],
  ['ec2:CreateTags', 'the refusal of instances that are not there; moto tags'],
  ['ec2:DescribeInstances', 'instances that do not show yet are left out; moto lists'],
]);

/** What tests tell the proxy of the account. */
export interface ProxyFacts {
  /** Dollars an hour on demand, by instance type. */
  readonly prices: Readonly<Record<string, number>>;
  readonly region: string;
  readonly account: string;
}

const PRICES_PER_PAGE = 2;

/** GetProducts, in pages. */
export function products({ prices, region }: ProxyFacts, nextToken: string | undefined): string {
  const all = Object.entries(prices);
  const start = Number(nextToken ?? '0');
  const page = all.slice(start, start + PRICES_PER_PAGE);
  const end = start + page.length;
  return JSON.stringify({
    FormatVersion: 'aws_v1',
    PriceList: page.map(([instanceType, price]) => JSON.stringify(product(instanceType, region, price))),
    ...(end < all.length ? { NextToken: String(end) } : {}),
  });
}

function product(instanceType: string, regionCode: string, price: number): object {
  const tenancy = instanceType.includes('.metal') ? 'Dedicated' : 'Shared';
  return {
    product: { productFamily: 'Compute Instance', attributes: { instanceType, regionCode, tenancy } },
    terms: { OnDemand: { term: { priceDimensions: { dimension: { pricePerUnit: { USD: price.toFixed(10) } } } } } },
  };
}

/** An empty list of an EC2 call. */
export function emptyList(action: string, list: string): string {
  return `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>proxy</requestId><${list}/></${action}Response>`;
}

/** The refusal of an instance that is not there. */
export function noInstance(id: string): string {
  return ec2Error('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
}
