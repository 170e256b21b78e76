// Helpers of the controller's runs: a whole cluster on a driven clock.
export {
  AMD64,
  conditionsOf,
  createPool,
  deploymentObject,
  type KillPoint,
  poolObject,
  type RecordedEvent,
  Run,
  runningPods,
} from './run.ts';
export { type SettledEngine, startSettledEngine } from './settled-engine.ts';
