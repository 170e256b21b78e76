// The rules that stand in for prices which no source of the catalogue carries. Every price they make is marked as an
// estimate wherever it is shown. docs/catalogue.md states the same rules in words.

import type { Ec2InstanceFacts } from '../../engine/index.ts';

/** Thousandths of the on-demand price that a spot instance is taken to cost. */
export const SPOT_SHARE_PER_MILLE = 400;

/** The same for types with GPUs or other accelerators, which are scarcer. */
export const ACCELERATED_SPOT_SHARE_PER_MILLE = 600;

/** Whether the type has GPUs or other accelerators. */
export function isAccelerated(facts: Ec2InstanceFacts): boolean {
  return facts.gpus.length > 0 || facts.inferenceAccelerators.length > 0 || facts.neuronDevices.length > 0;
}

/** Estimated spot price: a fixed share of the on-demand price, rounded up to a whole nano-unit. */
export function estimateSpotPriceNano(facts: Ec2InstanceFacts, onDemandPriceNano: number): number {
  const share = isAccelerated(facts) ? ACCELERATED_SPOT_SHARE_PER_MILLE : SPOT_SHARE_PER_MILLE;
  return Math.ceil((onDemandPriceNano * share) / 1000);
}

/** A type with the price a source lists for it. */
export interface ListedType {
  readonly facts: Ec2InstanceFacts;
  readonly priceNano: number;
}

/**
 * Estimated on-demand price of a type without a listed one, or undefined where no rule applies:
 * 1. a listed size of the same family, scaled by vCPUs; the size with the nearest number of vCPUs, the smaller on a tie;
 * 2. without accelerators: the same size of the newest earlier generation of the family (r8g for r9g), if it has the
 *    same vCPUs and memory.
 */
export function estimateOnDemandPriceNano(
  facts: Ec2InstanceFacts,
  listed: ReadonlyMap<string, ListedType>,
): number | undefined {
  return scaledInFamily(facts, listed) ?? earlierGeneration(facts, listed);
}

function scaledInFamily(facts: Ec2InstanceFacts, listed: ReadonlyMap<string, ListedType>): number | undefined {
  const family = facts.name.split('.')[0];
  let nearest: ListedType | undefined;
  for (const candidate of listed.values()) {
    if (candidate.facts.name.split('.')[0] !== family || candidate.facts.bareMetal !== facts.bareMetal) continue;
    if (nearest === undefined || isNearer(facts, candidate.facts, nearest.facts)) nearest = candidate;
  }
  if (nearest === undefined) return undefined;
  return Math.ceil((nearest.priceNano * facts.vcpuCount) / nearest.facts.vcpuCount);
}

function isNearer(facts: Ec2InstanceFacts, candidate: Ec2InstanceFacts, best: Ec2InstanceFacts): boolean {
  const distance = Math.abs(candidate.vcpuCount - facts.vcpuCount);
  const bestDistance = Math.abs(best.vcpuCount - facts.vcpuCount);
  if (distance !== bestDistance) return distance < bestDistance;
  if (candidate.vcpuCount !== best.vcpuCount) return candidate.vcpuCount < best.vcpuCount;
  return candidate.name < best.name;
}

function earlierGeneration(facts: Ec2InstanceFacts, listed: ReadonlyMap<string, ListedType>): number | undefined {
  const scheme = /^([a-z]+)([0-9]+)([a-z-]*)\.(.+)$/.exec(facts.name);
  if (scheme === null || isAccelerated(facts)) return undefined;
  const [, category, generation, attributes, size] = scheme;
  for (let earlier = Number(generation) - 1; earlier > 0; earlier -= 1) {
    const found = listed.get(`${category}${earlier}${attributes}.${size}`);
    if (found === undefined) continue;
    const same = found.facts.vcpuCount === facts.vcpuCount && found.facts.memoryMib === facts.memoryMib;
    return same ? found.priceNano : undefined;
  }
  return undefined;
}
