// The file that worker threads run. All it does is in task-handler.ts.
import { createTaskHandler } from './task-handler.ts';

/** The one task of a worker; the pool names it. */
export const runTask = createTaskHandler();
