// The real Clock.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ports/index.ts';

/** A clock on Node's own; `sleep` keeps the process alive while it lasts. */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      try {
        await sleep(Math.max(0, ms), undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        // Node rejects with an AbortError of its own around the reason.
        signal?.throwIfAborted();
        throw error;
      }
    },
  };
}
