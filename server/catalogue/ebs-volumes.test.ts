// EBS volumes of pods by type and node class, for real types. The figures were worked out by hand from the CSI driver's
// rule: EC2's limit, less the node's own volumes, less, where slots are shared, every interface of the card but the first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_NODE_CLASS_FACTS, deriveInstanceType, type NodeClassFacts } from '../../engine/index.ts';
import { loadTypeFacts } from './index.ts';

const types = new Map(loadTypeFacts().map((facts) => [facts.name, facts]));

function volumesOf(name: string, changes: Partial<NodeClassFacts> = {}): number {
  return deriveInstanceType(types.get(name)!, { ...DEFAULT_NODE_CLASS_FACTS, ...changes }, 'us-east-1').ebsVolumeCount;
}

const CASES: readonly (readonly [type: string, volumes: number, how: string])[] = [
  ['m5.large', 24, '27 shared, less the root volume, less 2 of 3 interfaces'],
  ['m5.24xlarge', 12, '27 shared, 1, 14 of 15'],
  ['c5d.large', 23, '26 shared: its NVMe disk is off already; 1, 2 of 3'],
  ['c5d.24xlarge', 8, '23 shared: four disks are off; 1, 14 of 15'],
  ['g5.xlarge', 21, '25 shared: a disk and a GPU are off; 1, 3 of 4'],
  ['g5.48xlarge', 2, '9 shared: two disks and eight GPUs are off; 1, 6 of 7'],
  ['m5.metal', 16, '31 shared, 1, 14 of 15'],
  ['m7i.large', 31, '32 dedicated, 1'],
  ['m7i.48xlarge', 127, '128 dedicated, 1'],
  ['p4d.24xlarge', 27, '28 dedicated, 1'],
  ['m7i.metal-24xl', 38, '39 dedicated, 1'],
  ['i8ge.metal-24xl', 38, 'EC2 says 39 shared, the driver treats it as dedicated; 1'],
  ['t2.micro', 38, 'without Nitro: 39 whatever EC2 says, dedicated; 1'],
  ['i3.large', 38, 'without Nitro, and its NVMe disk takes no slot'],
  ['inf1.24xlarge', 1, '11 shared, 1, 10 of 11: none is left, and the driver never says 0'],
  ['trn1.32xlarge', 23, '28 shared, 1, 4 of the 5 on the card that pods use'],
];

for (const [name, expected, how] of CASES) {
  test(`${name} takes ${expected} volumes of pods (${how})`, () => {
    assert.equal(volumesOf(name), expected);
  });
}

test('every type takes at least one volume, and none more than EC2 says less the root volume', () => {
  for (const [name, { ebsAttachmentLimit }] of types) {
    const volumes = volumesOf(name);
    assert.ok(volumes >= 1 && volumes < Math.max(2, ebsAttachmentLimit!.attachmentCount), `${name} ${volumes}`);
  }
});

test('volumes that the image or the node class brings are off the limit, each device once', () => {
  const device = (deviceName: string) => ({ deviceName, rootVolume: false });
  assert.equal(volumesOf('m7i.large', { amiFamily: 'Bottlerocket' }), 30);
  assert.equal(volumesOf('m7i.large', { blockDevices: [device('/dev/xvda')] }), 31);
  assert.equal(volumesOf('m7i.large', { blockDevices: [device('/dev/xvda'), device('/dev/xvdb')] }), 30);
  assert.equal(volumesOf('m7i.large', { blockDevices: [device('/dev/xvdb')] }), 30);
  // `rootVolume` names the volume of the kubelet's files, which need not be the one the node boots from.
  const kubelet = { ...device('/dev/xvdb'), rootVolume: true };
  assert.equal(volumesOf('m7i.large', { amiFamily: 'Bottlerocket', blockDevices: [kubelet] }), 30);
  assert.equal(volumesOf('m7i.large', { amiFamily: 'Custom' }), 31);
  assert.equal(volumesOf('m7i.large', { amiFamily: 'Custom', blockDevices: [device('/dev/sda1')] }), 30);
});

test('interfaces that the node class wants on other cards take shared slots too', () => {
  const on = (networkCardIndex: number) => ({ networkCardIndex, deviceIndex: 1, kind: 'efa-only' as const });
  assert.equal(volumesOf('trn1.32xlarge', { networkInterfaces: [on(0), on(1), on(2)] }), 21);
  assert.equal(volumesOf('p4d.24xlarge', { networkInterfaces: [on(0), on(1), on(2)] }), 27);
});

test('a Windows node keeps its one interface, so that no other takes a slot', () => {
  assert.equal(volumesOf('m5.large', { amiFamily: 'Windows2022' }), 26);
});

test('a type whose limit nobody states is taken to have 27 shared slots', () => {
  const { ebsAttachmentLimit: _, ...unknown } = types.get('m7i.large')!;
  const derived = deriveInstanceType(unknown, DEFAULT_NODE_CLASS_FACTS, 'us-east-1');
  assert.equal(derived.ebsVolumeCount, 24);
});
