// The wrapper: hooks stand around every call, and one that refuses keeps the call from being made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiObject, Cloud, ObjectWriter } from '../ports/index.ts';
import { KINDS } from '../ports/index.ts';
import { Writes } from './writes.ts';

const object: ApiObject = { metadata: { name: 'a' } };

function recorded(refuse: string | undefined): { writes: Writes; seen: string[] } {
  const seen: string[] = [];
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
  const cloud: Pick<Cloud, 'launch' | 'terminate' | 'tag' | 'forgetNodeClass'> = {
    launch: call('launch'),
    terminate: call('terminate'),
    tag: call('tag'),
    forgetNodeClass: call('forgetNodeClass'),
  };
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
