// The door of controller/simulated-cluster/scheduler.
export { Scheduler } from './scheduler.ts';
