// The classes of difference between Karpenter and Dovetail that are as they should be. A difference that matches none
// fails. docs/karpenter-differences.md explains each under its name; a test holds the two together.
import type { KarpenterResult } from '../peers/index.ts';
import { hasPreferences, type JudgedNamespace, type JudgedPod, type Labels, topologyKeysOf } from './arrival/index.ts';
import { type Difference, nameOf, type PendingPod, placesAsMany } from './compare.ts';
import { daemonSetsInTheWay, type PortDaemonSet, type PortSpec, runsOn } from './daemon-ports.ts';
import { hasSoftPool, isSoft, toleratingSoftTaints, withToleratingDaemonSets } from './soft-taints.ts';
import { withoutStrayOwners } from './stray-daemons.ts';
import {
  hasContradictoryTerm,
  labelsNamedBy,
  labelsRuledOutBy,
  type TermsOfPod,
  withEachTermAlone,
  withoutConditionsOn,
} from './terms.ts';
import { fellowsOf, podNamed, TOPOLOGY_CLASSES } from './topology-differences.ts';

/** What a difference is judged by besides itself. */
export interface DifferenceContext {
  readonly problem: VerifiedProblem;
  /** Pods we left out. */
  readonly unplaced: ReadonlyMap<string, string>;
  /** The group of equal pods that a pod is of. */
  readonly groupOf: (pod: string) => readonly string[];
  readonly result: KarpenterResult;
  /** Pods of Karpenter's answer that kube-scheduler would keep out by rules about other pods. */
  readonly refused: ReadonlySet<string>;
  /** The same where spreads count every domain that pools offer, whether or not it has a node. */
  readonly refusedOverAllDomains: () => Promise<ReadonlySet<string>>;
  /**
   * Pods out of Karpenter's answer once it keeps to the limits on nodes, those that spreads keep out without the other nodes
   * among them.
   */
  readonly outWithinNodeLimits: () => Promise<ReadonlySet<string>>;
  /** Whether a side places the pod when nothing else waits but its fellows, which it places as well. Solves again: asked for last. */
  readonly placesAlone: (
    side: 'karpenter' | 'dovetail',
    pod: WaitingPod,
    fellows?: readonly WaitingPod[],
  ) => Promise<boolean>;
  /** Whether Karpenter places a pod that it left out in a later batch, with the nodes of this one there. Solves again. */
  readonly placesLater: (pod: string) => Promise<boolean>;
  /** Whether Karpenter places a pod when it is asked something else. Solves again. */
  readonly karpenterPlaces: (pod: string, question: ChangedQuestion) => Promise<boolean>;
  /** Labels of the node on which our plan has a pod; undefined where it has it on none. */
  readonly ourLabels: (pod: string) => Labels | undefined;
}

/**
 * The problem with one thing changed: a pod, as the only one that waits, `among` what another problem has, or the whole
 * problem, which may be given further batches.
 */
export type ChangedQuestion =
  | { readonly only: JudgedPod; readonly among?: VerifiedProblem }
  | {
      readonly problem: VerifiedProblem;
      readonly inLaterBatches?: true;
      /** Asks whether it places more pods in all than we do, and not whether it places as many of the pod's group. */
      readonly moreInAll?: true;
    };

/** The parts of a problem that classes read. */
export interface VerifiedProblem {
  readonly pods: readonly WaitingPod[];
  readonly nodePools: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly limits?: Readonly<Record<string, unknown>>;
      readonly template?: {
        readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
        readonly spec?: {
          readonly taints?: readonly { readonly effect: string }[];
          readonly requirements?: readonly {
            readonly key: string;
            readonly operator?: string;
            readonly values?: readonly string[];
          }[];
        };
      };
    };
  }[];
  readonly namespaces?: readonly JudgedNamespace[];
  readonly daemonSets?: readonly PortDaemonSet[];
  readonly nodes?: readonly {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly taints?: readonly { readonly effect: string }[];
    readonly pods?: readonly RunningPod[];
  }[];
}

/** A pod on a node that exists. */
export type RunningPod = JudgedPod & {
  readonly metadata: { readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[] };
};

