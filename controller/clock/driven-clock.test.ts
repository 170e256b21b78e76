// The driven clock: who is woken when, and that everything comes to rest in between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from './index.ts';

function recorded(): { clock: DrivenClock; heard: string[]; sleeper: (name: string, ms: number) => Promise<void> } {
  const clock = new DrivenClock({ startMs: 1_000 });
  const heard: string[] = [];
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    heard.push(`${name} at ${clock.monotonicMs()}`);
  };
  return { clock, heard, sleeper };
}

test('sleepers wake in the order of their times, and at one time in the order in which they fell asleep', async () => {
  const { clock, heard, sleeper } = recorded();
  for (const [name, ms] of [
    ['c', 30],
    ['a', 10],
    ['d', 30],
    ['b', 20],
    ['e', 31],
  ] as const)
    sleeper(name, ms);
  await clock.advance(30);
  assert.deepEqual(heard, ['a at 10', 'b at 20', 'c at 30', 'd at 30']);
  assert.equal(clock.nowMs(), 1_030);
  assert.equal(clock.sleeperCount, 1);
});

test('what one sleeper sets off, sleeps included, happens before the next wakes', async () => {
  const { clock, heard, sleeper } = recorded();
  const first = async (): Promise<void> => {
    await sleeper('first', 10);
    for (let step = 0; step < 50; step += 1) await Promise.resolve();
    heard.push('first is done');
    await sleeper('first again', 5);
  };
  first();
  sleeper('second', 15);
  sleeper('third', 16);
  await clock.advance(20);
  assert.deepEqual(heard, ['first at 10', 'first is done', 'second at 15', 'first again at 15', 'third at 16']);
});

test('thousands of sleepers wake in order', async () => {
  const clock = new DrivenClock();
  const woken: number[] = [];
  const times = Array.from({ length: 2_000 }, (_, index) => (index * 7_919) % 1_009);
  for (const ms of times) clock.sleep(ms).then(() => woken.push(ms));
  await clock.advance(2_000);
  assert.deepEqual(
    woken,
    times.toSorted((a, b) => a - b),
  );
});

test('a sleep that is aborted rejects with the reason of the signal and never wakes', async () => {
  const { clock } = recorded();
  const reason = new Error('enough');
  const abort = new AbortController();
  const sleeping = clock.sleep(10, abort.signal);
  abort.abort(reason);
  await assert.rejects(sleeping, (error) => error === reason);
  await assert.rejects(
    () => clock.sleep(10, abort.signal),
    (error) => error === reason,
  );
  assert.equal(clock.sleeperCount, 0);
  await clock.advance(10);
});

test('time can be driven until something holds, and stops there', async () => {
  const { clock, heard, sleeper } = recorded();
  sleeper('a', 10);
  sleeper('b', 20);
  assert.equal(await clock.advanceUntil(() => heard.length === 1, 100), true);
  assert.equal(clock.monotonicMs(), 10);
  assert.equal(await clock.advanceUntil(() => heard.length === 5, 100), false);
  assert.equal(clock.monotonicMs(), 110);
});

test('the time of day can jump, which no sleeper notices', async () => {
  const { clock, heard, sleeper } = recorded();
  sleeper('a', 10);
  clock.jump(-500);
  assert.equal(clock.nowMs(), 500);
  await clock.advance(9);
  assert.deepEqual(heard, []);
  await clock.advance(1);
  assert.deepEqual(heard, ['a at 10']);
});

test('a clock that is being driven is not driven by somebody else', async () => {
  const { clock } = recorded();
  const driving = clock.advance(1);
  await assert.rejects(() => clock.advance(1), /driven already/);
  await driving;
});
