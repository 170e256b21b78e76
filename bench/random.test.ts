// The generated corpus is only worth something if a seed means the same everywhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRandom } from './random.ts';

test('a seed gives the same numbers everywhere', () => {
  const random = openRandom(1);
  assert.deepEqual([random.uint32(), random.uint32(), random.uint32()], [393_288_148, 2_174_103_013, 3_814_759_091]);
});

test('neighbouring seeds give unrelated streams', () => {
  const differing = new Set(Array.from({ length: 1000 }, (_, seed) => openRandom(seed).uint32()));
  assert.equal(differing.size, 1000);
});

test('fractions are spread evenly over zero to one', () => {
  const random = openRandom(7);
  const buckets = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 100_000; draw += 1) buckets[Math.floor(random.fraction() * 10)]! += 1;
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 500, `${buckets}`);
});

test('a fork is independent of how much its parent has drawn', () => {
  const early = openRandom(3);
  const late = openRandom(3);
  late.uint32();
  assert.equal(early.fork('pods').uint32(), late.fork('pods').uint32());
  assert.notEqual(early.fork('pods').uint32(), early.fork('nodes').uint32());
});

test('weights decide how often an item is picked, and a shuffle keeps every item', () => {
  const random = openRandom(11);
  let heavy = 0;
  for (let draw = 0; draw < 10_000; draw += 1)
    heavy += random.pickWeighted([
      [9, 1],
      [1, 0],
    ]);
  assert.ok(heavy > 8_800 && heavy < 9_200, `${heavy}`);
  const items = Array.from({ length: 50 }, (_, index) => index);
  const shuffled = random.shuffle(items);
  assert.notDeepEqual(shuffled, items);
  assert.deepEqual(
    [...shuffled].sort((x, y) => x - y),
    items,
  );
});
