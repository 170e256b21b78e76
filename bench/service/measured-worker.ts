// The real worker, which a solve with a certain seed makes tell of its memory as well: an idle worker sleeps and hears
// nothing else.
import { BroadcastChannel, threadId } from 'node:worker_threads';
import { createTaskHandler, type PostedTask, type TaskOutcome } from '../../server/index.ts';
import { measureThreadNow } from './memory.ts';
import { MEASURE_SEED, MEMORY_CHANNEL } from './service-messages.ts';

/** So long a worker keeps its thread when it is asked, so that the others are asked as well. */
const HOLD_MS = 100;

const handle = createTaskHandler();
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** The task that the pool runs. */
export function runTask(posted: PostedTask): TaskOutcome {
  const { task } = posted;
  if (task.kind === 'solve' && task.problem.seed === MEASURE_SEED) {
    const channel = new BroadcastChannel(MEMORY_CHANNEL);
    const memory = measureThreadNow(threadId);
    channel.postMessage(memory);
    channel.close();
    Atomics.wait(sleeper, 0, 0, HOLD_MS);
  }
  return handle(posted);
}
