// The queue's promises: one worker a key, nothing lost, pauses that grow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { ClusterError } from '../ports/index.ts';
import { type Reconcile, WorkQueue } from './index.ts';

function open(reconcile: Reconcile, concurrency = 10) {
  const clock = new DrivenClock();
  const errors: string[] = [];
  const queue = new WorkQueue({
    name: 'test',
    clock,
    random: () => 1,
    concurrency,
    reconcile,
    onError: (_, key) => void errors.push(key),
  });
  const end = new AbortController();
  queue.start(end.signal);
  return { clock, queue, errors, end };
}

test('a key is worked on by one worker at a time, and again when it was added meanwhile', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const { clock, queue } = open(async () => {
    runs += 1;
    running += 1;
    most = Math.max(most, running);
    await clock.sleep(10);
    running -= 1;
    return undefined;
  });
  queue.add('a');
  queue.add('a');
  await clock.advance(5);
  queue.add('a');
  queue.add('a');
  await clock.advance(100);
  assert.deepEqual({ runs, most }, { runs: 2, most: 1 });
});

test('no more keys are worked on at once than the bound says', async () => {
  let running = 0;
  let most = 0;
  const { clock, queue } = open(async () => {
    running += 1;
    most = Math.max(most, running);
    await clock.sleep(10);
    running -= 1;
    return undefined;
  }, 3);
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) queue.add(key);
  await clock.advance(100);
  assert.equal(most, 3);
  assert.equal(queue.depth, 0);
});

test('pauses double with each failure of a key, up to the longest, and begin anew after a success', async () => {
  const times: number[] = [];
  let failing = true;
  const { clock, queue, errors } = open(async () => {
    times.push(clock.monotonicMs());
    if (failing) throw new Error('no');
    return undefined;
  });
  queue.add('a');
  await clock.advance(200_000);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.deepEqual(pauses.slice(0, 8), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  assert.equal(errors.length, times.length);
  failing = false;
  await clock.advance(60_000);
  failing = true;
  times.length = 0;
  queue.add('a');
  await clock.advance(1_500);
  assert.equal(times.length, 2);
});

test('a conflict comes again soon and is no error', async () => {
  let runs = 0;
  const { clock, queue, errors } = open(async () => {
    runs += 1;
    if (runs < 3) throw new ClusterError('Conflict', 'somebody else was first');
    return undefined;
  });
  queue.add('a');
  await clock.advance(1_000);
  assert.equal(runs, 3);
  assert.deepEqual(errors, []);
});

test('a server that asks to wait is given the time', async () => {
  let runs = 0;
  const { clock, queue } = open(async () => {
    runs += 1;
    throw new ClusterError('TooManyRequests', 'slow down', { retryAfterMs: 30_000 });
  });
  queue.add('a');
  await clock.advance(29_000);
  assert.equal(runs, 1);
  await clock.advance(2_000);
  assert.equal(runs, 2);
});

test('of several times to come again the earliest counts, and being added at once counts more', async () => {
  const times: number[] = [];
  const { clock, queue } = open(async () => {
    times.push(clock.monotonicMs());
    return undefined;
  });
  queue.addAfter('a', 5_000);
  queue.addAfter('a', 2_000);
  queue.addAfter('a', 9_000);
  await clock.advance(20_000);
  assert.deepEqual(times, [2_000]);
  queue.addAfter('a', 5_000);
  queue.add('a');
  await clock.advance(20_000);
  assert.deepEqual(times, [2_000, 20_000]);
});

test('after the end nothing new begins, and what runs may finish', async () => {
  const done: string[] = [];
  const { clock, queue, end } = open(async (key) => {
    await clock.sleep(10);
    done.push(key);
    return { requeueAfterMs: 1 };
  }, 1);
  queue.add('a');
  queue.add('b');
  await clock.advance(5);
  end.abort();
  await clock.advance(100);
  await queue.drained();
  assert.deepEqual(done, ['a']);
});
