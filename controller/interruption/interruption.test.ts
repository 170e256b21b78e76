// What is said while interruptions can't be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import type { ControllerContext, EventNote } from '../context/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { followInterruptions } from './interruption.ts';

test('a queue that is missing is tried every few seconds and told of once a minute, on the own Pod as well', async () => {
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
  const ownPod = { kind: 'Pod', metadata: { namespace: 'karpenter', name: 'dovetail-0' } };
  const recorded: unknown[] = [];
  const events = { record: (about: ApiObject, note: EventNote) => recorded.push([about, note]) };
  const stop = new AbortController();
  const followed = followInterruptions(
    { clock, cloud, log, events, ownPod } as unknown as ControllerContext,
    stop.signal,
  );
  await clock.advance(119_000);
  assert.equal(tries, 24);
  assert.deepEqual(told, Array(2).fill({ error: 'Error: there is no queue' }));
  const message = 'Failed to read interruptions, nodes go without notice: there is no queue';
  assert.deepEqual(recorded, Array(2).fill([ownPod, { type: 'Warning', reason: 'InterruptionsUnread', message }]));
  stop.abort();
  await followed;
});

test('where the own Pod is not known a missing queue is only logged', async () => {
  const clock = new DrivenClock();
  const cloud = {
    interruptions: () => {
      throw new Error('there is no queue');
    },
  };
  let told = 0;
  const log = {
    error: () => {
      told += 1;
    },
  };
  const events = { record: () => assert.fail('an event about nothing') };
  const stop = new AbortController();
  const followed = followInterruptions({ clock, cloud, log, events } as unknown as ControllerContext, stop.signal);
  await clock.advance(10_000);
  assert.equal(told, 1);
  stop.abort();
  await followed;
});
