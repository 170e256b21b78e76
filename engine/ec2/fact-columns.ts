// Facts of many types as columns of numbers: what the formulas of capacity, overhead, attachments and compatibility read.
// A catalogue keeps them in its shared buffer, so that a node class is worked out for a thousand types without parsing or
// making an object for any of them. Labels, which are texts, are made from the facts themselves (labels.ts).

import type { Ec2InstanceFacts } from './facts.ts';

/** Stands for what EC2 does not say, where 0 would say something. */
export const NOT_STATED = -1;

/** Bits of `flags`. */
export const FACT_FLAGS = {
  /** Clear in rows that are no EC2 type: such a row is skipped. */
  ec2: 1,
  arm64: 2,
  nitro: 4,
  xen: 8,
  nestedVirtualization: 16,
  clusterPlacement: 32,
  partitionPlacement: 64,
  spreadPlacement: 128,
  /** First Graviton generation (family a1). */
  firstGraviton: 256,
  ebsSlotsAreShared: 512,
} as const;

/** Columns of a set of facts. */
export const FACT_COLUMN_COUNT = 16;

/** Views over `Float64Array[FACT_COLUMN_COUNT × typeCount]`, column after column; borrowed. Every entry is whole. */
export class FactColumns {
  readonly typeCount: number;
  /** Bits of FACT_FLAGS. */
  readonly flags: Float64Array;
  readonly vcpuCount: Float64Array;
  readonly memoryMib: Float64Array;
  /** GB of 10^9 bytes; NOT_STATED without instance storage. */
  readonly instanceStorageGb: Float64Array;
  /** Interfaces of the card that pods' addresses come from; NOT_STATED where the type names no such card. */
  readonly cardInterfaceCount: Float64Array;
  readonly ipv4PerInterface: Float64Array;
  /** NOT_STATED where the VPC resource controller's table lacks the type. */
  readonly vpcControllerIpv4PerInterface: Float64Array;
  readonly nvidiaGpuCount: Float64Array;
  readonly amdGpuCount: Float64Array;
  readonly gaudiCount: Float64Array;
  readonly neuronDeviceCount: Float64Array;
  readonly neuronCoreCount: Float64Array;
  readonly efaInterfaceCount: Float64Array;
  readonly branchInterfaceCount: Float64Array;
  /** NOT_STATED where EC2 does not say how many volumes can be attached. */
  readonly ebsAttachmentCount: Float64Array;
  readonly defaultCardIndex: Float64Array;

  constructor(numbers: Float64Array, typeCount: number) {
    const column = (index: number): Float64Array => numbers.subarray(index * typeCount, (index + 1) * typeCount);
    this.typeCount = typeCount;
    this.flags = column(0);
    this.vcpuCount = column(1);
    this.memoryMib = column(2);
    this.instanceStorageGb = column(3);
    this.cardInterfaceCount = column(4);
    this.ipv4PerInterface = column(5);
    this.vpcControllerIpv4PerInterface = column(6);
    this.nvidiaGpuCount = column(7);
    this.amdGpuCount = column(8);
    this.gaudiCount = column(9);
    this.neuronDeviceCount = column(10);
    this.neuronCoreCount = column(11);
    this.efaInterfaceCount = column(12);
    this.branchInterfaceCount = column(13);
    this.ebsAttachmentCount = column(14);
    this.defaultCardIndex = column(15);
  }

  has(type: number, flag: number): boolean {
    return (this.flags[type]! & flag) !== 0;
  }
}

/** The columns of these types, a row each in their order; rows of what is no EC2 type stay zero. Owned by the caller. */
export function encodeFacts(types: readonly (Ec2InstanceFacts | undefined)[]): Float64Array {
  const numbers = new Float64Array(FACT_COLUMN_COUNT * types.length);
  const columns = new FactColumns(numbers, types.length);
  for (let type = 0; type < types.length; type++) {
    const facts = types[type];
    if (facts !== undefined) writeRow(columns, type, facts);
  }
  return numbers;
}

function writeRow(columns: FactColumns, type: number, facts: Ec2InstanceFacts): void {
  const card = facts.networkCards[facts.defaultNetworkCardIndex];
  columns.flags[type] = flagsOf(facts);
  columns.vcpuCount[type] = facts.vcpuCount;
  columns.memoryMib[type] = facts.memoryMib;
  columns.instanceStorageGb[type] = facts.instanceStorage?.totalGb ?? NOT_STATED;
  columns.cardInterfaceCount[type] = card?.interfaceCount ?? NOT_STATED;
  columns.ipv4PerInterface[type] = facts.ipv4AddressesPerInterface;
  columns.vpcControllerIpv4PerInterface[type] = facts.vpcControllerIpv4PerInterface ?? NOT_STATED;
  for (const gpu of facts.gpus) {
    if (gpu.manufacturer === 'NVIDIA') columns.nvidiaGpuCount[type]! += gpu.count;
    else if (gpu.manufacturer === 'AMD') columns.amdGpuCount[type]! += gpu.count;
    else if (gpu.manufacturer === 'Habana') columns.gaudiCount[type]! += gpu.count;
  }
  for (const device of facts.neuronDevices) columns.neuronDeviceCount[type]! += device.count;
  const first = facts.neuronDevices[0];
  columns.neuronCoreCount[type] = first === undefined ? 0 : first.count * first.coreCountPerDevice;
  columns.efaInterfaceCount[type] = facts.efaInterfaceCount ?? 0;
  columns.branchInterfaceCount[type] = facts.branchInterfaceCount ?? 0;
  columns.ebsAttachmentCount[type] = facts.ebsAttachmentLimit?.attachmentCount ?? NOT_STATED;
  columns.defaultCardIndex[type] = card?.index ?? NOT_STATED;
}

function flagsOf(facts: Ec2InstanceFacts): number {
  const { placementStrategies } = facts;
  let flags: number = FACT_FLAGS.ec2;
  if (facts.architectures[0] === 'arm64') flags |= FACT_FLAGS.arm64;
  if (facts.hypervisor === 'nitro') flags |= FACT_FLAGS.nitro;
  if (facts.hypervisor === 'xen') flags |= FACT_FLAGS.xen;
  if (facts.nestedVirtualization) flags |= FACT_FLAGS.nestedVirtualization;
  if (placementStrategies.includes('cluster')) flags |= FACT_FLAGS.clusterPlacement;
  if (placementStrategies.includes('partition')) flags |= FACT_FLAGS.partitionPlacement;
  if (placementStrategies.includes('spread')) flags |= FACT_FLAGS.spreadPlacement;
  if (facts.name.startsWith('a1.')) flags |= FACT_FLAGS.firstGraviton;
  if (slotsAreShared(facts)) flags |= FACT_FLAGS.ebsSlotsAreShared;
  return flags;
}

/** Bare metal with a size in its name, such as m7i.metal-24xl: all of the generations that have slots for EBS alone. */
const SIZED_METAL = /\.metal-[0-9]+xl$/;

/**
 * Whether network interfaces take slots of the same limit. EC2 says so of types without Nitro and of some bare metal where
 * it is not true; the CSI driver (see ebs-volumes.ts) corrects both, and so do we.
 */
function slotsAreShared(facts: Ec2InstanceFacts): boolean {
  if (facts.hypervisor === 'xen' || SIZED_METAL.test(facts.name)) return false;
  return facts.ebsAttachmentLimit?.kind !== 'dedicated';
}
