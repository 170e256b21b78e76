// The classes of difference that come from rules about other pods: Karpenter decides on domains early or late, at random,
// and among those it knows. Where it leaves pods out for that, the proof is Karpenter itself: asked again with one thing
// changed it places them. docs/karpenter-differences.md explains each class under its name.
import { isDeepStrictEqual } from 'node:util';
import {
  affinityTerms,
  hardSpreads,
  type JudgedPod,
  looksAtPods,
  termSelects,
  textOfRules,
  topologyKeysOf,
  withoutRulesOver,
  withTopologyNamed,
} from './arrival/index.ts';
import { leftOutBy, placesAsMany } from './compare.ts';
import type { DifferenceClass, DifferenceContext, VerifiedProblem, WaitingPod } from './differences.ts';
import { hasSoftPool, toleratingSoftTaints } from './soft-taints.ts';
import { labelsNamedBy, withEachTermAlone } from './terms.ts';
import { HOSTNAME } from './vocabulary.ts';

const NODE_POOL_LABEL = 'karpenter.sh/nodepool';

/** The classes, in the order in which they are asked. */
export const TOPOLOGY_CLASSES: readonly DifferenceClass[] = [
  {
    name: 'kube-scheduler keeps the pods out',
    matches: ({ direction, pod }, context) =>
      direction === 'karpenter places more' && areKeptOut(context, pod, context.refused),
  },
  {
    name: 'spread counted anew once something is given up',
    matches: async ({ direction, pod }, context) => {
      const { problem } = context;
      const one = podNamed(problem, pod);
      if (direction !== 'karpenter places more' || hardSpreads(one).length === 0) return false;
      if (!(await areKeptOut(context, pod, await context.refusedOverAllDomains()))) return false;
      const ways = waysToGiveUp(problem, one);
      return ways.length > 0 && !(await placesMoreWithSome(context, pod, ways));
    },
  },
  {
    name: 'spread over the domains of one term',
    matches: async ({ direction, pod }, context) => {
      const one = podNamed(context.problem, pod);
      const keys = hardSpreads(one)
        .filter(({ nodeAffinityPolicy }) => nodeAffinityPolicy !== 'Ignore')
        .map(({ topologyKey }) => topologyKey);
      if (direction !== 'karpenter places more' || withEachTermAlone(one).length < 2) return false;
      if (!keys.some((key) => labelsNamedBy(one).has(key))) return false;
      return areKeptOut(context, pod, await context.refusedOverAllDomains());
    },
  },
  {
    name: 'spread over domains that the pod may not be in',
    matches: async ({ direction, pod }, context) => {
      const one = podNamed(context.problem, pod);
      const ownDomains = labelsNamedBy(one);
      const isBound = hardSpreads(one).some(
        ({ nodeAffinityPolicy, topologyKey }) => nodeAffinityPolicy === 'Ignore' && ownDomains.has(topologyKey),
      );
      if (direction !== 'karpenter places more' || !isBound) return false;
      return areKeptOut(context, pod, await context.refusedOverAllDomains());
    },
  },
  {
    name: 'placed in a later batch',
    matches: ({ direction, pod }, { problem, placesLater }) =>
      direction === 'dovetail places more' && problem.pods.some(looksAtPods) && placesLater(pod),
  },
  {
    name: 'domain chosen before it is known to do',
    matches: async ({ direction, pod }, context) => {
      if (direction !== 'dovetail places more') return false;
      const group = new Set(context.groupOf(pod));
      const pods = context.problem.pods.map((each) =>
        group.has(each.metadata.name) ? inOurDomains(each, context) : each,
      );
      if (pods.every((each, index) => each === context.problem.pods[index])) return false;
      return (
        (await context.karpenterPlaces(pod, { only: inOurDomains(podNamed(context.problem, pod), context) })) ||
        context.karpenterPlaces(pod, { problem: { ...context.problem, pods } })
      );
    },
  },
  {
    name: 'others gone where nobody can follow',
    matches: async ({ direction, pod }, context) => {
      if (direction !== 'dovetail places more') return false;
      const { problem } = context;
      const concerned = concernedBy(context, pod);
      const isConcerned = ({ metadata }: JudgedPod) => concerned.some((each) => each.metadata.name === metadata.name);
      const group = context.groupOf(pod);
      const keys = affinityTerms(podNamed(problem, pod)).map(({ topologyKey }) => topologyKey);
      const pods = problem.pods.map((each) => (isConcerned(each) ? inOurDomains(each, context, keys) : each));
      const isBound = problem.pods.some((each, index) => !group.includes(each.metadata.name) && pods[index] !== each);
      if (isBound && (await context.karpenterPlaces(pod, { problem: { ...problem, pods } }))) return true;
      // Where they go may follow from rules of their own.
      const asRuled = problem.pods.map((each) =>
        isConcerned(each) ? inOurDomains(each, context, [...keys, ...topologyKeysOf(each)]) : each,
      );
      if (
        !isDeepStrictEqual(asRuled, pods) &&
        (await context.karpenterPlaces(pod, { problem: { ...problem, pods: asRuled } }))
      )
        return true;
      // On a host it is the room that others have taken beside those who are meant; elsewhere it may be that of those.
      if (!keys.includes(HOSTNAME) && !(concerned.length > group.length && isFuller(context))) return false;
      if (await context.karpenterPlaces(pod, { problem: { ...problem, pods: concerned } })) return true;
      // Or the pool, whose nodes have no room for all.
      const inOurPool = concerned.map((each) => inOurDomains(each, context, [NODE_POOL_LABEL]));
      if (await context.karpenterPlaces(pod, { problem: { ...problem, pods: inOurPool } })) return true;
      // Or the room goes to more of those who are meant than the pods have to be with.
      const placed = inOurPool.filter(({ metadata: { name } }) => !context.unplaced.has(name));
      return isFuller(context) && context.karpenterPlaces(pod, { problem: { ...problem, pods: placed } });
    },
  },
  {
    name: 'domain that Karpenter does not know',
    matches: async ({ direction, pod }, context) => {
      if (direction !== 'dovetail places more') return false;
      const keys = keysInPlay(context, pod);
      if (keys.length === 0) return false;
      const known = withKnownDomains(context, pod, keys);
      return (
        (await context.karpenterPlaces(pod, { problem: known })) ||
        // With the domains known it may still take one pod a batch.
        (await context.karpenterPlaces(pod, { problem: known, inLaterBatches: true })) ||
        // Or give the room to others, where there is not enough for all.
        (isFuller(context) && context.karpenterPlaces(pod, { only: podNamed(known, pod), among: known }))
      );
    },
  },
  {
    name: 'domain that only a ruling out names',
    matches: async ({ direction, pod }, context) => {
      if (direction !== 'dovetail places more') return false;
      const { nodePools } = context.problem;
      const ruledOut = keysInPlay(context, pod).filter((key) =>
        nodePools.some(({ spec }) => (spec.template?.spec?.requirements ?? []).some((one) => isNotIn(one, key))),
      );
      if (ruledOut.length === 0) return false;
      return context.karpenterPlaces(pod, { problem: withDomainsInsteadOfRuledOut(context, pod, ruledOut) });
    },
  },
  {
    name: 'node without the label of a rule',
    matches: async ({ direction, pod }, context) => {
      if (direction !== 'dovetail places more') return false;
      const given = context
        .groupOf(pod)
        .map((name) => context.ourLabels(name))
        .filter((labels) => labels !== undefined);
      const missing = allKeys(context.problem).filter(
        (key) => key !== HOSTNAME && given.some((labels) => labels[key] === undefined),
      );
      if (missing.length === 0) return false;
      const pods = context.problem.pods.map((each) => withoutRulesOver(each, missing));
      const without = { ...context.problem, pods };
      if (await context.karpenterPlaces(pod, { problem: without })) return true;
      const alone = withoutRulesOver(podNamed(context.problem, pod), missing);
      // Or gives the room to others, where there is not enough for all: its own, or that of those it must be near.
      if (isFuller(context)) {
        const only = concernedBy({ ...context, problem: without }, pod);
        if (await context.karpenterPlaces(pod, { only: alone })) return true;
        if (await context.karpenterPlaces(pod, { problem: { ...without, pods: only } })) return true;
      }
      // Other labels of its rules may have domains that Karpenter does not know, or of which it chooses one that will not do.
      const keys = keysInPlay(context, pod);
      if (keys.length === 0) return false;
      const bound = inOurDomains(alone, context);
      return (
        (await context.karpenterPlaces(pod, { problem: withKnownDomains(context, pod, keys, without) })) ||
        context.karpenterPlaces(pod, { only: bound })
      );
    },
  },
];

