// What a launch template says: everything about an instance but its type, subnet and number. Pure. Its name is a hash of its
// content, so that equal content is one template and a changed one is another.
import { createHash } from 'node:crypto';
import type {
  LaunchTemplateBlockDeviceMappingRequest,
  LaunchTemplateInstanceNetworkInterfaceSpecificationRequest,
  RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import { parseQuantity } from '../../kubernetes/index.ts';
import type { CapacityTypeName } from '../../ports/index.ts';
import type { EffectiveNodeClassSpec } from '../../resources/index.ts';
import { tagList } from '../tags.ts';

/** A launch template that may have to be made. */
export interface TemplateContent {
  readonly name: string;
  readonly data: RequestLaunchTemplateData;
  readonly tags: Readonly<Record<string, string>>;
}

/** What it is made from. */
export interface TemplateInput {
  readonly spec: EffectiveNodeClassSpec;
  readonly region: string;
  readonly imageId: string;
  readonly instanceProfile: string;
  readonly securityGroupIds: readonly string[];
  readonly userData: string;
  readonly capacityType: CapacityTypeName;
  readonly reservation?: { readonly id: string; readonly isBlock: boolean; readonly isInterruptible: boolean };
  readonly tenancy: 'default' | 'dedicated';
  /** Interfaces for EFA; 0 for an instance without. */
  readonly efaCount: number;
  /** Room for enclaves. */
  readonly hasEnclaves: boolean;
  readonly isIpv6: boolean;
  /** Partition of the placement group, from 1. */
  readonly partition?: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Karpenter's prefix: policies may name it. */
const NAME_PREFIX = 'karpenter.k8s.aws/';
const HASH_LENGTH = 32;

/** The template for an input. */
export function templateContent(input: TemplateInput): TemplateContent {
  const data = templateData(input);
  const text = JSON.stringify([data, tagList(input.tags)]);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
  return { name: `${NAME_PREFIX}${hash}`, data, tags: input.tags };
}

function templateData(input: TemplateInput): RequestLaunchTemplateData {
  const { spec, capacityType, tags, tenancy, partition } = input;
  const { id, name } = spec.placementGroupSelector ?? {};
  const { nestedVirtualization } = spec.cpuOptions ?? {};
  const resourceTypes = ['network-interface', ...(capacityType === 'spot' ? ['spot-instances-request'] : [])] as const;
  return {
    ImageId: input.imageId,
    IamInstanceProfile: { Name: input.instanceProfile },
    UserData: Buffer.from(input.userData).toString('base64'),
    ...blockDevices(spec),
    ...(nestedVirtualization === undefined ? {} : { CpuOptions: { NestedVirtualization: nestedVirtualization } }),
    Monitoring: { Enabled: spec.detailedMonitoring ?? false },
    MetadataOptions: metadataOptions(input),
    NetworkInterfaces: networkInterfaces(input),
    Placement: {
      Tenancy: tenancy,
      ...(id === undefined ? {} : { GroupId: id }),
      ...(name === undefined ? {} : { GroupName: name }),
      ...(partition === undefined ? {} : { PartitionNumber: partition }),
    },
    EnclaveOptions: { Enabled: input.hasEnclaves },
    TagSpecifications: resourceTypes.map((ResourceType) => ({
      ResourceType: ResourceType as 'network-interface',
      Tags: tagList(tags),
    })),
    ...reservationData(input),
  };
}

/** Nothing is launched into a reservation that was not chosen. */
function reservationData({ reservation }: TemplateInput): Partial<RequestLaunchTemplateData> {
  if (reservation === undefined) {
    return { CapacityReservationSpecification: { CapacityReservationPreference: 'none' } };
  }
  const market = reservation.isBlock
    ? ('capacity-block' as const)
    : reservation.isInterruptible
      ? ('interruptible-capacity-reservation' as const)
      : undefined;
  return {
    CapacityReservationSpecification: {
      CapacityReservationPreference: 'capacity-reservations-only',
      CapacityReservationTarget: { CapacityReservationId: reservation.id },
    },
    ...(market === undefined ? {} : { InstanceMarketOptions: { MarketType: market } }),
  };
}

function metadataOptions({ spec, region }: TemplateInput): RequestLaunchTemplateData['MetadataOptions'] {
  const { httpEndpoint, httpProtocolIPv6, httpPutResponseHopLimit, httpTokens } = spec.metadataOptions;
  return {
    HttpEndpoint: httpEndpoint,
    // The isolated regions don't know the field.
    ...(region.startsWith('us-iso') ? {} : { HttpProtocolIpv6: httpProtocolIPv6 }),
    HttpPutResponseHopLimit: httpPutResponseHopLimit,
    HttpTokens: httpTokens,
    InstanceMetadataTags: 'disabled',
  };
}

const GIB = 2n ** 30n;
const NANO = 1_000_000_000n;

/** Disks of images whose node class names none: device and GiB. */
const FAMILY_DISKS: Readonly<Record<EffectiveNodeClassSpec['amiFamily'], readonly (readonly [string, number])[]>> = {
  AL2: [['/dev/xvda', 20]],
  AL2023: [['/dev/xvda', 20]],
  Bottlerocket: [
    ['/dev/xvda', 4],
    ['/dev/xvdb', 20],
  ],
  Windows2019: [['/dev/sda1', 50]],
  Windows2022: [['/dev/sda1', 50]],
  Windows2025: [['/dev/sda1', 50]],
  // Its own disks are in the image.
  Custom: [],
};

function blockDevices(spec: EffectiveNodeClassSpec): Pick<RequestLaunchTemplateData, 'BlockDeviceMappings'> {
  const written = spec.blockDeviceMappings ?? [];
  const disks = written.length > 0 ? written.map(blockDevice) : FAMILY_DISKS[spec.amiFamily].map(defaultDisk);
  return disks.length === 0 ? {} : { BlockDeviceMappings: disks };
}

function defaultDisk([DeviceName, VolumeSize]: readonly [string, number]): LaunchTemplateBlockDeviceMappingRequest {
  return { DeviceName, Ebs: { Encrypted: true, VolumeType: 'gp3', VolumeSize } };
}

type BlockDevice = NonNullable<EffectiveNodeClassSpec['blockDeviceMappings']>[number];

function blockDevice({ deviceName, ebs = {} }: BlockDevice): LaunchTemplateBlockDeviceMappingRequest {
  const bytes = parseQuantity(ebs.volumeSize);
  return {
    ...(deviceName === undefined ? {} : { DeviceName: deviceName }),
    Ebs: defined({
      DeleteOnTermination: ebs.deleteOnTermination,
      Encrypted: ebs.encrypted,
      VolumeType: ebs.volumeType,
      Iops: ebs.iops,
      Throughput: ebs.throughput,
      KmsKeyId: ebs.kmsKeyID,
      SnapshotId: ebs.snapshotID,
      VolumeInitializationRate: ebs.volumeInitializationRate,
      // EC2 sells whole GiB.
      VolumeSize: bytes === undefined ? undefined : Number((bytes + GIB * NANO - 1n) / (GIB * NANO)),
    }),
  };
}

type Interface = LaunchTemplateInstanceNetworkInterfaceSpecificationRequest;

function networkInterfaces(input: TemplateInput): Interface[] {
  const { spec, efaCount } = input;
  const written = spec.networkInterfaces ?? [];
  if (written.length > 0) {
    return written.map(({ networkCardIndex, deviceIndex, interfaceType }) => ({
      NetworkCardIndex: networkCardIndex,
      DeviceIndex: deviceIndex,
      InterfaceType: interfaceType,
      Groups: [...input.securityGroupIds],
      // EFA alone carries no IP.
      ...(interfaceType === 'efa-only' ? {} : addressing(input)),
    }));
  }
  if (efaCount > 0) {
    return Array.from({ length: efaCount }, (_, card) => ({
      NetworkCardIndex: card,
      DeviceIndex: card === 0 ? 0 : 1,
      InterfaceType: 'efa',
      Groups: [...input.securityGroupIds],
      ...addressing(input),
    }));
  }
  return [{ DeviceIndex: 0, Groups: [...input.securityGroupIds], ...addressing(input) }];
}

function addressing({ spec, isIpv6 }: TemplateInput): Partial<Interface> {
  const { tcpEstablishedTimeout, udpStreamTimeout, udpTimeout } = spec.connectionTracking ?? {};
  const tracking = defined({
    TcpEstablishedTimeout: tcpEstablishedTimeout,
    UdpStreamTimeout: udpStreamTimeout,
    UdpTimeout: udpTimeout,
  });
  return defined({
    AssociatePublicIpAddress: spec.associatePublicIPAddress,
    ConnectionTrackingSpecification: Object.keys(tracking).length === 0 ? undefined : tracking,
    ...(isIpv6
      ? { PrimaryIpv6: true, Ipv6AddressCount: 1, Ipv6PrefixCount: spec.ipPrefixCount }
      : { Ipv4PrefixCount: spec.ipPrefixCount }),
  });
}

type Defined<Entries> = { [Key in keyof Entries]?: Exclude<Entries[Key], undefined> };

function defined<Entries extends object>(entries: Entries): Defined<Entries> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Defined<Entries>;
}
