// EC2NodeClasses (karpenter.k8s.aws/v1): the part that decides what a node can hold and where it can be, as the contract's
// NodeClass. What a manifest leaves out is filled in by controller/resources. Selectors are not resolved here: subnets come
// from the status, where a controller has written it.
import { create } from '@bufbuild/protobuf';
import {
  AmiFamily,
  type BlockDevice,
  BlockDeviceSchema,
  type EvictionThreshold,
  EvictionThresholdSchema,
  type Kubelet,
  KubeletSchema,
  type NetworkInterface,
  NetworkInterfaceSchema,
  type NodeClass,
  NodeClassSchema,
  type NodeClassZone,
  NodeClassZoneSchema,
  type SelectedReservations,
  SelectedReservationsSchema,
  VolumeType,
} from '../../proto/index.ts';
import {
  EC2_NODE_CLASS,
  type EffectiveNodeClassSpec,
  effectiveNodeClassSpec,
  specViolations,
} from '../resources/index.ts';
import {
  at,
  choice,
  type FieldPath,
  flag,
  InputError,
  integer,
  type KubernetesObject,
  list,
  mapping,
  nameOf,
  pathOf,
  refuseWrong,
  requiredMapping,
  requiredText,
  show,
  text,
} from './fields.ts';
import { requiredAmount, roundAmount } from './quantity.ts';
import { requestedResources } from './resources.ts';

const SPEC = pathOf('spec') as FieldPath;

const FAMILIES: Readonly<Record<EffectiveNodeClassSpec['amiFamily'], AmiFamily>> = {
  AL2023: AmiFamily.AL2023,
  AL2: AmiFamily.AL2,
  Bottlerocket: AmiFamily.BOTTLEROCKET,
  Windows2019: AmiFamily.WINDOWS_2019,
  Windows2022: AmiFamily.WINDOWS_2022,
  Windows2025: AmiFamily.WINDOWS_2025,
  Custom: AmiFamily.CUSTOM,
};

/**
 * What the API server demands and a plan can do without: stands in for what is not written, so that all that is written is
 * checked.
 */
const NOT_PLANNED_WITH = {
  subnetSelectorTerms: [{ id: 'subnet-0' }],
  securityGroupSelectorTerms: [{ id: 'sg-0' }],
};

/**
 * What an EC2NodeClass means, with all that its manifest leaves out.
 *
 * @throws InputError for what the API server would refuse, naming the field; selectors and the role may be missing
 */
export function nodeClassSpec(nodeClass: KubernetesObject): EffectiveNodeClassSpec {
  const written = mapping(nodeClass.spec, SPEC) ?? {};
  const role = (written.role ?? written.instanceProfile ?? undefined) === undefined ? { role: 'none' } : {};
  refuseWrong(specViolations(EC2_NODE_CLASS, { spec: { ...NOT_PLANNED_WITH, ...role, ...written } }));
  return effectiveNodeClassSpec(nodeClass);
}

/**
 * The contract's NodeClass. Its zones are those of the subnets in the status; without a status there are none, which
 * means every zone of the region. Its reservations are those in the status.
 */
export function nodeClassMessage(nodeClass: KubernetesObject, spec: EffectiveNodeClassSpec): NodeClass {
  const devicesPath = at(SPEC, 'blockDeviceMappings');
  const interfacesPath = at(SPEC, 'networkInterfaces');
  const storePolicy = choice(spec.instanceStorePolicy, at(SPEC, 'instanceStorePolicy'), ['RAID0']);
  const kubelet = mapping(spec.kubelet, at(SPEC, 'kubelet'));
  const cpuOptions = mapping(spec.cpuOptions, at(SPEC, 'cpuOptions'));
  return create(NodeClassSchema, {
    name: nameOf(nodeClass),
    amiFamily: FAMILIES[spec.amiFamily],
    ...(kubelet === undefined ? {} : { kubelet: kubeletMessage(kubelet, at(SPEC, 'kubelet')) }),
    blockDevices: list(spec.blockDeviceMappings, devicesPath).map((entry, index) =>
      blockDevice(entry, at(devicesPath, index)),
    ),
    instanceStoreRaid0: storePolicy === 'RAID0',
    networkInterfaces: list(spec.networkInterfaces, interfacesPath).map((entry, index) =>
      networkInterface(entry, at(interfacesPath, index)),
    ),
    connectionTracking: Object.keys(mapping(spec.connectionTracking, at(SPEC, 'connectionTracking')) ?? {}).length > 0,
    nestedVirtualization:
      choice(cpuOptions?.nestedVirtualization, at(at(SPEC, 'cpuOptions'), 'nestedVirtualization'), [
        'enabled',
        'disabled',
      ]) === 'enabled',
    zones: zonesOfStatus(nodeClass),
    ...reservationsOfStatus(nodeClass),
  });
}

/** Those that were found for the class; without a status nobody knows, and any will do. */
function reservationsOfStatus(nodeClass: KubernetesObject): { readonly reservations?: SelectedReservations } {
  const status = mapping(nodeClass.status, pathOf('status'));
  if (status === undefined) return {};
  const path = pathOf('status', 'capacityReservations') as FieldPath;
  const ids = list(status.capacityReservations, path).map((entry, index) => {
    const here = at(path, index);
    return requiredText(requiredMapping(entry, here).id, at(here, 'id'));
  });
  return { reservations: create(SelectedReservationsSchema, { ids: [...new Set(ids)] }) };
}

