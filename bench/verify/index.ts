// The door of verify: problems that are made to disagree on, Dovetail's answer to a problem, and the judges of both sides'
// answers. What `npm run verify:karpenter` does with them is in main.ts.
export {
  type JudgedNamespace,
  type JudgedPod,
  type Place,
  type PodTerm,
  refusedOnArrival,
  type Spread,
  spreadSelects,
  takesPart,
  termSelects,
  tolerates,
} from './arrival/index.ts';
export { leftOutBy, nameOf } from './compare.ts';
export { type Condition, holds } from './conditions.ts';
export { type DovetailAnswer, solveWithDovetail } from './dovetail.ts';
export { generateProblem } from './generate.ts';
export { leftOutWithinNodeLimits } from './node-limits.ts';
export { fullPlaces, type PlaceableProblem, placesOfKarpenter, placesOfPlan } from './places.ts';
export { judgedDifferences, type VerifyInput } from './verify.ts';
