// What nodes of each type report as their capacity under a node class: memory, ephemeral storage, pods and devices. The
// share that the kubelet and the system keep is in overhead.ts. Every formula runs over the facts' columns and makes a column
// of the same length, in plain loops: most processes run them once, before anything of it is compiled.

import { ownVolumeCount } from './ebs-volumes.ts';
import { FACT_FLAGS, type FactColumns, NOT_STATED } from './fact-columns.ts';
import type { BlockDeviceFacts, NodeClassFacts } from './facts.ts';
import { DEFAULT_POD_COUNT, IMAGE_FAMILIES, type ImageFamily } from './image-families.ts';

const MIB = 1024 ** 2;
const GB = 1000 ** 3;

/** Memory that Graviton processors keep for contiguous allocation and never give to the operating system. */
const GRAVITON_RESERVED_MIB = 64;

/** Pods that need no address of an interface because they use the host's network (aws-node and kube-proxy). */
const HOST_NETWORK_POD_COUNT = 2;

/** CPU in thousandths of a core. */
export function cpuCapacityMilli({ typeCount, vcpuCount }: FactColumns): Float64Array {
  const cpuMilli = new Float64Array(typeCount);
  for (let type = 0; type < typeCount; type++) cpuMilli[type] = vcpuCount[type]! * 1000;
  return cpuMilli;
}

/** Memory in bytes that the operating system sees: what EC2 states less the hypervisor's share, in whole MiB. */
export function memoryCapacityBytes({ typeCount, flags, memoryMib }: FactColumns, compiled: CompiledNodeClass) {
  const ratio = compiled.nodeClass.vmMemoryOverheadRatio;
  const { arm64 } = FACT_FLAGS;
  const mib = MIB;
  const memoryBytes = new Float64Array(typeCount);
  for (let type = 0; type < typeCount; type++) {
    const keptMib = (flags[type]! & arm64) === 0 ? 0 : GRAVITON_RESERVED_MIB;
    const statedMib = memoryMib[type]! - keptMib;
    const hypervisorMib = Math.ceil((statedMib * mib * ratio) / 1024 / 1024);
    memoryBytes[type] = (statedMib - hypervisorMib) * mib;
  }
  return memoryBytes;
}

/** Size in bytes of the storage that pods write to. */
export function storageCapacityBytes(facts: FactColumns, compiled: CompiledNodeClass): Float64Array {
  const { typeCount, flags, instanceStorageGb } = facts;
  const { volumeBytes } = compiled;
  const { ec2 } = FACT_FLAGS;
  const takesInstanceStorage = compiled.nodeClass.instanceStorePolicy === 'RAID0';
  const storageBytes = new Float64Array(typeCount);
  for (let type = 0; type < typeCount; type++) {
    if ((flags[type]! & ec2) === 0) continue;
    const totalGb = takesInstanceStorage ? instanceStorageGb[type]! : NOT_STATED;
    storageBytes[type] = totalGb === NOT_STATED ? volumeBytes : totalGb * GB;
  }
  return storageBytes;
}

/** The volume of the node class that holds the pods' files, if its size is known. */
function declaredVolume(devices: readonly BlockDeviceFacts[], family: ImageFamily): BlockDeviceFacts | undefined {
  const root = devices.find((device) => device.rootVolume);
  if (root?.volumeSizeBytes !== undefined) return root;
  // A custom image's layout is unknown: the last volume is taken as the one that holds the pods.
  if (family.ephemeralDeviceName === undefined) return devices.at(-1);
  return devices.find((device) => device.deviceName === family.ephemeralDeviceName);
}

/** What of a node class is the same for every type: worked out once, read for thousands of types. */
export interface CompiledNodeClass {
  readonly nodeClass: NodeClassFacts;
  readonly family: ImageFamily;
  /** EFA-only interfaces in all, and those on the card that pods' addresses come from. */
  readonly efaOnlyCount: number;
  readonly efaOnlyOnFirstCardCount: number;
  /** Ephemeral storage of types without instance storage of their own. */
  readonly volumeBytes: number;
  /** Volumes that a node has before any pod's. */
  readonly ownVolumeCount: number;
}

