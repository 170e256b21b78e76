// NodePools and EC2NodeClasses: what is filled in, what comes out, what is advised and what is refused.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AmiFamily, Operator, VolumeType } from '../../proto/index.ts';
import { nodeClassMessage, nodeClassSpec } from './ec2-node-class.ts';
import { formatPath, InputError, type KubernetesObject } from './fields.ts';
import { checkTaintsUnique, nodePoolMessage, nodePoolSpec, unusableNodePool } from './node-pool.ts';

function poolOf(spec: KubernetesObject | undefined, metadata: KubernetesObject = {}): KubernetesObject {
  return { metadata: { name: 'pool', ...metadata }, spec };
}

function messageOf(spec: KubernetesObject) {
  const pool = poolOf(spec);
  return nodePoolMessage(pool, nodePoolSpec(pool), 'class');
}

function templateOf(spec: KubernetesObject): KubernetesObject {
  return { template: { spec } };
}

function wrongField(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof InputError);
    return formatPath(error.path);
  }
  return 'nothing';
}

describe('nodePoolSpec', () => {
  test('fills in a pool of which nothing is written', () => {
    assert.deepEqual(nodePoolSpec(poolOf(undefined)), {
      template: {
        spec: {
          requirements: [],
          expireAfter: '720h',
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
        },
      },
      disruption: {
        consolidateAfter: '0s',
        consolidationPolicy: 'WhenEmptyOrUnderutilized',
        budgets: [{ nodes: '10%' }],
      },
    });
  });

  test('leaves what is written as it is, and changes nothing of its input', () => {
    const spec = {
      weight: 7,
      disruption: { consolidateAfter: 'Never', budgets: [] },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { expireAfter: 'Never', nodeClassRef: { name: 'gpu' }, taints: [] },
      },
    };
    const before = structuredClone(spec);
    const effective = nodePoolSpec(poolOf(spec));
    assert.deepEqual(spec, before);
    assert.equal(effective.template.spec.expireAfter, 'Never');
    assert.deepEqual(effective.template.spec.nodeClassRef, {
      group: 'karpenter.k8s.aws',
      kind: 'EC2NodeClass',
      name: 'gpu',
    });
    assert.deepEqual(effective.template.metadata, { labels: { a: 'b' } });
    assert.equal(effective.disruption.consolidateAfter, 'Never');
    assert.deepEqual(effective.disruption.budgets, []);
    assert.equal(effective.weight, 7);
  });

  test('filling in twice changes nothing more', () => {
    const once = nodePoolSpec(poolOf({ disruption: {} }));
    assert.deepEqual(nodePoolSpec(poolOf(once)), once);
  });
});

describe('nodePoolMessage', () => {
  test('carries requirements with every operator and minValues', () => {
    const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'Gte', 'Lte'];
    const requirements = operators.map((operator) => ({
      key: operator,
      operator,
      values: operator.includes('xist') ? [] : ['5'],
      ...(operator === 'In' ? { minValues: 1 } : {}),
    }));
    const message = messageOf(templateOf({ requirements }));
    assert.deepEqual(
      message.requirements.map(({ key }) => key),
      operators,
    );
    assert.equal(message.requirements[6]?.operator, Operator.GTE);
    assert.equal(message.requirements[0]?.minValues, 1);
    assert.equal(message.requirements[1]?.minValues, 0);
  });

  test('rounds limits down and keeps the number of nodes', () => {
    const { limits } = messageOf({ limits: { cpu: '1000.5m', memory: '1.5', nodes: 3 } });
    assert.equal(limits?.cpuMilli, 1000n);
    assert.equal(limits?.memoryBytes, 1n);
    assert.deepEqual(limits?.extended, { nodes: 3n });
    assert.equal(messageOf({}).limits, undefined);
  });

  test('a weight that is not written is 0', () => {
    assert.equal(messageOf({}).weight, 0);
    assert.equal(messageOf({ weight: 100 }).weight, 100);
  });

  const wrong: readonly (readonly [spec: KubernetesObject, field: string])[] = [
    [{ weight: 0 }, 'spec.weight'],
    [{ limits: { cpu: '-1' } }, 'spec.limits.cpu'],
    [
      templateOf({ requirements: [{ key: 'a', operator: 'Like', values: ['b'] }] }),
      'spec.template.spec.requirements[0].operator',
    ],
    [
      templateOf({ requirements: [{ key: 'a', operator: 'In', values: [] }] }),
      'spec.template.spec.requirements[0].values',
    ],
    [
      templateOf({ requirements: [{ key: 'a', operator: 'Exists', values: ['b'] }] }),
      'spec.template.spec.requirements[0].values',
    ],
    [
      templateOf({ requirements: [{ key: 'a', operator: 'Gt', values: ['b'] }] }),
      'spec.template.spec.requirements[0].values',
    ],
    [
      templateOf({ requirements: [{ key: 'a', operator: 'Gt', values: ['1', '2'] }] }),
      'spec.template.spec.requirements[0].values',
    ],
    [templateOf({ requirements: [{ operator: 'Exists' }] }), 'spec.template.spec.requirements[0].key'],
    [
      templateOf({ requirements: [{ key: 'a', operator: 'In', values: [5] }] }),
      'spec.template.spec.requirements[0].values[0]',
    ],
    [
      templateOf({ requirements: [{ key: 'a', operator: 'Exists', minValues: 51 }] }),
      'spec.template.spec.requirements[0].minValues',
    ],
    [templateOf({ taints: [{ key: 'a' }] }), 'spec.template.spec.taints[0].effect'],
    [templateOf({ taints: [{ key: 'a', effect: 'Never' }] }), 'spec.template.spec.taints[0].effect'],
  ];
  for (const [spec, field] of wrong) {
    test(`a wrong ${field} is named: ${JSON.stringify(spec).slice(0, 90)}`, () => {
      assert.equal(
        wrongField(() => messageOf(spec)),
        field,
      );
    });
  }

  test('a taint may be there once, startup taints included', () => {
    const taint = { key: 'a', effect: 'NoSchedule' };
    const spec = nodePoolSpec(poolOf(templateOf({ taints: [taint], startupTaints: [{ ...taint, value: 'x' }] })));
    assert.equal(
      wrongField(() => checkTaintsUnique(spec)),
      'spec.template.spec.startupTaints[0]',
    );
    const other = nodePoolSpec(poolOf(templateOf({ taints: [taint, { ...taint, effect: 'NoExecute' }] })));
    assert.equal(
      wrongField(() => checkTaintsUnique(other)),
      'nothing',
    );
  });
});

