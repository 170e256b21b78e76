// What volumes cost, against the rates of AWS's page worked out by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BlockDeviceFacts, type NodeClassFacts, volumesNanoUsdPerHour } from './index.ts';
import { nodeClass } from './testing/facts.ts';

const GIB = 1024 ** 3;

/** Nano-dollars an hour of so many dollars a month. */
const monthly = (usd: number): number => Math.ceil((usd * 1e9) / 730);

const costOf = (changes: Partial<NodeClassFacts>): number => volumesNanoUsdPerHour(nodeClass(changes));
const volume = (gib: number | undefined, more: Partial<BlockDeviceFacts> = {}): BlockDeviceFacts => ({
  deviceName: '/dev/xvda',
  rootVolume: false,
  ...(gib === undefined ? {} : { volumeSizeBytes: gib * GIB }),
  ...more,
});

test('a class that writes no volumes pays for those of its image family', () => {
  assert.equal(costOf({ amiFamily: 'AL2023' }), monthly(20 * 0.08));
  assert.equal(costOf({ amiFamily: 'AL2' }), monthly(20 * 0.08));
  assert.equal(costOf({ amiFamily: 'Bottlerocket' }), monthly(24 * 0.08));
  assert.equal(costOf({ amiFamily: 'Windows2022' }), monthly(50 * 0.08));
  assert.equal(costOf({ amiFamily: 'Custom' }), 0);
});

test('gp3 is paid by its size, by operations beyond 3,000 a second and by MiB beyond 125 a second', () => {
  const gp3 = (more: Partial<BlockDeviceFacts>) =>
    costOf({ blockDevices: [volume(100, { volumeType: 'gp3', ...more })] });
  assert.equal(gp3({}), monthly(8));
  assert.equal(gp3({ iops: 3_000, throughputMibps: 125 }), monthly(8));
  assert.equal(gp3({ iops: 4_000, throughputMibps: 225 }), monthly(8 + 1_000 * 0.005 + 100 * 0.04));
});

test('io1 is paid by every operation, io2 by tiers, the others by their size alone', () => {
  const of = (more: Partial<BlockDeviceFacts>) => costOf({ blockDevices: [volume(100, more)] });
  assert.equal(of({ volumeType: 'io1', iops: 1_000 }), monthly(12.5 + 65));
  assert.equal(of({ volumeType: 'io2', iops: 1_000 }), monthly(12.5 + 65));
  assert.equal(
    of({ volumeType: 'io2', iops: 70_000 }),
    monthly(12.5 + 32_000 * 0.065 + 32_000 * 0.046 + 6_000 * 0.032),
  );
  assert.equal(of({ volumeType: 'gp2' }), monthly(10));
  assert.equal(of({ volumeType: 'st1' }), monthly(4.5));
  assert.equal(of({ volumeType: 'sc1' }), monthly(1.5));
  assert.equal(of({ volumeType: 'standard' }), monthly(5));
});

test('a volume without a type is gp2, and one without a size has that of its family where there is one', () => {
  assert.equal(costOf({ blockDevices: [volume(100)] }), monthly(10));
  assert.equal(costOf({ blockDevices: [volume(undefined, { volumeType: 'gp3' })] }), monthly(20 * 0.08));
  const unknown = volume(undefined, { deviceName: '/dev/sdz' });
  assert.equal(costOf({ amiFamily: 'Custom', blockDevices: [unknown] }), 0);
});

test('a volume of the family that the class does not write comes with the image', () => {
  const pods = volume(50, { deviceName: '/dev/xvdb', volumeType: 'gp3' });
  assert.equal(costOf({ amiFamily: 'Bottlerocket', blockDevices: [pods] }), monthly(54 * 0.08));
});
