// The door of e2e/aws/proxy: the fault proxy between the SDK and moto.
export { ANSWERED_HERE, type ProxyFacts, WINDOWS_DOLLARS } from './answers.ts';
export { TokenBuckets } from './buckets.ts';
export { type Fault, Faults, type PoolMatch } from './faults.ts';
export {
  type AuthorizationRequest,
  evaluate,
  forgetRecorded,
  matches,
  type Policy,
  readRecorded,
  statementsOf,
} from './iam/index.ts';
export type { CallRecord } from './journal.ts';
export { type FaultProxy, startFaultProxy } from './proxy.ts';
export type { ReservedPlaces, TestReservation } from './reservations.ts';
export { rolePolicies } from './simulation.ts';
