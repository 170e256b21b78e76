// The door of controller/log.
export { type ControllerLog, type LogOptions, type OpenLog, openLog } from './controller-log.ts';
