// Holds an answer of Karpenter against ours, group by group of equal pods: who places more of them. Prices and times are
// put beside each other elsewhere; whether an answer is right is the checker's business.
import type { KarpenterResult } from '../peers/index.ts';
import type { DovetailAnswer } from './dovetail.ts';

/** Who placed more pods of a group. */
export type Direction = 'karpenter places more' | 'dovetail places more';

/** One group of which the two placed different numbers, in one run. */
export interface Difference {
  readonly direction: Direction;
  /** A pod that only one side placed. */
  readonly pod: string;
  readonly podCount: number;
  readonly groupSize: number;
  readonly karpenterSeed: number;
  /** Why we left pods of the group out; empty where we left out none. */
  readonly dovetailReason: string;
  /** Karpenter's error for a pod it left out; empty where it left out none. */
  readonly karpenterError: string;
}

/** The differences of one run, groups in their order. */
export function compareRun(answer: Pick<DovetailAnswer, 'groups' | 'unplaced'>, result: KarpenterResult): Difference[] {
  const errors = new Map(result.unscheduled.map(({ pod, error }) => [nameOf(pod), error]));
  const differences: Difference[] = [];
  for (const names of answer.groups) {
    const oursOut = names.filter((name) => answer.unplaced.has(name));
    const theirsOut = names.filter((name) => errors.has(name));
    if (oursOut.length === theirsOut.length) continue;
    const karpenterPlacesMore = oursOut.length > theirsOut.length;
    const [out, otherOut] = karpenterPlacesMore ? [oursOut, theirsOut] : [theirsOut, oursOut];
    // More are out on one side than on the other, so one of them is in on the other.
    const pod = out.find((name) => !otherOut.includes(name));
    if (pod === undefined) throw new Error('compare answers: a pod is in a group twice');
    differences.push({
      direction: karpenterPlacesMore ? 'karpenter places more' : 'dovetail places more',
      pod,
      podCount: Math.abs(oursOut.length - theirsOut.length),
      groupSize: names.length,
      karpenterSeed: result.seed,
      dovetailReason: answer.unplaced.get(karpenterPlacesMore ? pod : (oursOut[0] ?? '')) ?? '',
      karpenterError: errors.get(karpenterPlacesMore ? (theirsOut[0] ?? '') : pod) ?? '',
    });
  }
  return differences;
}

/** Pods of the run that are on a node, new or there already. */
export function placedCount(result: KarpenterResult): number {
  const onNew = result.nodeClaims.reduce((sum, { pods }) => sum + pods.length, 0);
  return result.existingNodes.reduce((sum, { pods }) => sum + pods.length, onNew);
}

/** A pod as the comparison reads it. */
export interface PendingPod {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly priority?: number };
}

/**
 * Whether we place at least as many pods as Karpenter, compared by priority: the first priority, from the highest down,
 * at which the numbers differ decides.
 */
export function placesAsMany(
  pods: readonly PendingPod[],
  oursOut: ReadonlyMap<string, string>,
  theirsOut: ReadonlySet<string>,
): boolean {
  const lead = new Map<number, number>();
  for (const { metadata, spec } of pods) {
    const priority = spec?.priority ?? 0;
    const difference = Number(theirsOut.has(metadata.name)) - Number(oursOut.has(metadata.name));
    lead.set(priority, (lead.get(priority) ?? 0) + difference);
  }
  for (const [, difference] of [...lead].sort(([left], [right]) => right - left)) {
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Names of the pods that Karpenter left out. */
export function leftOutBy(result: KarpenterResult): Set<string> {
  return new Set(result.unscheduled.map(({ pod }) => nameOf(pod)));
}

/** Plans name pods by name alone, which is unique in a problem; Karpenter's answer has the namespace too. */
export function nameOf(pod: string): string {
  return pod.slice(pod.indexOf('/') + 1);
}
