// The door of controller/work-queue: keys to be reconciled, one worker a key, with backoff.
export {
  type EndedReconciliation,
  type Reconcile,
  type ReconcileResult,
  WorkQueue,
  type WorkQueueOptions,
} from './work-queue.ts';
