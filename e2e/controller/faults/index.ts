// The door of e2e/controller/faults: what stands between one controller and its surroundings, and lets calls go wrong.
export { ApiProxy, type CallRecord } from './api-proxy.ts';
export { type CloudHalt, CloudRelay } from './cloud-relay.ts';
export { type Fault, isWrite, type ProxiedCall, type Rule } from './faults.ts';
