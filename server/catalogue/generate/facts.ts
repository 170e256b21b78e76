// From EC2's own description of a type to the engine's facts. Which types are left out, and why, is decided here too.

import type {
  Architecture,
  Ec2InstanceFacts,
  EnaSupport,
  PlacementStrategy,
  UsageClass,
} from '../../../engine/index.ts';
import type { KarpenterFacts, RawType } from './sources.ts';

/** EC2's architectures that Kubernetes nodes have. */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = { x86_64: 'amd64', arm64: 'arm64' };

/** Whether a Kubernetes node can run on the type: hardware virtualisation and an architecture that Kubernetes has. */
export function canBeNode(raw: RawType): boolean {
  return (
    raw.SupportedVirtualizationTypes.includes('hvm') &&
    raw.ProcessorInfo.SupportedArchitectures.some((name) => ARCHITECTURES[name] !== undefined)
  );
}

/** Facts of one type. Throws where the sources say something that the engine has no word for. */
export function factsOf(raw: RawType, karpenter: KarpenterFacts): Ec2InstanceFacts {
  const { ProcessorInfo: processor, NetworkInfo: network, EbsInfo: ebs, InstanceStorageInfo: storage } = raw;
  const limits = karpenter.vpcLimits[raw.InstanceType];
  const clockGhz = processor.SustainedClockSpeedInGhz;
  return {
    name: raw.InstanceType,
    architectures: processor.SupportedArchitectures.flatMap((name) => ARCHITECTURES[name] ?? []),
    vcpuCount: raw.VCpuInfo.DefaultVCpus,
    memoryMib: raw.MemoryInfo.SizeInMiB,
    ...present('cpuManufacturer', processor.Manufacturer),
    ...present('sustainedClockMhz', clockGhz === undefined ? undefined : Math.round(clockGhz * 1000)),
    bareMetal: raw.BareMetal,
    ...present('hypervisor', raw.Hypervisor),
    usageClasses: oneOf<UsageClass>(raw.SupportedUsageClasses, ['on-demand', 'spot', 'capacity-block']),
    placementStrategies: oneOf<PlacementStrategy>(raw.PlacementGroupInfo.SupportedStrategies, [
      'cluster',
      'partition',
      'spread',
    ]),
    nestedVirtualization: processor.SupportedFeatures?.includes('nested-virtualization') ?? false,
    encryptionInTransit: network.EncryptionInTransitSupported,
    enaSupport: oneOf<EnaSupport>([network.EnaSupport], ['unsupported', 'supported', 'required'])[0]!,
    networkCards: network.NetworkCards.map((card) => ({
      index: card.NetworkCardIndex,
      interfaceCount: card.MaximumNetworkInterfaces,
    })),
    defaultNetworkCardIndex: network.DefaultNetworkCardIndex,
    ipv4AddressesPerInterface: network.Ipv4AddressesPerInterface,
    ...present('efaInterfaceCount', network.EfaInfo?.MaximumEfaInterfaces),
    ...present('branchInterfaceCount', limits?.branchInterfaceCount || undefined),
    ...present('vpcControllerIpv4PerInterface', limits?.ipv4PerInterface),
    ...present('networkBandwidthMbps', karpenter.bandwidthMbps[raw.InstanceType]),
    // A type that must be asked for EBS optimisation has no bandwidth of its own.
    ...present(
      'ebsBandwidthMbps',
      ebs.EbsOptimizedSupport === 'default' ? ebs.EbsOptimizedInfo?.MaximumBandwidthInMbps : undefined,
    ),
    ebsAttachmentLimit: {
      attachmentCount: ebs.MaximumEbsAttachments,
      kind: oneOf<'shared' | 'dedicated'>([ebs.AttachmentLimitType], ['shared', 'dedicated'])[0]!,
    },
    ...present(
      'instanceStorage',
      storage?.TotalSizeInGB === undefined
        ? undefined
        : { totalGb: storage.TotalSizeInGB, nvme: storage.NvmeSupport !== 'unsupported' },
    ),
    gpus: (raw.GpuInfo?.Gpus ?? []).map((gpu) => ({
      name: gpu.Name,
      manufacturer: gpu.Manufacturer,
      count: gpu.Count,
      memoryMib: gpu.MemoryInfo.SizeInMiB,
    })),
    inferenceAccelerators: (raw.InferenceAcceleratorInfo?.Accelerators ?? []).map((accelerator) => ({
      name: accelerator.Name,
      manufacturer: accelerator.Manufacturer,
      count: accelerator.Count,
    })),
    neuronDevices: (raw.NeuronInfo?.NeuronDevices ?? []).map((device) => ({
      name: device.Name,
      count: device.Count,
      coreCountPerDevice: device.CoreInfo.Count,
    })),
  };
}

function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

function oneOf<T extends string>(values: readonly string[], known: readonly T[]): T[] {
  return values.map((value) => {
    const match = known.find((candidate) => candidate === value);
    if (match === undefined) throw new Error(`read type: unknown value (value=${value}, known=${known.join(' ')})`);
    return match;
  });
}
