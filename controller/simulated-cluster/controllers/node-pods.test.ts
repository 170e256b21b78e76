// What becomes of pods whose node is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../../clock/index.ts';
import { KINDS } from '../../ports/index.ts';
import { SimulatedCluster, startControlPlane } from '../index.ts';

test('pods of a node that is gone end after forty seconds, and their owner makes others', async (t) => {
  const clock = new DrivenClock();
  const cluster = new SimulatedCluster({ clock });
  const { api } = cluster;
  const end = new AbortController();
  t.after(() => end.abort());
  startControlPlane(cluster, { signal: end.signal });
  const ready = [{ type: 'Ready', status: 'True' }];
  const node = (name: string) =>
    api.create(KINDS.nodes, {
      metadata: { name },
      status: { allocatable: { cpu: '4', pods: '9' }, conditions: ready },
    });
  node('one');
  const labels = { app: 'web' };
  api.create(KINDS.replicaSets, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main' }] } },
    },
  });
  const nodesOfPods = () => api.storage.sorted(KINDS.pods).map(({ spec }) => (spec as { nodeName?: string }).nodeName);
  await clock.advance(5_000);
  assert.deepEqual(nodesOfPods(), ['one', 'one']);
  api.delete(KINDS.nodes, { name: 'one' });
  node('two');
  await clock.advance(39_000);
  assert.deepEqual(nodesOfPods(), ['one', 'one'], 'it may come back');
  await clock.advance(5_000);
  assert.deepEqual(nodesOfPods(), ['two', 'two']);
});
