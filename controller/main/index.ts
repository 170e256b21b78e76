// The door of controller/main: the whole controller, put together.
export {
  type ControllerOptions,
  type EngineClients,
  type RunningController,
  startCaches,
  startController,
} from './start-controller.ts';
