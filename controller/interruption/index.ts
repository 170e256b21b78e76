// The door of controller/interruption: what is done about news of the cloud.
export { actOn, followInterruptions } from './interruption.ts';
