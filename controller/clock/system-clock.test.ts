// The real clock: what the port promises of abort signals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './index.ts';

test('a sleep that is aborted rejects with the reason of the signal, at once', async () => {
  const reason = new Error('enough');
  const clock = systemClock();
  await assert.rejects(
    () => clock.sleep(60_000, AbortSignal.abort(reason)),
    (error) => error === reason,
  );
  const abort = new AbortController();
  const sleeping = clock.sleep(60_000, abort.signal);
  abort.abort(reason);
  await assert.rejects(sleeping, (error) => error === reason);
});

test('a sleep of nothing, or less, ends', async () => {
  await systemClock().sleep(0);
  await systemClock().sleep(-5);
});
