// A worker that solves as the real one does, but dies in the middle of any solve whose seed is 666.

import type { PostedTask, TaskOutcome } from '../../worker/task.ts';
import { createTaskHandler } from '../../worker/task-handler.ts';

const solveReally = createTaskHandler();

/** The task that the pool runs. */
export function runTask(posted: PostedTask): TaskOutcome {
  if (posted.task.kind === 'solve' && posted.task.problem.seed === 666) process.exit(1);
  return solveReally(posted);
}
