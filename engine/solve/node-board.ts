// The nodes that exist, while pods are put on them: the room they have left and the pods they hold. Puts single units on
// them with every rule looked at; filling many nodes with many pods at a time is in existing.ts.
import { compareText } from '../catalogue/index.ts';
import {
  attachNew,
  type CompiledProblem,
  type Constraint,
  claimsToAttach,
  type Demand,
  nodeVectorOf,
  podVectorOf,
  type SharedClaim,
  type Unit,
} from '../compile/index.ts';
import type { NodeInput } from '../model/index.ts';
import {
  addResources,
  amountOf,
  effectiveTaints,
  isAttachment,
  scaleResources,
  untoleratedTaint,
} from '../rules/index.ts';
import {
  type Counter,
  type DomainOf,
  type DomainState,
  HOSTNAME_LABEL,
  type HostPod,
  hostObstacle,
  type Location,
  type SpreadRule,
  type TopologyRules,
} from '../topology/index.ts';

/** A node that may take pods. */
export interface OpenNode {
  /** Index into the problem's nodes. */
  readonly index: number;
  readonly input: NodeInput;
  /** `Float64Array[dimensions]`: allocatable less running pods and daemonsets to come; shrinks as pods are placed. */
  readonly room: Float64Array;
  /** Claims that several pods mount and that are attached to it, or will be. */
  readonly attached: Set<SharedClaim>;
  /** Pods on it, running ones first, with their numbers. */
  readonly pods: Map<HostPod, number>;
  /** Values of its labels as domains, and the spreads that do not count pods there. */
  readonly location: Location;
  readonly mayTake: (demand: Demand) => boolean;
}

/** The nodes that may take pods: ready ones first, then by name, as Karpenter has it. */
export function openNodes(compiled: CompiledProblem, domains: DomainState): OpenNode[] {
  return compiled.problem.nodes
    .map((input, index) => ({ input, index }))
    .filter(({ input }) => !input.deleting && !isOverdrawn(input))
    .map(({ input, index }) => ({
      index,
      input,
      ...roomOf(compiled, input),
      pods: podsOn(compiled, input, index),
      location: nodeLocation(compiled, domains, input),
      mayTake: nodeFilter(input),
    }))
    .filter(({ room }) => room.every((amount) => amount >= 0))
    .sort(
      (left, right) =>
        Number(left.input.stage !== 'ready') - Number(right.input.stage !== 'ready') ||
        compareText(left.input.name, right.input.name),
    );
}

/** Pods that a node holds: running ones, and daemonsets' with ports, whether they are there already or still to come. */
function podsOn(compiled: CompiledProblem, node: NodeInput, index: number): Map<HostPod, number> {
  const pods = new Map<HostPod, number>(compiled.running[index]!.map((running) => [running, running.count]));
  compiled.problem.daemonSets.forEach(({ shape }, daemon) => {
    if (shape.hostPorts.length === 0 || !compiled.daemons.belongs(daemon, node)) return;
    const portsOnly = { namespace: shape.namespace, labels: {}, hostPorts: shape.hostPorts };
    pods.set({ shape: portsOnly, counting: new Set(), rules: NO_RULES }, 1);
  });
  return pods;
}

const NO_RULES: TopologyRules = { spreads: [], affinities: [], antiAffinities: [] };

/** Where a node's pods are counted. */
export function nodeLocation(compiled: CompiledProblem, domains: DomainState, node: NodeInput): Location {
  const ignored = new Map<Counter, boolean>();
  return {
    spot: domains.spotOf(nodeDomains(node)),
    ignores: (counter) => {
      let answer = ignored.get(counter);
      if (answer === undefined) {
        answer = counter.countedFor !== undefined && !compiled.countsNode(counter.countedFor, node);
        ignored.set(counter, answer);
      }
      return answer;
    },
  };
}

/** Values of a node's labels; a node without a hostname label has its name there. */
export function nodeDomains(node: NodeInput): DomainOf {
  return (key) => node.labels[key] ?? (key === HOSTNAME_LABEL ? node.name : undefined);
}

/**
 * Whether the node can take one more unit as far as itself goes: room, labels, taints and the pods it holds. `mayStart` and
 * `leastOf` as in hostObstacle.
 */
