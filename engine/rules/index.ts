// The door of engine/rules: what Kubernetes' rules say of one pod and one node. It packs nothing and knows no prices.

export {
  compileNodeMatcher,
  compileNodeTerm,
  matchesNode,
  matchesNodeTerm,
  type NodeMatcher,
  type NodeRules,
} from './node-labels.ts';
export {
  addResources,
  amountOf,
  firstShortage,
  fits,
  isAttachment,
  maxResources,
  scaleResources,
  subtractFloored,
  subtractResources,
} from './resources.ts';
export {
  describeTaint,
  effectiveTaints,
  isEphemeralTaint,
  type TaintScope,
  tolerates,
  untoleratedTaint,
} from './taints.ts';
