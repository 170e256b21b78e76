// Paths of the API.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../ports/index.ts';
import { collectionPath, objectPath, queryOf } from './paths.ts';

test('paths are those of the API, with names that keep to their part of it', () => {
  assert.equal(collectionPath(KINDS.pods, undefined), '/api/v1/pods');
  assert.equal(collectionPath(KINDS.pods, 'a'), '/api/v1/namespaces/a/pods');
  assert.equal(
    objectPath(KINDS.leases, { namespace: 'a', name: 'b' }),
    '/apis/coordination.k8s.io/v1/namespaces/a/leases/b',
  );
  assert.equal(objectPath(KINDS.nodes, { name: 'n' }, 'status'), '/api/v1/nodes/n/status');
  assert.equal(objectPath(KINDS.nodes, { name: '../pods?x=#' }), '/api/v1/nodes/..%2Fpods%3Fx%3D%23');
});

test('a place that no object of the kind can have is refused before anything is sent', () => {
  assert.throws(() => objectPath(KINDS.pods, { name: 'a' }), /needs a namespace/);
  assert.throws(() => objectPath(KINDS.nodes, { namespace: 'a', name: 'a' }), /has no namespace/);
  assert.throws(() => objectPath(KINDS.nodes, { name: '' }), /has no name/);
});

test('a query has what is there', () => {
  assert.equal(queryOf({ a: undefined }), '');
  assert.equal(queryOf({ a: 'x in (y,z)', b: 5, c: true, d: undefined }), '?a=x+in+%28y%2Cz%29&b=5&c=true');
});
