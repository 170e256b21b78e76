// How large a node is: what its type is known to have, changed by what its kubelet was told, as the image's own start-up
// does it. Written apart from the formulas of the engine, so that it can contradict them.
import { parseQuantity } from '../kubernetes/index.ts';
import type { InstanceTypeFacts } from './facts.ts';
import type { NodeConfig } from './user-data.ts';

/** Resource name to quantity. */
export type Quantities = Readonly<Record<string, string>>;

const MIB = 2n ** 20n;
const NANO = 1_000_000_000n;
const DEFAULT_EVICTION_MEMORY = '100Mi';
const RESERVED_RESOURCES = ['cpu', 'memory', 'ephemeral-storage'] as const;

/** Capacity and allocatable of a node. */
export interface NodeSize {
  readonly capacity: Quantities;
  readonly allocatable: Quantities;
}

/** The size of a node of a type with these settings. `smallerByPercent` takes from its memory what it had promised. */
export function nodeSize(facts: InstanceTypeFacts, config: NodeConfig, smallerByPercent: number): NodeSize {
  const capacity: Record<string, string> = { ...facts.capacity };
  const allocatable: Record<string, string> = { ...facts.allocatable };
  const pods = podCount(facts, config);
  if (pods !== undefined) {
    capacity.pods = String(pods);
    allocatable.pods = String(pods);
  }
  for (const resource of RESERVED_RESOURCES) {
    const more = extraReserved(facts, config, resource, pods);
    const before = parseQuantity(allocatable[resource]);
    if (more === 0n || before === undefined) continue;
    allocatable[resource] = quantity(resource, before > more ? before - more : 0n);
  }
  if (smallerByPercent > 0) {
    for (const size of [capacity, allocatable]) {
      const memory = parseQuantity(size.memory) ?? 0n;
      size.memory = quantity('memory', (memory * BigInt(Math.round((100 - smallerByPercent) * 100))) / 10_000n);
    }
  }
  return { capacity, allocatable };
}

/** Pods of one node where the settings say other than the type. */
function podCount(facts: InstanceTypeFacts, { maxPods, podsPerCore = 0 }: NodeConfig): number | undefined {
  if (maxPods === undefined && podsPerCore === 0) return undefined;
  const most = maxPods ?? Number(facts.capacity.pods ?? 110);
  const cores = Number((parseQuantity(facts.capacity.cpu) ?? 0n) / NANO);
  return podsPerCore > 0 ? Math.min(most, podsPerCore * cores) : most;
}

/** What is kept back beyond what the type's figures have kept back already, in billionths. It can be less than nothing. */
function extraReserved(
  facts: InstanceTypeFacts,
  config: NodeConfig,
  resource: (typeof RESERVED_RESOURCES)[number],
  pods: number | undefined,
): bigint {
  let extra = parseQuantity(config.systemReserved?.[resource]) ?? 0n;
  const standardPods = BigInt(facts.capacity.pods ?? '110');
  if (resource === 'memory') {
    const standard = (11n * standardPods + 255n) * MIB * NANO;
    const own = pods === undefined ? standard : (11n * BigInt(pods) + 255n) * MIB * NANO;
    extra += (parseQuantity(config.kubeReserved?.memory) ?? own) - standard;
    const capacity = parseQuantity(facts.capacity.memory) ?? 0n;
    const usual = parseQuantity(DEFAULT_EVICTION_MEMORY) ?? 0n;
    extra += threshold(config.evictionHard?.['memory.available'], capacity, usual) - usual;
  } else if (config.kubeReserved?.[resource] !== undefined) {
    const standard = resource === 'cpu' ? standardCpu(facts) : 1024n * MIB * NANO;
    extra += (parseQuantity(config.kubeReserved[resource]) ?? 0n) - standard;
  }
  return extra;
}

/** 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the others; in billionths. */
function standardCpu(facts: InstanceTypeFacts): bigint {
  const cores = Number((parseQuantity(facts.capacity.cpu) ?? 0n) / NANO);
  const share = (from: number, to: number, tenthsOfMilli: number) =>
    Math.max(0, Math.min(cores, to) - from) * tenthsOfMilli;
  const tenths = share(0, 1, 600) + share(1, 2, 100) + share(2, 4, 50) + share(4, Number.POSITIVE_INFINITY, 25);
  return BigInt(Math.floor(tenths / 10)) * 1_000_000n;
}

function threshold(written: string | undefined, capacity: bigint, usual: bigint): bigint {
  if (written === undefined) return usual;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(written);
  if (percent === null) return parseQuantity(written) ?? usual;
  const share = Number(percent[1]);
  return share >= 100 ? 0n : (capacity * BigInt(Math.round(share * 100))) / 10_000n;
}

function quantity(resource: string, nano: bigint): string {
  if (resource === 'cpu') return `${nano / 1_000_000n}m`;
  return `${nano / NANO / 1024n}Ki`;
}
