// The door of server/worker: tasks in, answers out, off the event loop.
export { DEFAULT_WORKER_FILE, type PoolAnswer, WorkerPool, type WorkerPoolOptions } from './pool.ts';
export type { ListAnswer, SolveAnswer, TaskCatalogue, WorkerTask } from './task.ts';
