// Batches: what goes together, and when a batch is closed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { Batcher } from './batcher.ts';

function open(most = 100) {
  const clock = new DrivenClock();
  const runs: (readonly string[])[] = [];
  const batcher = new Batcher<string, string>({
    clock,
    idleMs: 10,
    maxMs: 35,
    most,
    keyOf: (item) => item.slice(0, 1),
    run: async (items) => {
      runs.push(items);
      if (items.includes('a!')) throw new Error('broken');
      return items.map((item) => item.toUpperCase());
    },
  });
  return { clock, runs, batcher };
}

test('items with equal keys are one run, and each gets its own answer', async () => {
  const { clock, runs, batcher } = open();
  const answers = Promise.all(['a1', 'b1', 'a2'].map((item) => batcher.add(item)));
  await clock.advance(10);
  assert.deepEqual(await answers, ['A1', 'B1', 'A2']);
  assert.deepEqual(runs, [['a1', 'a2'], ['b1']]);
});

test('a batch stays open while items come, but not for ever', async () => {
  const { clock, runs, batcher } = open();
  for (const item of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']) {
    void batcher.add(item);
    await clock.advance(8);
  }
  await clock.advance(50);
  assert.deepEqual(runs, [['a1', 'a2', 'a3', 'a4', 'a5'], ['a6']]);
});

test('a full batch is run at once', async () => {
  const { runs, batcher } = open(2);
  assert.deepEqual(await Promise.all([batcher.add('a1'), batcher.add('a2')]), ['A1', 'A2']);
  assert.deepEqual(runs, [['a1', 'a2']]);
});

test('a run that fails fails for all of its batch, and for no other', async () => {
  const { clock, batcher } = open();
  const settled = Promise.allSettled(['a1', 'a!', 'b1'].map((item) => batcher.add(item)));
  await clock.advance(10);
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  );
});
