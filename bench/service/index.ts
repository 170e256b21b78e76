// The door of bench/service: a service in a process of its own, requests to send to it, and samples of what they took.
export { CONTRACT_CALLS, type GrpcConnection, openConnection } from './connection.ts';
export { FLOOR_CALLS } from './floor.ts';
export { type PreparedRequest, prepareRequest, type RequestName } from './requests.ts';
export { Samples, type Summary } from './samples.ts';
export type { PhaseSample, ServiceMemory, ServiceOptions, ThreadMemory } from './service-messages.ts';
export { type ServiceProcess, startServiceProcess } from './service-process.ts';