export function nodeTakes(
  node: OpenNode,
  unit: Unit,
  mayStart: boolean,
  leastOf?: (rule: SpreadRule) => number,
): boolean {
  const { request, alone, sharedClaims } = unit;
  for (let dimension = 0; dimension < node.room.length; dimension++) {
    if (request[dimension]! > node.room[dimension]!) return false;
    if (alone[dimension] === request[dimension]) continue;
    const claims = claimsToAttach(sharedClaims, node.attached, dimension);
    if (claims > 0 && request[dimension]! + claims > node.room[dimension]!) return false;
  }
  const [first] = unit.members;
  if (unit.members.length === 1 && first!.podCount === 1) {
    return node.mayTake(first!.pod) && hostObstacle(first!.pod, node.pods, mayStart, leastOf) === undefined;
  }
  const present = new Map(node.pods);
  for (const { pod, podCount } of unit.members) {
    if (!node.mayTake(pod)) return false;
    for (let copy = 0; copy < podCount; copy++) {
      if (hostObstacle(pod, present, mayStart, leastOf) !== undefined) return false;
      present.set(pod, (present.get(pod) ?? 0) + 1);
    }
  }
  return true;
}

/** Puts units on a node. */
export function putOnNode(node: OpenNode, unit: Unit, unitCount: number): void {
  for (const { pod, podCount } of unit.members) {
    node.pods.set(pod, (node.pods.get(pod) ?? 0) + podCount * unitCount);
  }
  for (let dimension = 0; dimension < node.room.length; dimension++) {
    node.room[dimension]! -= unit.request[dimension]! * unitCount;
  }
  attachNew(unit.sharedClaims, node.attached, node.room, -1);
}

/** Whether a node lets pods in as far as labels and taints go. Remembers what demands have in common. */
function nodeFilter(node: NodeInput): (demand: Demand) => boolean {
  const taints = effectiveTaints(node);
  const byConstraint = new Map<number, boolean>();
  const admits = (constraint: Constraint): boolean => {
    let matches = byConstraint.get(constraint.index);
    if (matches === undefined) {
      matches = constraint.matchesNode(node.labels, node.name);
      byConstraint.set(constraint.index, matches);
    }
    return matches;
  };
  return ({ constraint, besideDaemons, of, taintPolicy }) => {
    if (!admits(constraint) || (besideDaemons !== undefined && !admits(besideDaemons))) return false;
    if (taints.length === 0) return true;
    const scope = taintPolicy === 'prefer-counts' ? 'all' : 'hard';
    return untoleratedTaint(taints, of.input.shape.tolerations, scope) === undefined;
  };
}

/** Allocatable less what runs there and what daemonsets will still take. */
function roomOf(compiled: CompiledProblem, node: NodeInput): Pick<OpenNode, 'room' | 'attached'> {
  const { dimensions } = compiled;
  const room = nodeVectorOf(dimensions, node.allocatable);
  const take = (vector: Float64Array, count: number): void => {
    for (let dimension = 0; dimension < room.length; dimension++) room[dimension]! -= vector[dimension]! * count;
  };
  const attached = new Set<SharedClaim>();
  for (const { shape, count } of node.pods) {
    take(compiled.podVector(shape), count);
    attachNew(compiled.sharedClaimsOf(shape), attached, room, -1);
  }
  for (const pod of node.daemonPods) take(podVectorOf(dimensions, pod.requests), 1);
  take(daemonsToCome(compiled, node), 1);
  // Too many attachments keep out only pods with more of them; any other resource that is overdrawn keeps out all pods.
  dimensions.forEach((name, dimension) => {
    if (isAttachment(name)) room[dimension] = Math.max(0, room[dimension]!);
  });
  return { room, attached };
}

/** What matching daemonsets will still take: those of which no pod is there. */
function daemonsToCome(compiled: CompiledProblem, node: NodeInput): Float64Array {
  const { dimensions, problem } = compiled;
  const coming = new Float64Array(dimensions.length);
  for (const daemon of compiled.daemons.coming(node)) {
    const request = podVectorOf(dimensions, problem.daemonSets[daemon]!.shape.requests);
    for (let dimension = 0; dimension < coming.length; dimension++) coming[dimension]! += request[dimension]!;
  }
  return coming;
}

/** Whether running pods take more than there is of some resource, asked for or not: such a node takes no more pods. */
function isOverdrawn(node: NodeInput): boolean {
  const running = node.pods.map(({ shape, count }) => scaleResources(shape.requests, count));
  const daemons = node.daemonPods.map((pod) => pod.requests);
  const used = addResources(...running, ...daemons);
  const names = [...Object.keys(node.allocatable), ...Object.keys(used)];
  return names.some((name) => amountOf(used, name) > amountOf(node.allocatable, name));
}
