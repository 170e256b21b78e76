// What each new node must keep for every offering it may be launched as, and what each pool's limits allow. Part of the
// checker; see checker.ts.
import type { PodShape, ShapeShare } from '../index.ts';
import { identities, type OpenCase, type ResolvedNodes } from './case.ts';
import { idleReservationViolations, isLeft, reservedListViolations } from './check-reservations.ts';
import { alike, isVariedEnough, keepsMinValues, varietyViolations } from './check-variety.ts';
import {
  ATTACHMENT_PREFIX,
  addResources,
  expressionHolds,
  HARD_EFFECTS,
  lacking,
  normalKey,
  sameResources,
  untoleratedTaint,
} from './kube-rules.ts';
import {
  type Candidate,
  daemonOverhead,
  holdsTogether,
  isOnSale,
  NODE_POOL_KEY,
  onePod,
  type PoolView,
  roomOf,
  selectsAlways,
} from './market.ts';
import { isEntangled } from './pod-selection.ts';

/** Pods with their shapes in place of indices. */
export function podsOf(open: OpenCase, shares: readonly ShapeShare[]): { shape: PodShape; count: number }[] {
  return shares.flatMap(({ shapeIndex, count }) => {
    const shape = open.problem.shapes[shapeIndex]?.shape;
    return shape === undefined ? [] : [{ shape, count }];
  });
}

/** What pods take together. */
export function takenBy(pods: readonly { readonly shape: PodShape; readonly count: number }[]): Record<string, number> {
  const taken: Record<string, number> = {};
  for (const { shape, count } of pods) addResources(taken, onePod(shape), count);
  return taken;
}

/** Whether a pool may grow without end. */
export function isUnlimited(view: PoolView): boolean {
  return Object.keys(view.pool.limits).length === 0;
}

/** Everything wrong with equal new nodes. */
export function plannedNodeViolations(open: OpenCase, resolved: ResolvedNodes): string[] {
  const { where, nodes, view, fixed } = resolved;
  const pods = podsOf(open, nodes.pods);
  const wanted = takenBy(pods);
  const found: string[] = [];
  for (const { shape } of pods) {
    const taint = untoleratedTaint(shape.tolerations, view.pool.taints, HARD_EFFECTS);
    if (taint !== undefined) found.push(`taint: ${where} holds a pod that does not tolerate ${taint.key}`);
  }
  for (const identity of identities(open, nodes)) {
    const candidate = view.byIdentity.get(identity);
    if (candidate === undefined) {
      found.push(`pool-requirements: ${where} lists ${identity}, which ${view.pool.name} can't be launched as`);
      continue;
    }
    if (!candidate.state.available) found.push(`available: ${where} lists ${identity}, which is not available`);
    if (candidate.priceNanoUsdPerHour === undefined) found.push(`price-known: ${where} lists ${identity}`);
    const shapes = pods.map((pod) => pod.shape);
    if (!selectsAlways(shapes, candidate, fixed))
      found.push(`selector: ${where} ${identity} is not what its pods select`);
    const lack = lacking(roomOf(view, candidate, fixed), wanted);
    if (lack !== undefined) found.push(`room: ${where} ${identity}: ${lack}`);
    found.push(...fixedLabelViolations(resolved, candidate));
  }
  found.push(...statedAmountViolations(resolved, wanted));
  // Where other pods, preferences or volumes have a say, neither the pool nor the offering is the pod's alone to choose.
  const free = pods.filter(({ shape }) => !isEntangled(open.problem, shape));
  found.push(...varietyViolations(open, resolved), ...reservedListViolations(resolved));
  if (isUnlimited(view) && nodes.relaxedMinValues.length > 0) found.push(...needlessViolations(open, resolved, free));
  found.push(...softTaintViolations(open, resolved, free));
  if (free.length === pods.length) {
    found.push(...heavierPoolViolations(open, resolved, pods));
    found.push(...cheapestViolations(resolved, pods));
    if (isUnlimited(view)) found.push(...idleReservationViolations(open, resolved, pods));
  }
  return found;
}

/** Values the plan fixes must be the pool's to fix, and meet its requirements. */
function fixedLabelViolations({ where, nodes, view }: ResolvedNodes, candidate: Candidate): string[] {
  const found: string[] = [];
  for (const [key, value] of Object.entries(nodes.labels)) {
    const settled = candidate.labels.get(key);
    if (settled !== undefined && settled !== value) {
      found.push(`fixed-label: ${where} fixes ${key} to ${value}, ${candidate.identity} has ${settled}`);
    }
    const label = candidate.open.get(key);
    if (settled === undefined && label === undefined)
      found.push(`fixed-label: ${where} fixes ${key}, which is not open`);
    if (label?.values !== undefined && !label.values.includes(value)) {
      found.push(`fixed-label: ${where} fixes ${key} to ${value}, ${candidate.identity} can't be that`);
    }
    for (const requirement of view.pool.requirements) {
      if (normalKey(requirement.key) === key && !expressionHolds(requirement, value)) {
        found.push(`fixed-label: ${where} fixes ${key} to ${value} against the pool's ${requirement.operator}`);
      }
    }
  }
  return found;
}

/** Requests, daemonsets and allocatable as the plan states them. */
function statedAmountViolations(
  { where, nodes, view, list, fixed }: ResolvedNodes,
  wanted: Record<string, number>,
): string[] {
  const found: string[] = [];
  const stated = Object.entries(nodes.requests).filter(([name]) => !name.startsWith(ATTACHMENT_PREFIX));
  if (!sameResources(Object.fromEntries(stated), wanted))
    found.push(`stated-requests: ${where} ${JSON.stringify(nodes.requests)}`);
  const head = list[0];
  if (head === undefined) return found;
  const overhead = daemonOverhead(view, head, fixed);
  if (!sameResources(nodes.daemonOverhead, overhead)) {
    found.push(`stated-daemons: ${where} ${JSON.stringify(nodes.daemonOverhead)}, not ${JSON.stringify(overhead)}`);
  }
  if (!sameResources(nodes.allocatable, head.allocatable)) {
    found.push(`stated-allocatable: ${where} ${JSON.stringify(nodes.allocatable)} of ${head.identity}`);
  }
  return found;
}

