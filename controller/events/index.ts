// The door of controller/events: what the controller tells users about their objects.
export type { EventNote } from './event-object.ts';
export { ClusterEventRecorder, type EventRecorder, type EventRecorderOptions } from './event-recorder.ts';
export { readOwnPod } from './own-pod.ts';
