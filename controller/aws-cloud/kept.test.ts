// Values that are kept: for how long, how many, and what is not kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { Kept } from './kept.ts';

test('a value is looked up once, until its time is up', async () => {
  const clock = new DrivenClock();
  const kept = new Kept<number>(clock, 10);
  let count = 0;
  const get = () => kept.get('a', 100, async () => (count += 1));
  assert.deepEqual(await Promise.all([get(), get()]), [1, 1]);
  await clock.advance(99);
  assert.equal(await get(), 1);
  await clock.advance(1);
  assert.equal(await get(), 2);
});

test('how long may depend on what was found, and a failure is not kept', async () => {
  const kept = new Kept<number>(new DrivenClock(), 10);
  let count = 0;
  const forMs = (value: number): number => (value < 2 ? 0 : 100);
  for (const expected of [1, 2, 2]) assert.equal(await kept.get('a', forMs, async () => (count += 1)), expected);
  await assert.rejects(kept.get('b', 100, async () => Promise.reject(new Error('no'))));
  assert.equal(await kept.get('b', 100, async () => 7), 7);
});

test('the oldest goes when there are too many', async () => {
  const kept = new Kept<string>(new DrivenClock(), 2);
  for (const key of ['a', 'b', 'c']) await kept.get(key, 100, async () => key);
  assert.equal(await kept.get('c', 100, async () => 'new'), 'c');
  assert.equal(await kept.get('a', 100, async () => 'new'), 'new');
});
