// The door of controller/page: a web page on loopback that shows a cluster as it is and, where it is a demo, lets people act.
export { ActionError, type PageActions } from './actions.ts';
export type { ActionsState, PageMessage, ScalableState, Shown, ZoneState } from './messages.ts';
export { type PageOptions, type RunningPage, startPage } from './page-server.ts';