describe('a pool that takes no part', () => {
  const reasonOf = (pool: KubernetesObject) => unusableNodePool(pool, nodePoolSpec(pool));

  test('is one that is being deleted, has replicas of its own, or a node class of another kind', () => {
    assert.equal(reasonOf(poolOf({})), undefined);
    assert.match(reasonOf(poolOf({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })) ?? '', /deleted/);
    assert.match(reasonOf(poolOf({ replicas: 3 })) ?? '', /replicas/);
    assert.match(reasonOf(poolOf(templateOf({ nodeClassRef: { kind: 'KWOKNodeClass' } }))) ?? '', /KWOKNodeClass/);
  });
});

describe('nodeClassSpec', () => {
  const effective = (spec: KubernetesObject) => nodeClassSpec({ metadata: { name: 'c' }, spec });

  const rows: readonly (readonly [spec: KubernetesObject, family: string, terms: unknown])[] = [
    [{}, 'AL2023', [{ alias: 'al2023@latest' }]],
    [{ amiFamily: 'AL2023' }, 'AL2023', [{ alias: 'al2023@latest' }]],
    [{ amiFamily: 'Bottlerocket' }, 'Bottlerocket', [{ alias: 'bottlerocket@latest' }]],
    [{ amiFamily: 'Windows2022' }, 'Windows2022', [{ alias: 'windows2022@latest' }]],
    [{ amiSelectorTerms: [{ alias: 'al2@v20250101' }] }, 'AL2', [{ alias: 'al2@v20250101' }]],
    [{ amiFamily: 'Custom', amiSelectorTerms: [{ id: 'ami-1' }] }, 'Custom', [{ id: 'ami-1' }]],
    [{ amiFamily: 'Custom', amiSelectorTerms: [{ alias: 'al2023@latest' }] }, 'Custom', [{ alias: 'al2023@latest' }]],
  ];
  for (const [spec, family, terms] of rows) {
    test(`${JSON.stringify(spec)} means ${family}`, () => {
      assert.equal(effective(spec).amiFamily, family);
      assert.deepEqual(effective(spec).amiSelectorTerms, terms);
    });
  }

  test('fills in metadata options one by one', () => {
    assert.deepEqual(effective({ metadataOptions: { httpTokens: 'optional' } }).metadataOptions, {
      httpEndpoint: 'enabled',
      httpProtocolIPv6: 'disabled',
      httpPutResponseHopLimit: 1,
      httpTokens: 'optional',
    });
  });

  const wrong: readonly (readonly [spec: KubernetesObject, field: string])[] = [
    [{ amiFamily: 'Ubuntu' }, 'spec.amiFamily'],
    [{ amiSelectorTerms: [{ id: 'ami-1' }] }, 'spec.amiFamily'],
    [{ amiFamily: 'AL2', amiSelectorTerms: [{ alias: 'al2023@latest' }] }, 'spec.amiFamily'],
    [{ amiFamily: 'Custom' }, 'spec.amiSelectorTerms'],
    [{ amiSelectorTerms: [{ alias: 'ubuntu@latest' }] }, 'spec.amiSelectorTerms[0].alias'],
    [{ amiSelectorTerms: [{ alias: 'al2023' }] }, 'spec.amiSelectorTerms[0].alias'],
  ];
  for (const [spec, field] of wrong) {
    test(`a wrong ${field} is named: ${JSON.stringify(spec)}`, () =>
      assert.equal(
        wrongField(() => effective(spec)),
        field,
      ));
  }
});

