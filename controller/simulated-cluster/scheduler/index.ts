// The door of controller/simulated-cluster/scheduler.
export { matchesNodeAffinity } from './node-filters.ts';
export { Scheduler } from './scheduler.ts';
