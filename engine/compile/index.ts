// Door of the compiler: problems in, vectors and masks out.
export type { Constraint, ConstraintSet } from './constraints.ts';
export { carrying, type DaemonConflict } from './daemons.ts';
export { type Dimensions, listOf, nodeVectorOf, podVectorOf, vectorOf } from './dimensions.ts';
export { type Floor, Floors, type Tally } from './floors.ts';
export { CompiledProblem, type CompiledTemplate } from './problem.ts';
export type { Reservations } from './reservations.ts';
export { type RoomKeys, roomKeys } from './room-keys.ts';
export type { RunningPods } from './running.ts';
export { type CompiledShape, type Demand, podVector, type TaintPolicy } from './shapes.ts';
export { attachNew, claimsToAttach, type SharedClaim } from './shared-claims.ts';
export { type CompiledPool, isDecidedByOffering, narrowByNodeClass } from './templates.ts';
export { makeUnit, TemplateFilter, type Unit, type UnitMember } from './units.ts';
