// The questions that prices are compared over: a problem as it is, with on-demand offerings only, with only some of its pods,
// and with what Karpenter decided about pools taken for granted. Pure.
import type { KarpenterResult } from '../peers/index.ts';
import { nameOf, type PlaceableProblem, type VerifyInput } from '../verify/index.ts';
import { holdingKept, type KeptPreferences } from './kept-preferences.ts';

/** What may be bought. */
export const MARKETS = ['any capacity', 'on demand'] as const;
/** One of MARKETS. */
export type MarketName = (typeof MARKETS)[number];

/** A problem, with what only its price depends on. */
export type PriceInput = VerifyInput & { readonly preferencePolicy?: 'Respect' | 'Ignore' };

const POOL_LABEL = 'karpenter.sh/nodepool';

/** The problem on a market; undefined where it would be the same as on the one before. */
export function onMarket(problem: PriceInput, market: MarketName): PriceInput | undefined {
  if (market === 'any capacity') return problem;
  const isOnDemand = ({ capacityType }: { readonly capacityType: string }): boolean => capacityType === 'on-demand';
  if (problem.instanceTypes.every(({ offerings }) => offerings.every(isOnDemand))) return undefined;
  const instanceTypes = problem.instanceTypes
    .map((type) => ({ ...type, offerings: type.offerings.filter(isOnDemand) }))
    .filter(({ offerings }) => offerings.length > 0);
  return { ...problem, instanceTypes };
}

/** The problem with these of its pods. */
export function withPods(problem: PriceInput, keeps: (name: string) => boolean): PriceInput {
  return { ...problem, pods: problem.pods.filter(({ metadata }) => keeps(metadata.name)) };
}

/**
 * The problem with Karpenter's answer for pools, existing nodes and preferences taken for granted: pods that it puts on nodes
 * that exist run there, the others may use no pool but the one that it gave them, and preferences are rules where it kept
 * them (`kept`, by pod) and nothing elsewhere. A plan as cheap as Karpenter's is among its answers.
 */
export function asKarpenterDecided(
  problem: PriceInput,
  result: KarpenterResult,
  kept: ReadonlyMap<string, KeptPreferences>,
): object {
  const poolOf = new Map(
    result.nodeClaims.flatMap(({ nodePool, pods }) => pods.map((pod) => [nameOf(pod), nodePool] as const)),
  );
  const nodeOf = new Map(
    result.existingNodes.flatMap(({ name, pods }) => pods.map((pod) => [nameOf(pod), name] as const)),
  );
  const running = (nodeName: string) =>
    problem.pods
      .filter(({ metadata }) => nodeOf.get(metadata.name) === nodeName)
      .map((pod) => ({ ...pod, spec: { ...pod.spec, nodeName }, status: { phase: 'Running' } }));
  const { nodes = [] }: PlaceableProblem = problem;
  return {
    ...problem,
    preferencePolicy: 'Ignore',
    nodes: nodes.map((node) => ({ ...node, pods: [...(node.pods ?? []), ...running(node.name)] })),
    pods: problem.pods.flatMap((pod) => {
      const nodePool = poolOf.get(pod.metadata.name);
      if (nodePool === undefined) return [];
      const nodeSelector = { ...pod.spec?.nodeSelector, [POOL_LABEL]: nodePool };
      const held = holdingKept(pod, kept.get(pod.metadata.name));
      return [{ ...held, spec: { ...held.spec, nodeSelector } }];
    }),
  };
}