/** Whether we place at least as many pods in all as Karpenter does, by priority. */
function isFuller({ problem, unplaced, result }: DifferenceContext): boolean {
  return placesAsMany(problem.pods, unplaced, leftOutBy(result));
}

/** The pods of a pod's group, and those that its affinity means. */
function concernedBy({ problem, groupOf }: DifferenceContext, pod: string): readonly WaitingPod[] {
  const one = podNamed(problem, pod);
  const group = groupOf(pod);
  const isMeant = (other: JudgedPod): boolean =>
    affinityTerms(one).some((term) => termSelects(one, term, other, problem.namespaces ?? []));
  return problem.pods.filter((each) => group.includes(each.metadata.name) || isMeant(each));
}

/** One of each group that a pod's affinity means beside its own, of those that we place, bound to where we have it. */
export function fellowsOf(context: DifferenceContext, pod: string): readonly WaitingPod[] {
  const { groupOf, unplaced } = context;
  const keys = affinityTerms(podNamed(context.problem, pod)).map(({ topologyKey }) => topologyKey);
  const others = concernedBy(context, pod).filter(
    ({ metadata: { name } }) => !unplaced.has(name) && !groupOf(pod).includes(name),
  );
  const groups = new Map(others.map((each) => [groupOf(each.metadata.name), each]));
  return keys.length === 0 ? [] : [...groups.values()].map((each) => inOurDomains(each, context, keys));
}

