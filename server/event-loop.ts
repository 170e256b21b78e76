// Long stretches of work on the main thread are cut where they can be, so that a large call does not hold up the answers
// to others. Solving itself is never here: it is in the workers.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LIMITS } from './limits.ts';

/** Lets others run when the stretch of work that began at `sinceMs` has lasted long enough; answers when the next began. */
export async function letOthersRun(sinceMs: number): Promise<number> {
  if (performance.now() - sinceMs < LIMITS.mainThreadSliceMs) return sinceMs;
  await nextTurn();
  return performance.now();
}
