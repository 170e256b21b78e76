// The door of controller/clock: the Clock port on the machine's own clocks.
export { systemClock } from './system-clock.ts';
