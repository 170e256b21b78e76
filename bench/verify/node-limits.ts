// Karpenter holds limits on nodes against the nodes that exist when a batch begins, not against those it opens in it. Here
// its answer is cut down to them.
import type { KarpenterResult } from '../peers/index.ts';
import { leftOutBy, nameOf } from './compare.ts';
import type { VerifiedProblem } from './differences.ts';

const NODE_POOL_LABEL = 'karpenter.sh/nodepool';

/**
 * Pods out of Karpenter's answer once it keeps to the limits on nodes: from each pool that has too many, the claims with
 * the fewest pods are taken back.
 */
export function leftOutWithinNodeLimits(problem: VerifiedProblem, result: KarpenterResult): Set<string> {
  const out = leftOutBy(result);
  for (const { metadata, spec } of problem.nodePools) {
    if (spec.limits?.nodes === undefined) continue;
    const existing = (problem.nodes ?? []).filter(({ labels }) => labels?.[NODE_POOL_LABEL] === metadata.name);
    const room = Math.max(0, Number(spec.limits.nodes) - existing.length);
    const claims = result.nodeClaims.filter(({ nodePool }) => nodePool === metadata.name);
    for (const { pods } of claims.sort((left, right) => right.pods.length - left.pods.length).slice(room)) {
      for (const pod of pods) out.add(nameOf(pod));
    }
  }
  return out;
}