/** A pod that waits. */
export type WaitingPod = PendingPod &
  TermsOfPod &
  JudgedPod & { readonly spec?: PortSpec & { readonly tolerations?: readonly Readonly<Record<string, string>>[] } };

/** A kind of difference that is known and meant. */
export interface DifferenceClass {
  /** Heading in the page. */
  readonly name: string;
  readonly matches: (difference: Difference, context: DifferenceContext) => Promise<boolean> | boolean;
}

const NODE_POOL_LABEL = 'karpenter.sh/nodepool';

/** Every class; the first that matches counts. */
export const DIFFERENCE_CLASSES: readonly DifferenceClass[] = [
  {
    name: 'contradictory term',
    matches: ({ direction, pod }, { problem }) =>
      direction === 'karpenter places more' && hasContradictoryTerm(podNamed(problem, pod)),
  },
  {
    name: 'limit on nodes exceeded',
    matches: async ({ direction }, context) => {
      if (direction !== 'karpenter places more') return false;
      const { problem, unplaced, result } = context;
      const cut = await context.outWithinNodeLimits();
      if (cut.size <= result.unscheduled.length) return false;
      return placesAsMany(problem.pods, unplaced, new Set([...cut, ...(await placedByMistake(context))]));
    },
  },
  {
    name: 'port that a daemonset has',
    matches: async ({ direction, pod }, context) => {
      const { problem, result, unplaced, groupOf, karpenterPlaces } = context;
      const one = podNamed(problem, pod);
      const daemonSets = daemonSetsInTheWay(one.spec, problem.daemonSets ?? []);
      if (direction !== 'karpenter places more' || daemonSets.length === 0) return false;
      const group = groupOf(pod);
      const countIn = (pods: readonly string[]) => pods.filter((name) => group.includes(nameOf(name))).length;
      const elsewhere = result.existingNodes.filter(({ name }) => {
        const node = (problem.nodes ?? []).find((each) => each.name === name);
        return node === undefined || !daemonSets.some((each) => runsOn(each, node));
      });
      const oursCount = group.filter((name) => !unplaced.has(name)).length;
      if (elsewhere.reduce((sum, { pods }) => sum + countIn(pods), 0) > oursCount) return false;
      const isOnNewNodes = result.nodeClaims.some(({ pods }) => countIn(pods) > 0);
      const alone = { only: one, among: { ...problem, daemonSets, nodes: [] } };
      return !isOnNewNodes || !(await karpenterPlaces(pod, alone));
    },
  },
  {
    name: "daemonset's pod that stands for another's",
    matches: (difference, context) => isOnNodesOf(withoutStrayOwners(context.problem), difference, context),
  },
  {
    name: 'daemonset that a soft taint keeps off',
    matches: (difference, context) => isOnNodesOf(withToleratingDaemonSets(context.problem), difference, context),
  },
  ...TOPOLOGY_CLASSES,
  {
    name: 'competition for limited room',
    matches: async ({ direction, pod }, context) => {
      const { problem, unplaced, refused, placesAlone } = context;
      const side = direction === 'karpenter places more' ? 'dovetail' : 'karpenter';
      const keptOut = [...(await context.outWithinNodeLimits()), ...refused];
      const out = new Set([...keptOut, ...(await placedByMistake(context))]);
      if (!placesAsMany(problem.pods, unplaced, out)) return false;
      const one = podNamed(problem, pod);
      if (await placesAlone(side, one)) return true;
      // A pod that must be near others has no place without them.
      const fellows = fellowsOf(context, pod);
      return fellows.length > 0 && placesAlone(side, one, fellows);
    },
  },
  {
    name: 'terms given up before preferences',
    matches: async ({ direction, pod }, { problem, placesAlone }) => {
      const one = podNamed(problem, pod);
      if (direction !== 'dovetail places more' || !(hasSoftPool(problem) || hasPreferences(one))) return false;
      for (const alternative of withEachTermAlone(one)) {
        if (await placesAlone('karpenter', alternative)) return true;
      }
      return false;
    },
  },
  {
    name: 'soft taint that only nodes have',
    matches: async ({ direction, pod }, { problem, placesAlone }) => {
      const nodeHasOne = (problem.nodes ?? []).some(({ taints }) => (taints ?? []).some(isSoft));
      if (direction !== 'dovetail places more' || !nodeHasOne || hasSoftPool(problem)) return false;
      return placesAlone('karpenter', toleratingSoftTaints(podNamed(problem, pod)));
    },
  },
  {
    name: 'label that only another pod names',
    matches: async ({ direction, pod }, { problem, result, placesAlone }) => {
      if (direction !== 'karpenter places more') return false;
      const one = podNamed(problem, pod);
      const wanted = labelsNamedBy(one);
      const invented = labelsInvented(problem, result, pod).filter((key) => wanted.has(key));
      return invented.length > 0 && !(await placesAlone('karpenter', one));
    },
  },
  {
    name: 'label that the pod itself only rules out',
    matches: async ({ direction, pod }, { problem, result, placesAlone }) => {
      if (direction !== 'karpenter places more') return false;
      const one = podNamed(problem, pod);
      const ruledOut = labelsRuledOutBy(one);
      const over = topologyKeysOf(one);
      const invented = labelsInvented(problem, result, pod).filter((key) => ruledOut.has(key) && over.includes(key));
      return invented.length > 0 && !(await placesAlone('karpenter', withoutConditionsOn(one, invented)));
    },
  },
];

