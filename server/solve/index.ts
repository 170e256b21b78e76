// The door of server/solve: a SolveRequest to the engine's problem and its plan back to the contract's. It runs no solve:
// workers do (server/worker).

export type { DealtNames } from './pod-names.ts';
export { DEFAULT_NAMESPACE } from './pod-shape.ts';
export { type PreparedSolve, prepareSolve } from './request.ts';
export { writeNotices, writeOffering, writeOfferings, writePlan, writeReasons } from './response.ts';
