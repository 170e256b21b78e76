// Whether a service holds more at the end of a soak than after its first third: pure, over what was measured.
import type { ServiceMemory } from '../service/index.ts';

/** Growth that is allowed. */
export const MOST_GROWTH = 1.05;

/** The part of the time after which nothing may grow any more. */
export const SETTLED_SHARE = 0.3;

/** Memory at a time. */
export interface MemorySample {
  /** Part of the soak's time that has passed, from 0 to 1. */
  readonly share: number;
  readonly memory: ServiceMemory;
}

/** One thing that may not grow. */
export interface Growth {
  readonly what: string;
  readonly before: number;
  readonly after: number;
  readonly ratio: number;
  readonly allowed: boolean;
}

/** Holds the last sample against the first that is not before 30 % of the time. Throws where there are no two. */
export function judgeGrowth(samples: readonly MemorySample[]): Growth[] {
  const settled = samples.find(({ share }) => share >= SETTLED_SHARE);
  const last = samples.at(-1);
  if (settled === undefined || last === undefined || settled === last) {
    throw new Error('judge growth: there is no sample after 30 % of the time and another at the end');
  }
  const growth = (what: string, before: number, after: number): Growth => {
    const ratio = after / before;
    return { what, before, after, ratio, allowed: ratio <= MOST_GROWTH };
  };
  const growths = [growth('RSS', settled.memory.rssBytes, last.memory.rssBytes)];
  settled.memory.threads.forEach((before, index) => {
    const after = last.memory.threads[index];
    const name = index === 0 ? 'server' : `worker ${index}`;
    // A thread that has died and come back holds less, and that is no good sign.
    if (after === undefined || after.threadId !== before.threadId) {
      growths.push({ what: `${name}: its thread was replaced`, before: 1, after: 2, ratio: 2, allowed: false });
      return;
    }
    growths.push(growth(`${name}: heap`, before.heapBytes, after.heapBytes));
    growths.push(growth(`${name}: handles`, before.handleCount, after.handleCount));
  });
  return growths;
}
