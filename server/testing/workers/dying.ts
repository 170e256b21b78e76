// A worker that solves as the real one does, but dies in the middle of any solve whose seed is 666.
import { createTaskHandler, type PostedTask, type TaskOutcome } from '../../worker/index.ts';

const solveReally = createTaskHandler();

/** The task that the pool runs. */
export function runTask(posted: PostedTask): TaskOutcome {
  if (posted.task.kind === 'solve' && posted.task.problem.seed === 666) process.exit(1);
  return solveReally(posted);
}
