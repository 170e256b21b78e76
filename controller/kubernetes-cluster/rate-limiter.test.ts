// The token bucket on a driven clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Takes so many turns at once; answers when each came. */
function takeAll(limiter: RateLimiter, clock: DrivenClock, count: number): number[] {
  const turnsMs: number[] = [];
  for (let call = 0; call < count; call += 1) void limiter.take().then(() => turnsMs.push(clock.monotonicMs()));
  return turnsMs;
}

test('a burst passes at once, what follows passes at the rate, in order', async () => {
  const clock = new DrivenClock();
  const turnsMs = takeAll(new RateLimiter({ qps: 10, burst: 3 }, clock), clock, 6);
  await clock.advance(0);
  assert.deepEqual(turnsMs, [0, 0, 0]);
  await clock.advance(1_000);
  assert.deepEqual(turnsMs, [0, 0, 0, 100, 200, 300]);
});

test('a quiet time fills the bucket, and never beyond the burst', async () => {
  const clock = new DrivenClock();
  const limiter = new RateLimiter({ qps: 10, burst: 3 }, clock);
  takeAll(limiter, clock, 3);
  await clock.advance(60_000);
  const turnsMs = takeAll(limiter, clock, 5);
  await clock.advance(1_000);
  assert.deepEqual(turnsMs, [60_000, 60_000, 60_000, 60_100, 60_200]);
});

test('who waits for a turn can give up', async () => {
  const clock = new DrivenClock();
  const limiter = new RateLimiter({ qps: 1, burst: 1 }, clock);
  await limiter.take();
  const abort = new AbortController();
  const waiting = limiter.take(abort.signal);
  abort.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(() => limiter.take(abort.signal), /enough/);
});

test('a rate of nothing is refused', () => {
  const clock = new DrivenClock();
  assert.throws(() => new RateLimiter({ qps: 0, burst: 1 }, clock), /must be positive \(qps=0, burst=1\)/);
  assert.throws(() => new RateLimiter({ qps: 1, burst: 0 }, clock), /must be positive/);
});