/**
 * Whether Karpenter has pods of the group on one of these nodes, where it keeps too little room for daemonsets, and places no
 * more in all than we do once the problem is changed.
 */
async function isOnNodesOf(
  { nodes, problem }: { readonly nodes: ReadonlySet<string>; readonly problem: VerifiedProblem },
  { direction, pod }: Difference,
  { result, groupOf, karpenterPlaces }: DifferenceContext,
): Promise<boolean> {
  if (direction !== 'karpenter places more') return false;
  const group = groupOf(pod);
  const takers = result.existingNodes.filter(({ pods }) => pods.some((name) => group.includes(nameOf(name))));
  if (!takers.some(({ name }) => nodes.has(name))) return false;
  return !(await karpenterPlaces(pod, { problem, moreInAll: true }));
}

/** The class a difference belongs to; undefined when it is not meant. */
export async function classOf(
  difference: Difference,
  context: DifferenceContext,
): Promise<DifferenceClass | undefined> {
  for (const candidate of DIFFERENCE_CLASSES) {
    if (await candidate.matches(difference, context)) return candidate;
  }
  return undefined;
}

/**
 * Pods that Karpenter has on nodes where they would not be: by a contradiction, of which kube-scheduler sees that no node meets
 * it, or by a label that the node's pool does not give it, be it over that they have a rule or be it that they ask for it and
 * Karpenter itself refuses them alone.
 */
async function placedByMistake({ problem, unplaced, result, placesAlone }: DifferenceContext): Promise<string[]> {
  const mistakes: string[] = [];
  for (const one of problem.pods) {
    const { name } = one.metadata;
    const invented = labelsInvented(problem, result, name);
    if (invented.some((key) => topologyKeysOf(one).includes(key))) mistakes.push(name);
    else if (!unplaced.has(name)) continue;
    else if (hasContradictoryTerm(one)) mistakes.push(name);
    else if (invented.some((key) => labelsNamedBy(one).has(key)) && !(await placesAlone('karpenter', one)))
      mistakes.push(name);
  }
  return mistakes;
}

/** Label keys of Karpenter's node of the pod that its pool says nothing of. */
function labelsInvented(problem: VerifiedProblem, { nodeClaims }: KarpenterResult, pod: string): string[] {
  const claim = nodeClaims.find(({ pods }) => pods.some((name) => nameOf(name) === pod));
  if (claim === undefined) return [];
  const given = labelsGivenBy(problem, claim.nodePool);
  return Object.keys(claim.labels).filter((key) => !given.has(key));
}

/** Label keys that nodes of a pool carry by the pool's own words: its labels and its requirements. */
function labelsGivenBy(problem: VerifiedProblem, poolName: string): Set<string> {
  const template = problem.nodePools.find(({ metadata }) => metadata.name === poolName)?.spec.template;
  const required = (template?.spec?.requirements ?? []).map(({ key }) => key);
  return new Set([NODE_POOL_LABEL, ...Object.keys(template?.metadata?.labels ?? {}), ...required]);
}
