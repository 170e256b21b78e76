// Door of packing: shapes with counts into nodes with prices.
export { Budget } from './budget.ts';
export { claimInput } from './claim-tracker.ts';
export {
  buildInstance,
  type Candidate,
  type FloorRule,
  isPreferred,
  type LimitTable,
  limitTakesInto,
  type PackingInstance,
} from './classes.ts';
export { type DealtNodes, dealUnits } from './dealing.ts';
export { Filler } from './fill.ts';
export {
  isBetterPacking,
  ownShares,
  type PackedNodes,
  type Packing,
  type PackingGoal,
  packGreedily,
  packingGoals,
  roughNodeCount,
} from './greedy.ts';
export { type Kind, nodesForGroups, sortIntoKinds } from './kinds.ts';
export { packUniformly } from './uniform.ts';
