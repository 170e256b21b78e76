// The door of server/handlers: the services of the contract, once, for every transport.
export { type CallWrapper, createCallWrapper, type FinishedCall } from './call.ts';
export { createOfferingHandlers } from './offering.ts';
export { createSchedulerHandlers } from './scheduler.ts';
