// Free places of capacity reservations between two readings of EC2, on a clock that the test moves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reservations, type ReservedCapacity } from './reservations.ts';

const of = (id: string, freeCount: number): ReservedCapacity => ({
  id,
  instanceType: 'm.large',
  zone: 'a',
  kind: 'default',
  freeCount,
});

function start() {
  const time = { ms: 0 };
  const reservations = new Reservations({ monotonicMs: () => time.ms });
  const free = () => Object.fromEntries(reservations.list().map(({ id, freeCount }) => [id, freeCount]));
  return { time, reservations, free };
}

test('a launch under way holds places, and keeps those that it took', () => {
  const { time, reservations, free } = start();
  reservations.tell('one', [of('cr-1', 2), of('cr-2', 5)], 0);
  time.ms = 10;
  const hold = reservations.hold(['cr-1', 'cr-2'], 3);
  assert.deepEqual(free(), { 'cr-1': 0, 'cr-2': 4 });
  hold.settle(new Map([['cr-2', 1]]));
  assert.deepEqual(free(), { 'cr-1': 2, 'cr-2': 4 });
});

test('an answer of EC2 has in it what was taken before it was asked, and nothing of what came after', () => {
  const { time, reservations, free } = start();
  reservations.tell('one', [of('cr-1', 5)], 0);
  time.ms = 10;
  reservations.hold(['cr-1'], 1).settle(new Map([['cr-1', 1]]));
  time.ms = 30;
  reservations.hold(['cr-1'], 1).settle(new Map([['cr-1', 1]]));
  // Asked between the two.
  reservations.tell('one', [of('cr-1', 4)], 20);
  assert.deepEqual(free(), { 'cr-1': 3 });
  reservations.tell('one', [of('cr-1', 3)], 40);
  assert.deepEqual(free(), { 'cr-1': 3 });
});

test('one that EC2 has refused has nothing free until EC2 is asked again', () => {
  const { time, reservations, free } = start();
  reservations.tell('one', [of('cr-1', 5)], 0);
  time.ms = 10;
  reservations.exhaust('cr-1');
  assert.deepEqual(free(), { 'cr-1': 0 });
  reservations.tell('one', [of('cr-1', 2)], 20);
  assert.deepEqual(free(), { 'cr-1': 2 });
});

test('of several selectors that mean one reservation the newest answer counts, and old ones are forgotten', () => {
  const { time, reservations, free } = start();
  reservations.tell('one', [of('cr-1', 5), of('cr-2', 1)], 0);
  reservations.tell('two', [of('cr-1', 3)], 5);
  assert.deepEqual(free(), { 'cr-1': 3, 'cr-2': 1 });
  time.ms = 600_003;
  assert.deepEqual(free(), { 'cr-1': 3 });
});

test('who waits hears of a change since the list was read, also of one before the waiting began, and of nothing else', async () => {
  const { time, reservations, free } = start();
  const end = new AbortController();
  reservations.tell('one', [of('cr-1', 5)], 0);
  await reservations.changed(end.signal);
  free();
  let heard = 0;
  const waiting = reservations.changed(end.signal).then(() => {
    heard += 1;
  });
  reservations.tell('one', [of('cr-1', 5)], 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(heard, 0, 'the same answer again is no news');
  time.ms = 2;
  reservations.hold(['cr-1'], 1);
  await waiting;
  assert.equal(heard, 1);
  free();
  const ended = reservations.changed(end.signal);
  end.abort(new Error('over'));
  await assert.rejects(ended, /over/);
});
