// Which of the nodes that fit is taken: those with most room left (LeastAllocated), with a use of CPU and memory that is in
// balance, with preferred labels and without taints that are only a preference. Weights are those of kube-scheduler.
import { tolerates } from '../objects.ts';
import type { NodeView } from './cluster-view.ts';
import { matchesTerm } from './node-filters.ts';
import type { PodView } from './pod-view.ts';

const MAX_SCORE = 100;
const WEIGHTS = { room: 1, balance: 1, preferredLabels: 2, softTaints: 3 } as const;

/** Scores by node, in the order of `nodes`. Higher is better. */
export function scoresOf(pod: PodView, nodes: readonly NodeView[]): number[] {
  const labels = highestIsBest(nodes.map((node) => preferredWeight(pod, node)));
  const taints = lowestIsBest(nodes.map((node) => softTaintCount(pod, node)));
  return nodes.map((node, index) => {
    const [cpu, memory] = sharesUsed(pod, node);
    const room = (MAX_SCORE * (1 - cpu + (1 - memory))) / 2;
    const balance = MAX_SCORE * (1 - Math.abs(cpu - memory) / 2);
    return (
      Math.floor(WEIGHTS.room * room) +
      Math.floor(WEIGHTS.balance * balance) +
      WEIGHTS.preferredLabels * (labels[index] as number) +
      WEIGHTS.softTaints * (taints[index] as number)
    );
  });
}

function sharesUsed(pod: PodView, node: NodeView): readonly [cpu: number, memory: number] {
  const share = (resource: 'cpu' | 'memory'): number => {
    const allocatable = node.allocatable.get(resource) ?? 0;
    return allocatable === 0 ? 1 : Math.min(1, (node.weighed[resource] + pod.weighed[resource]) / allocatable);
  };
  return [share('cpu'), share('memory')];
}

function preferredWeight(pod: PodView, node: NodeView): number {
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0), 0);
}

function softTaintCount(pod: PodView, node: NodeView): number {
  return node.taints.filter(
    (taint) =>
      taint.effect === 'PreferNoSchedule' &&
      !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  ).length;
}

function highestIsBest(values: readonly number[]): number[] {
  const highest = Math.max(...values);
  return values.map((value) => (highest === 0 ? 0 : Math.floor((MAX_SCORE * value) / highest)));
}

function lowestIsBest(values: readonly number[]): number[] {
  const highest = Math.max(...values);
  return values.map((value) => (highest === 0 ? MAX_SCORE : Math.floor(MAX_SCORE * (1 - value / highest))));
}
