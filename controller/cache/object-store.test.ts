// The store: what its subscribers hear, and what a whole list drops.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiObject } from '../ports/index.ts';
import { ObjectStore, type StoreChange } from './object-store.ts';

const pod = (name: string, resourceVersion: string): ApiObject => ({
  metadata: { namespace: 'default', name, resourceVersion },
});

function recorded(): { store: ObjectStore<ApiObject>; heard: string[] } {
  const store = new ObjectStore((object) => object);
  const heard: string[] = [];
  const version = (object: ApiObject | undefined) => object?.metadata.resourceVersion ?? '-';
  store.subscribe(({ key, before, after }: StoreChange<ApiObject>) =>
    heard.push(`${key} ${version(before)} ${version(after)}`),
  );
  return { store, heard };
}

test('subscribers hear of what came, changed and went, and not of what they know', () => {
  const { store, heard } = recorded();
  store.upsert(pod('a', '1'));
  store.upsert(pod('a', '1'));
  store.upsert(pod('a', '2'));
  store.remove({ namespace: 'default', name: 'a' });
  store.remove({ namespace: 'default', name: 'a' });
  assert.deepEqual(heard, ['default/a - 1', 'default/a 1 2', 'default/a 2 -']);
  assert.equal(store.size, 0);
});

test('a whole list drops what it does not have and makes the store synced', () => {
  const { store, heard } = recorded();
  store.upsert(pod('a', '1'));
  store.upsert(pod('b', '2'));
  assert.equal(store.isSynced, false);
  store.finishList(new Set(['default/b']));
  assert.equal(store.isSynced, true);
  assert.deepEqual(heard.slice(2), ['default/a 1 -']);
  assert.deepEqual(
    [...store.values()].map((object) => object.metadata.name),
    ['b'],
  );
});