/** Whether a new node of the pool would hold one pod of the shape, limits aside; `soft` asks for soft taints too. */
export function poolHoldsOne(open: OpenCase, view: PoolView, shape: PodShape, soft: boolean): boolean {
  if (soft && untoleratedTaint(shape.tolerations, view.pool.taints, ['PreferNoSchedule']) !== undefined) return false;
  const holding = view.candidates.filter(
    (candidate) =>
      isOnSale(candidate) && isLeft(open, candidate) && holdsTogether(view, candidate, [{ shape, count: 1 }]),
  );
  return holding.length > 0 && isVariedEnough(open, view, holding);
}

/**
 * A node is of a lighter pool only where one of its pods at least needs it: no heavier pool without limits would take that
 * one. Others may join it as they join Karpenter's claims in flight, whatever the weight of their pools.
 */
function heavierPoolViolations(
  open: OpenCase,
  { where, view }: ResolvedNodes,
  pods: readonly { readonly shape: PodShape }[],
): string[] {
  return open.views
    .filter((heavier) => heavier.pool.weight > view.pool.weight && isUnlimited(heavier))
    .flatMap((heavier) =>
      pods.every(({ shape }) => poolHoldsOne(open, heavier, shape, true))
        ? [`weight: ${where} is of ${view.pool.name}, ${heavier.pool.name} is heavier and would take a pod of it`]
        : [],
    );
}

/** A soft taint is ignored only when every pool without one (and without limits) refuses the pod. */
function softTaintViolations(
  open: OpenCase,
  { where, view }: ResolvedNodes,
  pods: readonly { readonly shape: PodShape }[],
): string[] {
  return pods.flatMap(({ shape }) => {
    if (untoleratedTaint(shape.tolerations, view.pool.taints, ['PreferNoSchedule']) === undefined) return [];
    const better = open.views.find((other) => isUnlimited(other) && poolHoldsOne(open, other, shape, true));
    return better === undefined ? [] : [`soft-taint: ${where} of ${view.pool.name}, ${better.pool.name} needs none`];
  });
}

/** A node does with fewer values only for pods that could have no node of their own with as many. */
function needlessViolations(
  open: OpenCase,
  { where, view }: ResolvedNodes,
  pods: readonly { readonly shape: PodShape; readonly count: number }[],
): string[] {
  return pods.flatMap(({ shape }) => {
    const holding = view.candidates.filter(
      (candidate) =>
        isOnSale(candidate) && isLeft(open, candidate) && holdsTogether(view, candidate, [{ shape, count: 1 }]),
    );
    const kept = holding.some((candidate) => keepsMinValues(view.pool, alike(candidate, holding)));
    return kept ? [`min-values-needless: ${where} falls short for a pod that could have as many values`] : [];
  });
}

/** The first offering is the cheapest that holds these pods, where no limit speaks against a larger type. */
function cheapestViolations(
  { where, nodes, view, list }: ResolvedNodes,
  pods: readonly { readonly shape: PodShape; readonly count: number }[],
): string[] {
  const names = Object.keys(view.pool.limits).filter((name) => name !== 'nodes');
  // Reserved capacity comes first whatever else costs, and which of it is free for this node depends on the others.
  if (names.length > 0 || list.some(({ offering }) => offering.capacityType === 'reserved')) return [];
  const holding = view.candidates.filter((candidate) => isOnSale(candidate) && holdsTogether(view, candidate, pods));
  const cheaper = holding.find(
    (candidate) =>
      candidate.offering.capacityType !== 'reserved' &&
      (candidate.priceNanoUsdPerHour ?? 0) < nodes.priceNanoUsdPerHour &&
      (nodes.relaxedMinValues.length > 0 || keepsMinValues(view.pool, alike(candidate, holding))),
  );
  return cheaper === undefined ? [] : [`cheapest: ${where} costs more than ${cheaper.identity}, which holds the same`];
}

/** What a pool's nodes use of its limits: existing ones, and new ones at the largest type listed. */
export function limitUsage(open: OpenCase, view: PoolView): Record<string, number> {
  const usage: Record<string, number> = { nodes: 0 };
  for (const node of open.problem.nodes) {
    if (node.deleting || node.labels[NODE_POOL_KEY] !== view.pool.name) continue;
    addResources(usage, { ...node.capacity, nodes: 1 });
  }
  for (const { nodes, list, view: owner } of open.resolved) {
    if (owner !== view) continue;
    const largest: Record<string, number> = { nodes: 1 };
    for (const { capacity } of list) {
      for (const [name, amount] of Object.entries(capacity)) largest[name] = Math.max(largest[name] ?? 0, amount);
    }
    addResources(usage, largest, nodes.nodeCount);
  }
  return usage;
}

/** No pool that grows is beyond a limit afterwards. */
export function limitViolations(open: OpenCase): string[] {
  return open.views.flatMap((view) => {
    if (!open.resolved.some((one) => one.view === view)) return [];
    const usage = limitUsage(open, view);
    return Object.entries(view.pool.limits).flatMap(([name, limit]) =>
      (usage[name] ?? 0) > limit ? [`limit: ${view.pool.name} uses ${usage[name]} of ${limit} ${name}`] : [],
    );
  });
}
