// Seats that somebody else has taken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asNodeClaim } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { ClusterIndex, createRawStores, createStores, PlannedSeats, PROJECTIONS } from '../state/index.ts';
import { checkSeats, followLostSeats } from './lost-seats.ts';

function pod(name: string, cpu: string, nodeName?: string, phase?: string): ApiObject {
  const containers = [{ name: 'main', resources: { requests: { cpu } } }];
  return {
    metadata: { name, namespace: 'default', uid: name },
    spec: { containers, ...(nodeName === undefined ? {} : { nodeName }) },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

/** A node of four CPUs, or what is given, planned for one pod of two and one of one. */
function open(allocatable: object = { cpu: '4', pods: '3' }) {
  const raw = createRawStores(PROJECTIONS);
  const stores = createStores(raw, PROJECTIONS);
  const index = new ClusterIndex(stores);
  const seats = new PlannedSeats(stores);
  const lost: string[] = [];
  seats.onLost((key) => lost.push(key));
  followLostSeats({ stores, index, seats });
  const providerID = 'aws:///a/i-1';
  raw.nodeClaims.upsert({ metadata: { name: 'c', uid: 'c' }, spec: {}, status: { providerID } });
  raw.nodes.upsert({ metadata: { name: 'n', uid: 'n' }, spec: { providerID }, status: { allocatable } });
  for (const planned of [pod('large', '2'), pod('small', '1')]) {
    raw.pods.upsert(planned);
    seats.plan(planned, 'c');
  }
  return { raw, stores, index, seats, lost };
}

test('who does not fit any more beside a stranger needs another plan, and whoever fits keeps the seat', () => {
  const { raw, seats, lost } = open();
  raw.pods.upsert(pod('stranger', '2500m', 'n'));
  assert.deepEqual(lost, ['default/large']);
  assert.equal(seats.claimOf('default/large'), undefined);
  assert.equal(seats.claimOf('default/small'), 'c');
});

test('a stranger beside whom all fit takes nobody’s seat, nor does one that has ended', () => {
  const { raw, lost } = open();
  raw.pods.upsert(pod('ended', '4', 'n', 'Succeeded'));
  raw.pods.upsert(pod('stranger', '1', 'n'));
  assert.deepEqual(lost, []);
  raw.pods.upsert(pod('one too many', '0', 'n'));
  assert.deepEqual(lost, ['default/small']);
});

test('a node that is smaller than was promised keeps the seats that it has room for', () => {
  const { raw, stores, index, seats, lost } = open({ cpu: '2500m', pods: '3' });
  raw.pods.upsert(pod('large', '2', 'n'));
  assert.deepEqual(lost, []);
  checkSeats({ seats, index }, asNodeClaim(stores.nodeClaims.get({ name: 'c' }) as ApiObject));
  assert.deepEqual(lost, ['default/small']);
});

test('nobody loses a seat for want of what a node does not offer yet', () => {
  const { raw, seats, lost } = open({ cpu: '4', pods: '4', 'nvidia.com/gpu': '0' });
  const accelerated = pod('accelerated', '1');
  const requests = { cpu: '1', 'nvidia.com/gpu': '1' };
  raw.pods.upsert({ ...accelerated, spec: { containers: [{ name: 'main', resources: { requests } }] } });
  seats.plan(accelerated, 'c');
  raw.pods.upsert(pod('plugin', '0', 'n'));
  assert.deepEqual(lost, []);
});
