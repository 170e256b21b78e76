// What is learned of the memory of nodes: when, from whom, for which classes, and what a session is told of it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiObject } from '../ports/index.ts';
import { ClusterIndex, createRawStores, createStores, MemoryLearner, RecordedFeed, SessionFeed } from './index.ts';

const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;

function open() {
  const raw = createRawStores({});
  const stores = createStores(raw, {});
  const index = new ClusterIndex(stores);
  const time = { ms: 0 };
  const clock = { nowMs: () => time.ms, monotonicMs: () => time.ms, sleep: () => Promise.resolve() };
  const observed = new MemoryLearner(stores, index, clock);
  const feed = new SessionFeed(stores, index, { observed });
  let version = 0;
  const put = (kind: 'nodes' | 'nodeClaims' | 'ec2NodeClasses', object: ApiObject) => {
    version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    raw[kind].upsert({ ...object, metadata });
  };
  const told = () =>
    Object.fromEntries(
      (feed.delta()?.upserts.nodeClasses ?? []).map(({ name, observedMemory }) => [
        name,
        observedMemory.map(({ instanceType, memoryBytes }) => `${instanceType} ${Number(memoryBytes) / GIB}`),
      ]),
    );
  return { raw, stores, index, time, clock, observed, feed, put, told };
}

const nodeClass = (name: string, ...images: readonly string[]): ApiObject => ({
  apiVersion: 'karpenter.k8s.aws/v1',
  kind: 'EC2NodeClass',
  metadata: { name, uid: name },
  spec: { amiFamily: 'AL2023', amiSelectorTerms: [{ alias: 'al2023@latest' }] },
  status: { amis: images.map((id) => ({ id })), conditions: [{ type: 'Ready', status: 'True' }] },
});

const claim = (name: string, className: string, imageID: string): ApiObject => ({
  metadata: { name, uid: name },
  spec: { nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: className }, requirements: [] },
  status: { providerID: `aws:///a/${name}`, imageID },
});

const node = (name: string, memory: string, labels: Readonly<Record<string, string>> = {}): ApiObject => ({
  metadata: {
    name,
    uid: name,
    labels: { 'karpenter.sh/registered': 'true', 'node.kubernetes.io/instance-type': 'm5.large', ...labels },
  },
  spec: { providerID: `aws:///a/${name}` },
  status: { capacity: { memory } },
});

describe('memory that nodes were seen to have', () => {
  test('is told with every class that has the images, and the least counts', () => {
    const { put, told } = open();
    put('ec2NodeClasses', nodeClass('one', 'ami-1', 'ami-2'));
    put('ec2NodeClasses', nodeClass('same', 'ami-2', 'ami-1'));
    put('ec2NodeClasses', nodeClass('other', 'ami-3'));
    assert.deepEqual(told(), { one: [], same: [], other: [] });
    put('nodeClaims', claim('n1', 'one', 'ami-1'));
    put('nodes', node('n1', '8Gi'));
    assert.deepEqual(told(), { one: ['m5.large 8'], same: ['m5.large 8'] });
    put('nodeClaims', claim('n2', 'one', 'ami-2'));
    put('nodes', node('n2', '9Gi'));
    assert.deepEqual(told(), {});
    put('nodeClaims', claim('n3', 'one', 'ami-2'));
    put('nodes', node('n3', '7Gi'));
    assert.deepEqual(told(), { one: ['m5.large 7'], same: ['m5.large 7'] });
  });

  test('is learned once a node has registered, whatever comes first', () => {
    const { put, told } = open();
    put('nodes', node('n1', '8Gi', { 'karpenter.sh/registered': '' }));
    put('nodeClaims', claim('n1', 'one', 'ami-1'));
    put('ec2NodeClasses', nodeClass('one', 'ami-1'));
    assert.deepEqual(told(), { one: [] });
    put('nodes', node('n1', '8Gi'));
    assert.deepEqual(told(), { one: ['m5.large 8'] });
    const late = open();
    late.put('nodes', node('n1', '8Gi'));
    late.put('ec2NodeClasses', nodeClass('one', 'ami-1'));
    late.put('nodeClaims', claim('n1', 'one', 'ami-1'));
    assert.deepEqual(late.told(), { one: ['m5.large 8'] });
  });

  test('says nothing of other images: of a node that drifted, or of a class whose images changed', () => {
    const { put, told } = open();
    put('ec2NodeClasses', nodeClass('one', 'ami-1'));
    put('nodeClaims', claim('n1', 'one', 'ami-0'));
    put('nodes', node('n1', '8Gi'));
    assert.deepEqual(told(), { one: [] });
    put('nodeClaims', claim('n2', 'one', 'ami-1'));
    put('nodes', node('n2', '8Gi'));
    assert.deepEqual(told(), { one: ['m5.large 8'] });
    put('ec2NodeClasses', nodeClass('one', 'ami-2'));
    assert.deepEqual(told(), { one: [] });
    put('ec2NodeClasses', nodeClass('one', 'ami-1'));
    assert.deepEqual(told(), { one: ['m5.large 8'] });
  });

  test('is kept for 60 days after it was seen last', () => {
    const { put, observed, time, told } = open();
    const one = nodeClass('one', 'ami-1');
    put('ec2NodeClasses', one);
    put('nodeClaims', claim('n1', 'one', 'ami-1'));
    put('nodes', node('n1', '8Gi'));
    time.ms = 59 * DAY_MS;
    put('nodeClaims', claim('n2', 'one', 'ami-1'));
    put('nodes', node('n2', '8Gi'));
    time.ms = 100 * DAY_MS;
    assert.equal(observed.of(one).length, 1);
    time.ms = 119 * DAY_MS;
    assert.equal(observed.of(one).length, 0);
    told();
    put('nodeClaims', claim('n3', 'one', 'ami-1'));
    put('nodes', node('n3', '9Gi'));
    assert.deepEqual(told(), { one: ['m5.large 9'] });
  });

  test('is learned by a controller that starts from the nodes that are there', () => {
    const { stores, index, clock, put } = open();
    const one = nodeClass('one', 'ami-1');
    put('ec2NodeClasses', one);
    put('nodeClaims', claim('n1', 'one', 'ami-1'));
    put('nodes', node('n1', '8Gi'));
    const [seen] = new MemoryLearner(stores, index, clock).of(one);
    assert.deepEqual([seen?.instanceType, seen?.memoryBytes], ['m5.large', BigInt(8 * GIB)]);
  });

  test('is in the state that a plan was made of, as it was then', () => {
    const { stores, feed, observed, put } = open();
    const recorded = new RecordedFeed(stores, feed, { observed });
    put('ec2NodeClasses', nodeClass('one', 'ami-1'));
    put('nodeClaims', claim('n1', 'one', 'ami-1'));
    put('nodes', node('n1', '8Gi'));
    recorded.snapshot();
    const { told } = recorded;
    put('nodeClaims', claim('n2', 'one', 'ami-1'));
    put('nodes', node('n2', '7Gi'));
    const request = told?.({} as never, {} as never);
    assert.deepEqual(
      request?.nodeClasses.map(({ observedMemory }) => observedMemory.map(({ memoryBytes }) => memoryBytes)),
      [[BigInt(8 * GIB)]],
    );
  });
});
