// Whether the state that a plan leaves behind would take one more pod of those it leaves out, every rule about other pods
// kept: with all others there before it, or ahead of some of them. Part of the checker; see checker.ts.
import type { PodShape, Problem } from '../index.ts';
import type { OpenCase } from './case.ts';
import { existingRoom, nodeAdmits } from './check-existing.ts';
import { isUnlimited, limitUsage, podsOf, takenBy } from './check-nodes.ts';
import { isLeft } from './check-reservations.ts';
import { collidingPort, overAttached, podsThere, podViolations, valuesOf } from './check-topology.ts';
import { isStrict } from './check-variety.ts';
import { HARD_EFFECTS, lacking, normalKey, selectsNode, subtractResources, untoleratedTaint } from './kube-rules.ts';
import {
  type Candidate,
  daemonSetsOn,
  type FixedLabels,
  holdsTogether,
  isOnSale,
  onePod,
  type PoolView,
  roomOf,
  selectsAlways,
} from './market.ts';
import { hardSpreads, required, spreadCounts } from './pod-selection.ts';
import { type EmptyNode, emptyNodes, finalState, HOSTNAME_KEY, type StateNode } from './topology-state.ts';

/** Places that one more pod of the shape, left out by the plan, could have. */
export function latecomerViolations(open: OpenCase, shape: PodShape, where: string): string[] {
  const { problem } = open;
  const state = finalState(open);
  const keys = keysOfRules(problem, state, shape);
  const empties = emptyNodes(open, keys);
  const all = [...state, ...empties.map((empty) => empty.state)];
  const hosts = [
    ...(spreadsBesideDaemons(state, shape)
      ? []
      : [...existingHosts(open, state, shape), ...plannedHosts(open, state, keys, shape)]),
    ...empties.filter((empty) => holdsOneMore(open, empty, keys, shape)).map((empty) => empty.state),
  ].map((host) => all.indexOf(host));
  const last = hosts.find((at) => mayCome(problem, all, at, shape));
  if (last !== undefined) return [`unplaced-topology: ${where} could still come onto ${all[last]?.where}`];
  const early = hosts.find((at) => mayComeEarlier(problem, all, at, shape));
  return early === undefined
    ? []
    : [`unplaced-order: ${where} could have come onto ${all[early]?.where} before others`];
}

/** Labels on whose values it depends which rules a pod of the shape meets. */
function keysOfRules(problem: Problem, state: readonly StateNode[], shape: PodShape): Set<string> {
  const shapes = [...problem.shapes, ...state.flatMap((node) => node.pods)].map((one) => one.shape);
  const rules = [
    ...hardSpreads(shape),
    ...required(shape.podAffinity),
    ...shapes.flatMap((one) => required(one.podAntiAffinity)),
  ];
  return new Set(rules.map((rule) => normalKey(rule.topologyKey)));
}

/** Nodes that exist and take one more pod of the shape as far as they go themselves. */
function existingHosts(open: OpenCase, state: readonly StateNode[], shape: PodShape): StateNode[] {
  const { problem, plan } = open;
  return problem.nodes.flatMap((node, nodeIndex) => {
    const pods = podsOf(open, plan.existing.find((one) => one.nodeIndex === nodeIndex)?.pods ?? []);
    const newcomer = [{ shape, count: 1 }];
    const takes =
      nodeAdmits(node, shape) &&
      lacking(subtractResources(existingRoom(problem, node), takenBy(pods)), onePod(shape)) === undefined &&
      collidingPort([...podsThere(open, nodeIndex), ...pods], newcomer) === undefined &&
      overAttached(node.allocatable, [...node.pods, ...pods, ...newcomer]) === undefined;
    return takes ? state.filter(({ where }) => where === node.name) : [];
  });
}

/** Whether some spread over hosts counts daemonsets' pods too, which nobody does here: see topology-state.ts. */
function spreadsBesideDaemons(state: readonly StateNode[], shape: PodShape): boolean {
  const spreads = hardSpreads(shape).filter(isOnHosts);
  return state.some(({ pods }) =>
    pods.some((pod) => pod.daemon !== undefined && spreads.some((spread) => spreadCounts(spread, shape, pod.shape))),
  );
}

/** Planned nodes that take one more pod of the shape, whichever of their offerings is launched. */
function plannedHosts(
  open: OpenCase,
  state: readonly StateNode[],
  keys: ReadonlySet<string>,
  shape: PodShape,
): StateNode[] {
  return open.resolved.flatMap(({ where, nodes, view, list, fixed }) => {
    if (untoleratedTaint(shape.tolerations, view.pool.taints, HARD_EFFECTS) !== undefined) return [];
    // What a label comes to that is open to any value is not for the checker to say.
    if (list.some((candidate) => isLeftOpen(candidate, fixed, keys))) return [];
    const pods = podsOf(open, nodes.pods);
    const together = [...pods, { shape, count: 1 }];
    const shapes = together.map((pod) => pod.shape);
    const takes = list.every(
      (candidate) =>
        selectsAlways(shapes, candidate, fixed) &&
        lacking(roomOf(view, candidate, fixed), takenBy(together)) === undefined &&
        collidingPort([...daemonsOn(view, candidate, fixed), ...pods], [{ shape, count: 1 }]) === undefined &&
        overAttached(candidate.allocatable, together) === undefined,
    );
    return takes ? state.filter((node) => node.where === `${where}#0`) : [];
  });
}

