// The nouns of EC2 as the engine knows them: what EC2 says of an instance type, what a node class asks for, and what
// the two give together. Types only: the formulas are in derive.ts, the data in the server's catalogue, prices and
// zones with the offerings.

/** A processor architecture as Kubernetes names it. */
export type Architecture = 'amd64' | 'arm64';

/** How an instance may be bought. `capacity-block` is bought ahead and never offered to a plan by itself. */
export type UsageClass = 'on-demand' | 'spot' | 'capacity-block';

/** Whether the type has Elastic Network Adapters. */
export type EnaSupport = 'unsupported' | 'supported' | 'required';

/** How the instances of a placement group are placed. */
export type PlacementStrategy = 'cluster' | 'partition' | 'spread';

/** One network card of a type. */
export interface NetworkCardFacts {
  /** The card's index as EC2 counts it. */
  readonly index: number;
  /** How many network interfaces the card takes. */
  readonly interfaceCount: number;
}

/** One kind of GPU of a type. */
export interface GpuFacts {
  /** The product's name as EC2 writes it, e.g. `A100`. */
  readonly name: string;
  /** Its maker as EC2 writes it, e.g. `NVIDIA`. */
  readonly manufacturer: string;
  /** How many whole GPUs there are; 0 where a type has a share of one. */
  readonly count: number;
  /** Memory of one GPU in MiB. */
  readonly memoryMib: number;
}

/** One kind of inference accelerator of a type. */
export interface AcceleratorFacts {
  /** The product's name as EC2 writes it. */
  readonly name: string;
  /** Its maker as EC2 writes it. */
  readonly manufacturer: string;
  /** How many there are. */
  readonly count: number;
}

/** One kind of Neuron device (Inferentia, Trainium) of a type. */
export interface NeuronDeviceFacts {
  /** The product's name as EC2 writes it. */
  readonly name: string;
  /** How many devices there are. */
  readonly count: number;
  /** Neuron cores of one device. */
  readonly coreCountPerDevice: number;
}

/** Disks that come with the instance. */
export interface InstanceStorageFacts {
  /** All disks together, in GB of 10^9 bytes. */
  readonly totalGb: number;
  /** Whether the disks are NVMe. */
  readonly nvme: boolean;
}

/** How many EBS volumes can be attached to an instance. */
export interface EbsAttachmentLimitFacts {
  /** Attachments in all, the root volume included; slots that NVMe disks and accelerators take are off it already. */
  readonly attachmentCount: number;
  /** `shared`: network interfaces use the same slots. `dedicated`: the slots are for EBS alone. */
  readonly kind: 'shared' | 'dedicated';
}

/**
 * What EC2 says of one instance type, as far as labels, allocatable resources, compatibility and attachments need it.
 * What EC2 does not say is absent (or undefined, so that every object can have one shape), never 0.
 */
