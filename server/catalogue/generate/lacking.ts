// Writes down what the sources lack, so that nobody takes an absence for a fact.

import type { Ec2InstanceFacts } from '../../../engine/index.ts';
import { NO_PRICE, type StoredRegion } from '../format.ts';
import { canBeNode } from './facts.ts';
import type { KarpenterFacts, MotoData } from './sources.ts';

/** The list as Markdown. */
export function describeLacking(
  types: readonly Ec2InstanceFacts[],
  regions: readonly StoredRegion[],
  moto: MotoData,
  karpenter: KarpenterFacts,
): string {
  const known = new Set(types.map((facts) => facts.name));
  const named = new Set([
    ...Object.values(karpenter.onDemandPrices).flatMap((prices) => Object.keys(prices)),
    ...Object.keys(karpenter.vpcLimits),
  ]);
  const excluded = Object.values(moto.types).filter((raw) => !canBeNode(raw));
  const listedAnywhere = new Set(Object.values(karpenter.onDemandPrices).flatMap((prices) => Object.keys(prices)));
  const priced = new Set(
    regions.flatMap((region) =>
      region.typeIndex.filter((_, row) => region.onDemandPriceNano[row] !== NO_PRICE).map((type) => types[type]!.name),
    ),
  );
  const unlisted = types.filter((facts) => !listedAnywhere.has(facts.name)).map((facts) => facts.name);
  const sections: [string, readonly string[]][] = [
    [
      'Types that the price or interface tables name and that have no facts. They are not in the catalogue.',
      [...named].filter((name) => !known.has(name) && moto.types[name] === undefined),
    ],
    [
      'Types with facts that no Kubernetes node runs on (macOS). They are not in the catalogue.',
      excluded.map((raw) => raw.InstanceType),
    ],
    [
      'Types that no price table lists and no rule estimates in regions that offer them. There their offerings have no price and are unavailable.',
      unpricedTypes(types, regions),
    ],
    ['Types that no price table lists and a rule estimates.', unlisted.filter((name) => priced.has(name))],
    [
      'Types that the branch-interface table lacks: no pod-eni, no Windows addresses.',
      types.filter((facts) => karpenter.vpcLimits[facts.name] === undefined).map((facts) => facts.name),
    ],
    [
      'Types that the bandwidth table lacks: no network-bandwidth label.',
      types.filter((facts) => facts.networkBandwidthMbps === undefined).map((facts) => facts.name),
    ],
    [
      'Types whose sustained clock EC2 does not state: the label says 0, as Karpenter has it.',
      types.filter((facts) => facts.sustainedClockMhz === undefined).map((facts) => facts.name),
    ],
    [
      'Regions whose zones by type are not in the sources: every listed type is taken to be in every zone.',
      regions.filter((region) => region.zonesAreAssumed).map((region) => region.region),
    ],
    [
      'Regions that the sources know by name only. They are not in the catalogue.',
      Object.keys(moto.zones).filter((name) => !regions.some((region) => region.region === name)),
    ],
  ];
  const lines = [
    '# What the sources of the catalogue lack',
    '',
    'Written by `npm run catalogue:generate`; not edited.',
    '',
  ];
  lines.push('The GPU facts name NVIDIA products only; no type with a GPU of another maker has facts.', '');
  for (const [title, names] of sections) {
    lines.push(
      `## ${title.split(/[.:]/)[0]} (${names.length})`,
      '',
      title,
      '',
      [...names].sort().join(', ') || 'None.',
      '',
    );
  }
  return lines.join('\n');
}

/** Types without a price in some region, with the number of those regions. */
function unpricedTypes(types: readonly Ec2InstanceFacts[], regions: readonly StoredRegion[]): string[] {
  const counts = new Map<string, number>();
  for (const region of regions) {
    for (const [row, type] of region.typeIndex.entries()) {
      if (region.onDemandPriceNano[row] !== NO_PRICE) continue;
      const { name } = types[type]!;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].map(([name, count]) => `${name} (${count} ${count === 1 ? 'region' : 'regions'})`);
}
