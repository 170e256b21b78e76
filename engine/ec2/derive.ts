// From EC2's facts and a node class to what a node is: labels, capacity, overhead, and whether it can be launched. The
// entry of the folder; pure and without memory between calls.

import {
  compileNodeClass,
  cpuCapacityMilli,
  extendedCapacity,
  memoryCapacityBytes,
  podCapacity,
  storageCapacityBytes,
} from './capacity.ts';
import { incompatibilitiesOf } from './compatibility.ts';
import { EBS_ATTACHMENTS, ebsVolumeCounts } from './ebs-volumes.ts';
import { encodeFacts, FACT_FLAGS, FactColumns } from './fact-columns.ts';
import type {
  AmiFamily,
  DerivedInstanceType,
  Ec2InstanceFacts,
  Incompatibility,
  NodeClassFacts,
  ResourceAmounts,
} from './facts.ts';
import { IMAGE_FAMILIES } from './image-families.ts';
import { imageLabels, LabelValues, labelsOf } from './labels.ts';
import { allocatableCpuMilli, allocatableMemoryBytes, allocatableStorageBytes } from './overhead.ts';

/**
 * Estimated price of a Windows licence: one rate for every vCPU, as AWS lists it for types that are not burstable. No
 * source of the embedded catalogue carries Windows prices: it stands in until somebody tells them, and whatever shows it
 * marks it as an estimate.
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

/** Nothing is ever kept of devices and addresses. */
const NO_EXTENDED: Readonly<Record<string, number>> = Object.freeze({});

/** What a type is as a node of a node class in a region, spelled out. For the amounts of many types take deriveColumns. */
export function deriveInstanceType(
  facts: Ec2InstanceFacts,
  nodeClass: NodeClassFacts,
  region: string,
): DerivedInstanceType {
  const alone = { factsOf: () => facts, rowOf: (name: string) => (name === facts.name ? 0 : -1) };
  const derived = deriveColumns(new FactColumns(encodeFacts([facts]), 1), nodeClass, alone);
  const family = IMAGE_FAMILIES[nodeClass.amiFamily];
  const kept = (name: string): number => derived.capacity.get(name)![0]! - derived.allocatable.get(name)![0]!;
  return {
    name: facts.name,
    labels: labelsOf(facts, family, region, new LabelValues()),
    capacity: amountsOf(derived.capacity),
    overhead: {
      cpuMilli: kept('cpu'),
      memoryBytes: kept('memory'),
      ephemeralStorageBytes: kept('ephemeral-storage'),
      pods: 0,
      extended: NO_EXTENDED,
    },
    ebsVolumeCount: derived.allocatable.get(EBS_ATTACHMENTS)![0]!,
    incompatibility: derived.incompatibilities.get(0),
    licenceNanoUsdPerHour: family.windowsBuild === undefined ? undefined : derived.licenceNanoUsdPerHour[0]!,
    licenceIsEstimate: family.windowsBuild === undefined ? undefined : derived.licenceIsEstimate[0] === 1,
  };
}

/** The one row of these columns. */
function amountsOf(columns: ReadonlyMap<string, Float64Array>): ResourceAmounts {
  const { cpu, memory, 'ephemeral-storage': storage, pods, ...others } = Object.fromEntries(columns);
  const extended: Record<string, number> = {};
  for (const [name, column] of Object.entries(others)) if (column[0]! > 0) extended[name] = column[0]!;
  return {
    cpuMilli: cpu![0]!,
    memoryBytes: memory![0]!,
    ephemeralStorageBytes: storage![0]!,
    pods: pods![0]!,
    extended,
  };
}

/**
 * Labels of type after type, which of a node class depend on nothing but its image family. Equal values share one list:
 * treat everything it gives as read-only.
 */
export function labelDeriver(
  amiFamily: AmiFamily,
  region: string,
): (facts: Ec2InstanceFacts) => Readonly<Record<string, readonly string[]>> {
  const values = new LabelValues();
  const family = IMAGE_FAMILIES[amiFamily];
  return (facts) => labelsOf(facts, family, region, values);
}

