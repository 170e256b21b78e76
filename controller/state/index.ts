// The door of controller/state: the cluster as the controller knows it, our own writes included, and what a session is told
// of it.
export { ClusterIndex, nodeProvider } from './cluster-index.ts';
export { FreshStore, keyOf, nameOfKey } from './fresh-store.ts';
export { Nominations } from './nominations.ts';
export { MemoryLearner, type MemoryObserver } from './observed-memory.ts';
export { type ObjectChange, OwnWrites } from './own-writes.ts';
export { PlannedSeats, type SeatReader } from './planned-seats.ts';
export { type PlanningState, RecordedFeed, requestAnew } from './planning-state.ts';
export { PROJECTIONS } from './projections.ts';
export { type SessionChange, SessionFeed } from './session-feed.ts';
export type { ExpectedNode, NodeClassSettings } from './session-messages.ts';
export {
  createRawStores,
  createStores,
  isSynced,
  type Projections,
  type RawStores,
  type StoreReaders,
  type Stores,
  WATCHED_KINDS,
  type WatchedKind,
  WRITTEN_KINDS,
  type WrittenKind,
} from './stores.ts';
