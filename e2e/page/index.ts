// The door of e2e/page: a demo as a process, for whoever looks at one.
export { DemoProcess } from './demo-process.ts';