/** Labels that come from the node class and not from the type, by key: the values for each architecture. */
export function nodeClassLabels(amiFamily: AmiFamily, arm64: boolean): Readonly<Record<string, string>> {
  const { os, windowsBuild } = imageLabels(IMAGE_FAMILIES[amiFamily], arm64 ? 'arm64' : 'amd64');
  return {
    ...(os === undefined ? {} : { 'kubernetes.io/os': os }),
    ...(windowsBuild === undefined ? {} : { 'node.kubernetes.io/windows-build': windowsBuild }),
  };
}

/** What nodes of many types are under one node class. Columns are `Float64Array[typeCount]` by resource, 0 for none. */
export interface DerivedColumns {
  /** Borrowed, like those of `allocatable`: some are columns of the facts, and one may stand in both. */
  readonly capacity: ReadonlyMap<string, Float64Array>;
  /** What pods can have: capacity less overhead; and the attachments of pods' EBS volumes. May be below 0. */
  readonly allocatable: ReadonlyMap<string, Float64Array>;
  /** Types that the node class cannot be launched on, and why. */
  readonly incompatibilities: ReadonlyMap<number, Incompatibility>;
  /** Licence of the operating system, nano-dollars per hour. */
  readonly licenceNanoUsdPerHour: Float64Array;
  /** 1 where no price list told it. */
  readonly licenceIsEstimate: Uint8Array;
}

/** What the columns don't say of their types. */
export interface TypesOfColumns {
  /** Spells out the facts of an EC2 type; asked only where the node class lists network interfaces or is of Windows. */
  factsOf(type: number): Ec2InstanceFacts;
  /** The row of a type, below 0 where there is none. */
  rowOf(name: string): number;
}

/** Derives every EC2 type of the columns: about 2 µs a type in a cold process. Rows of other types stay 0. */
export function deriveColumns(facts: FactColumns, nodeClass: NodeClassFacts, types: TypesOfColumns): DerivedColumns {
  const compiled = compileNodeClass(nodeClass);
  const cpu = cpuCapacityMilli(facts);
  const memory = memoryCapacityBytes(facts, compiled);
  for (const [name, bytes] of Object.entries(nodeClass.observedMemoryBytes ?? {})) {
    const row = types.rowOf(name);
    if (row >= 0 && facts.has(row, FACT_FLAGS.ec2)) memory[row] = bytes;
  }
  const storage = storageCapacityBytes(facts, compiled);
  const pods = podCapacity(facts, compiled);
  const extended = extendedCapacity(facts, compiled);
  return {
    capacity: new Map([['cpu', cpu], ['memory', memory], ['ephemeral-storage', storage], ['pods', pods], ...extended]),
    allocatable: new Map([
      ['cpu', allocatableCpuMilli(facts, compiled, cpu)],
      ['memory', allocatableMemoryBytes(facts, compiled, memory, pods)],
      ['ephemeral-storage', allocatableStorageBytes(facts, compiled, storage)],
      ['pods', pods],
      ...extended,
      [EBS_ATTACHMENTS, ebsVolumeCounts(facts, compiled)],
    ]),
    incompatibilities: incompatibilitiesOf(facts, nodeClass, (type) => types.factsOf(type)),
    ...licences(facts, compiled.family.windowsBuild === undefined ? undefined : types),
  };
}

/** What the operating system costs on each type; nothing where there are no types to ask. */
function licences(
  facts: FactColumns,
  types: TypesOfColumns | undefined,
): Pick<DerivedColumns, 'licenceNanoUsdPerHour' | 'licenceIsEstimate'> {
  const licenceNanoUsdPerHour = new Float64Array(facts.typeCount);
  const licenceIsEstimate = new Uint8Array(facts.typeCount);
  for (let type = 0; types !== undefined && type < facts.typeCount; type++) {
    if (!facts.has(type, FACT_FLAGS.ec2)) continue;
    const listed = types.factsOf(type).windowsLicenceNanoUsdPerHour;
    licenceNanoUsdPerHour[type] = listed ?? facts.vcpuCount[type]! * WINDOWS_LICENCE_NANO_USD_PER_VCPU_HOUR;
    licenceIsEstimate[type] = listed === undefined ? 1 : 0;
  }
  return { licenceNanoUsdPerHour, licenceIsEstimate };
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
