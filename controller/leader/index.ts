// The door of controller/leader: which of several processes writes.
export { newIdentity } from './identity.ts';
export { type ElectionLog, type Lead, LeaderElection, type LeaderElectionOptions } from './leader-election.ts';
export { assertLeaseTimes, LEASE_TIMES, type LeaseTimes } from './limits.ts';
export { NotLeadingError, type Term } from './term.ts';
