// Karpenter holds limits on nodes against the nodes that exist when a batch begins, not against those it opens in it. Here
// its answer is cut down to them.
import type { KarpenterResult } from '../peers/index.ts';
import { leftOutBy } from './compare.ts';
import type { VerifiedProblem } from './differences.ts';

const NODE_POOL_LABEL = 'karpenter.sh/nodepool';

/** Claims of a pool that are tried as the first to be kept. */
const MOST_KEPT_FIRST = 8;

/**
 * Karpenter's answer once it keeps to the limits on nodes, in several ways: of each pool that has too many the claims with the
 * most pods are kept, or those that come after the first, the second and so on of them. None where it keeps to the limits.
 */
export function answersWithinNodeLimits(problem: VerifiedProblem, result: KarpenterResult): KarpenterResult[] {
  const pools = problem.nodePools.flatMap(({ metadata, spec }) => {
    if (spec.limits?.nodes === undefined) return [];
    const existing = (problem.nodes ?? []).filter(({ labels }) => labels?.[NODE_POOL_LABEL] === metadata.name);
    const room = Math.max(0, Number(spec.limits.nodes) - existing.length);
    const claims = result.nodeClaims.filter(({ nodePool }) => nodePool === metadata.name);
    return claims.length > room ? [{ room, claims: claims.sort((a, b) => b.pods.length - a.pods.length) }] : [];
  });
  const ways = Math.min(MOST_KEPT_FIRST, Math.max(0, ...pools.map(({ room, claims }) => claims.length - room + 1)));
  return Array.from({ length: ways }, (_, skipped) => {
    const beyond = pools.flatMap(({ room, claims }) => {
      const first = Math.min(skipped, claims.length - room);
      return [...claims.slice(0, first), ...claims.slice(first + room)];
    });
    const out = beyond.flatMap(({ pods }) => pods.map((pod) => ({ pod, error: 'beyond the limit on nodes' })));
    return {
      ...result,
      nodeClaims: result.nodeClaims.filter((claim) => !beyond.includes(claim)),
      unscheduled: [...result.unscheduled, ...out],
    };
  });
}

/** Pods out of Karpenter's answer once it keeps to the limits on nodes, and to the claims with the most pods. */
export function leftOutWithinNodeLimits(problem: VerifiedProblem, result: KarpenterResult): Set<string> {
  const [first] = answersWithinNodeLimits(problem, result);
  return leftOutBy(first ?? result);
}
