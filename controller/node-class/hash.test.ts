// Hashes of EC2NodeClasses. What is expected was printed by EC2NodeClass.Hash() of github.com/aws/karpenter-provider-aws
// v1.14.1 for the same objects and a cluster without a CA bundle.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveNodeClassSpec } from '../resources/index.ts';
import { nodeClassHash } from './index.ts';

const PLAIN = {
  amiFamily: 'AL2023',
  amiSelectorTerms: [{ alias: 'al2023@latest' }],
  role: 'node',
  subnetSelectorTerms: [{ id: 'subnet-1' }],
  securityGroupSelectorTerms: [{ id: 'sg-1' }],
};

const FULL = {
  amiSelectorTerms: [{ alias: 'bottlerocket@latest' }],
  instanceProfile: 'p',
  userData: 'x',
  tags: { a: 'b' },
  detailedMonitoring: false,
  associatePublicIPAddress: true,
  context: 'c',
  ipPrefixCount: 3,
  instanceStorePolicy: 'RAID0',
  cpuOptions: { nestedVirtualization: 'enabled' },
  connectionTracking: { tcpEstablishedTimeout: 60, udpTimeout: 30 },
  placementGroupSelector: { name: 'n' },
  metadataOptions: {
    httpEndpoint: 'enabled',
    httpProtocolIPv6: 'disabled',
    httpPutResponseHopLimit: 2,
    httpTokens: 'optional',
  },
  networkInterfaces: [
    { networkCardIndex: 0, deviceIndex: 0, interfaceType: 'interface' },
    { networkCardIndex: 1, deviceIndex: 1, interfaceType: 'efa-only' },
  ],
  kubelet: {
    clusterDNS: ['10.0.0.10'],
    maxPods: 0,
    podsPerCore: 4,
    systemReserved: { cpu: '100m' },
    kubeReserved: {},
    evictionHard: { 'memory.available': '5%' },
    evictionSoft: { 'memory.available': '10%' },
    evictionSoftGracePeriod: { 'memory.available': '1m30s' },
    evictionMaxPodGracePeriod: 60,
    imageGCHighThresholdPercent: 80,
    imageGCLowThresholdPercent: 70,
    cpuCFSQuota: false,
  },
  blockDeviceMappings: [
    {
      deviceName: '/dev/xvda',
      rootVolume: true,
      ebs: {
        volumeSize: '2048Gi',
        volumeType: 'gp3',
        iops: 3000,
        throughput: 125,
        encrypted: true,
        deleteOnTermination: true,
        kmsKeyID: 'k',
      },
    },
    { deviceName: '/dev/xvdb', ebs: { snapshotID: 'snap-1', volumeInitializationRate: 100 } },
  ],
};

const hash = (spec: object) => nodeClassHash(effectiveNodeClassSpec({ spec }));

test('the hash is Karpenter’s for a plain class and for one that says everything', () => {
  assert.equal(hash(PLAIN), '11841441067534026308');
  assert.equal(hash(FULL), '11290024354029718991');
});

test('what selectors find is not in the hash, nor whether the family was written or follows from the alias', () => {
  const { amiFamily: _, ...inferred } = PLAIN;
  assert.equal(hash({ ...inferred, subnetSelectorTerms: [{ id: 'subnet-2' }] }), hash(PLAIN));
  assert.notEqual(hash({ ...PLAIN, amiFamily: 'Custom', amiSelectorTerms: [{ id: 'ami-1' }] }), hash(PLAIN));
});
