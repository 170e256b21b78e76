// A generated problem as a problem file has it, with every instance type written out: what another scheduler can be given.
// Types of the embedded catalogue become what a node of AL2023's defaults has; prices are those that the embedded
// catalogue starts with.
import { describeType } from '../engine/index.ts';
import { embeddedRegionSource } from '../server/index.ts';
import type { GeneratedProblem, InstanceTypeManifest } from './generators/index.ts';

/** Quantities by resource name. */
type Amounts = Readonly<Record<string, number>>;

const NANO_PER_DOLLAR = 1e9;

/** The problem in the format of problem files. */
export function explicitProblem(generated: GeneratedProblem): Record<string, unknown> {
  const { catalogue, nodePools, pods, daemonSets } = generated;
  const instanceTypes = catalogue.kind === 'types' ? catalogue.instanceTypes : typesOfRegion(catalogue.region);
  return { nodePools, instanceTypes, pods, daemonSets, nodes: nodesOf(generated) };
}

/** Nodes that exist, each with its running pods. */
function nodesOf({ nodes, runningPods }: GeneratedProblem): object[] {
  const podsOf = Map.groupBy(runningPods, ({ spec }) => spec.nodeName);
  return nodes.map(({ metadata: { name, labels }, spec, status }) => ({
    name,
    labels,
    taints: spec.taints ?? [],
    capacity: status.capacity,
    allocatable: status.allocatable,
    pods: podsOf.get(name) ?? [],
  }));
}

function typesOfRegion(region: string): InstanceTypeManifest[] {
  const loaded = embeddedRegionSource.load(region);
  if (!('index' in loaded)) throw new Error(`write out a problem: region ${region} has no index`);
  const { columns } = loaded;
  const { catalogue } = loaded.index;
  return Array.from({ length: catalogue.typeCount }, (_, type) => {
    const { name, labels, capacity, allocatable } = describeType(catalogue, type);
    const overhead: Record<string, number> = {};
    for (const [resource, amount] of Object.entries(capacity)) {
      const taken = amount - (allocatable[resource] ?? 0);
      if (taken > 0) overhead[resource] = taken;
    }
    const offerings: InstanceTypeManifest['offerings'][number][] = [];
    const end = catalogue.typeOfferingStarts[type + 1]!;
    for (let offering = catalogue.typeOfferingStarts[type]!; offering < end; offering++) {
      const { zone, capacityType } = catalogue.offering(offering);
      const price = columns.priceNanoUsdPerHour[offering]!;
      if (capacityType === 'reserved' || Number.isNaN(price)) continue;
      const available = columns.available[offering] === 1;
      offerings.push({ zone, capacityType, price: price / NANO_PER_DOLLAR, available });
    }
    return { name, labels, capacity: quantities(capacity), overhead: quantities(overhead), offerings };
  }).filter(({ offerings }) => offerings.length > 0);
}

function quantities(amounts: Amounts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(amounts).map(([name, amount]) => [name, name === 'cpu' ? `${amount}m` : String(amount)]),
  );
}
