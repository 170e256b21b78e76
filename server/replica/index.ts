// The door of server/replica: a session's state in shared memory, written by the main thread and read by workers, which
// keep copies of it as the engine's inputs. What clients say is in server/session.
export { type BareNode, type PlanOptions, Replica, type ReplicaProblem } from './replica.ts';
export { ReplicaStore, type SessionView } from './replicas.ts';
export { type LiveRecord, type LogView, SegmentLog, type StagedRecord, stageRecord } from './segment-log.ts';
export type { PendingGroups } from './shape-table.ts';
