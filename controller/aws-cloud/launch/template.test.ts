// Launch templates: what of a node class gets into them, and when two are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveNodeClassSpec } from '../../resources/index.ts';
import { type TemplateInput, templateContent } from './template.ts';

function content(spec: object = {}, more: Partial<TemplateInput> = {}) {
  return templateContent({
    spec: effectiveNodeClassSpec({ spec }),
    region: 'us-west-2',
    imageId: 'ami-1',
    instanceProfile: 'profile',
    securityGroupIds: ['sg-1', 'sg-2'],
    userData: 'hello',
    capacityType: 'on-demand',
    tenancy: 'default',
    efaCount: 0,
    hasEnclaves: false,
    isIpv6: false,
    tags: { a: '1' },
    ...more,
  });
}

test('equal content has one name, whatever the order of its tags, and other content another', () => {
  const { name } = content();
  assert.match(name, /^karpenter\.k8s\.aws\/[0-9a-f]{32}$/);
  assert.equal(content({}, { tags: { b: '2', a: '1' } }).name, content({}, { tags: { a: '1', b: '2' } }).name);
  const others = [
    content({ detailedMonitoring: true }),
    content({}, { userData: 'bye' }),
    content({}, { tags: { a: '2' } }),
    content({}, { capacityType: 'spot' }),
    content({}, { imageId: 'ami-2' }),
  ];
  assert.equal(new Set([name, ...others.map((other) => other.name)]).size, 6);
});

test('IMDSv2 is asked for unless the class says otherwise, and tags are never in the metadata', () => {
  assert.deepEqual(content().data.MetadataOptions, {
    HttpEndpoint: 'enabled',
    HttpProtocolIpv6: 'disabled',
    HttpPutResponseHopLimit: 1,
    HttpTokens: 'required',
    InstanceMetadataTags: 'disabled',
  });
  const own = content({ metadataOptions: { httpTokens: 'optional', httpPutResponseHopLimit: 2 } });
  assert.equal(own.data.MetadataOptions?.HttpTokens, 'optional');
  assert.equal(own.data.MetadataOptions?.HttpPutResponseHopLimit, 2);
  assert.ok(!Object.hasOwn(content({}, { region: 'us-iso-east-1' }).data.MetadataOptions ?? {}, 'HttpProtocolIpv6'));
});

const DISKS: readonly (readonly [family: string, disks: readonly (readonly [string, number])[]])[] = [
  ['AL2', [['/dev/xvda', 20]]],
  ['AL2023', [['/dev/xvda', 20]]],
  [
    'Bottlerocket',
    [
      ['/dev/xvda', 4],
      ['/dev/xvdb', 20],
    ],
  ],
  ['Windows2022', [['/dev/sda1', 50]]],
];
for (const [amiFamily, disks] of DISKS) {
  test(`${amiFamily} has encrypted disks of its own where the class names none`, () => {
    assert.deepEqual(
      content({ amiFamily }).data.BlockDeviceMappings,
      disks.map(([DeviceName, VolumeSize]) => ({
        DeviceName,
        Ebs: { Encrypted: true, VolumeType: 'gp3', VolumeSize },
      })),
    );
  });
}

test('images of the user’s own keep the disks that are in them', () => {
  const spec = { amiFamily: 'Custom', amiSelectorTerms: [{ id: 'ami-1' }] };
  assert.ok(!Object.hasOwn(content(spec).data, 'BlockDeviceMappings'));
});

test('disks that the class names are taken as they are, in whole GiB', () => {
  const ebs = {
    volumeSize: '100G',
    volumeType: 'io2',
    iops: 500,
    throughput: 200,
    kmsKeyID: 'key',
    snapshotID: 'snap',
    volumeInitializationRate: 150,
    deleteOnTermination: false,
    encrypted: false,
  };
  const { data } = content({
    blockDeviceMappings: [
      { deviceName: '/dev/xvda', ebs },
      { deviceName: '/dev/xvdb', ebs: { volumeSize: '1Ti' } },
    ],
  });
  assert.deepEqual(data.BlockDeviceMappings, [
    {
      DeviceName: '/dev/xvda',
      Ebs: {
        DeleteOnTermination: false,
        Encrypted: false,
        VolumeType: 'io2',
        Iops: 500,
        Throughput: 200,
        KmsKeyId: 'key',
        SnapshotId: 'snap',
        VolumeInitializationRate: 150,
        VolumeSize: 94,
      },
    },
    { DeviceName: '/dev/xvdb', Ebs: { VolumeSize: 1024 } },
  ]);
});

test('one interface carries the groups, and what the class says of addresses', () => {
  assert.deepEqual(content().data.NetworkInterfaces, [{ DeviceIndex: 0, Groups: ['sg-1', 'sg-2'] }]);
  const own = content({ associatePublicIPAddress: false, ipPrefixCount: 2, connectionTracking: { udpTimeout: 40 } });
  assert.deepEqual(own.data.NetworkInterfaces, [
    {
      DeviceIndex: 0,
      Groups: ['sg-1', 'sg-2'],
      AssociatePublicIpAddress: false,
      ConnectionTrackingSpecification: { UdpTimeout: 40 },
      Ipv4PrefixCount: 2,
    },
  ]);
  const six = content({ ipPrefixCount: 2 }, { isIpv6: true });
  assert.deepEqual(six.data.NetworkInterfaces, [
    { DeviceIndex: 0, Groups: ['sg-1', 'sg-2'], PrimaryIpv6: true, Ipv6AddressCount: 1, Ipv6PrefixCount: 2 },
  ]);
});

test('interfaces that the class names are taken, and those for EFA alone have no addresses', () => {
  const networkInterfaces = [
    { networkCardIndex: 0, deviceIndex: 0, interfaceType: 'interface' },
    { networkCardIndex: 0, deviceIndex: 1, interfaceType: 'efa-only' },
  ];
  const { data } = content({ networkInterfaces, associatePublicIPAddress: true });
  assert.deepEqual(
    data.NetworkInterfaces?.map(({ InterfaceType, AssociatePublicIpAddress }) => [
      InterfaceType,
      AssociatePublicIpAddress,
    ]),
    [
      ['interface', true],
      ['efa-only', undefined],
    ],
  );
});

test('spot requests are tagged where there are any', () => {
  const types = (capacityType: TemplateInput['capacityType']) =>
    content({}, { capacityType }).data.TagSpecifications?.map(({ ResourceType }) => ResourceType);
  assert.deepEqual(types('on-demand'), ['network-interface']);
  assert.deepEqual(types('spot'), ['network-interface', 'spot-instances-request']);
});

test('placement groups, nested virtualization and capacity blocks get into it', () => {
  const spec = { placementGroupSelector: { name: 'close' }, cpuOptions: { nestedVirtualization: 'enabled' } };
  const reservation = { id: 'cr-1', isBlock: true, isInterruptible: false };
  const { data } = content(spec, { partition: 3, capacityType: 'reserved', reservation });
  assert.deepEqual(data.Placement, { Tenancy: 'default', GroupName: 'close', PartitionNumber: 3 });
  assert.deepEqual(data.CpuOptions, { NestedVirtualization: 'enabled' });
  assert.deepEqual(data.InstanceMarketOptions, { MarketType: 'capacity-block' });
});
