// What a cloud says of its instance types. The fields, their units and what they mean are those of Ec2InstanceFacts in the
// planning service's contract; what the cloud does not say is absent.

/** One instance type. */
export interface CloudInstanceType {
  readonly name: string;
  /** By Kubernetes' names; the first one is the node's. Never empty. */
  readonly architectures: readonly string[];
  readonly vcpuCount: number;
  readonly memoryMib: number;
  readonly cpuManufacturer?: string;
  readonly sustainedClockMhz?: number;
  readonly bareMetal: boolean;
  readonly hypervisor?: string;
  readonly usageClasses: readonly string[];
  readonly placementStrategies: readonly string[];
  readonly nestedVirtualization: boolean;
  readonly encryptionInTransit: boolean;
  readonly enaSupport?: string;
  /** Never empty. */
  readonly networkCards: readonly { readonly index: number; readonly interfaceCount: number }[];
  /** A position in `networkCards`. */
  readonly defaultNetworkCardIndex: number;
  readonly ipv4AddressesPerInterface: number;
  readonly efaInterfaceCount?: number;
  readonly ebsBandwidthMbps?: number;
  readonly ebsAttachmentLimit?: { readonly attachmentCount: number; readonly shared: boolean };
  readonly instanceStorage?: { readonly totalGb: number; readonly nvme: boolean };
  readonly gpus: readonly (DeviceFacts & { readonly memoryMib: number })[];
  readonly inferenceAccelerators: readonly DeviceFacts[];
  readonly neuronDevices: readonly {
    readonly name: string;
    readonly count: number;
    readonly coreCountPerDevice: number;
  }[];
  /** What Windows adds to the price of Linux. */
  readonly windowsLicenceNanoUsdPerHour?: number;
}

/** Devices of one kind. */
export interface DeviceFacts {
  readonly name: string;
  readonly manufacturer: string;
  readonly count: number;
}
