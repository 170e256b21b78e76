// Which types a region offers in which zones and at what on-demand price. Zones come from moto, prices from Karpenter's
// tables; where a table is missing the stated rules fill in and say so.

import type { Ec2InstanceFacts } from '../../../engine/index.ts';
import { estimateOnDemandPriceNano, type ListedType } from '../estimates.ts';
import { NO_PRICE, type StoredRegion } from '../format.ts';
import { parsePriceNano } from '../prices.ts';
import type { Sources } from './account.ts';
import type { MotoData } from './sources.ts';

/** The region whose prices stand in for those of regions without a table. */
const BASE_REGION = 'us-east-1';

/** Every region that the sources know enough of, in the order of their names. */
export function buildRegions(
  types: readonly Ec2InstanceFacts[],
  { moto, karpenter, priceDates }: Pick<Sources, 'moto' | 'karpenter' | 'priceDates'>,
): StoredRegion[] {
  const regions = new Set([...Object.keys(moto.offeringsByZone), ...Object.keys(karpenter.onDemandPrices)]);
  const listed = listedTypes(types, karpenter.onDemandPrices[BASE_REGION] ?? {});
  return [...regions].sort().map((region) => buildRegion(region, types, { moto, karpenter, priceDates }, listed));
}

function listedTypes(
  types: readonly Ec2InstanceFacts[],
  prices: Readonly<Record<string, string>>,
): Map<string, ListedType> {
  const listed = new Map<string, ListedType>();
  for (const facts of types) {
    const price = prices[facts.name];
    if (price !== undefined) listed.set(facts.name, { facts, priceNano: parsePriceNano(price) });
  }
  return listed;
}

function buildRegion(
  region: string,
  types: readonly Ec2InstanceFacts[],
  { moto, karpenter, priceDates }: Pick<Sources, 'moto' | 'karpenter' | 'priceDates'>,
  listedInBase: ReadonlyMap<string, ListedType>,
): StoredRegion {
  const ownPrices = karpenter.onDemandPrices[region] ?? {};
  const offeringsByZone = moto.offeringsByZone[region];
  const zones = zonesOf(region, moto);
  const stored = { type: [] as number[], zoneMask: [] as number[], price: [] as number[], estimate: [] as number[] };
  const offered = zones.map((zone) => new Set(offeringsByZone?.[zone.name] ?? Object.keys(ownPrices)));
  const chinese = region.startsWith('cn-');
  for (const [typeIndex, facts] of types.entries()) {
    let zoneMask = 0;
    for (const [zone, names] of offered.entries()) if (names.has(facts.name)) zoneMask |= 1 << zone;
    if (zoneMask === 0) continue;
    const own = ownPrices[facts.name];
    // A price in dollars says nothing of a region that bills in another currency.
    const estimated = chinese
      ? undefined
      : (listedInBase.get(facts.name)?.priceNano ?? estimateOnDemandPriceNano(facts, listedInBase));
    stored.type.push(typeIndex);
    stored.zoneMask.push(zoneMask);
    stored.price.push(own === undefined ? (estimated ?? NO_PRICE) : parsePriceNano(own));
    stored.estimate.push(own === undefined && estimated !== undefined ? 1 : 0);
  }
  return {
    region,
    currency: chinese ? 'CNY' : 'USD',
    zonesAreAssumed: offeringsByZone === undefined,
    ...(priceDates[region] === undefined ? {} : { onDemandPricesAsOf: priceDates[region] }),
    zones,
    typeIndex: stored.type,
    zoneMask: stored.zoneMask,
    onDemandPriceNano: stored.price,
    onDemandIsEstimate: stored.estimate,
  };
}

/**
 * Zones with their ids. moto's table of zone ids contradicts its own offerings in some regions, so the id is the one
 * that offers the very same types as the zone; where several do, or none, the table decides.
 */
function zonesOf(region: string, moto: MotoData): { name: string; zoneId: string }[] {
  const table = new Map((moto.zones[region] ?? []).map((zone) => [zone.name, zone.zoneId]));
  const byName = moto.offeringsByZone[region];
  if (byName === undefined) return [...table].sort().map(([name, zoneId]) => ({ name, zoneId }));
  const byId = Object.entries(moto.offeringsByZoneId[region] ?? {});
  const zones = Object.entries(byName).map(([name, names]) => {
    const content = names.join();
    const matches = byId.filter(([, other]) => other.join() === content).map(([zoneId]) => zoneId);
    const inTable = table.get(name);
    const zoneId = matches.length === 1 ? matches[0] : inTable;
    if (zoneId === undefined) throw new Error(`match zone: no id found (zone=${name})`);
    return { name, zoneId };
  });
  const ids = new Set(zones.map((zone) => zone.zoneId));
  if (ids.size !== zones.length) throw new Error(`match zones: two zones have one id (region=${region})`);
  return zones;
}
