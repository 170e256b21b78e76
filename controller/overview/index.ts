// The door of controller/overview: the cluster as people are shown it, with the plans and their reasons. Plain data.
export { Chronicle } from './chronicle.ts';
export { type Happening, Narrator } from './narrator.ts';
export { ClusterObserver, type ObserverOptions } from './observer.ts';
export type {
  BoundView,
  DecidedNodes,
  Decision,
  Fullness,
  LeftOut,
  NodeState,
  NodeView,
  Overview,
  RefusedType,
  Totals,
  WaitingKind,
  WaitingView,
  WorkloadCount,
  WorkloadView,
} from './overview.ts';
export { countText, HOURS_PER_MONTH, percentOf, percentText, podsText, priceText, priceTexts } from './texts.ts';
