// Places that are given before nodes are packed are not always the cheapest: pods go onto nodes that exist because that costs
// nothing, and each kind to the zone where many of it are cheapest, whatever that leaves of the others. Here the same pods are
// placed another way: on new nodes alone, dear ones first, gathered in one zone where they have the choice, or beside pods that
// need nodes of few types. What is no worse by what comes before cost is handed on; what it costs is found out by improving it.
import { compareText } from '../catalogue/index.ts';
import type { CompiledProblem, CompiledShape, Demand } from '../compile/index.ts';
import type { Budget } from '../pack/index.ts';
import { isOnHostname } from '../topology/index.ts';
import { holdersFirst } from './arrival-order.ts';
import { type Attempt, attemptPlacement, type Phases, type Variation } from './attempt.ts';
import { prefersAboutPods } from './exact/index.ts';
import type { OpenNode } from './node-board.ts';
import { placesMore } from './order-of-plans.ts';
import { unitsOn } from './placing.ts';
import { byPriority } from './retrying.ts';
import { compareDemands } from './waiting.ts';

/** Planned nodes up to which pods are gathered in one zone: among more of them hardly any room is left over. */
const GATHERED_NODE_LIMIT = 48;

/** Units that the first attempt may take for others to be tried beside what nodes that exist ask for. */
const GATHERED_UNIT_LIMIT = 4_000;

/** Shapes that are tried before the others of their priority. */
const DEAR_LIMIT = 4;

/** Zones that pods are gathered in, in the order of their names. */
const ZONE_LIMIT = 6;

/**
 * Attempts that place as many pods, in pools as heavy, with as many preferences kept. FAST leaves nodes alone only where pods
 * on them draw others to their domains, which can make all of them dearer. Where pods prefer to be near others or apart from
 * them, which preferences are kept is left open: that is known only once all pods have their places (kept-preferences.ts).
 */
export function otherAttempts(compiled: CompiledProblem, first: Attempt, budget: Budget): Attempt[] {
  if (first.newNodes.length === 0 || budget.cut) return [];
  const isSettledLate = compiled.shapes.some(prefersAboutPods);
  if (isSettledLate && (compiled.problem.effort === 'fast' || first.usesLeastFull)) return [];
  const isGathering = mayGather(compiled, first, budget);
  const made: Attempt[] = [];
  const tryOut = (phases: Phases, variation?: Variation): void => {
    if (budget.cut) return;
    const attempt = attemptPlacement(compiled, budget, phases, variation);
    if (!budget.cut && !isWorse(compiled, attempt, first, isSettledLate)) made.push(attempt);
  };
  for (const phases of narrowOnesFirst(compiled, first)) tryOut(phases);
  const variations = [
    ...leavingNodesAlone(compiled, first),
    ...(isSettledLate ? [] : lettingHoldersComeFirst(compiled)),
    ...(isGathering ? gathering(compiled) : []),
  ];
  for (const variation of variations) tryOut([compiled.shapes], variation);
  // All share one allowance for being improved, so what gains least often comes last.
  for (const phases of dearOnesFirst(compiled, first, budget)) tryOut(phases);
  return made;
}

/**
 * Nodes that fall short of their pool's minValues, as the policy has it, are made for pods that have no other, and come last:
 * those that could be anywhere have nodes by then. Here they come first, and others join their pods.
 */
function narrowOnesFirst({ problem: { effort }, shapes }: CompiledProblem, { newNodes }: Attempt): Phases[] {
  if (effort === 'fast') return [];
  const narrow = new Set<CompiledShape>();
  for (const { floorRule, units } of newNodes) {
    if (floorRule === 'floors-kept') continue;
    for (const { members } of units) for (const { pod } of members) narrow.add(pod.of);
  }
  if (narrow.size === 0 || narrow.size === shapes.length) return [];
  return [[shapes.filter((shape) => narrow.has(shape)), shapes.filter((shape) => !narrow.has(shape))]];
}

/**
 * Orders in which pods of one shape that got new nodes come before the others of their priority: they may have room on nodes
 * that exist, which pods took that cost less elsewhere. Those that ask for most come first.
 */
