// The door of server/worker: tasks in, answers out, off the event loop.
export { DEFAULT_WORKER_FILE, type PoolAnswer, shuttingDown, WorkerPool, type WorkerPoolOptions } from './pool.ts';
export type {
  ExplainAnswer,
  ExplainTask,
  ListAnswer,
  PostedTask,
  SessionPlanAnswer,
  SessionPlanTask,
  SolveAnswer,
  SolveTask,
  TaskCatalogue,
  TaskOutcome,
  WorkerTask,
} from './task.ts';
// What a worker file is made of, for those that stand in for solver-worker.ts in tests.
export { type CopyPrices, createTaskHandler } from './task-handler.ts';
