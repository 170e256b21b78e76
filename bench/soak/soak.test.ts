// The soak's judgement, over figures that are made up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceMemory } from '../service/index.ts';
import { parseOptions } from './options.ts';
import { judgeGrowth, type MemorySample } from './verdict.ts';

const memory = (
  rss: number,
  threads: readonly (readonly [heap: number, handles: number, id?: number])[],
): ServiceMemory => ({
  rssBytes: rss,
  threads: threads.map(([heapBytes, handleCount, threadId], index) => ({
    threadId: threadId ?? index,
    heapBytes,
    externalBytes: 0,
    handleCount,
  })),
});

/** What is not allowed, when this follows that. */
function grown(before: ServiceMemory, after: ServiceMemory): string[] {
  const samples: MemorySample[] = [
    { share: 0.1, memory: memory(1, [[1, 1]]) },
    { share: 0.3, memory: before },
    { share: 1, memory: after },
  ];
  return judgeGrowth(samples)
    .filter(({ allowed }) => !allowed)
    .map(({ what }) => what);
}

test('a twentieth more than after 30 % of the time is allowed, and no more, whatever was before', () => {
  const before = memory(1000, [
    [1000, 20],
    [1000, 20],
  ]);
  assert.deepEqual(grown(before, before), []);
  assert.deepEqual(
    grown(
      before,
      memory(1050, [
        [1050, 21],
        [1050, 21],
      ]),
    ),
    [],
  );
  assert.deepEqual(
    grown(
      before,
      memory(1051, [
        [1000, 20],
        [1000, 20],
      ]),
    ),
    ['RSS'],
  );
  assert.deepEqual(
    grown(
      before,
      memory(1000, [
        [1051, 20],
        [1000, 20],
      ]),
    ),
    ['server: heap'],
  );
  assert.deepEqual(
    grown(
      before,
      memory(1000, [
        [1000, 20],
        [1051, 22],
      ]),
    ),
    ['worker 1: heap', 'worker 1: handles'],
  );
  assert.deepEqual(
    grown(
      before,
      memory(900, [
        [900, 10],
        [500, 20, 7],
      ]),
    ),
    ['worker 1: its thread was replaced'],
  );
});

test('a soak without two samples to compare is no soak', () => {
  assert.throws(() => judgeGrowth([]), /no sample/);
  assert.throws(() => judgeGrowth([{ share: 1, memory: memory(1, [[1, 1]]) }]), /no sample/);
});

test('its options are checked', () => {
  assert.throws(() => parseOptions(['--minutes', '0']), /--minutes 0/);
  assert.throws(() => parseOptions(['--leak', 'pipe']), /--leak pipe/);
  assert.ok('text' in parseOptions(['--help']));
});
