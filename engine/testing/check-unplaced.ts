// Whether pods that a plan leaves out really had no place, and whether the reasons given are true. Part of the checker;
// see checker.ts.
import type { PodShape, Problem, UnplacedReason, UnplacedShape } from '../index.ts';
import type { OpenCase, ResolvedNodes } from './case.ts';
import { existingRoom, nodeAdmits } from './check-existing.ts';
import { latecomerViolations } from './check-latecomers.ts';
import { isUnlimited, limitUsage, podsOf, poolHoldsOne, takenBy } from './check-nodes.ts';
import { isLeft } from './check-reservations.ts';
import { overAttached, reachesVolumes } from './check-topology.ts';
import { isStrict, isVariedEnough } from './check-variety.ts';
import { HARD_EFFECTS, lacking, selectsNode, subtractResources, untoleratedTaint } from './kube-rules.ts';
import {
  type Candidate,
  fitsTogether,
  holdsTogether,
  isOnSale,
  labelChoicesFor,
  labelsWith,
  NO_FIXED_LABELS,
  onePod,
  type PoolView,
  roomOf,
  selectsAlways,
} from './market.ts';
import { hardSpreads, isEntangled, isKeptAway, required } from './pod-selection.ts';

/** Everything wrong with the pods that are left out. */
export function unplacedViolations(open: OpenCase): string[] {
  return open.plan.unplaced.flatMap((unplaced) => {
    const shape = open.problem.shapes[unplaced.shapeIndex]?.shape;
    if (shape === undefined) return [];
    const where = `shape ${unplaced.shapeIndex}`;
    const found = reasonViolations(open, shape, unplaced, where);
    const cut = open.plan.cut && unplaced.reasons.some((reason) => reason.code === 'work-limit-reached');
    if (cut) return found;
    if (isEntangled(open.problem, shape)) return [...found, ...latecomerViolations(open, shape, where)];
    return [...found, ...placeableViolations(open, shape, where)];
  });
}

/** Places that the pod could have had. */
function placeableViolations(open: OpenCase, shape: PodShape, where: string): string[] {
  const found: string[] = [];
  for (const view of open.views) {
    if (isUnlimited(view)) {
      if (poolHoldsOne(open, view, shape, false))
        found.push(`unplaced-placeable: ${where} fits alone in ${view.pool.name}`);
    } else if (limitLeavesRoom(open, view, shape)) {
      found.push(`unplaced-under-limit: ${where} fits within what is left of the limits of ${view.pool.name}`);
    }
  }
  for (const resolved of open.resolved) {
    // Pods that must stand just there can't make room.
    if (podsOf(open, resolved.nodes.pods).some((pod) => isEntangled(open.problem, pod.shape))) continue;
    if (joins(open, resolved, shape, () => true)) {
      found.push(`unplaced-joins: ${where} fits onto ${resolved.where} as it is`);
    } else if (joins(open, resolved, shape, (other) => other.priority >= shape.priority)) {
      found.push(`priority: ${where} would fit onto ${resolved.where} in place of pods of lower priority`);
    }
  }
  open.problem.nodes.forEach((node, nodeIndex) => {
    if (!nodeAdmits(node, shape)) return;
    const assigned = open.plan.existing.find((one) => one.nodeIndex === nodeIndex);
    const staying = podsOf(open, assigned?.pods ?? []).filter((pod) => pod.shape.priority >= shape.priority);
    const room = subtractResources(existingRoom(open.problem, node), takenBy(staying));
    if (lacking(room, onePod(shape)) === undefined) {
      found.push(`priority: ${where} would fit onto ${node.name} in place of pods of lower priority`);
    }
  });
  return found;
}

/** Whether one pod more fits onto a planned node, whichever offering it gets, once only the pods kept are there. */
function joins(
  open: OpenCase,
  { nodes, view, list, fixed }: ResolvedNodes,
  shape: PodShape,
  kept: (other: PodShape) => boolean,
): boolean {
  if (untoleratedTaint(shape.tolerations, view.pool.taints, HARD_EFFECTS) !== undefined) return false;
  const together = [...podsOf(open, nodes.pods).filter((pod) => kept(pod.shape)), { shape, count: 1 }];
  const shapes = together.map((pod) => pod.shape);
  return list.every(
    (candidate) =>
      selectsAlways(shapes, candidate, fixed) &&
      lacking(roomOf(view, candidate, fixed), takenBy(together)) === undefined,
  );
}

/** Whether a further node for one pod would keep the pool's limits. */
export function limitLeavesRoom(open: OpenCase, view: PoolView, shape: PodShape): boolean {
  const left = subtractResources(view.pool.limits, {});
  for (const [name, used] of Object.entries(limitUsage(open, view))) {
    if (left[name] !== undefined) left[name] -= used;
  }
  const holding = view.candidates.filter(
    (candidate) =>
      isOnSale(candidate) &&
      isLeft(open, candidate) &&
      Object.entries(left).every(([name, room]) => (name === 'nodes' ? 1 : (candidate.capacity[name] ?? 0)) <= room) &&
      holdsTogether(view, candidate, [{ shape, count: 1 }]),
  );
  return holding.length > 0 && isVariedEnough(open, view, holding);
}

