// Amounts of resources as they reach the engine: which zeros are kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ResourcesSchema } from '../../proto/index.ts';
import { toResourceList } from './resources.ts';

test('a node without any attachments left for a driver says so, while other zeros are left out', () => {
  const amounts = create(ResourcesSchema, {
    cpuMilli: 0n,
    extended: { 'attachable-volumes-csi.example.com': 0n, 'example.com/gpu': 0n },
  });
  assert.deepEqual(toResourceList(amounts, 'allocatable'), { 'attachable-volumes-csi.example.com': 0 });
});