function isLeftOpen({ open }: Candidate, fixed: FixedLabels, keys: ReadonlySet<string>): boolean {
  return [...open.keys()].some((key) => keys.has(key) && !fixed.has(key));
}

function daemonsOn(view: PoolView, candidate: Candidate, fixed: FixedLabels): { shape: PodShape; count: number }[] {
  return daemonSetsOn(view, candidate, fixed).map((set) => ({ shape: set.shape, count: 1 }));
}

/** Whether an empty node of this offering can be had and holds a pod of the shape, rules about other pods aside. */
function holdsOneMore(
  open: OpenCase,
  { view, candidate, fixed, state }: EmptyNode,
  keys: ReadonlySet<string>,
  shape: PodShape,
): boolean {
  const pods = [{ shape, count: 1 }];
  const labels = state.outcomes[0] ?? new Map<string, string>();
  return (
    isOnSale(candidate) &&
    isLeft(open, candidate) &&
    // Rules about other pods pin a node to a domain, which leaves fewer values than the pod alone would.
    !(isStrict(open) && view.pool.requirements.some((one) => one.minValues !== undefined)) &&
    staysWithinLimits(open, view, candidate) &&
    holdsTogether(view, candidate, pods) &&
    selectsNode(shape, labels) &&
    !isLeftOpen(candidate, fixed, keys) &&
    overAttached(candidate.allocatable, pods) === undefined &&
    collidingPort(daemonsOn(view, candidate, fixed), pods) === undefined
  );
}

function staysWithinLimits(open: OpenCase, view: PoolView, { capacity }: Candidate): boolean {
  if (isUnlimited(view)) return true;
  const used = limitUsage(open, view);
  return Object.entries(view.pool.limits).every(
    ([name, limit]) => (used[name] ?? 0) + (name === 'nodes' ? 1 : (capacity[name] ?? 0)) <= limit,
  );
}

function withOneMore(host: StateNode, shape: PodShape): StateNode {
  const others = host.pods.filter((pod) => !pod.placed || pod.shape !== shape);
  const before = host.pods.find((pod) => pod.placed && pod.shape === shape);
  return { ...host, pods: [...others, { shape, count: (before?.count ?? 0) + 1, placed: true }] };
}

function withNode(state: readonly StateNode[], at: number, node: StateNode): StateNode[] {
  return state.map((one, index) => (index === at ? node : one));
}

function isOnHosts({ topologyKey }: { readonly topologyKey: string }): boolean {
  return normalKey(topologyKey) === HOSTNAME_KEY;
}

/** Whether a pod of the shape may come onto a node that all others are there before. */
function mayCome(problem: Problem, state: readonly StateNode[], at: number, shape: PodShape): boolean {
  const node = withOneMore(state[at]!, shape);
  return podViolations(problem, withNode(state, at, node), node, shape, 'last').length === 0;
}

/**
 * Whether there is an order of arrival in which a pod of the shape comes onto a node and all that the plan places still
 * come. Nobody waits for it who has a higher priority. One order is tried: the pod as soon as it may come, before it those
 * first whom its spreads do not count beside it.
 */
function mayComeEarlier(problem: Problem, state: readonly StateNode[], at: number, shape: PodShape): boolean {
  const host = withOneMore(state[at]!, shape);
  const after = withNode(state, at, host);
  if (podViolations(problem, after, host, shape, 'settled').length > 0) return false;
  // Only what spreads over domains say may be a matter of order, and nobody needs a mate on the same host.
  const { topologySpread: _, ...others } = shape;
  const onHosts = { ...others, topologySpread: hardSpreads(shape).filter(isOnHosts) };
  if (required(shape.podAffinity).some(isOnHosts) || !mayCome(problem, state, at, onHosts)) return false;
  let there: readonly StateNode[] = state.map((node) => ({ ...node, pods: node.pods.filter((pod) => !pod.placed) }));
  let waiting = state.flatMap((node, index) =>
    node.pods.flatMap((pod) =>
      pod.placed ? Array.from({ length: pod.count }, () => ({ index, shape: pod.shape })) : [],
    ),
  );
  const come = (one: { index: number; shape: PodShape }): boolean => {
    if (!mayCome(problem, there, one.index, one.shape)) return false;
    there = withNode(there, one.index, withOneMore(there[one.index]!, one.shape));
    waiting = waiting.filter((other) => other !== one);
    return true;
  };
  const isCounted = (one: { index: number; shape: PodShape }): boolean =>
    hardSpreads(shape).some(
      (spread) =>
        spreadCounts(spread, shape, one.shape) &&
        [...valuesOf(state[one.index]!, spread.topologyKey)].some((value) =>
          valuesOf(host, spread.topologyKey).has(value),
        ),
    );
  const rank = (one: { index: number; shape: PodShape }): number =>
    one.shape.priority > shape.priority ? 0 : isCounted(one) ? 2 : 1;
  waiting.sort((left, right) => rank(left) - rank(right));
  const newcomer = { index: at, shape };
  for (;;) {
    if (waiting.some((one) => rank(one) === 0 && come(one))) continue;
    if (come(newcomer)) break;
    if (!waiting.some(come)) return false;
  }
  while (waiting.some(come));
  return waiting.length === 0;
}
