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
export function memoryCapacityBytes(facts: Ec2InstanceFacts, vmMemoryOverheadRatio: number): number {
  const statedMib = facts.architectures[0] === 'arm64' ? facts.memoryMib - GRAVITON_RESERVED_MIB : facts.memoryMib;
  const hypervisorMib = Math.ceil((statedMib * MIB * vmMemoryOverheadRatio) / 1024 / 1024);
  return (statedMib - hypervisorMib) * MIB;
}

/** Size in bytes of the storage that pods write to. */
export function ephemeralStorageBytes(facts: Ec2InstanceFacts, nodeClass: NodeClassFacts): number {
  if (nodeClass.instanceStorePolicy === 'RAID0' && facts.instanceStorage !== undefined) {
    return facts.instanceStorage.totalGb * GB;
  }
  const family = IMAGE_FAMILIES[nodeClass.amiFamily];
  return declaredVolume(nodeClass.blockDevices, family)?.volumeSizeBytes ?? family.defaultEphemeralStorageBytes;
}

/** The volume of the node class that holds the pods' files, if its size is known. */
function declaredVolume(devices: readonly BlockDeviceFacts[], family: ImageFamily): BlockDeviceFacts | undefined {
  const root = devices.find((device) => device.rootVolume);
  if (root?.volumeSizeBytes !== undefined) return root;
  // A custom image's layout is unknown: the last volume is taken as the one that holds the pods.
  if (family.ephemeralDeviceName === undefined) return devices.at(-1);
  return devices.find((device) => device.deviceName === family.ephemeralDeviceName);
}

/**
 * Pods that can have an address of their own: the VPC CNI uses the interfaces of the default card only, and each
 * interface keeps its first address. 0 where no interface is left.
 */
export function interfaceLimitedPodCount(
  facts: Ec2InstanceFacts,
  nodeClass: NodeClassFacts,
  reservedEniCount: number,
): number {
  const card = facts.networkCards[facts.defaultNetworkCardIndex];
  if (card === undefined) return 0;
  const efaOnlyCount = nodeClass.networkInterfaces.filter(
    (networkInterface) => networkInterface.networkCardIndex === 0 && networkInterface.kind === 'efa-only',
  ).length;
  const usableCount = card.interfaceCount - reservedEniCount - efaOnlyCount;
  if (usableCount <= 0) return 0;
  return usableCount * (facts.ipv4AddressesPerInterface - 1) + HOST_NETWORK_POD_COUNT;
}

/** Most pods of a node. */
export function podCapacity(facts: Ec2InstanceFacts, nodeClass: NodeClassFacts): number {
  const family = IMAGE_FAMILIES[nodeClass.amiFamily];
  const { maxPods, podsPerCore } = nodeClass.kubelet;
  let count = maxPods;
  if (count === undefined) {
    count = family.podsLimitedByInterfaces
      ? interfaceLimitedPodCount(facts, nodeClass, nodeClass.reservedEniCount)
      : DEFAULT_POD_COUNT;
  }
  if (podsPerCore === undefined || podsPerCore === 0 || !family.podsPerCoreSupported) return count;
  return Math.min(podsPerCore * facts.vcpuCount, count);
}

/** Devices and addresses by their Kubernetes names; what the node has none of is left out. */
export function extendedResources(facts: Ec2InstanceFacts, nodeClass: NodeClassFacts): Record<string, number> {
  const extended: Record<string, number> = {};
  const add = (name: string, count: number): void => {
    if (count > 0) extended[name] = (extended[name] ?? 0) + count;
  };
  for (const gpu of facts.gpus) {
    const name = GPU_RESOURCES[gpu.manufacturer];
    if (name !== undefined) add(name, gpu.count);
  }
  for (const device of facts.neuronDevices) add('aws.amazon.com/neuron', device.count);
  const firstNeuron = facts.neuronDevices[0];
  if (firstNeuron !== undefined) add('aws.amazon.com/neuroncore', firstNeuron.count * firstNeuron.coreCountPerDevice);
  add('vpc.amazonaws.com/efa', efaInterfaceCount(facts, nodeClass));
  add('vpc.amazonaws.com/pod-eni', facts.branchInterfaceCount ?? 0);
  if (IMAGE_FAMILIES[nodeClass.amiFamily].windowsBuild !== undefined && facts.architectures[0] === 'amd64') {
    add('vpc.amazonaws.com/PrivateIPv4Address', (facts.vpcControllerIpv4PerInterface ?? 1) - 1);
  }
  return extended;
}

/** The device plugin's resource for each maker's GPUs. */
const GPU_RESOURCES: Readonly<Record<string, string>> = {
  NVIDIA: 'nvidia.com/gpu',
  AMD: 'amd.com/gpu',
  Habana: 'habana.ai/gaudi',
};

/** A node class that lists its interfaces decides the number itself; otherwise every interface the type allows. */
function efaInterfaceCount(facts: Ec2InstanceFacts, nodeClass: NodeClassFacts): number {
  if (nodeClass.networkInterfaces.length === 0) return facts.efaInterfaceCount ?? 0;
  return nodeClass.networkInterfaces.filter((networkInterface) => networkInterface.kind === 'efa-only').length;
}

/** Everything a node of the type reports. */
export function capacityOf(facts: Ec2InstanceFacts, nodeClass: NodeClassFacts): ResourceAmounts {
  return {
    cpuMilli: facts.vcpuCount * 1000,
    memoryBytes: memoryCapacityBytes(facts, nodeClass.vmMemoryOverheadRatio),
    ephemeralStorageBytes: ephemeralStorageBytes(facts, nodeClass),
    pods: podCapacity(facts, nodeClass),
    extended: extendedResources(facts, nodeClass),
  };
}
