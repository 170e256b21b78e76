// What a region sells, written down as AWS says it: what the embedded catalogue can be made from again
// (server/catalogue/generate). All of it, or an error.
import type { InstanceTypeInfo } from '@aws-sdk/client-ec2';
import { hasPriceList } from './aws-catalogue.ts';
import { type CatalogueClients, describeTypes, readOnDemandPrices, readPlaces, readZones } from './reading.ts';

/** A recording. Nobody's account is in it but by the names of its zones. */
export interface Recording {
  readonly schema: 1;
  readonly region: string;
  /** ISO 8601. */
  readonly recordedAt: string;
  /** As DescribeInstanceTypes has them, by name. */
  readonly types: Readonly<Record<string, InstanceTypeInfo>>;
  /** Zone to types. */
  readonly offeringsByZone: Readonly<Record<string, readonly string[]>>;
  readonly zones: readonly { readonly name: string; readonly zoneId: string }[];
  /** Linux, by type: decimal text in the region's currency for each hour. Empty where there is no price list. */
  readonly onDemandPrices: Readonly<Record<string, string>>;
}

const NANO = 1_000_000_000;

/** Records a region. */
export async function recordRegion(clients: CatalogueClients, nowMs: number, signal: AbortSignal): Promise<Recording> {
  const isPriced = hasPriceList(clients.region, { isolatedVpc: false });
  const [infos, places, zoneIds, prices] = await Promise.all([
    describeTypes(clients, signal),
    readPlaces(clients, signal),
    readZones(clients, signal),
    isPriced ? readOnDemandPrices(clients, 'Linux', signal) : new Map<string, number>(),
  ]);
  const offered = [...places].flatMap(([type, zones]) => zones.map((zone) => ({ zone, type })));
  const zones = [...new Set(offered.map(({ zone }) => zone))].sort();
  return {
    schema: 1,
    region: clients.region,
    recordedAt: new Date(nowMs).toISOString(),
    types: byName(infos.map((info) => [info.InstanceType ?? '', info] as const)),
    offeringsByZone: byName(
      zones.map((name) => [name, offered.flatMap(({ zone, type }) => (zone === name ? [type] : [])).sort()] as const),
    ),
    zones: zones.map((name) => ({ name, zoneId: zoneIds.get(name) ?? '' })),
    onDemandPrices: byName([...prices].map(([type, nano]) => [type, (nano / NANO).toFixed(9)] as const)),
  };
}

function byName<Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> {
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
