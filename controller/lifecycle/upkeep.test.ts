// Which changes of pods are events of their node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import type { ControllerContext } from '../context/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { ClusterIndex, createRawStores, createStores } from '../state/index.ts';
import { Upkeep } from './upkeep.ts';

let version = 0;

function pod(nodeName: string, rest: object = {}, phase = 'Running', owner = 'ReplicaSet'): ApiObject {
  version += 1;
  return {
    metadata: {
      name: 'p',
      namespace: 'default',
      resourceVersion: String(version),
      ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: 'o', uid: 'o' }],
      ...rest,
    },
    spec: nodeName === '' ? {} : { nodeName },
    status: { phase },
  };
}

function open() {
  const raw = createRawStores({});
  const stores = createStores(raw, {});
  const woken: string[] = [];
  const context = { stores, index: new ClusterIndex(stores), clock: new DrivenClock() } as unknown as ControllerContext;
  new Upkeep(context, (name) => void woken.push(name));
  raw.nodes.upsert({ metadata: { name: 'n' }, spec: { providerID: 'aws:///a/i-1' } });
  raw.nodeClaims.upsert({ metadata: { name: 'c' }, spec: {}, status: { providerID: 'aws:///a/i-1' } });
  return { raw, woken };
}

test('pods that the first list brings have been there before', () => {
  const { raw, woken } = open();
  raw.pods.upsert(pod('n'));
  raw.pods.finishList(new Set(['default/p']));
  assert.deepEqual(woken, []);
});

const CHANGES: readonly (readonly [
  what: string,
  before: ApiObject | undefined,
  after: ApiObject | undefined,
  count: number,
])[] = [
  ['a pod that is bound', pod(''), pod('n'), 1],
  ['a pod that comes bound', undefined, pod('n'), 1],
  ['a pod that has ended', pod('n'), pod('n', {}, 'Succeeded'), 1],
  ['a pod that begins to end', pod('n'), pod('n', { deletionTimestamp: 'x' }), 1],
  ['a pod that is gone', pod('n', { deletionTimestamp: 'x' }), undefined, 1],
  ['a pod that starts to run', pod('n', {}, 'Pending'), pod('n'), 0],
  ['a pod that waits', undefined, pod(''), 0],
  ['a daemonset’s pod', undefined, pod('n', {}, 'Running', 'DaemonSet'), 0],
  ['a pod of another node', undefined, pod('elsewhere'), 0],
];

for (const [what, before, after, count] of CHANGES) {
  test(`${what} is ${count === 0 ? 'no ' : 'an '}event`, () => {
    const { raw, woken } = open();
    if (before !== undefined) raw.pods.upsert(before);
    raw.pods.finishList(new Set(before === undefined ? [] : ['default/p']));
    if (after === undefined) raw.pods.remove({ namespace: 'default', name: 'p' });
    else raw.pods.upsert(after);
    assert.equal(woken.length, count);
  });
}
