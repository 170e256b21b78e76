// The figures that people check by hand, and the edges that no real type has. Every type under many node classes is
// held against Karpenter in server/catalogue/expected.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allocatableOf,
  deriveInstanceType,
  type Ec2InstanceFacts,
  labelDeriver,
  type NodeClassFacts,
} from './index.ts';
import { M5_LARGE, M6G_LARGE, nodeClass } from './testing/facts.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const derive = (facts: Ec2InstanceFacts, changes: Partial<NodeClassFacts> = {}) =>
  deriveInstanceType(facts, nodeClass(changes), 'us-east-1');

test('m5.large with AL2023 defaults leaves 1930m, 6903Mi, 29 pods and 17Gi to pods', () => {
  assert.deepEqual(allocatableOf(derive(M5_LARGE)), {
    cpuMilli: 1930,
    memoryBytes: 6903 * MIB,
    ephemeralStorageBytes: 17 * GIB,
    pods: 29,
    extended: { 'vpc.amazonaws.com/pod-eni': 9 },
  });
});

test('m6g.large leaves 6844Mi because Graviton keeps 64Mi', () => {
  assert.equal(allocatableOf(derive(M6G_LARGE)).memoryBytes, 6844 * MIB);
});

test('hugepages are taken out of the memory, which never falls below zero for them', () => {
  const type = derive(M5_LARGE);
  const withPages = (bytes: number) =>
    allocatableOf({ ...type, capacity: { ...type.capacity, extended: { 'hugepages-2Mi': bytes } } });
  assert.equal(withPages(GIB).memoryBytes, 6903 * MIB - GIB);
  assert.equal(withPages(64 * GIB).memoryBytes, 0);
  assert.equal(withPages(GIB).extended['hugepages-2Mi'], GIB);
});

test('what a very small type lacks shows as an amount below zero', () => {
  const tiny = derive({ ...M5_LARGE, name: 't2.nano', vcpuCount: 1, memoryMib: 256 });
  assert.ok(allocatableOf(tiny).memoryBytes < 0);
});

test('labels of many types, derived one after the other, are what deriving each alone gives', () => {
  const alone = [M5_LARGE, M6G_LARGE].map((facts) => derive(facts));
  const labels = [M5_LARGE, M6G_LARGE].map(labelDeriver('AL2023', 'us-east-1'));
  assert.deepEqual(
    labels,
    alone.map((type) => type.labels),
  );
});

test('a Windows node costs its licence on top, by the vCPU, and a Linux node costs none', () => {
  assert.equal(derive(M5_LARGE, { amiFamily: 'Windows2022' }).licenceNanoUsdPerHour, 92_000_000);
  assert.equal(derive(M5_LARGE).licenceNanoUsdPerHour, undefined);
});

test('a licence that a price list tells takes the place of the estimate', () => {
  const listed = derive({ ...M5_LARGE, windowsLicenceNanoUsdPerHour: 36_800_000 }, { amiFamily: 'Windows2022' });
  assert.deepEqual([listed.licenceNanoUsdPerHour, listed.licenceIsEstimate], [36_800_000, false]);
  assert.equal(derive(M5_LARGE, { amiFamily: 'Windows2022' }).licenceIsEstimate, true);
  assert.equal(derive(M5_LARGE).licenceIsEstimate, undefined);
});

test('memory that nodes were seen to have takes the place of the estimate, and of no other type', () => {
  const observedMemoryBytes = { 'm5.large': 7700 * MIB, 'm5.xlarge': GIB };
  const estimated = derive(M5_LARGE);
  const observed = derive(M5_LARGE, { observedMemoryBytes });
  assert.equal(observed.capacity.memoryBytes, 7700 * MIB);
  assert.equal(
    allocatableOf(observed).memoryBytes - allocatableOf(estimated).memoryBytes,
    7700 * MIB - estimated.capacity.memoryBytes,
  );
  assert.deepEqual(derive(M6G_LARGE, { observedMemoryBytes }), derive(M6G_LARGE));
});

test('labels that a type has no facts for do not exist', () => {
  const bare: Ec2InstanceFacts = {
    ...M5_LARGE,
    cpuManufacturer: undefined,
    ebsBandwidthMbps: undefined,
    networkBandwidthMbps: undefined,
  };
  const { labels } = derive(bare);
  for (const key of ['cpu-manufacturer', 'ebs-bandwidth', 'network-bandwidth', 'local-nvme', 'gpu-count']) {
    assert.ok(!(`karpenter.k8s.aws/instance-${key}` in labels), key);
  }
  assert.deepEqual(derive(M5_LARGE).labels['karpenter.k8s.aws/instance-ebs-bandwidth'], ['4750']);
});

