// A small account: four instance types in three zones of us-west-2, on demand and on spot, with round prices, and a node
// class that finds its network. The figures are Karpenter's own for AL2023 nodes with 20 GiB of disk.
import type { ApiObject, LaunchOffering, NodeType, PricedOffering } from '../../ports/index.ts';
import { type CloudFacts, type InstanceTypeFacts, plainNetwork } from '../index.ts';

const CLUSTER_NAME = 'test';
const ZONES = [
  { name: 'us-west-2a', zoneId: 'usw2-az1' },
  { name: 'us-west-2b', zoneId: 'usw2-az2' },
  { name: 'us-west-2c', zoneId: 'usw2-az3' },
];

interface Row {
  readonly instanceType: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly cpu: number;
  readonly memoryMib: number;
  readonly allocatable: readonly [cpu: string, memory: string, pods: string];
  /** Thousandths of a dollar an hour. */
  readonly price: number;
}

const ROWS: readonly Row[] = [
  {
    instanceType: 'm7i.large',
    architecture: 'amd64',
    cpu: 2,
    memoryMib: 7577,
    allocatable: ['1930m', '6903Mi', '29'],
    price: 100,
  },
  {
    instanceType: 'm7i.xlarge',
    architecture: 'amd64',
    cpu: 4,
    memoryMib: 15155,
    allocatable: ['3920m', '14162Mi', '58'],
    price: 200,
  },
  {
    instanceType: 'c7i.2xlarge',
    architecture: 'amd64',
    cpu: 8,
    memoryMib: 15155,
    allocatable: ['7910m', '14162Mi', '58'],
    price: 360,
  },
  {
    instanceType: 'm7g.large',
    architecture: 'arm64',
    cpu: 2,
    memoryMib: 7513,
    allocatable: ['1930m', '6839Mi', '29'],
    price: 80,
  },
];

const SPOT_SHARE = 0.4;

/** The account. */
export function smallCloudFacts(): CloudFacts {
  return {
    catalogue: { partition: 'aws', account: '123456789012', region: 'us-west-2' },
    clusterName: CLUSTER_NAME,
    instanceTypes: ROWS.map(factsOf),
    offerings: ROWS.flatMap(offeringsOf),
    network: plainNetwork(CLUSTER_NAME, ZONES),
  };
}

/** What nodes of the account's types are, as the planning service would say it. */
export function smallNodeTypes(): Readonly<Record<string, NodeType>> {
  return Object.fromEntries(ROWS.map(factsOf).map(({ instanceType, ...rest }) => [instanceType, rest]));
}

function factsOf({ instanceType, architecture, cpu, memoryMib, allocatable }: Row): InstanceTypeFacts {
  const [family = '', size = ''] = instanceType.split('.');
  const [allocatableCpu, memory, pods] = allocatable;
  return {
    instanceType,
    labels: {
      'kubernetes.io/arch': architecture,
      'kubernetes.io/os': 'linux',
      'node.kubernetes.io/instance-type': instanceType,
      'karpenter.k8s.aws/instance-family': family,
      'karpenter.k8s.aws/instance-size': size,
      'karpenter.k8s.aws/instance-category': family.charAt(0),
      'karpenter.k8s.aws/instance-generation': family.charAt(1),
      'karpenter.k8s.aws/instance-cpu': String(cpu),
    },
    capacity: { cpu: String(cpu), memory: `${memoryMib}Mi`, pods, 'ephemeral-storage': '20Gi' },
    allocatable: { cpu: allocatableCpu, memory, pods, 'ephemeral-storage': '17Gi' },
  };
}

function offeringsOf({ instanceType, price }: Row): PricedOffering[] {
  return ZONES.flatMap(({ name: zone }) =>
    (['on-demand', 'spot'] as const).map((capacityType) => ({
      instanceType,
      zone,
      capacityType,
      priceNanoUsdPerHour: Math.round(price * 1_000_000 * (capacityType === 'spot' ? SPOT_SHARE : 1)),
      available: true,
    })),
  );
}

/** A node class that finds the account's network, without a status. */
export function nodeClassObject(name = 'default', spec: Readonly<Record<string, unknown>> = {}): ApiObject {
  const terms = [{ tags: { 'karpenter.sh/discovery': CLUSTER_NAME } }];
  return {
    apiVersion: 'karpenter.k8s.aws/v1',
    kind: 'EC2NodeClass',
    metadata: { name },
    spec: { amiFamily: 'AL2023', role: 'node', subnetSelectorTerms: terms, securityGroupSelectorTerms: terms, ...spec },
  };
}

/** Offerings of the account for the contract of the Cloud port. */
export function contractOfferings(): readonly LaunchOffering[] {
  return [
    { instanceType: 'm7i.large', zone: 'us-west-2a', capacityType: 'spot' },
    { instanceType: 'm7g.large', zone: 'us-west-2b', capacityType: 'on-demand' },
    { instanceType: 'c7i.2xlarge', zone: 'us-west-2c', capacityType: 'spot' },
  ];
}
