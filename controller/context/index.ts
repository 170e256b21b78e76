// The door of controller/context: what every reconciler is given.
export type {
  ControllerContext,
  ControllerLog,
  EventNote,
  EventRecorder,
  PlanNote,
  PlanWatch,
  ReconcilerSettings,
} from './context.ts';
