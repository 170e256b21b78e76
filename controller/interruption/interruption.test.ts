// What is said while interruptions can't be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import type { ControllerContext } from '../context/index.ts';
import { followInterruptions } from './interruption.ts';

test('a queue that is missing is tried every few seconds and told of once a minute', async () => {
  const clock = new DrivenClock();
  const told: object[] = [];
  let tries = 0;
  const cloud = {
    interruptions: () => {
      tries += 1;
      throw new Error('there is no queue');
    },
  };
  const log = { error: (fields: object) => told.push(fields) };
  const stop = new AbortController();
  const followed = followInterruptions({ clock, cloud, log } as unknown as ControllerContext, stop.signal);
  await clock.advance(119_000);
  assert.equal(tries, 24);
  assert.deepEqual(told, Array(2).fill({ error: 'Error: there is no queue' }));
  stop.abort();
  await followed;
});
