// A worker that keeps something of every task: the soak has to notice.
import type { PostedTask, TaskOutcome } from '../../server/index.ts';
import { runTask as runMeasured } from './measured-worker.ts';

const LEAKED_OBJECTS_PER_TASK = 8_192;

const kept: object[] = [];

/** The task that the pool runs. */
export function runTask(posted: PostedTask): TaskOutcome {
  for (let count = 0; count < LEAKED_OBJECTS_PER_TASK; count++) kept.push({ posted, count });
  return runMeasured(posted);
}
