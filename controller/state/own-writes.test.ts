// Deletions that the API server answers by a conflict: nobody may take them for done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiObject, ClusterError, type ObjectReader } from '../ports/index.ts';
import type { Writes } from '../writes/index.ts';
import { OwnWrites } from './own-writes.ts';
import type { Stores } from './stores.ts';

const asked: ApiObject = { metadata: { name: 'node-1', uid: 'one' } };

/** A writer whose deletions are conflicts, with what can be read after that. */
function conflicting(left: ApiObject | undefined): OwnWrites {
  const writes = { delete: () => Promise.reject(new ClusterError('Conflict', 'delete Node node-1')) };
  const reader = { get: async () => left };
  const stores = { nodes: { note: () => undefined, noteGone: () => undefined } };
  return new OwnWrites(
    writes as unknown as Writes,
    reader as unknown as Pick<ObjectReader, 'get'>,
    stores as unknown as Stores,
  );
}

test('a deletion that is refused by a conflict and leaves the object as it was is told', async () => {
  await assert.rejects(conflicting(asked).delete('node.delete', 'nodes', asked), { code: 'Conflict' });
});

test('a conflict is no error where another object has the name, or nothing has, or it is being deleted', async () => {
  const other = { metadata: { name: 'node-1', uid: 'two' } };
  const going = { metadata: { ...asked.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  for (const left of [other, undefined, going]) {
    assert.equal(await conflicting(left).delete('node.delete', 'nodes', asked), left);
  }
});
