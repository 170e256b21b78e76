// The door of controller/clock: the Clock port on the system's time, and one that tests and simulations drive.
export { DrivenClock, type DrivenClockOptions } from './driven-clock.ts';
export { systemClock } from './system-clock.ts';
