// From EC2's facts and a node class to what a node is: labels, capacity, overhead, and whether it can be launched. The
// entry of the folder; pure and without memory between calls.

import { type CompiledNodeClass, capacityOf, compileNodeClass } from './capacity.ts';
import { incompatibilityOf } from './compatibility.ts';
import type { DerivedInstanceType, Ec2InstanceFacts, NodeClassFacts, ResourceAmounts } from './facts.ts';
import { LabelValues, labelsOf } from './labels.ts';
import { overheadOf } from './overhead.ts';

/**
 * Estimated price of a Windows licence: one rate for every vCPU, as AWS lists it for types that are not burstable. No
 * source of the catalogue carries Windows prices, so whatever shows it marks it as an estimate.
 */
export const WINDOWS_LICENCE_NANO_USD_PER_VCPU_HOUR = 46_000_000;

/** What a controller sets where the user says nothing: Karpenter's defaults for AL2023. */
export const DEFAULT_NODE_CLASS_FACTS: NodeClassFacts = {
  amiFamily: 'AL2023',
  kubelet: { systemReserved: {}, kubeReserved: {} },
  blockDevices: [],
  networkInterfaces: [],
  connectionTracking: false,
  nestedVirtualization: false,
  reservedEniCount: 0,
  vmMemoryOverheadRatio: 0.075,
};

/** What a type is as a node of a node class in a region. */
export function deriveInstanceType(
  facts: Ec2InstanceFacts,
  nodeClass: NodeClassFacts,
  region: string,
): DerivedInstanceType {
  return derive(facts, compileNodeClass(nodeClass), region, new LabelValues());
}

/**
 * The same for many types, in their order. About 7 µs a type the first time; a caller with many node classes keeps the
 * results by the node class's content. Equal label values share one list: treat everything as read-only.
 */
export function deriveInstanceTypes(
  types: readonly Ec2InstanceFacts[],
  nodeClass: NodeClassFacts,
  region: string,
): DerivedInstanceType[] {
  const values = new LabelValues();
  const compiled = compileNodeClass(nodeClass);
  return types.map((facts) => derive(facts, compiled, region, values));
}

function derive(
  facts: Ec2InstanceFacts,
  compiled: CompiledNodeClass,
  region: string,
  values: LabelValues,
): DerivedInstanceType {
  const { nodeClass, family } = compiled;
  const capacity = capacityOf(facts, compiled);
  const windows = family.windowsBuild !== undefined;
  return {
    name: facts.name,
    labels: labelsOf(facts, family, region, values),
    capacity,
    overhead: overheadOf(facts, compiled, capacity),
    incompatibility: incompatibilityOf(facts, nodeClass),
    licenceNanoUsdPerHour: windows ? facts.vcpuCount * WINDOWS_LICENCE_NANO_USD_PER_VCPU_HOUR : undefined,
  };
}

/**
 * What pods can have of a node: capacity less overhead, and less hugepages, which are taken out of the memory. Amounts
 * below 0 stay as they are, except memory that hugepages use up.
 */
export function allocatableOf(type: Pick<DerivedInstanceType, 'capacity' | 'overhead'>): ResourceAmounts {
  const { capacity, overhead } = type;
  let memoryBytes = capacity.memoryBytes - overhead.memoryBytes;
  const extended: Record<string, number> = {};
  for (const [name, amount] of Object.entries(capacity.extended)) {
    extended[name] = amount - (overhead.extended[name] ?? 0);
    if (name.startsWith('hugepages-')) memoryBytes = Math.max(0, memoryBytes - amount);
  }
  return {
    cpuMilli: capacity.cpuMilli - overhead.cpuMilli,
    memoryBytes,
    ephemeralStorageBytes: capacity.ephemeralStorageBytes - overhead.ephemeralStorageBytes,
    pods: capacity.pods - overhead.pods,
    extended,
  };
}