const NAME_CASES: readonly (readonly [string, ...(string | undefined)[]])[] = [
  ['m5.large', 'm', '5', 'm5', 'large'],
  ['u-6tb1.112xlarge', 'u', '1', 'u-6tb1', '112xlarge'],
  ['u7i-12tb.224xlarge', 'u', '7', 'u7i-12tb', '224xlarge'],
  ['c7i-flex.8xlarge', 'c', '7', 'c7i-flex', '8xlarge'],
  ['mac-m4.metal', undefined, undefined, 'mac-m4', 'metal'],
  ['m5', undefined, undefined, undefined, undefined],
  ['m5.large.twice', 'm', '5', undefined, undefined],
];

test('category, generation, family and size come from the name, and from no name that lacks them', () => {
  for (const [name, ...expected] of NAME_CASES) {
    const { labels } = derive({ ...M5_LARGE, name });
    const keys = ['category', 'generation', 'family', 'size'];
    assert.deepEqual(
      keys.map((key) => labels[`karpenter.k8s.aws/instance-${key}`]?.[0]),
      expected,
      name,
    );
  }
});

test('an arm64 type has no operating system under Windows', () => {
  assert.ok(!('kubernetes.io/os' in derive(M6G_LARGE, { amiFamily: 'Windows2022' }).labels));
  assert.deepEqual(derive(M5_LARGE, { amiFamily: 'Windows2022' }).labels['kubernetes.io/os'], ['windows']);
});

test('a type with two kinds of GPU counts both and is named after neither', () => {
  const gpu = { name: 'A100', manufacturer: 'NVIDIA', count: 4, memoryMib: 40_960 };
  const mixed = derive({ ...M5_LARGE, gpus: [gpu, { ...gpu, name: 'L4', count: 2 }] });
  assert.equal(mixed.capacity.extended['nvidia.com/gpu'], 6);
  assert.ok(!('karpenter.k8s.aws/instance-gpu-name' in mixed.labels));
});

test('each reason why a node class cannot be launched is told apart', () => {
  const efa = { networkCardIndex: 0, deviceIndex: 1, kind: 'efa-only' } as const;
  const cases: readonly [Ec2InstanceFacts, Partial<NodeClassFacts>, string | undefined][] = [
    [M5_LARGE, {}, undefined],
    [{ ...M6G_LARGE, name: 'a1.large' }, {}, 'image-family-does-not-support-type'],
    [{ ...M6G_LARGE, name: 'a1.large' }, { amiFamily: 'Bottlerocket' }, undefined],
    [M5_LARGE, { networkInterfaces: [{ ...efa, kind: 'interface', deviceIndex: 3 }] }, 'network-interfaces-do-not-fit'],
    [M5_LARGE, { networkInterfaces: [{ ...efa, kind: 'interface', deviceIndex: 2 }] }, undefined],
    [M5_LARGE, { networkInterfaces: [efa] }, 'network-interfaces-do-not-fit'],
    [{ ...M5_LARGE, efaInterfaceCount: 1 }, { networkInterfaces: [efa] }, undefined],
    [
      { ...M5_LARGE, enaSupport: 'unsupported' },
      { networkInterfaces: [{ ...efa, kind: 'interface' }] },
      'network-interfaces-do-not-fit',
    ],
    [M5_LARGE, { nestedVirtualization: true }, 'nested-virtualization-not-supported'],
    [
      { ...M5_LARGE, placementStrategies: ['spread'] },
      { placementStrategy: 'cluster' },
      'placement-strategy-not-supported',
    ],
    [{ ...M5_LARGE, hypervisor: 'xen' }, { connectionTracking: true }, 'connection-tracking-needs-nitro'],
  ];
  for (const [facts, changes, expected] of cases) {
    assert.equal(derive(facts, changes).incompatibility, expected, JSON.stringify(changes));
  }
});

test('a root volume of unknown size leaves the decision to the family device, and that one to the default', () => {
  const root = { deviceName: '/dev/sdz', rootVolume: true };
  const own = { deviceName: '/dev/xvda', rootVolume: false, volumeSizeBytes: 30 * GIB };
  const storage = (changes: Partial<NodeClassFacts>) => derive(M5_LARGE, changes).capacity.ephemeralStorageBytes;
  assert.equal(storage({ blockDevices: [root, own] }), 30 * GIB);
  assert.equal(storage({ blockDevices: [root] }), 20 * GIB);
  assert.equal(storage({ blockDevices: [own, { ...root, volumeSizeBytes: 40 * GIB }] }), 40 * GIB);
});
