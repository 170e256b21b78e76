// The bounds of explaining, together: an explanation is for people to read and its work is counted, whatever the input.

/** How much is explained at most. What is beyond is counted, never silently left out. */
export const EXPLAIN_LIMITS = {
  /** Different shapes of pods of one answer. */
  shapeCount: 64,
  /** Kinds of planned nodes of one answer: equal nodes are one kind. */
  nodeKindCount: 256,
  /** NodePools of one shape, in the order of use. */
  poolCount: 32,
  /** Required node-affinity terms of one shape, as written. */
  termCount: 16,
  /** Choices of custom labels of one pool; those that suit the pod best come first. */
  variantCount: 64,
  /** Conditions looked at for one term; 32 each of selectors, expressions and rules are far beyond what pods have. */
  conditionCount: 128,
  /** Contradictory pairs of one term. */
  conflictCount: 8,
  /** Ways to let a pod in, of one term. */
  changeCount: 3,
  /** Nodes that are there, for one shape; those that come nearest to taking it come first. */
  existingNodeCount: 20,
  /** Obstacles listed for one of them. */
  obstacleCount: 16,
  /** Domains listed for one topology rule. */
  domainCount: 16,
  /** Terms of one shape that are reported as ignored or given up. */
  ignoredCount: 32,
  /** Types that lost against the one of a planned node: so many cheaper ones and so many dearer ones. */
  losingTypeCount: 3,
  /** Shapes of a planned node that are asked which constraint excludes a type. */
  shapesPerNodeCount: 8,
  /** Comparisons of an offering with a condition, in all; 10,000 offerings and 20 conditions of a pool are 200,000. */
  workUnits: 200_000_000,
  /** What a condition counts for at least, so that answers over small catalogues are bounded as well. */
  unitsPerCondition: 10_000,
  /** What a node that is there counts for with each shape. */
  unitsPerExistingNode: 2_000,
} as const;
