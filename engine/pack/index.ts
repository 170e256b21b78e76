// Door of packing: shapes with counts into nodes with prices.
export { Budget, type PackWork, type Work } from './budget.ts';
export { ClaimTracker, claimInput } from './claim-tracker.ts';
export {
  buildInstance,
  type Candidate,
  type FloorRule,
  isPreferred,
  type LimitTable,
  limitTakesInto,
  narrowInstance,
  type PackingInstance,
} from './classes.ts';
export { type DealtNodes, dealUnits } from './dealing.ts';
export { downsize, holds, usedInto } from './downsizing.ts';
export { Filler, type Pattern } from './fill.ts';
export { entriesOf, GreedyPacker, type PackingGoal, packGreedily, packingGoals } from './greedy.ts';
export { type Kind, nodesForGroups, sortIntoKinds } from './kinds.ts';
export { LimitBook } from './limit-book.ts';
export { isBetterPacking, type PackedNodes, type Packing } from './packing.ts';
export { PackingChoice } from './packing-choice.ts';
export { chargeOfList } from './spot-choice.ts';
export { packUniformly } from './uniform.ts';
export {
  cheapestClasses,
  correctValues,
  effectiveCosts,
  ownShares,
  promisingClasses,
  roughNodeCount,
} from './values.ts';
