// Conditions and durations.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConditionSet, durationMs } from './index.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);
const EARLIER = '2026-01-01T11:00:00Z';

function open(...conditions: readonly object[]) {
  return new ConditionSet({ metadata: { generation: 2 }, status: { conditions } }, NOW_MS);
}

const old = (status: string) => ({
  type: 'A',
  status,
  reason: 'A',
  message: '',
  lastTransitionTime: EARLIER,
  observedGeneration: 2,
});

test('a condition that stays as it is changes nothing', () => {
  const set = open(old('True'));
  set.set({ type: 'A', status: 'True' });
  assert.equal(set.changed, false);
});

test('the time of a transition changes with the status and with nothing else', () => {
  const set = open(old('True'));
  set.set({ type: 'A', status: 'True', reason: 'Other' });
  assert.equal(set.get('A')?.lastTransitionTime, EARLIER);
  assert.equal(set.changed, true);
  set.set({ type: 'A', status: 'False' });
  assert.equal(set.get('A')?.lastTransitionTime, '2026-01-01T12:00:00Z');
});

test('a new generation is noted although nothing else changes', () => {
  const set = open({ ...old('True'), observedGeneration: 1 });
  set.set({ type: 'A', status: 'True' });
  assert.equal(set.changed, true);
  assert.equal(set.get('A')?.observedGeneration, 2);
});

const READY: readonly (readonly [string, string, 'True' | 'False' | 'Unknown', string])[] = [
  ['True', 'True', 'True', 'Ready'],
  ['True', 'Unknown', 'Unknown', 'ReconcilingDependents'],
  ['False', 'Unknown', 'False', 'UnhealthyDependents'],
];

for (const [first, second, status, reason] of READY) {
  test(`Ready of ${first} and ${second} is ${status}`, () => {
    const set = open(old(first), { ...old(second), type: 'B' });
    set.summarize(['A', 'B']);
    assert.equal(set.get('Ready')?.status, status);
    assert.equal(set.get('Ready')?.reason, reason);
  });
}

test('what has not been looked at keeps an object from being Ready', () => {
  const set = open(old('True'));
  set.summarize(['A', 'B']);
  assert.equal(set.get('B')?.reason, 'AwaitingReconciliation');
  assert.equal(set.get('Ready')?.message, 'B=Unknown');
});

const DURATIONS: readonly (readonly [string, number | undefined])[] = [
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['500ms', 500],
  ['720h', 2_592_000_000],
  ['0s', 0],
  ['Never', undefined],
  ['5', undefined],
  ['', undefined],
  ['-5m', undefined],
  ['5 m', undefined],
];

for (const [text, ms] of DURATIONS) {
  test(`the duration ${text === '' ? 'of nothing' : text} is ${ms === undefined ? 'none' : `${ms} ms`}`, () => {
    assert.equal(durationMs(text), ms);
  });
}