/** Whether we leave out no more of a pod's like than `refused`, of Karpenter's answer, and Karpenter together, and in all. */
async function areKeptOut(context: DifferenceContext, pod: string, refused: ReadonlySet<string>): Promise<boolean> {
  const { problem, unplaced } = context;
  const out = new Set([...(await context.outWithinNodeLimits()), ...refused]);
  const group = alikeInRules(context, pod);
  const oursOut = group.filter((name) => unplaced.has(name)).length;
  const theirsOut = group.filter((name) => out.has(name)).length;
  const isTold = group.some((name) => refused.has(name));
  return isTold && oursOut <= theirsOut && placesAsMany(problem.pods, unplaced, out);
}

/** What a pod, and all that are equal to it, may have given up: all required terms but one, and that no soft taint is there. */
function waysToGiveUp(problem: VerifiedProblem, pod: WaitingPod): ((pod: WaitingPod) => WaitingPod)[] {
  const isAnyTaintSoft = hasSoftPool(problem);
  const termCount = withEachTermAlone(pod).length;
  if (termCount < 2) return isAnyTaintSoft ? [toleratingSoftTaints] : [];
  return Array.from({ length: termCount }, (_, term) => (each: WaitingPod) => {
    const alone = withEachTermAlone(each)[term] ?? each;
    return isAnyTaintSoft ? toleratingSoftTaints(alone) : alone;
  });
}

/** Whether Karpenter places more pods in all than we do, by priority, with the pod's group changed in one of some ways. */
async function placesMoreWithSome(
  { problem, groupOf, karpenterPlaces }: DifferenceContext,
  pod: string,
  ways: readonly ((pod: WaitingPod) => WaitingPod)[],
): Promise<boolean> {
  const group = groupOf(pod);
  // Of others that spread the counts begin anew at a soft taint as well.
  const mayForgive = hasSoftPool(problem);
  const others = (each: WaitingPod): WaitingPod =>
    mayForgive && hardSpreads(each).length > 0 ? toleratingSoftTaints(each) : each;
  for (const way of ways) {
    const pods = problem.pods.map((each) => (group.includes(each.metadata.name) ? way(each) : others(each)));
    if (await karpenterPlaces(pod, { problem: { ...problem, pods }, moreInAll: true })) return true;
  }
  return false;
}

