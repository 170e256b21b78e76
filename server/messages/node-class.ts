// A node class: from the contract's message to the facts that engine/ec2 derives from.
import type { AmiFamily, EvictionThreshold, NodeClassFacts, VolumeType } from '../../engine/index.ts';
import { DEFAULT_NODE_CLASS_FACTS } from '../../engine/index.ts';
import {
  AmiFamily as AmiFamilyMessage,
  type BlockDevice,
  type EvictionThreshold as EvictionThresholdMessage,
  type NodeClass,
  PlacementStrategy,
  type Resources,
  VolumeType as VolumeTypeMessage,
} from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';

const AMI_FAMILIES: Readonly<Record<number, AmiFamily>> = {
  [AmiFamilyMessage.UNSPECIFIED]: 'AL2023',
  [AmiFamilyMessage.AL2023]: 'AL2023',
  [AmiFamilyMessage.AL2]: 'AL2',
  [AmiFamilyMessage.BOTTLEROCKET]: 'Bottlerocket',
  [AmiFamilyMessage.WINDOWS_2019]: 'Windows2019',
  [AmiFamilyMessage.WINDOWS_2022]: 'Windows2022',
  [AmiFamilyMessage.WINDOWS_2025]: 'Windows2025',
  [AmiFamilyMessage.CUSTOM]: 'Custom',
};

const PLACEMENT_STRATEGIES: Readonly<Record<number, NonNullable<NodeClassFacts['placementStrategy']>>> = {
  [PlacementStrategy.CLUSTER]: 'cluster',
  [PlacementStrategy.PARTITION]: 'partition',
  [PlacementStrategy.SPREAD]: 'spread',
};

/** What the engine derives a node from. `path` is the node class's place in the request. */
export function toNodeClassFacts(nodeClass: NodeClass, path: string): NodeClassFacts {
  const { kubelet } = nodeClass;
  const memory = toThreshold(kubelet?.evictionHardMemory);
  const nodefs = toThreshold(kubelet?.evictionHardNodefs);
  const placementStrategy = PLACEMENT_STRATEGIES[nodeClass.placementStrategy];
  return {
    amiFamily: AMI_FAMILIES[nodeClass.amiFamily] ?? DEFAULT_NODE_CLASS_FACTS.amiFamily,
    kubelet: {
      ...(kubelet?.maxPods === undefined ? {} : { maxPods: kubelet.maxPods }),
      ...(kubelet === undefined || kubelet.podsPerCore === 0 ? {} : { podsPerCore: kubelet.podsPerCore }),
      systemReserved: toReserved(kubelet?.systemReserved, `${path}.kubelet.system_reserved`),
      kubeReserved: toReserved(kubelet?.kubeReserved, `${path}.kubelet.kube_reserved`),
      ...(memory === undefined ? {} : { evictionHardMemory: memory }),
      ...(nodefs === undefined ? {} : { evictionHardNodefs: nodefs }),
    },
    blockDevices: nodeClass.blockDevices.map((device) => ({
      deviceName: device.deviceName,
      rootVolume: device.rootVolume,
      ...(device.volumeSizeBytes === undefined ? {} : { volumeSizeBytes: Number(device.volumeSizeBytes) }),
      ...toVolumeFacts(device),
    })),
    ...(nodeClass.instanceStoreRaid0 ? { instanceStorePolicy: 'RAID0' } : {}),
    networkInterfaces: nodeClass.networkInterfaces.map((card) => ({
      networkCardIndex: card.networkCardIndex,
      deviceIndex: card.deviceIndex,
      kind: card.efaOnly ? 'efa-only' : 'interface',
    })),
    connectionTracking: nodeClass.connectionTracking,
    nestedVirtualization: nodeClass.nestedVirtualization,
    ...(placementStrategy === undefined ? {} : { placementStrategy }),
    ...(nodeClass.zones.length === 0
      ? {}
      : {
          zones: nodeClass.zones.map((zone) => ({
            name: zone.name,
            ...(zone.zoneId === '' ? {} : { zoneId: zone.zoneId }),
            ...(zone.freeAddressCount === undefined ? {} : { freeAddressCount: Number(zone.freeAddressCount) }),
          })),
        }),
    // In order: what is equal has to read equal, whoever lists it.
    ...(nodeClass.reservations === undefined ? {} : { reservationIds: nodeClass.reservations.ids.toSorted() }),
    reservedEniCount: nodeClass.reservedEniCount,
    vmMemoryOverheadRatio: nodeClass.vmMemoryOverheadRatio ?? DEFAULT_NODE_CLASS_FACTS.vmMemoryOverheadRatio,
    ...toObservedMemory(nodeClass, path),
    ...(nodeClass.extraCostNanoUsdPerHour === 0n
      ? {}
      : { extraCostNanoUsdPerHour: Number(nodeClass.extraCostNanoUsdPerHour) }),
  };
}