describe('nodeClassMessage', () => {
  const messageFor = (spec: KubernetesObject, status?: KubernetesObject) => {
    const object = { metadata: { name: 'c' }, spec, status };
    return nodeClassMessage(object, nodeClassSpec(object));
  };

  test('names the reservations of the status: none where there are none, and any where nobody has looked', () => {
    const found = (id: string) => ({ id, instanceType: 'm', availabilityZone: 'a' });
    assert.deepEqual(messageFor({}, { capacityReservations: [found('cr-1'), found('cr-2')] }).reservations?.ids, [
      'cr-1',
      'cr-2',
    ]);
    assert.deepEqual(messageFor({}, { subnets: [] }).reservations?.ids, []);
    assert.equal(messageFor({}).reservations, undefined);
  });

  test('carries what decides what a node can hold', () => {
    const message = messageFor({
      amiFamily: 'Bottlerocket',
      kubelet: {
        maxPods: 0,
        podsPerCore: 4,
        systemReserved: { cpu: '100.5m', memory: '1Gi', pid: '100' },
        kubeReserved: { 'ephemeral-storage': '2Gi' },
        evictionHard: { 'memory.available': '5%', 'nodefs.available': '1.5', 'imagefs.available': '10%' },
      },
      blockDeviceMappings: [
        { deviceName: '/dev/xvda', rootVolume: true, ebs: { volumeSize: '100Gi' } },
        { deviceName: '/dev/xvdb', ebs: { snapshotID: 's' } },
      ],
      instanceStorePolicy: 'RAID0',
      networkInterfaces: [
        { networkCardIndex: 0, deviceIndex: 0, interfaceType: 'interface' },
        { networkCardIndex: 1, deviceIndex: 0, interfaceType: 'efa-only' },
      ],
      connectionTracking: { udpTimeout: 30 },
      cpuOptions: { nestedVirtualization: 'enabled' },
    });
    assert.equal(message.amiFamily, AmiFamily.BOTTLEROCKET);
    assert.equal(message.kubelet?.maxPods, 0);
    assert.equal(message.kubelet?.podsPerCore, 4);
    assert.equal(message.kubelet?.systemReserved?.cpuMilli, 101n);
    assert.deepEqual(message.kubelet?.systemReserved?.extended, {});
    assert.equal(message.kubelet?.kubeReserved?.ephemeralStorageBytes, 2147483648n);
    assert.deepEqual(message.kubelet?.evictionHardMemory?.threshold, { case: 'percent', value: 5 });
    assert.deepEqual(message.kubelet?.evictionHardNodefs?.threshold, { case: 'bytes', value: 2n });
    assert.deepEqual(
      message.blockDevices.map(({ rootVolume, volumeSizeBytes }) => [rootVolume, volumeSizeBytes]),
      [
        [true, 107374182400n],
        [false, undefined],
      ],
    );
    assert.equal(message.instanceStoreRaid0, true);
    assert.equal(message.networkInterfaces[1]?.efaOnly, true);
    assert.equal(message.connectionTracking, true);
    assert.equal(message.nestedVirtualization, true);
  });

  test('has what decides the price of its volumes', () => {
    const volumes = [
      { deviceName: '/dev/xvda', ebs: { volumeSize: '50Gi', volumeType: 'io2', iops: 4000 } },
      { deviceName: '/dev/xvdb', ebs: { volumeSize: '50Gi', volumeType: 'gp3', throughput: 250 } },
      { deviceName: '/dev/xvdc', ebs: { volumeSize: '50Gi' } },
    ];
    assert.deepEqual(
      messageFor({ blockDeviceMappings: volumes }).blockDevices.map((device) => [
        device.volumeType,
        device.iops,
        device.throughputMibps,
      ]),
      [
        [VolumeType.IO2, 4000, 0],
        [VolumeType.GP3, 0, 250],
        [VolumeType.UNSPECIFIED, 0, 0],
      ],
    );
  });

  test('has the zones of the subnets in its status, each once, and none without a status', () => {
    const subnets = [
      { id: 's1', zone: 'us-east-1a', zoneID: 'use1-az1' },
      { id: 's2', zone: 'us-east-1a', zoneID: 'use1-az1' },
      { id: 's3', zone: 'us-east-1b' },
    ];
    assert.deepEqual(
      messageFor({}, { subnets }).zones.map(({ name, zoneId }) => [name, zoneId]),
      [
        ['us-east-1a', 'use1-az1'],
        ['us-east-1b', ''],
      ],
    );
    assert.deepEqual(messageFor({}).zones, []);
  });

  test('refuses an eviction threshold that is no share', () => {
    const kubelet = { evictionHard: { 'memory.available': '101%' } };
    assert.equal(
      wrongField(() => messageFor({ kubelet })),
      'spec.kubelet.evictionHard["memory.available"]',
    );
  });
});
