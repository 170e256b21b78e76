// The wrapper: hooks stand around every call, and one that refuses keeps the call from being made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiObject, Cloud, ObjectWriter } from '../ports/index.ts';
import { KINDS } from '../ports/index.ts';
import { Writes } from './writes.ts';

const object: ApiObject = { metadata: { name: 'a' } };

type CloudWriter = Pick<Cloud, 'launch' | 'terminate' | 'tag' | 'forgetNodeClass'>;

function recordedPorts(seen: string[]): { cluster: ObjectWriter; cloud: CloudWriter } {
  const call = (name: string) => async (): Promise<never> => {
    seen.push(name);
    return object as never;
  };
  const cluster: ObjectWriter = {
    create: call('create'),
    replace: call('replace'),
    patch: call('patch'),
    delete: call('delete'),
    evict: call('evict'),
  };
  const cloud: CloudWriter = {
    launch: call('launch'),
    terminate: call('terminate'),
    tag: call('tag'),
    forgetNodeClass: call('forgetNodeClass'),
  };
  return { cluster, cloud };
}

function recorded(refuse: string | undefined): { writes: Writes; seen: string[] } {
  const seen: string[] = [];
  const { cluster, cloud } = recordedPorts(seen);
  const hooks = {
    before: (point: string) => {
      seen.push(`before ${point}`);
      if (point === refuse) throw new Error('not the leader');
    },
    after: (point: string) => void seen.push(`after ${point}`),
  };
  return { writes: new Writes(cluster, cloud, hooks), seen };
}

const CALLS: readonly (readonly [string, (writes: Writes, point: string) => Promise<unknown>])[] = [
  ['create', (writes, point) => writes.create(point, KINDS.nodeClaims, object)],
  ['replace', (writes, point) => writes.replace(point, KINDS.nodes, object)],
  ['patch', (writes, point) => writes.patch(point, KINDS.nodes, { name: 'a' }, { type: 'merge', body: {} })],
  ['delete', (writes, point) => writes.delete(point, KINDS.nodes, { name: 'a' })],
  ['evict', (writes, point) => writes.evict(point, { namespace: 'default', name: 'a' })],
  ['launch', (writes, point) => writes.launch(point, {} as never)],
  ['terminate', (writes, point) => writes.terminate(point, ['i-1'])],
  ['tag', (writes, point) => writes.tag(point, 'i-1', {})],
  ['forgetNodeClass', (writes, point) => writes.forgetNodeClass(point, object)],
];

for (const [name, call] of CALLS) {
  test(`${name} is made between its hooks, and not at all when the first refuses`, async () => {
    const allowed = recorded(undefined);
    await call(allowed.writes, 'point');
    assert.deepEqual(allowed.seen, ['before point', name, 'after point']);
    const refused = recorded('point');
    await assert.rejects(() => call(refused.writes, 'point'), /not the leader/);
    assert.deepEqual(refused.seen, ['before point']);
  });
}

test('a hook around calls makes them, hears how they end, and may refuse', async () => {
  const seen: string[] = [];
  const failing: ObjectWriter['delete'] = async () => {
    throw new Error('no such pod');
  };
  const { cluster, cloud } = recordedPorts(seen);
  const writes = new Writes({ ...cluster, delete: failing }, cloud, {
    before: () => undefined,
    after: () => undefined,
    around: async (point, call) => {
      if (point === 'late') throw new Error('not the leader');
      try {
        return await call();
      } finally {
        seen.push(`over ${point}`);
      }
    },
  });
  assert.equal(await writes.create('in time', KINDS.nodes, object), object);
  await assert.rejects(() => writes.delete('in vain', KINDS.nodes, { name: 'a' }), /no such pod/);
  await assert.rejects(() => writes.create('late', KINDS.nodes, object), /not the leader/);
  assert.deepEqual(seen, ['create', 'over in time', 'over in vain']);
});
