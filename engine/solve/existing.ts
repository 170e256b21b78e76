// Pods onto nodes that are there or on their way, before any new node is thought of: their room costs nothing. Nodes are
// filled one by one in a canonical order, each for the greatest value; pods that nothing else could hold go first, by
// priority.
import { compareText } from '../catalogue/index.ts';
import { type CompiledProblem, type CompiledShape, podVectorOf, type TaintPolicy, vectorOf } from '../compile/index.ts';
import type { NodeInput } from '../model/index.ts';
import { type Budget, Filler } from '../pack/index.ts';
import { addResources, effectiveTaints, matchesNode, untoleratedTaint } from '../rules/index.ts';

/** A node that may take pods, with the room it has. */
export interface OpenNode {
  /** Index into the problem's nodes. */
  readonly index: number;
  readonly input: NodeInput;
  /** `Float64Array[dimensions]`: allocatable less running pods and daemonsets to come; shrinks as pods are placed. */
  readonly room: Float64Array;
}

/** Pods placed on one node: shapes by index in the problem, with counts. */
export type NodeShares = Map<number, number>;

/** The nodes that may take pods: ready ones first, then by name, as Karpenter has it. */
export function openNodes(compiled: CompiledProblem): OpenNode[] {
  return compiled.problem.nodes
    .map((input, index) => ({ index, input, room: roomOf(compiled, input) }))
    .filter(({ input, room }) => !input.deleting && !input.unschedulable && room.every((amount) => amount >= 0))
    .sort(
      (left, right) =>
        Number(left.input.stage !== 'ready') - Number(right.input.stage !== 'ready') ||
        compareText(left.input.name, right.input.name),
    );
}

/**
 * Places as much of `counts` on the nodes as their value demands, and takes it off `counts`. `values` has a worth for
 * each shape of the problem; a shape with 0 left is skipped.
 */
export function fillOpenNodes(
  compiled: CompiledProblem,
  nodes: readonly OpenNode[],
  shapes: readonly CompiledShape[],
  counts: Float64Array,
  values: Float64Array,
  policy: TaintPolicy,
  budget: Budget,
  placed: Map<number, NodeShares>,
): void {
  const active = shapes.filter((shape) => counts[shape.index]! > 0);
  if (active.length === 0 || nodes.length === 0) return;
  const dimensionCount = compiled.dimensions.length;
  const requests = new Float64Array(active.length * dimensionCount);
  active.forEach((shape, position) => {
    requests.set(shape.request, position * dimensionCount);
  });
  const rooms = new Float64Array(nodes.length * dimensionCount);
  const suitStarts = new Uint32Array(nodes.length + 1);
  const suits: number[] = [];
  nodes.forEach((node, position) => {
    rooms.set(node.room, position * dimensionCount);
    const mayTake = nodeFilter(node.input, policy);
    active.forEach((shape, index) => {
      if (hasRoom(node.room, shape.request) && mayTake(shape)) suits.push(index);
    });
    suitStarts[position + 1] = suits.length;
  });
  const filler = new Filler({ dimensionCount, requests, rooms, suitStarts, suits: Uint32Array.from(suits) });
  active.forEach((shape, position) => {
    filler.left[position] = counts[shape.index]!;
    filler.values[position] = values[shape.index]!;
  });
  for (let position = 0; position < nodes.length; position++) {
    if (suitStarts[position] === suitStarts[position + 1]) continue;
    if (!budget.spend()) break;
    if (filler.fill(position) === 0) continue;
    const node = nodes[position]!;
    let shares = placed.get(node.index);
    if (shares === undefined) {
      shares = new Map();
      placed.set(node.index, shares);
    }
    const { pattern } = filler;
    for (let entry = 0; entry < pattern.count; entry++) {
      const shape = active[pattern.shapes[entry]!]!;
      const pods = pattern.pods[entry]!;
      filler.left[pattern.shapes[entry]!]! -= pods;
      counts[shape.index]! -= pods;
      shares.set(shape.index, (shares.get(shape.index) ?? 0) + pods);
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        node.room[dimension]! -= pods * shape.request[dimension]!;
      }
    }
  }
}

/** Whether a node lets a shape in as far as labels and taints go; room aside. Remembers what shapes have in common. */
function nodeFilter(node: NodeInput, policy: TaintPolicy): (shape: CompiledShape) => boolean {
  const taints = effectiveTaints(node);
  const scope = policy === 'prefer-counts' ? 'all' : 'hard';
  const byConstraint = new Map<number, boolean>();
  return ({ constraint, input }) => {
    let matches = byConstraint.get(constraint.index);
    if (matches === undefined) {
      matches = constraint.matchesNode(node.labels, node.name);
      byConstraint.set(constraint.index, matches);
    }
    return matches && (taints.length === 0 || untoleratedTaint(taints, input.shape.tolerations, scope) === undefined);
  };
}

function hasRoom(room: Float64Array, request: Float64Array): boolean {
  for (let dimension = 0; dimension < room.length; dimension++) {
    if (request[dimension]! > room[dimension]!) return false;
  }
  return true;
}

/** Allocatable less what runs there and what daemonsets will still take. */
function roomOf(compiled: CompiledProblem, node: NodeInput): Float64Array {
  const { dimensions } = compiled;
  const room = vectorOf(dimensions, node.allocatable);
  const take = (vector: Float64Array, count: number): void => {
    for (let dimension = 0; dimension < room.length; dimension++) room[dimension]! -= vector[dimension]! * count;
  };
  for (const { shape, count } of node.pods) take(podVectorOf(dimensions, shape.requests), count);
  for (const pod of node.daemonPods) take(podVectorOf(dimensions, pod.requests), 1);
  take(daemonsToCome(compiled, node), 1);
  return room;
}

/** What matching daemonsets take beyond the daemonset pods that are there; each resource at least 0. */
function daemonsToCome(compiled: CompiledProblem, node: NodeInput): Float64Array {
  const { dimensions, problem } = compiled;
  const coming = new Float64Array(dimensions.length);
  const taints = effectiveTaints(node);
  for (const { shape } of problem.daemonSets) {
    if (untoleratedTaint(taints, shape.tolerations, 'hard') !== undefined) continue;
    if (!matchesNode(shape, node.labels, node.name)) continue;
    const request = podVectorOf(dimensions, shape.requests);
    for (let dimension = 0; dimension < coming.length; dimension++) coming[dimension]! += request[dimension]!;
  }
  const there = podVectorOf(dimensions, addResources(...node.daemonPods.map((pod) => pod.requests)));
  there[dimensions.indexOf('pods')] = node.daemonPods.length;
  return coming.map((amount, dimension) => Math.max(0, amount - there[dimension]!));
}