export interface Ec2InstanceFacts {
  /** The type's name, e.g. `m5.large`. */
  readonly name: string;
  /** Architectures that Kubernetes knows, in EC2's order; the first one is the node's. Never empty. */
  readonly architectures: readonly Architecture[];
  /** Virtual CPUs with the default options. */
  readonly vcpuCount: number;
  /** Memory in MiB. */
  readonly memoryMib: number;
  /** The processor's maker as EC2 writes it, e.g. `Intel`. */
  readonly cpuManufacturer?: string | undefined;
  /** Sustained clock in MHz. */
  readonly sustainedClockMhz?: number | undefined;
  /** Whether there is no hypervisor under the operating system. */
  readonly bareMetal: boolean;
  /** The hypervisor, e.g. `nitro`; absent on bare metal. */
  readonly hypervisor?: string | undefined;
  /** How it may be bought. */
  readonly usageClasses: readonly UsageClass[];
  /** Placement strategies it supports. */
  readonly placementStrategies: readonly PlacementStrategy[];
  /** Whether hypervisors can run inside it. */
  readonly nestedVirtualization: boolean;
  /** Whether traffic between instances is encrypted by the hardware. */
  readonly encryptionInTransit: boolean;
  /** Whether it has Elastic Network Adapters. */
  readonly enaSupport: EnaSupport;
  /** Network cards in EC2's order. Never empty. */
  readonly networkCards: readonly NetworkCardFacts[];
  /** Position in `networkCards` of the card that the VPC CNI uses. */
  readonly defaultNetworkCardIndex: number;
  /** IPv4 addresses of one network interface, its primary one included. */
  readonly ipv4AddressesPerInterface: number;
  /** Most Elastic Fabric Adapter interfaces; absent where there are none. */
  readonly efaInterfaceCount?: number | undefined;
  /** Branch interfaces (security groups for pods); absent where trunking is not supported. */
  readonly branchInterfaceCount?: number | undefined;
  /** IPv4 addresses of one interface as the VPC resource controller's table has it (Windows pods); absent where the
   * table lacks the type. */
  readonly vpcControllerIpv4PerInterface?: number | undefined;
  /** Network bandwidth in Mbit/s that is always there. */
  readonly networkBandwidthMbps?: number | undefined;
  /** Most EBS bandwidth in Mbit/s; only where the type is EBS-optimised by default. */
  readonly ebsBandwidthMbps?: number | undefined;
  /** How many EBS volumes can be attached. */
  readonly ebsAttachmentLimit?: EbsAttachmentLimitFacts | undefined;
  /** Disks that come with it. */
  readonly instanceStorage?: InstanceStorageFacts | undefined;
  /** Kinds of GPU. */
  readonly gpus: readonly GpuFacts[];
  /** Kinds of inference accelerator. */
  readonly inferenceAccelerators: readonly AcceleratorFacts[];
  /** Kinds of Neuron device. */
  readonly neuronDevices: readonly NeuronDeviceFacts[];
  /** What Windows adds to the Linux price, in nano-dollars per hour, as a price list has it. */
  readonly windowsLicenceNanoUsdPerHour?: number | undefined;
}

/** The family of a node's image: it decides reserved resources and default volumes. */
export type AmiFamily = 'AL2' | 'AL2023' | 'Bottlerocket' | 'Windows2019' | 'Windows2022' | 'Windows2025' | 'Custom';

/** Resources that the kubelet sets aside. Absent means not set by the user. */
export interface ReservedResources {
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
  readonly ephemeralStorageBytes?: number;
}

/** When the kubelet evicts: at a fixed amount, or at a share of the capacity (100 switches the signal off). */
export type EvictionThreshold =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'percent'; readonly percent: number };

/** The kubelet's settings that change what a node can hold. Soft eviction does not and is left out. */
export interface KubeletFacts {
  /** Most pods of a node, whatever its interfaces allow. */
  readonly maxPods?: number;
  /** Most pods per vCPU; 0 and absent mean no such cap. */
  readonly podsPerCore?: number;
  /** Set aside for the operating system. */
  readonly systemReserved: ReservedResources;
  /** Set aside for Kubernetes; what is absent is computed from the type. */
  readonly kubeReserved: ReservedResources;
  /** Hard threshold of `memory.available`. */
  readonly evictionHardMemory?: EvictionThreshold;
  /** Hard threshold of `nodefs.available`. */
  readonly evictionHardNodefs?: EvictionThreshold;
}

/** A type of EBS volume. */
export type VolumeType = 'gp3' | 'gp2' | 'io1' | 'io2' | 'st1' | 'sc1' | 'standard';

/** One volume that the node class attaches. */
export interface BlockDeviceFacts {
  /** The device's name, e.g. `/dev/xvda`. */
  readonly deviceName: string;
  /** Whether it is marked as the root volume. */
  readonly rootVolume: boolean;
  /** Its size in bytes; absent where it comes from a snapshot. */
  readonly volumeSizeBytes?: number;
  /** Absent where nobody states it. */
  readonly volumeType?: VolumeType;
  /** Operations a second; absent means what comes with the type. */
  readonly iops?: number;
  /** MiB a second; absent means what comes with the type. */
  readonly throughputMibps?: number;
}

