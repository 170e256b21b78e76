// The batching window: idle time, longest time, each id once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { Batcher } from './batcher.ts';

function open() {
  const clock = new DrivenClock();
  const batcher = new Batcher(clock, { idleMs: 1_000, maxMs: 10_000 });
  const closed: number[] = [];
  const end = new AbortController();
  const run = async () => {
    for (;;) {
      await batcher.wait(end.signal);
      closed.push(clock.monotonicMs());
    }
  };
  run().catch(() => undefined);
  return { clock, batcher, closed };
}

test('a window closes when nothing new has come for the idle time', async () => {
  const { clock, batcher, closed } = open();
  await clock.advance(5_000);
  batcher.trigger('a');
  await clock.advance(800);
  batcher.trigger('b');
  await clock.advance(10_000);
  assert.deepEqual(closed, [6_800]);
});

test('the same id does not keep a window open, and counts again in the next', async () => {
  const { clock, batcher, closed } = open();
  batcher.trigger('a');
  await clock.advance(600);
  batcher.trigger('a');
  await clock.advance(1_000);
  batcher.trigger('a');
  await clock.advance(5_000);
  assert.deepEqual(closed, [1_000, 2_600]);
});

test('a window that never falls idle closes after the longest time', async () => {
  const { clock, batcher, closed } = open();
  for (let index = 0; index < 40; index += 1) {
    batcher.trigger(String(index));
    await clock.advance(500);
  }
  assert.deepEqual(closed.slice(0, 1), [10_000]);
});

test('who is in a hurry waits for nobody, with a window open or not', async () => {
  const { clock, batcher, closed } = open();
  await clock.advance(100);
  batcher.triggerNow();
  await clock.advance(1);
  batcher.trigger('a');
  await clock.advance(300);
  batcher.triggerNow();
  await clock.advance(5_000);
  assert.deepEqual(closed, [100, 401]);
});

test('what comes while nobody waits is not lost', async () => {
  const clock = new DrivenClock();
  const batcher = new Batcher(clock, { idleMs: 1_000, maxMs: 10_000 });
  batcher.trigger('a');
  await clock.advance(3_000);
  let isClosed = false;
  void batcher.wait(new AbortController().signal).then(() => {
    isClosed = true;
  });
  await clock.advance(0);
  assert.equal(isClosed, true);
});
