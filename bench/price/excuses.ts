// What a plan of ours may be dearer for: what comes before cost where plans are judged. Pure.
import type { KarpenterResult } from '../peers/index.ts';
import { type DovetailAnswer, fullPlaces, placesOfKarpenter, placesOfPlan } from '../verify/index.ts';
import { type KeptPreferences, keptCount, keptPreferences } from './kept-preferences.ts';
import type { PriceInput } from './questions.ts';

/** What excuses a dearer plan, as far as an excuse goes: with Karpenter's decision taken for granted it may not be dearer. */
export type Excuse = 'dearer for heavier pools' | 'dearer for preferences' | 'dearer for minValues';

/** Both sides' answers to a question. */
interface Answers {
  readonly question: PriceInput;
  readonly ours: DovetailAnswer;
  readonly theirs: KarpenterResult;
}

/** The first of what excuses ours, and what Karpenter kept of preferences. */
export function excuseFor({ question, ours, theirs }: Answers): {
  readonly excuse: Excuse | undefined;
  readonly kept: ReadonlyMap<string, KeptPreferences>;
} {
  const namespaces = question.namespaces ?? [];
  // Spreads count the domains that pools offer, for both planners, also those without any pod.
  const offered = fullPlaces(question);
  const kept = keptPreferences([...placesOfKarpenter(question, theirs), ...offered], namespaces);
  const ownKept = keptPreferences([...placesOfPlan(question, ours), ...offered], namespaces);
  const [byUs, byKarpenter] = [podsByPool(ours.nodes), podsByPool(theirs.nodeClaims)];
  const excuses: readonly (readonly [Excuse, boolean])[] = [
    ['dearer for heavier pools', usesHeavierPools(question, byUs, byKarpenter)],
    ['dearer for preferences', hasPreferences(question) && keptCount(ownKept) > keptCount(kept)],
    ['dearer for minValues', shortPods(question, theirs) > shortPodsOfOurs(ours)],
  ];
  return { excuse: excuses.find(([, holds]) => holds)?.[0], kept };
}

/** Pods on new nodes, by pool. */
function podsByPool(
  nodes: readonly { readonly nodePool: string; readonly pods: readonly unknown[] }[],
): ReadonlyMap<string, number> {
  const pods = new Map<string, number>();
  for (const node of nodes) pods.set(node.nodePool, (pods.get(node.nodePool) ?? 0) + node.pods.length);
  return pods;
}

/**
 * Whether we have more pods in the heaviest pools that the two fill differently, or fewer in the lightest: pods on nodes that
 * exist are in none, and one that leaves them for a lighter pool has passed all heavier ones by.
 */
function usesHeavierPools(
  { nodePools }: PriceInput,
  ours: ReadonlyMap<string, number>,
  theirs: ReadonlyMap<string, number>,
): boolean {
  const lead = new Map<number, number>();
  for (const { metadata, spec } of nodePools) {
    const weight = (spec as { readonly weight?: number }).weight ?? 0;
    const difference = (ours.get(metadata.name) ?? 0) - (theirs.get(metadata.name) ?? 0);
    lead.set(weight, (lead.get(weight) ?? 0) + difference);
  }
  if (lead.size < 2) return false;
  const [heaviest = 0, ...lighter] = [...lead].sort(([left], [right]) => right - left).map(([, pods]) => pods);
  const decisive = [heaviest, ...lighter].find((pods) => pods !== 0) ?? 0;
  return decisive > 0 || (heaviest === 0 && decisive < 0 && lighter.every((pods) => pods <= 0));
}

/** Whether pods prefer something, or taints discourage them. */
function hasPreferences({ pods, nodePools, preferencePolicy }: PriceInput): boolean {
  if (preferencePolicy === 'Ignore') return false;
  return /"preferredDuringScheduling|ScheduleAnyway|PreferNoSchedule/.test(JSON.stringify({ pods, nodePools }));
}

/** Pods on nodes of Karpenter's that fall short of their pool's minValues: such a node asks for fewer than the pool. */
function shortPods({ nodePools }: PriceInput, { nodeClaims }: KarpenterResult): number {
  const floors = new Map(nodePools.map(({ metadata, spec }) => [metadata.name, floorsOf(spec as PoolSpec)]));
  return nodeClaims
    .filter(({ nodePool, requirements }) =>
      [...(floors.get(nodePool) ?? [])].some(([key, least]) =>
        requirements.some((requirement) => requirement.key === key && (requirement.minValues ?? least) < least),
      ),
    )
    .reduce((sum, { pods }) => sum + pods.length, 0);
}

/** What a pool says of minValues. */
interface PoolSpec {
  readonly template?: {
    readonly spec?: { readonly requirements?: readonly { readonly key: string; readonly minValues?: number }[] };
  };
}

function floorsOf({ template }: PoolSpec): ReadonlyMap<string, number> {
  const floors = new Map<string, number>();
  for (const { key, minValues } of template?.spec?.requirements ?? [])
    if (minValues !== undefined) floors.set(key, minValues);
  return floors;
}

function shortPodsOfOurs({ nodes }: DovetailAnswer): number {
  return nodes.reduce(
    (sum, { relaxedMinValues = [], pods }) => sum + (relaxedMinValues.length > 0 ? pods.length : 0),
    0,
  );
}
