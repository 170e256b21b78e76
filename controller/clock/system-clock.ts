// The Clock port on the time of the machine.
import type { Clock } from '../ports/index.ts';

/** The longest that a timer of Node can wait; longer sleeps are made of several. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine. Sleeping keeps the process alive. */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: async (ms, signal) => {
      const endMs = performance.now() + ms;
      for (;;) {
        const leftMs = endMs - performance.now();
        await timer(Math.min(Math.max(leftMs, 0), MAX_TIMER_MS), signal);
        if (leftMs <= MAX_TIMER_MS) return;
      }
    },
  };
}

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(handle);
      reject(signal?.reason);
    };
    const handle = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
