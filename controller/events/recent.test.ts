// The map that forgets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from './recent.ts';

test('what was not asked for or set for longest is forgotten first', () => {
  const recent = new Recent<number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  assert.equal(recent.get('a'), 1);
  recent.set('c', 3);
  assert.deepEqual([recent.get('a'), recent.get('b'), recent.get('c'), recent.size], [1, undefined, 3, 2]);
  recent.set('a', 4);
  recent.delete('c');
  recent.set('d', 5);
  assert.deepEqual([recent.get('a'), recent.get('c'), recent.get('d')], [4, undefined, 5]);
});