/** Pods that rules about pods can't tell apart from this one, its equals among them: which of them is kept out is chance. */
function alikeInRules({ problem, groupOf }: DifferenceContext, pod: string): readonly string[] {
  const one = podNamed(problem, pod);
  if (!looksAtPods(one)) return groupOf(pod);
  const rules = textOfRules(one);
  return problem.pods.filter((other) => textOfRules(other) === rules).map(({ metadata }) => metadata.name);
}

/** The pod bound to the domains in which our plan has it, of the keys, by default those of its own rules, less hosts. */
function inOurDomains<Pod extends JudgedPod>(
  pod: Pod,
  { ourLabels }: DifferenceContext,
  keys: readonly string[] = topologyKeysOf(pod),
): Pod {
  const labels = ourLabels(pod.metadata.name) ?? {};
  const named = keys.filter((key) => key !== HOSTNAME && labels[key] !== undefined);
  return named.length === 0
    ? pod
    : withTopologyNamed(pod, Object.fromEntries(named.map((key) => [key, labels[key] ?? ''])));
}

/** Keys that rules of waiting or running pods name and one of our nodes with pods of the group has. */
function keysInPlay(context: DifferenceContext, pod: string): string[] {
  return allKeys(context.problem).filter((key) => key !== HOSTNAME && domainsOfGroup(context, pod, key).length > 0);
}

function domainsOfGroup({ groupOf, ourLabels }: DifferenceContext, pod: string, key: string): string[] {
  const values = groupOf(pod).map((name) => ourLabels(name)?.[key]);
  return [...new Set(values.filter((value) => value !== undefined))];
}

function allKeys({ pods, nodes }: VerifiedProblem): string[] {
  const running = (nodes ?? []).flatMap((node) => node.pods ?? []);
  return [...new Set([...pods, ...running].flatMap(topologyKeysOf))];
}

/**
 * The problem with one more pool, of which no node may be made, that has no taints and names the domains in which our
 * plan has pods of the group. Karpenter takes the domains that pools name as known. Its way with soft taints is kept out
 * of the answer: the group tolerates them.
 */
function withKnownDomains(
  context: DifferenceContext,
  pod: string,
  keys: readonly string[],
  problem: VerifiedProblem = context.problem,
): VerifiedProblem {
  const { groupOf } = context;
  const requirements = keys.map((key) => ({ key, operator: 'In', values: domainsOfGroup(context, pod, key) }));
  const [first] = problem.nodePools;
  const pool = {
    ...first,
    metadata: { name: 'names-domains-only' },
    spec: { limits: { cpu: '0' }, template: { ...first?.spec.template, metadata: {}, spec: { requirements } } },
  };
  const group = groupOf(pod);
  const pods = problem.pods.map((each) => (group.includes(each.metadata.name) ? toleratingSoftTaints(each) : each));
  return { ...problem, pods, nodePools: [...problem.nodePools, pool] };
}

function isNotIn({ key, operator }: { readonly key: string; readonly operator?: string }, wanted: string): boolean {
  return key === wanted && operator === 'NotIn';
}

/** The problem with pools that name the domains in which our plan has pods of the group where they ruled out others. */
function withDomainsInsteadOfRuledOut(
  context: DifferenceContext,
  pod: string,
  keys: readonly string[],
): VerifiedProblem {
  const nodePools = context.problem.nodePools.map((pool) => {
    const { spec } = pool;
    const requirements = (spec.template?.spec?.requirements ?? []).map((one) =>
      keys.some((key) => isNotIn(one, key))
        ? { key: one.key, operator: 'In', values: domainsOfGroup(context, pod, one.key) }
        : one,
    );
    return {
      ...pool,
      spec: { ...spec, template: { ...spec.template, spec: { ...spec.template?.spec, requirements } } },
    };
  });
  return { ...context.problem, nodePools };
}

/** The pod of that name; throws where there is none. */
export function podNamed(problem: VerifiedProblem, name: string): WaitingPod {
  const pod = problem.pods.find(({ metadata }) => metadata.name === name);
  if (pod === undefined) throw new Error(`find pod ${name}: the problem has none of that name`);
  return pod;
}