/** In the order of the names: what is equal has to read equal, whoever lists it. */
function toObservedMemory(
  { observedMemory }: NodeClass,
  path: string,
): Pick<NodeClassFacts, 'observedMemoryBytes'> | undefined {
  if (observedMemory.length === 0) return undefined;
  const bytes = new Map<string, number>();
  for (const [index, { instanceType, memoryBytes }] of observedMemory.entries()) {
    if (bytes.has(instanceType)) {
      throw invalidArgument(`${path}.observed_memory[${index}]`, `names ${instanceType} again; send each type once`);
    }
    bytes.set(instanceType, Number(memoryBytes));
  }
  const inOrder = [...bytes].sort(([left], [right]) => (left < right ? -1 : 1));
  return { observedMemoryBytes: Object.fromEntries(inOrder) };
}

const VOLUME_TYPES: Readonly<Record<number, VolumeType>> = {
  [VolumeTypeMessage.GP3]: 'gp3',
  [VolumeTypeMessage.GP2]: 'gp2',
  [VolumeTypeMessage.IO1]: 'io1',
  [VolumeTypeMessage.IO2]: 'io2',
  [VolumeTypeMessage.ST1]: 'st1',
  [VolumeTypeMessage.SC1]: 'sc1',
  [VolumeTypeMessage.STANDARD]: 'standard',
};

/** What decides a volume's price beside its size. */
function toVolumeFacts({ volumeType, iops, throughputMibps }: BlockDevice) {
  const known = VOLUME_TYPES[volumeType];
  return {
    ...(known === undefined ? {} : { volumeType: known }),
    ...(iops === 0 ? {} : { iops }),
    ...(throughputMibps === 0 ? {} : { throughputMibps }),
  };
}

function toReserved(resources: Resources | undefined, path: string): NodeClassFacts['kubelet']['systemReserved'] {
  if (resources === undefined) return {};
  if (resources.pods !== undefined || Object.keys(resources.extended).length > 0) {
    throw invalidArgument(path, 'the kubelet reserves cpu, memory and ephemeral storage only; leave the rest out');
  }
  return {
    ...(resources.cpuMilli === undefined ? {} : { cpuMilli: Number(resources.cpuMilli) }),
    ...(resources.memoryBytes === undefined ? {} : { memoryBytes: Number(resources.memoryBytes) }),
    ...(resources.ephemeralStorageBytes === undefined
      ? {}
      : { ephemeralStorageBytes: Number(resources.ephemeralStorageBytes) }),
  };
}

function toThreshold(message: EvictionThresholdMessage | undefined): EvictionThreshold | undefined {
  switch (message?.threshold.case) {
    case 'bytes':
      return { kind: 'bytes', bytes: Number(message.threshold.value) };
    case 'percent':
      return { kind: 'percent', percent: message.threshold.value };
    default:
      return undefined;
  }
}
