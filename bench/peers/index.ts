// The door of the peers: other schedulers that Dovetail is measured against, and the price of an answer, by one rule.
export {
  type KarpenterClaim,
  type KarpenterOptions,
  type KarpenterRequirement,
  type KarpenterResult,
  readProblemFile,
  runKarpenter,
} from './karpenter.ts';
export { karpenterProgram } from './karpenter-binary.ts';
export {
  type PlannedNode,
  type PlannedOffering,
  type PlanPrice,
  type PricedProblem,
  priceOf,
  priceOfPlan,
} from './price.ts';
