// EC2NodeClasses (karpenter.k8s.aws/v1): what a manifest leaves out, filled in; and the part that decides what a node
// can hold and where it can be, as the contract's NodeClass. Selectors are not resolved here: subnets come from the
// status, where a controller has written it.
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
} from '../../proto/index.ts';
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
  requiredMapping,
  requiredText,
  show,
  text,
} from './fields.ts';
import { requiredAmount, roundAmount } from './quantity.ts';
import { requestedResources } from './resources.ts';

const SPEC = pathOf('spec') as FieldPath;

const FAMILY_NAMES = ['AL2023', 'AL2', 'Bottlerocket', 'Windows2019', 'Windows2022', 'Windows2025', 'Custom'] as const;
type FamilyName = (typeof FAMILY_NAMES)[number];

const FAMILIES: Readonly<Record<FamilyName, AmiFamily>> = {
  AL2023: AmiFamily.AL2023,
  AL2: AmiFamily.AL2,
  Bottlerocket: AmiFamily.BOTTLEROCKET,
  Windows2019: AmiFamily.WINDOWS_2019,
  Windows2022: AmiFamily.WINDOWS_2022,
  Windows2025: AmiFamily.WINDOWS_2025,
  Custom: AmiFamily.CUSTOM,
};

/** An EC2NodeClass's spec with the image family and image selection decided. */
export interface EffectiveNodeClassSpec extends KubernetesObject {
  readonly amiFamily: FamilyName;
  readonly amiSelectorTerms: readonly unknown[];
}

/**
 * Fills in what the manifest of an EC2NodeClass leaves out: an image family alone means the newest image of its alias,
 * an alias alone means its family, neither means Amazon Linux 2023; metadata options as Karpenter 1.14 has them.
 * Pure; what was written is never changed.
 */
export function effectiveNodeClassSpec(nodeClass: KubernetesObject): EffectiveNodeClassSpec {
  const spec = mapping(nodeClass.spec, SPEC) ?? {};
  const familyPath = at(SPEC, 'amiFamily');
  const termsPath = at(SPEC, 'amiSelectorTerms');
  const written = choice(spec.amiFamily, familyPath, FAMILY_NAMES);
  const terms = list(spec.amiSelectorTerms, termsPath);
  const aliased = aliasFamily(terms, termsPath);
  if (terms.length > 0 && aliased === undefined && written === undefined) {
    throw new InputError(
      familyPath,
      `is missing: amiSelectorTerms name no alias, so write one of ${FAMILY_NAMES.join(', ')}`,
    );
  }
  if (written === 'Custom' && terms.length === 0) {
    throw new InputError(termsPath, 'is missing: amiFamily Custom has no image of its own, so select one');
  }
  if (written !== undefined && aliased !== undefined && written !== aliased && written !== 'Custom') {
    throw new InputError(
      familyPath,
      `is ${written}, but amiSelectorTerms name an alias of ${aliased}: make them agree`,
    );
  }
  const amiFamily = written ?? aliased ?? 'AL2023';
  return {
    ...spec,
    amiFamily,
    amiSelectorTerms: terms.length > 0 ? terms : [{ alias: `${amiFamily.toLowerCase()}@latest` }],
    metadataOptions: {
      httpEndpoint: 'enabled',
      httpProtocolIPv6: 'disabled',
      httpPutResponseHopLimit: 1,
      httpTokens: 'required',
      ...mapping(spec.metadataOptions, at(SPEC, 'metadataOptions')),
    },
  };
}

/** The family that an alias like al2023@v20250101 names. */
function aliasFamily(terms: readonly unknown[], path: FieldPath): FamilyName | undefined {
  for (const [index, entry] of terms.entries()) {
    const aliasPath = at(at(path, index), 'alias');
    const alias = text(requiredMapping(entry, at(path, index)).alias, aliasPath);
    if (alias === undefined || alias === '') continue;
    const [name = ''] = alias.split('@');
    const family = FAMILY_NAMES.find((candidate) => candidate !== 'Custom' && candidate.toLowerCase() === name);
    if (family === undefined || !alias.includes('@')) {
      throw new InputError(aliasPath, `${show(alias)} is not an alias: write family@version, like al2023@latest`);
    }
    return family;
  }
  return undefined;
}

/**
 * The contract's NodeClass. Its zones are those of the subnets in the status; without a status there are none, which
 * means every zone of the region.
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
  });
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
  });
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
