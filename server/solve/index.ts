// The door of server/solve: a SolveRequest to the engine's problem and its plan back to the contract's. It runs no solve:
// workers do (server/worker).

export {
  daemonSetKey,
  extraCostNotice,
  type RequestNotice,
  toBareNode,
  toDaemonSet,
  toNodeClass,
  toPool,
} from './cluster.ts';
export { planFacts } from './plan-facts.ts';
export { type DealtNames, NameDealer, PodNames } from './pod-names.ts';
export { DEFAULT_NAMESPACE, ShapeReader } from './pod-shape.ts';
export { type PreparedSolve, prepareSolve, toEngineOptions } from './request.ts';
export {
  type PlanNames,
  placeNotices,
  writeNotices,
  writeOffering,
  writeOfferings,
  writePlan,
  writeReasons,
  writeStats,
} from './response.ts';
