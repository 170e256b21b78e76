// The door of controller/clock/testing.
export { DrivenClock } from './driven-clock.ts';