function zonesOfStatus(nodeClass: KubernetesObject): NodeClassZone[] {
  const path = pathOf('status', 'subnets') as FieldPath;
  const zones = new Map<string, NodeClassZone>();
  for (const [index, entry] of list(mapping(nodeClass.status, pathOf('status'))?.subnets, path).entries()) {
    const subnet = requiredMapping(entry, at(path, index));
    const name = requiredText(subnet.zone, at(at(path, index), 'zone'));
    const zoneId = text(subnet.zoneID, at(at(path, index), 'zoneID')) ?? '';
    zones.set(name, create(NodeClassZoneSchema, { name, zoneId }));
  }
  return [...zones.values()];
}

function blockDevice(value: unknown, path: FieldPath): BlockDevice {
  const device = requiredMapping(value, path);
  const ebs = mapping(device.ebs, at(path, 'ebs'));
  const sizePath = at(at(path, 'ebs'), 'volumeSize');
  const size = ebs?.volumeSize;
  return create(BlockDeviceSchema, {
    deviceName: text(device.deviceName, at(path, 'deviceName')) ?? '',
    rootVolume: flag(device.rootVolume, at(path, 'rootVolume')) ?? false,
    ...(size === undefined || size === null
      ? {}
      : { volumeSizeBytes: roundAmount(requiredAmount(size, sizePath), 'whole', 'down', sizePath) }),
    ...volumeKind(ebs, at(path, 'ebs')),
  });
}

const VOLUME_TYPES = {
  gp3: VolumeType.GP3,
  gp2: VolumeType.GP2,
  io1: VolumeType.IO1,
  io2: VolumeType.IO2,
  st1: VolumeType.ST1,
  sc1: VolumeType.SC1,
  standard: VolumeType.STANDARD,
} as const;

const MOST_PER_SECOND = 1_000_000;

/** What decides a volume's price beside its size. */
function volumeKind(ebs: KubernetesObject | undefined, path: FieldPath) {
  const names = Object.keys(VOLUME_TYPES) as (keyof typeof VOLUME_TYPES)[];
  const type = choice(ebs?.volumeType, at(path, 'volumeType'), names);
  return {
    ...(type === undefined ? {} : { volumeType: VOLUME_TYPES[type] }),
    iops: integer(ebs?.iops, at(path, 'iops'), 0, MOST_PER_SECOND) ?? 0,
    throughputMibps: integer(ebs?.throughput, at(path, 'throughput'), 0, MOST_PER_SECOND) ?? 0,
  };
}

const HIGHEST_INTERFACE_INDEX = 1000;

function networkInterface(value: unknown, path: FieldPath): NetworkInterface {
  const written = requiredMapping(value, path);
  const index = (key: string) => integer(written[key], at(path, key), 0, HIGHEST_INTERFACE_INDEX) ?? 0;
  return create(NetworkInterfaceSchema, {
    networkCardIndex: index('networkCardIndex'),
    deviceIndex: index('deviceIndex'),
    efaOnly: choice(written.interfaceType, at(path, 'interfaceType'), ['interface', 'efa-only']) === 'efa-only',
  });
}

const MOST_PODS = 100_000;

function kubeletMessage(kubelet: KubernetesObject, path: FieldPath): Kubelet {
  const maxPods = integer(kubelet.maxPods, at(path, 'maxPods'), 0, MOST_PODS);
  const podsPerCore = integer(kubelet.podsPerCore, at(path, 'podsPerCore'), 0, MOST_PODS);
  const systemReserved = mapping(kubelet.systemReserved, at(path, 'systemReserved'));
  const kubeReserved = mapping(kubelet.kubeReserved, at(path, 'kubeReserved'));
  const hardPath = at(path, 'evictionHard');
  const hard = mapping(kubelet.evictionHard, hardPath);
  const memory = evictionThreshold(hard?.['memory.available'], at(hardPath, 'memory.available'));
  const nodefs = evictionThreshold(hard?.['nodefs.available'], at(hardPath, 'nodefs.available'));
  return create(KubeletSchema, {
    ...(maxPods === undefined ? {} : { maxPods }),
    podsPerCore: podsPerCore ?? 0,
    ...(systemReserved === undefined
      ? {}
      : { systemReserved: requestedResources(onlyReservable(systemReserved), at(path, 'systemReserved')) }),
    ...(kubeReserved === undefined
      ? {}
      : { kubeReserved: requestedResources(onlyReservable(kubeReserved), at(path, 'kubeReserved')) }),
    ...(memory === undefined ? {} : { evictionHardMemory: memory }),
    ...(nodefs === undefined ? {} : { evictionHardNodefs: nodefs }),
  });
}

/** Process ids are reserved in numbers that no node offers and no pod asks for. */
function onlyReservable(reserved: KubernetesObject): KubernetesObject {
  return Object.fromEntries(Object.entries(reserved).filter(([name]) => name !== 'pid'));
}

const PERCENT = /^(\d{1,3}(?:\.\d+)?)%$/;

function evictionThreshold(value: unknown, path: FieldPath): EvictionThreshold | undefined {
  const written = typeof value === 'number' ? String(value) : text(value, path);
  if (written === undefined) return undefined;
  const percent = PERCENT.exec(written);
  if (percent === null) {
    if (written.endsWith('%')) throw new InputError(path, `${show(written)} is not a share: write 0% to 100%`);
    const bytes = roundAmount(requiredAmount(written, path), 'whole', 'up', path);
    return create(EvictionThresholdSchema, { threshold: { case: 'bytes', value: bytes } });
  }
  const share = Number(percent[1]);
  if (share > 100) throw new InputError(path, `${show(written)} is not a share: write 0% to 100%`);
  return create(EvictionThresholdSchema, { threshold: { case: 'percent', value: share } });
}
