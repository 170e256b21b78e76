// What is solved before a server is ready, and what only once it has nothing else to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { Effort, SolveResponseSchema } from '../proto/index.ts';
import { type WarmUpParts, warmUp, warmUpWhenQuiet } from './warm-up.ts';

/** Two workers that answer at once, and the efforts that they were asked for. */
function twoWorkers(runningCount = 0): { readonly parts: WarmUpParts; readonly efforts: (Effort | undefined)[] } {
  const efforts: (Effort | undefined)[] = [];
  const parts: WarmUpParts = {
    pool: { warmUp: async () => {}, runningCount },
    scheduler: {
      solve: async ({ options }) => {
        efforts.push(options?.effort);
        return create(SolveResponseSchema);
      },
    },
    workerCount: 2,
    loadCatalogue: () => {},
  };
  return { parts, efforts };
}

const never = new AbortController().signal;

test('each worker solves at FAST before the server is ready, and makes a plan cheaper once it is quiet', async () => {
  const { parts, efforts } = twoWorkers();
  await warmUp(parts);
  assert.deepEqual(efforts, [Effort.FAST, Effort.FAST]);
  await warmUpWhenQuiet(parts, never);
  assert.deepEqual(efforts.slice(2), [Effort.BALANCED, Effort.BALANCED]);
});

test('a server that has work by then, or is told to end, is not warmed any further', async () => {
  const busy = twoWorkers(1);
  await warmUpWhenQuiet(busy.parts, never);
  const ending = twoWorkers();
  await warmUpWhenQuiet(ending.parts, AbortSignal.abort());
  assert.deepEqual([busy.efforts, ending.efforts], [[], []]);
});

test('without a catalogue nothing is solved, and what goes wrong later ends nothing', async () => {
  const { parts, efforts } = twoWorkers();
  const { loadCatalogue: _, ...bare } = parts;
  await warmUp(bare);
  await warmUpWhenQuiet(bare, never);
  assert.deepEqual(efforts, []);
  const failing: WarmUpParts = { ...parts, scheduler: { solve: () => Promise.reject(new Error('full')) } };
  await warmUpWhenQuiet(failing, never);
  await assert.rejects(warmUp(failing), /full/);
});
