// What pods on existing nodes and on capacity in flight must keep. Part of the checker; see checker.ts.
import type { DaemonSetInput, NodeInput, PodShape, Problem, Taint } from '../index.ts';
import type { OpenCase } from './case.ts';
import { isUnlimited, podsOf, poolHoldsOne, takenBy } from './check-nodes.ts';
import {
  addResources,
  fieldKey,
  HARD_EFFECTS,
  type Labels,
  lacking,
  normalKey,
  selectsNode,
  subtractResources,
  untoleratedTaint,
} from './kube-rules.ts';
import { onePod } from './market.ts';
import { isEntangled } from './pod-selection.ts';

/** Taints that a node loses by itself while it becomes ready: [key, effect]. */
const EPHEMERAL_TAINTS: readonly (readonly [string, string])[] = [
  ['node.kubernetes.io/not-ready', 'NoSchedule'],
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoSchedule'],
  ['node.cloudprovider.kubernetes.io/uninitialized', 'NoSchedule'],
  ['karpenter.sh/unregistered', 'NoExecute'],
];

/** Taints of this prefix are held against nobody while a node becomes ready. */
const READINESS_PREFIX = 'readiness.k8s.io/';

/** Labels of an existing node, in their present spelling, and its name as a field. */
export function existingLabels(node: NodeInput): Labels {
  const labels = new Map(Object.entries(node.labels).map(([key, value]) => [normalKey(key), value] as const));
  return labels.set(fieldKey('metadata.name'), node.name);
}

/** What keeps pods off a cordoned node that do not tolerate it. */
const CORDON: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' };

/** The taints that count against new pods at the node's stage, with the one that a cordon brings. */
export function standingTaints(node: NodeInput): Taint[] {
  return node.unschedulable ? [...lastingTaints(node), CORDON] : lastingTaints(node);
}

/** The taints that stay at the node's stage; daemonsets' pods tolerate a cordon. */
function lastingTaints(node: NodeInput): Taint[] {
  if (node.stage === 'ready') return [...node.taints];
  return node.taints.filter(
    (taint) =>
      !taint.key.startsWith(READINESS_PREFIX) &&
      !EPHEMERAL_TAINTS.some(([key, effect]) => key === taint.key && effect === taint.effect) &&
      !node.startupTaints.some((startup) => startup.key === taint.key && startup.effect === taint.effect),
  );
}

/** Room left after running pods, daemonset pods that run there and those that still will. */
export function existingRoom(problem: Problem, node: NodeInput): Record<string, number> {
  const taken: Record<string, number> = {};
  for (const { shape, count } of node.pods) addResources(taken, onePod(shape), count);
  for (const { requests } of node.daemonPods) addResources(taken, { ...requests, pods: 1 });
  for (const daemonSet of problem.daemonSets) {
    const there = node.daemonPods.some((pod) => pod.namespace === daemonSet.namespace && pod.name === daemonSet.name);
    if (!there && daemonBelongs(node, daemonSet)) addResources(taken, onePod(daemonSet.shape));
  }
  return subtractResources(node.allocatable, taken);
}

/** Whether a daemonset has, or will have, a pod on a node. */
export function daemonBelongs(node: NodeInput, { shape }: DaemonSetInput): boolean {
  if (untoleratedTaint(shape.tolerations, lastingTaints(node), HARD_EFFECTS) !== undefined) return false;
  const labels = existingLabels(node);
  // The labels that a node gets once it is ready are as good as there.
  const coming = new Map([...labels, ['karpenter.sh/registered', 'true'], ['karpenter.sh/initialized', 'true']]);
  return selectsNode(shape, node.stage === 'ready' ? labels : coming);
}

/** Whether labels, taints and state of a node let a pod in, room aside. */
export function nodeAdmits(node: NodeInput, shape: PodShape): boolean {
  if (node.deleting) return false;
  if (untoleratedTaint(shape.tolerations, standingTaints(node), HARD_EFFECTS) !== undefined) return false;
  return selectsNode(shape, existingLabels(node));
}

/** Everything wrong with pods on existing nodes, and room there that pods on new nodes could have used. */
export function existingViolations(open: OpenCase): string[] {
  const found: string[] = [];
  for (const assignment of open.plan.existing) {
    const node = open.problem.nodes[assignment.nodeIndex];
    if (node === undefined) continue;
    const pods = podsOf(open, assignment.pods);
    if (node.deleting) found.push(`existing-closed: ${node.name} takes no pods`);
    for (const { shape } of pods) {
      const taint = untoleratedTaint(shape.tolerations, standingTaints(node), HARD_EFFECTS);
      if (taint !== undefined) found.push(`existing-taint: a pod on ${node.name} does not tolerate ${taint.key}`);
      if (!selectsNode(shape, existingLabels(node))) found.push(`existing-selector: ${node.name} is not selected`);
      found.push(...softTaintViolations(open, node, shape));
    }
    const lack = lacking(existingRoom(open.problem, node), takenBy(pods));
    if (lack !== undefined) found.push(`existing-room: ${node.name}: ${lack}`);
  }
  if (!open.plan.cut) found.push(...unusedRoomViolations(open));
  return found;
}

function softTaintViolations(open: OpenCase, node: NodeInput, shape: PodShape): string[] {
  if (isEntangled(open.problem, shape)) return [];
  if (untoleratedTaint(shape.tolerations, standingTaints(node), ['PreferNoSchedule']) === undefined) return [];
  const better = open.views.find((view) => isUnlimited(view) && poolHoldsOne(open, view, shape, true));
  return better === undefined ? [] : [`existing-soft-taint: ${node.name}, while ${better.pool.name} needs none`];
}

/** Free room comes before new nodes. */
function unusedRoomViolations(open: OpenCase): string[] {
  const elsewhere = new Set<number>([
    ...open.plan.nodes.flatMap((nodes) => nodes.pods.map((share) => share.shapeIndex)),
    ...open.plan.unplaced.map((share) => share.shapeIndex),
  ]);
  return open.problem.nodes.flatMap((node, nodeIndex) => {
    const assigned = open.plan.existing.find((one) => one.nodeIndex === nodeIndex);
    const room = subtractResources(
      existingRoom(open.problem, node),
      takenBy(podsOf(open, assigned === undefined ? [] : assigned.pods)),
    );
    return [...elsewhere].flatMap((shapeIndex) => {
      const shape = open.problem.shapes[shapeIndex]?.shape;
      if (shape === undefined || isEntangled(open.problem, shape) || !nodeAdmits(node, shape)) return [];
      if (untoleratedTaint(shape.tolerations, standingTaints(node), ['PreferNoSchedule']) !== undefined) return [];
      if (lacking(room, onePod(shape)) !== undefined) return [];
      return [`existing-unused: ${node.name} has room for a pod of shape ${shapeIndex} that stands elsewhere`];
    });
  });
}
