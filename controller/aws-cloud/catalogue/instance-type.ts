// From EC2's description of an instance type to the facts of the port. Pure. What EC2 says in words that nobody here knows is
// left out, so that a new word of EC2's does not cost the whole list.
import type { InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { CloudInstanceType } from '../../ports/index.ts';

/** EC2's architectures that Kubernetes nodes have. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', arm64: 'arm64' };

const USAGE_CLASSES = ['on-demand', 'spot', 'capacity-block'];
const PLACEMENT_STRATEGIES = ['cluster', 'partition', 'spread'];
const ENA_SUPPORT = ['unsupported', 'supported', 'required'];

/** The facts; undefined for types that no Kubernetes node runs on, and where EC2 does not say enough. */
export function instanceTypeFacts(info: InstanceTypeInfo): CloudInstanceType | undefined {
  const { InstanceType: name = '', ProcessorInfo: processor, NetworkInfo: network } = info;
  const architectures = processor?.SupportedArchitectures?.flatMap((one) => ARCHITECTURES[one] ?? []) ?? [];
  const vcpuCount = info.VCpuInfo?.DefaultVCpus ?? 0;
  const memoryMib = info.MemoryInfo?.SizeInMiB ?? 0;
  const networkCards = (network?.NetworkCards ?? []).map((card) => ({
    index: card.NetworkCardIndex ?? 0,
    interfaceCount: card.MaximumNetworkInterfaces ?? 0,
  }));
  const defaultNetworkCardIndex = network?.DefaultNetworkCardIndex ?? 0;
  const isNode = info.SupportedVirtualizationTypes?.includes('hvm') === true && architectures.length > 0;
  const isDescribed = vcpuCount > 0 && memoryMib > 0 && defaultNetworkCardIndex < networkCards.length;
  if (name === '' || !isNode || !isDescribed) return undefined;
  const clockGhz = processor?.SustainedClockSpeedInGhz;
  return {
    name,
    architectures,
    vcpuCount,
    memoryMib,
    ...present('cpuManufacturer', processor?.Manufacturer),
    ...present('sustainedClockMhz', clockGhz === undefined ? undefined : Math.round(clockGhz * 1_000)),
    bareMetal: info.BareMetal ?? false,
    ...present('hypervisor', info.Hypervisor),
    usageClasses: known(info.SupportedUsageClasses, USAGE_CLASSES),
    placementStrategies: known(info.PlacementGroupInfo?.SupportedStrategies, PLACEMENT_STRATEGIES),
    nestedVirtualization:
      (processor?.SupportedFeatures as readonly string[] | undefined)?.includes('nested-virtualization') ?? false,
    encryptionInTransit: network?.EncryptionInTransitSupported ?? false,
    ...present('enaSupport', known(network?.EnaSupport === undefined ? [] : [network.EnaSupport], ENA_SUPPORT)[0]),
    networkCards,
    defaultNetworkCardIndex,
    ipv4AddressesPerInterface: network?.Ipv4AddressesPerInterface ?? 0,
    ...present('efaInterfaceCount', network?.EfaInfo?.MaximumEfaInterfaces),
    ...storageFacts(info),
    ...deviceFacts(info),
  };
}

function storageFacts({ EbsInfo: ebs, InstanceStorageInfo: disks }: InstanceTypeInfo) {
  const attachmentCount = ebs?.MaximumEbsAttachments;
  return {
    // A type that must be asked for EBS optimisation has no bandwidth of its own.
    ...present(
      'ebsBandwidthMbps',
      ebs?.EbsOptimizedSupport === 'default' ? ebs.EbsOptimizedInfo?.MaximumBandwidthInMbps : undefined,
    ),
    ...present(
      'ebsAttachmentLimit',
      attachmentCount === undefined ? undefined : { attachmentCount, shared: ebs?.AttachmentLimitType !== 'dedicated' },
    ),
    ...present(
      'instanceStorage',
      disks?.TotalSizeInGB === undefined
        ? undefined
        : { totalGb: disks.TotalSizeInGB, nvme: disks.NvmeSupport !== 'unsupported' },
    ),
  };
}

function deviceFacts({ GpuInfo, InferenceAcceleratorInfo, NeuronInfo }: InstanceTypeInfo) {
  return {
    gpus: (GpuInfo?.Gpus ?? []).map(({ Name = '', Manufacturer = '', Count = 0, MemoryInfo }) => ({
      name: Name,
      manufacturer: Manufacturer,
      count: Count,
      memoryMib: MemoryInfo?.SizeInMiB ?? 0,
    })),
    inferenceAccelerators: (InferenceAcceleratorInfo?.Accelerators ?? []).map(
      ({ Name = '', Manufacturer = '', Count = 0 }) => ({ name: Name, manufacturer: Manufacturer, count: Count }),
    ),
    neuronDevices: (NeuronInfo?.NeuronDevices ?? []).map(({ Name = '', Count = 0, CoreInfo }) => ({
      name: Name,
      count: Count,
      coreCountPerDevice: CoreInfo?.Count ?? 0,
    })),
  };
}

function known(values: readonly string[] | undefined, words: readonly string[]): string[] {
  return (values ?? []).filter((value) => words.includes(value));
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}
