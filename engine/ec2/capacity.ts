// What a node of a type reports as its capacity under a node class: memory, ephemeral storage, pods and devices. The
// share that the kubelet and the system keep is in overhead.ts.

import type { BlockDeviceFacts, Ec2InstanceFacts, NodeClassFacts, ResourceAmounts } from './facts.ts';
import { DEFAULT_POD_COUNT, IMAGE_FAMILIES, type ImageFamily } from './image-families.ts';

const MIB = 1024 ** 2;
const GB = 1000 ** 3;

/** Memory that Graviton processors keep for contiguous allocation and never give to the operating system. */
const GRAVITON_RESERVED_MIB = 64;

/** Pods that need no address of an interface because they use the host's network (aws-node and kube-proxy). */
const HOST_NETWORK_POD_COUNT = 2;

/** Memory in bytes that the operating system sees: what EC2 states less the hypervisor's share, in whole MiB. */
function memoryCapacityBytes(facts: Ec2InstanceFacts, vmMemoryOverheadRatio: number): number {
  const statedMib = facts.architectures[0] === 'arm64' ? facts.memoryMib - GRAVITON_RESERVED_MIB : facts.memoryMib;
  const hypervisorMib = Math.ceil((statedMib * MIB * vmMemoryOverheadRatio) / 1024 / 1024);
  return (statedMib - hypervisorMib) * MIB;
}

/** Size in bytes of the storage that pods write to. */
function ephemeralStorageBytes(facts: Ec2InstanceFacts, compiled: CompiledNodeClass): number {
  if (facts.instanceStorage !== undefined && compiled.nodeClass.instanceStorePolicy === 'RAID0') {
    return facts.instanceStorage.totalGb * GB;
  }
  return compiled.volumeBytes;
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
  };
}

/**
 * Pods that can have an address of their own: the VPC CNI uses the interfaces of the default card only, and each
 * interface keeps its first address. 0 where no interface is left.
 */
export function interfaceLimitedPodCount(
  facts: Ec2InstanceFacts,
  compiled: CompiledNodeClass,
  reservedEniCount: number,
): number {
  const card = facts.networkCards[facts.defaultNetworkCardIndex];
  if (card === undefined) return 0;
  const usableCount = card.interfaceCount - reservedEniCount - compiled.efaOnlyOnFirstCardCount;
  if (usableCount <= 0) return 0;
  return usableCount * (facts.ipv4AddressesPerInterface - 1) + HOST_NETWORK_POD_COUNT;
}

/** Most pods of a node. */
function podCapacity(facts: Ec2InstanceFacts, compiled: CompiledNodeClass): number {
  const { nodeClass, family } = compiled;
  const { maxPods, podsPerCore } = nodeClass.kubelet;
  let count = maxPods;
  if (count === undefined) {
    count = family.podsLimitedByInterfaces
      ? interfaceLimitedPodCount(facts, compiled, nodeClass.reservedEniCount)
      : DEFAULT_POD_COUNT;
  }
  if (podsPerCore === undefined || podsPerCore === 0 || !family.podsPerCoreSupported) return count;
  return Math.min(podsPerCore * facts.vcpuCount, count);
}

/** The device plugin's resource for each maker's GPUs. */
const GPU_RESOURCES: Readonly<Record<string, string>> = {
  NVIDIA: 'nvidia.com/gpu',
  AMD: 'amd.com/gpu',
  Habana: 'habana.ai/gaudi',
};

/** Devices and addresses by their Kubernetes names; what the node has none of is left out. */
function extendedResources(facts: Ec2InstanceFacts, compiled: CompiledNodeClass): Record<string, number> {
  const extended: Record<string, number> = {};
  if (facts.gpus.length > 0) {
    for (const gpu of facts.gpus) add(extended, GPU_RESOURCES[gpu.manufacturer], gpu.count);
  }
  if (facts.neuronDevices.length > 0) {
    for (const device of facts.neuronDevices) add(extended, 'aws.amazon.com/neuron', device.count);
    const first = facts.neuronDevices[0]!;
    add(extended, 'aws.amazon.com/neuroncore', first.count * first.coreCountPerDevice);
  }
  // A node class that lists its interfaces decides the number itself; otherwise it is every one the type allows.
  const listsInterfaces = compiled.nodeClass.networkInterfaces.length > 0;
  add(extended, 'vpc.amazonaws.com/efa', listsInterfaces ? compiled.efaOnlyCount : (facts.efaInterfaceCount ?? 0));
  add(extended, 'vpc.amazonaws.com/pod-eni', facts.branchInterfaceCount ?? 0);
  if (compiled.family.windowsBuild !== undefined && facts.architectures[0] === 'amd64') {
    add(extended, 'vpc.amazonaws.com/PrivateIPv4Address', (facts.vpcControllerIpv4PerInterface ?? 1) - 1);
  }
  return extended;
}

function add(extended: Record<string, number>, name: string | undefined, count: number): void {
  if (name !== undefined && count > 0) extended[name] = (extended[name] ?? 0) + count;
}

/** Everything a node of the type reports. */
export function capacityOf(facts: Ec2InstanceFacts, compiled: CompiledNodeClass): ResourceAmounts {
  return {
    cpuMilli: facts.vcpuCount * 1000,
    memoryBytes: memoryCapacityBytes(facts, compiled.nodeClass.vmMemoryOverheadRatio),
    ephemeralStorageBytes: ephemeralStorageBytes(facts, compiled),
    pods: podCapacity(facts, compiled),
    extended: extendedResources(facts, compiled),
  };
}