/** Works out what is the same for every type. */
export function compileNodeClass(nodeClass: NodeClassFacts): CompiledNodeClass {
  const family = IMAGE_FAMILIES[nodeClass.amiFamily];
  const efaOnly = nodeClass.networkInterfaces.filter((networkInterface) => networkInterface.kind === 'efa-only');
  const volume = declaredVolume(nodeClass.blockDevices, family);
  return {
    nodeClass,
    family,
    efaOnlyCount: efaOnly.length,
    efaOnlyOnFirstCardCount: efaOnly.filter((networkInterface) => networkInterface.networkCardIndex === 0).length,
    volumeBytes: volume?.volumeSizeBytes ?? family.defaultEphemeralStorageBytes,
    ownVolumeCount: ownVolumeCount(nodeClass.blockDevices, family),
  };
}

/**
 * Pods that can have an address of their own: the VPC CNI uses the interfaces of the default card only, and each
 * interface keeps its first address. 0 where no interface is left.
 */
export function interfaceLimitedPodCounts(
  { typeCount, cardInterfaceCount, ipv4PerInterface }: FactColumns,
  compiled: CompiledNodeClass,
  reservedEniCount: number,
): Float64Array {
  const takenCount = reservedEniCount + compiled.efaOnlyOnFirstCardCount;
  const hostNetworkCount = HOST_NETWORK_POD_COUNT;
  const podCounts = new Float64Array(typeCount);
  for (let type = 0; type < typeCount; type++) {
    const usableCount = cardInterfaceCount[type]! - takenCount;
    if (usableCount > 0) podCounts[type] = usableCount * (ipv4PerInterface[type]! - 1) + hostNetworkCount;
  }
  return podCounts;
}

/** Most pods of a node. */
export function podCapacity(facts: FactColumns, compiled: CompiledNodeClass): Float64Array {
  const { nodeClass, family } = compiled;
  const { typeCount, flags, vcpuCount } = facts;
  const { maxPods, podsPerCore = 0 } = nodeClass.kubelet;
  const byInterfaces = maxPods === undefined && family.podsLimitedByInterfaces;
  const podCounts = byInterfaces
    ? interfaceLimitedPodCounts(facts, compiled, nodeClass.reservedEniCount)
    : new Float64Array(typeCount);
  const capped = podsPerCore !== 0 && family.podsPerCoreSupported;
  if (byInterfaces && !capped) return podCounts;
  for (let type = 0; type < typeCount; type++) {
    if ((flags[type]! & FACT_FLAGS.ec2) === 0) continue;
    const count = byInterfaces ? podCounts[type]! : (maxPods ?? DEFAULT_POD_COUNT);
    podCounts[type] = capped ? Math.min(podsPerCore * vcpuCount[type]!, count) : count;
  }
  return podCounts;
}

/** A node class that lists its interfaces decides the number itself; otherwise it is every one the type allows. */
function efaCounts({ typeCount, flags, efaInterfaceCount }: FactColumns, compiled: CompiledNodeClass): Float64Array {
  if (compiled.nodeClass.networkInterfaces.length === 0) return efaInterfaceCount;
  const counts = new Float64Array(typeCount);
  for (let type = 0; type < typeCount; type++) {
    if ((flags[type]! & FACT_FLAGS.ec2) !== 0) counts[type] = compiled.efaOnlyCount;
  }
  return counts;
}

/** Addresses that Windows pods have: one of an interface's is the interface's own. */
function windowsAddressCounts(facts: FactColumns): Float64Array {
  const { typeCount, flags, vpcControllerIpv4PerInterface } = facts;
  const counts = new Float64Array(typeCount);
  for (let type = 0; type < typeCount; type++) {
    const amd64 = (flags[type]! & (FACT_FLAGS.ec2 | FACT_FLAGS.arm64)) === FACT_FLAGS.ec2;
    if (amd64) counts[type] = Math.max(0, vpcControllerIpv4PerInterface[type]! - 1);
  }
  return counts;
}

/** Devices and addresses by their Kubernetes names. Columns may be those of the facts: borrowed. */
export function extendedCapacity(facts: FactColumns, compiled: CompiledNodeClass): [string, Float64Array][] {
  const extended: [string, Float64Array][] = [
    ['nvidia.com/gpu', facts.nvidiaGpuCount],
    ['amd.com/gpu', facts.amdGpuCount],
    ['habana.ai/gaudi', facts.gaudiCount],
    ['aws.amazon.com/neuron', facts.neuronDeviceCount],
    ['aws.amazon.com/neuroncore', facts.neuronCoreCount],
    ['vpc.amazonaws.com/efa', efaCounts(facts, compiled)],
    ['vpc.amazonaws.com/pod-eni', facts.branchInterfaceCount],
  ];
  if (compiled.family.windowsBuild !== undefined) {
    extended.push(['vpc.amazonaws.com/PrivateIPv4Address', windowsAddressCounts(facts)]);
  }
  return extended;
}