/** One network interface that the node class asks for. */
export interface NetworkInterfaceFacts {
  readonly networkCardIndex: number;
  readonly deviceIndex: number;
  readonly kind: 'interface' | 'efa-only';
}

/** A zone in which the node class has subnets. */
export interface NodeClassZoneFacts {
  /** The zone's name, e.g. `us-east-1a`. */
  readonly name: string;
  /** The zone's id, e.g. `use1-az1`, which means the same place in every account. */
  readonly zoneId?: string;
  /** Free addresses of the zone's subnets together; absent where nobody said. */
  readonly freeAddressCount?: number;
}

/** The part of an EC2NodeClass, and of the controller's settings, that decides what a node of it can hold and where. */
export interface NodeClassFacts {
  readonly amiFamily: AmiFamily;
  readonly kubelet: KubeletFacts;
  /** Volumes in the order written; empty means the image family's own. */
  readonly blockDevices: readonly BlockDeviceFacts[];
  /** `RAID0`: all instance storage becomes the node's ephemeral storage. */
  readonly instanceStorePolicy?: 'RAID0';
  /** Network interfaces in the order written; empty means EC2's default. */
  readonly networkInterfaces: readonly NetworkInterfaceFacts[];
  /** Whether connection-tracking timeouts are set, which only Nitro types take. */
  readonly connectionTracking: boolean;
  /** Whether nested virtualisation is switched on. */
  readonly nestedVirtualization: boolean;
  /** Strategy of the placement group, where one is set. */
  readonly placementStrategy?: PlacementStrategy;
  /** Zones with subnets; absent means every zone of the catalogue. */
  readonly zones?: readonly NodeClassZoneFacts[];
  /** Capacity reservations that it selects; absent means every one of the catalogue. */
  readonly reservationIds?: readonly string[];
  /** Network interfaces kept from pods (setting RESERVED_ENIS). */
  readonly reservedEniCount: number;
  /** Share of the memory that the hypervisor takes, 0.075 by default (setting VM_MEMORY_OVERHEAD_PERCENT). */
  readonly vmMemoryOverheadRatio: number;
  /** Memory in bytes that nodes were seen to have, by type: it takes the place of that estimate. */
  readonly observedMemoryBytes?: Readonly<Record<string, number>>;
  /** What a node costs besides instance and volumes, in nano US dollars per hour; absent means nothing. */
  readonly extraCostNanoUsdPerHour?: number;
}

/** Amounts of resources, all integers. */
export interface ResourceAmounts {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
  readonly pods: number;
  /** Every other resource by its Kubernetes name, in its base unit; never 0. */
  readonly extended: Readonly<Record<string, number>>;
}

/** Why a node class cannot be launched on a type. */
export type Incompatibility =
  | 'image-family-does-not-support-type'
  | 'network-interfaces-do-not-fit'
  | 'nested-virtualization-not-supported'
  | 'placement-strategy-not-supported'
  | 'connection-tracking-needs-nitro';

/** What a type is as a node of a node class. Zone, capacity type and reservations belong to its offerings. */
export interface DerivedInstanceType {
  readonly name: string;
  /** Labels and the values each can take; a label that is missing does not exist on the node. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** What the node reports. */
  readonly capacity: ResourceAmounts;
  /** What the kubelet and the system keep of it; pods is 0. May exceed the capacity of a very small type. */
  readonly overhead: ResourceAmounts;
  /** EBS volumes of pods that can be attached. */
  readonly ebsVolumeCount: number;
  /** Absent where the node class can be launched on the type. */
  readonly incompatibility?: Incompatibility | undefined;
  /** What the operating system's licence adds to the Linux price, in nano-dollars per hour. Absent on Linux. */
  readonly licenceNanoUsdPerHour?: number | undefined;
  /** Whether no price list told that. Absent on Linux. */
  readonly licenceIsEstimate?: boolean | undefined;
}