/** Every reason is true, and every pool has one. */
function reasonViolations(open: OpenCase, shape: PodShape, unplaced: UnplacedShape, where: string): string[] {
  const found: string[] = [];
  const { reasons } = unplaced;
  if (reasons.length === 0) found.push(`reasons: ${where} has none`);
  for (const reason of reasons) {
    if (reason.message.trim() === '') found.push(`reasons: ${where} has one without words (${reason.code})`);
    if (reason.poolIndex !== undefined && open.views[reason.poolIndex] === undefined) {
      found.push(`reasons: ${where} names pool ${reason.poolIndex}`);
    } else if (!reasonIsTrue(open, shape, reason)) {
      found.push(
        `reasons: ${where} is said to be left out for ${reason.code} (pool ${reason.poolIndex}), which is not so`,
      );
    }
  }
  const general = reasons.some((reason) => reason.poolIndex === undefined);
  if (!general) {
    open.views.forEach((view, poolIndex) => {
      if (!reasons.some((reason) => reason.poolIndex === poolIndex)) {
        found.push(`reasons: ${where} has none for ${view.pool.name}`);
      }
    });
  }
  return found;
}

function reasonIsTrue(open: OpenCase, shape: PodShape, reason: UnplacedReason): boolean {
  const view = reason.poolIndex === undefined ? undefined : open.views[reason.poolIndex];
  switch (reason.code) {
    case 'no-node-pool':
      return open.views.length === 0;
    case 'unsupported':
      return false;
    case 'claim-not-usable':
      return shape.volumes.some(({ obstacle }) => obstacle !== undefined);
    case 'work-limit-reached':
      return open.plan.cut;
    case 'topology-spread':
      return hardSpreads(shape).length > 0;
    case 'pod-affinity':
      return (
        required(shape.podAffinity).length > 0 || shape.volumes.some(({ topologyKeys = [] }) => topologyKeys.length > 0)
      );
    case 'pod-anti-affinity':
      return isKeptAway(open.problem, shape);
    default:
      if (reason.field === 'spec.containers.ports.hostPort') return meetsPortsOfDaemons(open.problem, shape);
      return view !== undefined && (poolReasonIsTrue(open, view, shape, reason) || mayBeNarrowed(shape, reason));
  }
}

/** Whether some daemonset takes a port that the pod asks for. */
function meetsPortsOfDaemons(problem: Problem, shape: PodShape): boolean {
  const ports = problem.daemonSets.flatMap((daemonSet) => daemonSet.shape.hostPorts);
  return shape.hostPorts.some((one) =>
    ports.some(({ port, protocol }) => port === one.port && protocol === one.protocol),
  );
}

/** Volumes, fields and rules about other pods narrow what a pod may use: these codes then stand for more than alone. */
function mayBeNarrowed(shape: PodShape, reason: UnplacedReason): boolean {
  const narrows =
    shape.volumes.length > 0 ||
    shape.hostPorts.length > 0 ||
    hardSpreads(shape).length > 0 ||
    required(shape.podAffinity).length > 0 ||
    required(shape.podAntiAffinity).length > 0 ||
    shape.requiredNodeTerms.some((term) => term.matchFields.length > 0);
  const codes = ['label-not-provided', 'requirements-not-met', 'no-offering-available', 'limit-reached'];
  return narrows && codes.includes(reason.code);
}

function poolReasonIsTrue(open: OpenCase, view: PoolView, shape: PodShape, reason: UnplacedReason): boolean {
  const selected = view.candidates.filter((candidate) => selectable(candidate, shape));
  const one = [{ shape, count: 1 }];
  const attachable = selected.filter((candidate) => overAttached(candidate.allocatable, one) === undefined);
  const holding = attachable.filter((candidate) => fitsTogether(view, candidate, one));
  const perhapsHolding = attachable.filter((candidate) => fitsTogether(view, candidate, one, true));
  const left = holding.filter((candidate) => isOnSale(candidate) && isLeft(open, candidate));
  switch (reason.code) {
    case 'taint-not-tolerated':
      return untoleratedTaint(shape.tolerations, view.pool.taints, HARD_EFFECTS) !== undefined;
    case 'label-not-provided':
    case 'requirements-not-met':
      return selected.length === 0;
    case 'resources-too-large':
      return selected.length > 0 && holding.length === 0;
    case 'no-offering-available':
      return perhapsHolding.length > 0 && (left.length === 0 || !isVariedEnough(open, view, left));
    case 'min-values':
      return (
        isStrict(open) &&
        perhapsHolding.some(isOnSale) &&
        (!isVariedEnough(open, view, holding.filter(isOnSale)) || isEntangled(open.problem, shape))
      );
    case 'limit-reached':
      return perhapsHolding.some(isOnSale) && !isUnlimited(view) && !limitLeavesRoom(open, view, shape);
    default:
      return false;
  }
}

/** Whether some choice of a candidate's open labels is what the pod selects. */
function selectable(candidate: Candidate, shape: PodShape): boolean {
  return labelChoicesFor(candidate, NO_FIXED_LABELS, [shape], 'by the plan').some((choice) =>
    [labelsWith(candidate, choice)].some((labels) => selectsNode(shape, labels) && reachesVolumes(shape, labels)),
  );
}