function dearOnesFirst(compiled: CompiledProblem, { nodes, newNodes }: Attempt, budget: Budget): Phases[] {
  if (compiled.problem.effort === 'fast' || budget.spent > GATHERED_UNIT_LIMIT) return [];
  if (!nodes.some(({ hasNewPods }) => hasNewPods)) return [];
  const onNewNodes = new Set<Demand>();
  for (const { units } of newNodes) for (const { members } of units) for (const { pod } of members) onNewNodes.add(pod);
  const shapes = new Set([...onNewNodes].sort(compareDemands).map(({ of }) => of));
  return [...shapes].slice(0, DEAR_LIMIT).map((shape) => byPriority(compiled, [shape]));
}

function leavingNodesAlone({ problem: { effort } }: CompiledProblem, { nodes }: Attempt): Variation[] {
  const filled = nodes.filter(({ hasNewPods }) => hasNewPods);
  if (filled.length === 0 || (effort === 'fast' && !filled.some(drawsOthers))) return [];
  return [{ leavesNodesAlone: true }];
}

/** Pods that are only counted by others may come after them, and then be anywhere. */
function lettingHoldersComeFirst(compiled: CompiledProblem): Variation[] {
  const order = compiled.problem.effort === 'fast' ? undefined : holdersFirst(compiled);
  return order === undefined ? [] : [{ order }];
}

/** Whether a new pod of a node must be in a domain with others, wider than the node. */
function drawsOthers({ pods }: OpenNode): boolean {
  return [...pods.keys()].some((pod) => 'of' in pod && pod.rules.affinities.some((rule) => !isOnHostname(rule)));
}

/** Whether pods were given places, and so few that room left over on their nodes counts. */
function mayGather({ problem: { effort } }: CompiledProblem, { newNodes, pinnedAt }: Attempt, budget: Budget): boolean {
  if (effort === 'fast' || pinnedAt.size === 0 || budget.spent > GATHERED_UNIT_LIMIT) return false;
  const nodeCount = newNodes.reduce((sum, group) => sum + group.nodeCount, 0);
  return nodeCount > 1 && nodeCount <= GATHERED_NODE_LIMIT;
}

function gathering({ catalogue: { cells } }: CompiledProblem): Variation[] {
  const zones = [...new Set(cells.map(({ zone }) => zone))].sort(compareText);
  return zones.length < 2 ? [] : zones.slice(0, ZONE_LIMIT).map((zone) => ({ leaning: { zone } }));
}

/**
 * Whether an attempt is worse than another one by what comes before cost: fewer pods, more of them in lighter pools, where the
 * limits of heavier ones are what sends them there, or more preferences given up, where those are settled by now.
 */
function isWorse(compiled: CompiledProblem, attempt: Attempt, other: Attempt, isSettledLate: boolean): boolean {
  if (placesMore(other, attempt)) return true;
  if (placesMore(attempt, other)) return false;
  const weights = [...new Set(compiled.pools.map(({ input }) => input.weight))].sort((left, right) => left - right);
  for (const weight of other.limits.names.length > 0 ? weights.slice(0, -1) : []) {
    const difference = podsOfWeight(attempt, weight) - podsOfWeight(other, weight);
    if (difference !== 0) return difference > 0;
  }
  return !isSettledLate && stepsGivenUp(attempt) > stepsGivenUp(other);
}

function podsOfWeight({ newNodes }: Attempt, weight: number): number {
  let pods = 0;
  for (const { group, unit, count } of unitsOn(newNodes)) {
    if (group.template.pool.input.weight !== weight) continue;
    for (const { podCount } of unit.members) pods += podCount * count;
  }
  return pods;
}

/** Preferences that pods have given up, summed over all of them. */
function stepsGivenUp({ nodes, newNodes }: Attempt): number {
  let steps = 0;
  for (const { pods } of nodes) {
    for (const [pod, count] of pods) if ('step' in pod) steps += (pod as Demand).step * count;
  }
  for (const { unit, count } of unitsOn(newNodes)) {
    for (const { pod, podCount } of unit.members) steps += pod.step * podCount * count;
  }
  return steps;
}
