// For tests: answers that Karpenter never gave.
import type { KarpenterClaim, KarpenterResult } from '../karpenter.ts';

/** An answer with these claims, as far as they are said, and these pods left out. */
export function madeUpAnswer(
  claims: readonly Partial<KarpenterClaim>[],
  unscheduled: KarpenterResult['unscheduled'] = [],
): KarpenterResult {
  return {
    karpenter: 'v1.14.1',
    go: 'go1.26.8',
    problem: 'made-up',
    workers: 1,
    preferencePolicy: 'Respect',
    seed: 1,
    readMs: 0,
    setupMs: 0,
    solveMs: 0,
    timedOut: false,
    nodeClaims: claims.map((claim) => ({
      nodePool: 'pool',
      instanceTypes: ['a'],
      requirements: [],
      labels: {},
      daemonOverhead: {},
      pods: [],
      ...claim,
    })),
    existingNodes: [],
    unscheduled,
  };
}
