// The state that a plan is of: what was told last, whatever has changed since.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { CatalogueReferenceSchema, SolveOptionsSchema } from '../../proto/index.ts';
import type { ApiObject } from '../ports/index.ts';
import {
  ClusterIndex,
  createRawStores,
  createStores,
  PROJECTIONS,
  RecordedFeed,
  requestAnew,
  SessionFeed,
} from './index.ts';

function pod(name: string, nodeName?: string): ApiObject {
  return {
    metadata: { name, namespace: 'default', uid: name },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }], ...(nodeName ? { nodeName } : {}) },
    status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
  };
}

const NODE: ApiObject = {
  metadata: { name: 'one', uid: 'one', labels: { 'kubernetes.io/arch': 'amd64' } },
  spec: { providerID: 'aws:///us-east-1a/i-1' },
  status: { allocatable: { cpu: '4' }, capacity: { cpu: '4' } },
};

test('a request is of the state that was told last, and not of what came after', () => {
  const raw = createRawStores(PROJECTIONS);
  const stores = createStores(raw, PROJECTIONS);
  const feed = new RecordedFeed(stores, new SessionFeed(stores, new ClusterIndex(stores), {}), {});
  const request = () => feed.told?.(create(CatalogueReferenceSchema), create(SolveOptionsSchema));
  assert.equal(request(), undefined);
  raw.nodes.upsert(NODE);
  raw.pods.upsert(pod('running', 'one'));
  raw.pods.upsert(pod('waiting'));
  feed.snapshot();
  raw.pods.upsert(pod('late'));
  raw.pods.remove({ namespace: 'default', name: 'running' });
  const first = request();
  assert.deepEqual(
    first?.podGroups.map(({ names }) => names),
    [['waiting']],
  );
  assert.deepEqual(
    first?.nodes.map(({ name, pods }) => [name, pods.flatMap(({ names }) => names)]),
    [['one', ['running']]],
  );
  feed.delta();
  const second = request();
  assert.deepEqual(second?.podGroups.flatMap(({ names }) => names).sort(), ['late', 'waiting']);
  assert.deepEqual(
    second?.nodes.flatMap(({ pods }) => pods),
    [],
  );
});

test("a request for nodes anew has the pods of the pools' nodes among those that wait, and leaves other nodes as they are", () => {
  const raw = createRawStores(PROJECTIONS);
  const labels = { ...NODE.metadata.labels, 'karpenter.sh/nodepool': 'default' };
  raw.nodes.upsert(NODE);
  raw.nodes.upsert({ ...NODE, metadata: { name: 'two', uid: 'two', labels } });
  raw.nodeClaims.upsert({ metadata: { name: 'flying', uid: 'flying', labels }, spec: {}, status: { allocatable: {} } });
  raw.pods.upsert(pod('stays', 'one'));
  raw.pods.upsert(pod('moves', 'two'));
  raw.pods.upsert(pod('waits'));
  const owned = (name: string, kind: string): ApiObject => {
    const ownerReferences = [{ apiVersion: 'v1', kind, name: 'owner', uid: 'owner', controller: true }];
    return { ...pod(name, 'two'), metadata: { name, namespace: 'default', uid: name, ownerReferences } };
  };
  raw.pods.upsert(owned('of-the-node', 'Node'));
  raw.pods.upsert(owned('of-a-daemonset', 'DaemonSet'));
  const ending = pod('ending', 'two');
  raw.pods.upsert({ ...ending, metadata: { ...ending.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
  raw.pods.upsert({ ...pod('over', 'two'), status: { phase: 'Succeeded' } });
  const nominated = pod('nominated');
  raw.pods.upsert({
    ...nominated,
    metadata: { ...nominated.metadata, annotations: { 'dovetail/nominated': 'two' } },
    status: { ...(nominated.status as object), nominatedNodeName: 'two' },
  });
  const request = requestAnew(raw, {}, create(CatalogueReferenceSchema), create(SolveOptionsSchema));
  assert.deepEqual(request.podGroups.flatMap(({ names }) => names).sort(), ['moves', 'nominated', 'waits']);
  assert.deepEqual(
    request.nodes.map(({ name, pods }) => [name, pods.flatMap(({ names }) => names)]),
    [['one', ['stays']]],
  );
});
