// Valid objects that between them write every field of the three resources, which the corpus is made from. Karpenter and
// we accept each of them as it is.

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** One object, or the parts of one that are its own. */
export interface Base {
  readonly kind: 'NodePool' | 'NodeClaim' | 'EC2NodeClass';
  readonly name: string;
  readonly spec: Json;
}

const requirements = [
  { key: 'karpenter.k8s.aws/instance-category', operator: 'In', values: ['c', 'm'], minValues: 2 },
  { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['5'] },
];
const taint = { key: 'example.com/a', value: 'x', effect: 'NoSchedule', timeAdded: '2026-01-01T00:00:00Z' };
const nodeClassRef = { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' };

const POOLS: readonly Base[] = [
  {
    kind: 'NodePool',
    name: 'dynamic',
    spec: {
      template: {
        metadata: { labels: { 'example.com/team': 'a' }, annotations: { note: 'b' } },
        spec: {
          nodeClassRef,
          requirements,
          taints: [taint],
          startupTaints: [{ ...taint, key: 'b' }],
          expireAfter: '24h',
          terminationGracePeriod: '1h30m',
        },
      },
      disruption: {
        consolidateAfter: '30s',
        consolidationPolicy: 'Balanced',
        budgets: [
          { nodes: '5%', reasons: ['Empty', 'Drifted'], schedule: '0 9 * * 1-5', duration: '8h' },
          { nodes: '0' },
        ],
      },
      limits: { cpu: 1000, memory: '1000Gi', nodes: 10 },
      weight: 10,
    },
  },
  {
    kind: 'NodePool',
    name: 'static',
    spec: { template: { spec: { nodeClassRef, requirements: [] } }, replicas: 3, limits: { nodes: 10 } },
  },
  { kind: 'NodePool', name: 'least', spec: { template: { spec: { nodeClassRef, requirements: [] } } } },
];

const CLAIMS: readonly Base[] = [
  {
    kind: 'NodeClaim',
    name: 'claim',
    spec: {
      nodeClassRef,
      requirements,
      resources: { requests: { cpu: '1500m', memory: '2Gi' } },
      taints: [taint],
      startupTaints: [taint],
      expireAfter: 'Never',
      terminationGracePeriod: '48h',
    },
  },
];

const tags = { 'karpenter.sh/discovery': 'cluster' };
const least = { role: 'r', subnetSelectorTerms: [{ tags }], securityGroupSelectorTerms: [{ tags }] };

const CLASSES: readonly Base[] = [
  {
    kind: 'EC2NodeClass',
    name: 'all',
    spec: {
      amiFamily: 'AL2023',
      amiSelectorTerms: [{ alias: 'al2023@latest' }],
      role: 'KarpenterNodeRole-x',
      subnetSelectorTerms: [{ tags }, { id: 'subnet-0a1' }],
      securityGroupSelectorTerms: [{ tags }, { id: 'sg-0a1' }, { name: 'nodes' }],
      capacityReservationSelectorTerms: [
        { tags, ownerID: '012345678901', instanceMatchCriteria: 'open' },
        { id: 'cr-0a1' },
      ],
      placementGroupSelector: { name: 'group' },
      userData: '#!/bin/bash\n',
      tags: { team: 'a' },
      blockDeviceMappings: [
        {
          deviceName: '/dev/xvda',
          rootVolume: true,
          ebs: {
            volumeSize: '100Gi',
            volumeType: 'gp3',
            iops: 3000,
            throughput: 125,
            encrypted: true,
            kmsKeyID: 'key',
            deleteOnTermination: true,
            snapshotID: 'snap-1',
            volumeInitializationRate: 200,
          },
        },
        { deviceName: '/dev/xvdb', rootVolume: false, ebs: { volumeSize: '1Ti' } },
      ],
      instanceStorePolicy: 'RAID0',
      kubelet: {
        clusterDNS: ['10.0.0.10'],
        maxPods: 100,
        podsPerCore: 4,
        systemReserved: { cpu: '100m', memory: '1Gi' },
        kubeReserved: { cpu: '100m', pid: '100' },
        evictionHard: { 'memory.available': '5%' },
        evictionSoft: { 'memory.available': '10%', 'nodefs.available': '1Gi' },
        evictionSoftGracePeriod: { 'memory.available': '1m', 'nodefs.available': '1m' },
        evictionMaxPodGracePeriod: 60,
        imageGCHighThresholdPercent: 85,
        imageGCLowThresholdPercent: 80,
        cpuCFSQuota: true,
      },
      metadataOptions: {
        httpEndpoint: 'enabled',
        httpProtocolIPv6: 'disabled',
        httpPutResponseHopLimit: 2,
        httpTokens: 'required',
      },
      associatePublicIPAddress: false,
      ipPrefixCount: 2,
      networkInterfaces: [
        { networkCardIndex: 0, deviceIndex: 0, interfaceType: 'interface' },
        { networkCardIndex: 1, deviceIndex: 1, interfaceType: 'efa-only' },
      ],
      connectionTracking: { tcpEstablishedTimeout: 600, udpStreamTimeout: 100, udpTimeout: 45 },
      cpuOptions: { nestedVirtualization: 'enabled' },
      detailedMonitoring: true,
      context: 'c',
    },
  },
  {
    kind: 'EC2NodeClass',
    name: 'terms',
    spec: {
      ...least,
      role: undefined,
      instanceProfile: 'profile',
      amiFamily: 'Custom',
      amiSelectorTerms: [{ tags, name: 'n', owner: 'self' }, { id: 'ami-0a1' }, { ssmParameter: '/a/b' }],
      placementGroupSelector: { id: 'pg-0a1' },
    },
  },
  { kind: 'EC2NodeClass', name: 'least', spec: { ...least, amiSelectorTerms: [{ alias: 'bottlerocket@v1.20.4' }] } },
];

export const BASES: readonly Base[] = [...POOLS, ...CLAIMS, ...CLASSES].map(
  // Undefined stands for left out.
  (base) => JSON.parse(JSON.stringify(base)) as Base,
);

const conditions = [
  {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: 'm',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  },
];

/** One status for each kind, with every field. */
export const STATUSES: Readonly<Record<Base['kind'], Json>> = {
  NodePool: { resources: { cpu: '4', nodes: 1 }, nodes: 1, nodeClassObservedGeneration: 2, conditions },
  NodeClaim: {
    providerID: 'aws:///us-west-2a/i-0',
    imageID: 'ami-0',
    nodeName: 'n',
    capacity: { cpu: 4 },
    allocatable: { cpu: '3900m' },
    lastPodEventTime: '2026-01-01T00:00:00Z',
    conditions,
  },
  EC2NodeClass: {
    subnets: [{ id: 's', zone: 'z', zoneID: 'i' }],
    securityGroups: [{ id: 's', name: 'n' }],
    amis: [{ id: 'a', name: 'n', deprecated: true, requirements: [{ key: 'k', operator: 'In', values: ['v'] }] }],
    capacityReservations: [
      {
        id: 'cr-0a1',
        instanceType: 't',
        availabilityZone: 'z',
        ownerID: '012345678901',
        instanceMatchCriteria: 'targeted',
        reservationType: 'capacity-block',
        state: 'expiring',
        interruptible: true,
        endTime: '2026-01-01T00:00:00Z',
      },
    ],
    instanceProfile: 'p',
    conditions,
  },
};
