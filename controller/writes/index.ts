// The door of controller/writes: the one wrapper around external writes.
export { type WriteHooks, Writes } from './writes.ts';
