// Made-up problems and answers of both sides, for the tests of the classes of difference. Karpenter itself does not run here.
import type { KarpenterResult } from '../../peers/index.ts';
import { madeUpAnswer } from '../../peers/testing/index.ts';
import { compareRun } from '../compare.ts';
import { type ChangedQuestion, classOf, type VerifiedProblem, type WaitingPod } from '../differences.ts';
import { leftOutWithinNodeLimits } from '../node-limits.ts';

/** A pod that waits. */
export function pod(name: string, spec: WaitingPod['spec'] & { priority?: number } = {}): WaitingPod {
  return { metadata: { name }, spec };
}

/** A pod with these required terms about nodes. */
export function withTerms(
  name: string,
  ...terms: { key: string; operator: string; values?: string[] }[][]
): WaitingPod {
  return pod(name, {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })),
        },
      },
    },
  });
}

/** A problem of one pool without conditions. */
export function problemOf(pods: WaitingPod[], rest: Partial<VerifiedProblem> = {}): VerifiedProblem {
  return { pods, nodePools: [{ metadata: { name: 'pool' }, spec: {} }], ...rest };
}

/** Karpenter's answer: the claims' pods, and every other pod of the problem left out. */
export function karpenter(problem: VerifiedProblem, ...claims: string[][]): KarpenterResult {
  const placed = new Set(claims.flat());
  const left = problem.pods.filter(({ metadata }) => !placed.has(metadata.name));
  return madeUpAnswer(
    claims.map((pods) => ({ pods: pods.map((name) => `default/${name}`) })),
    left.map(({ metadata }) => ({ pod: `default/${metadata.name}`, error: 'no room' })),
  );
}

/** What a made-up case says of both sides beyond their answers. */
export interface Circumstances {
  /** Pods that are equal; the others are each a group of their own. */
  readonly group?: readonly string[];
  /** Pods of Karpenter's answer that kube-scheduler would keep out. */
  readonly refused?: readonly string[];
  /** Pods of it that spreads would keep out besides if every domain had a node. */
  readonly refusedOverAll?: readonly string[];
  /** Pods that spreads keep out once Karpenter keeps to the limits on nodes. */
  readonly outByCounts?: readonly string[];
  /** Pods that Karpenter places in a later batch. */
  readonly later?: readonly string[];
  /** Labels of our nodes, by the pods on them. */
  readonly ourNodes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether Karpenter places the pod when it is asked something else. */
  readonly answers?: (question: ChangedQuestion) => boolean;
}

/** The class of each difference; `placesAlone` says which sides place a pod alone, or with its fellows. */
export async function classesOf(
  problem: VerifiedProblem,
  oursOut: string[],
  result: KarpenterResult,
  placesAlone: (side: string, pod: WaitingPod, fellows?: readonly WaitingPod[]) => boolean = () => false,
  {
    group = [],
    refused = [],
    refusedOverAll = [],
    outByCounts = [],
    later = [],
    ourNodes = {},
    answers = () => false,
  }: Circumstances = {},
): Promise<(string | undefined)[]> {
  const unplaced = new Map(oursOut.map((name) => [name, 'no room']));
  const others = problem.pods.map(({ metadata }) => metadata.name).filter((name) => !group.includes(name));
  const groups = [...(group.length > 0 ? [group] : []), ...others.map((name) => [name])];
  const differences = compareRun({ groups, unplaced }, result);
  const context = {
    problem,
    unplaced,
    groupOf: (name: string) => groups.find((names) => names.includes(name)) ?? [],
    result,
    refused: new Set(refused),
    refusedOverAllDomains: async () => new Set([...refused, ...refusedOverAll]),
    outWithinNodeLimits: async () => new Set([...leftOutWithinNodeLimits(problem, result), ...outByCounts]),
    placesAlone: async (side: string, one: WaitingPod, fellows?: readonly WaitingPod[]) =>
      placesAlone(side, one, fellows),
    placesLater: async (name: string) => later.includes(name),
    karpenterPlaces: async (_: string, question: ChangedQuestion) => answers(question),
    ourLabels: (name: string) => ourNodes[name],
  };
  return Promise.all(differences.map(async (difference) => (await classOf(difference, context))?.name));
}
