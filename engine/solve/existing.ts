// Pods without rules over domains onto nodes that exist, many at a time: nodes are filled one by one in a canonical order,
// each for the greatest value. Their room costs nothing, so this comes before any new node.
import type { CompiledProblem, Unit } from '../compile/index.ts';
import { type Budget, claimInput, Filler } from '../pack/index.ts';
import { buildHostRules, type HostPod, type HostRules, hostObstacle } from '../topology/index.ts';
import type { OpenNode } from './node-board.ts';
import type { UnitCount } from './waiting.ts';

/**
 * Places as much of the units as the nodes take, and takes it off their counts. `values` has a worth for each unit; a
 * unit of value 0 is passed over.
 */
export function fillOpenNodes(
  compiled: CompiledProblem,
  nodes: readonly OpenNode[],
  units: readonly UnitCount[],
  values: readonly number[],
  budget: Budget,
): void {
  const active = units
    .map((entry, index): ActiveUnit => ({ unit: entry.unit, entry, value: values[index]! }))
    .filter(({ entry, value }) => entry.count > 0 && value > 0);
  if (active.length === 0) return;
  // Mostly the first nodes have room for all: the others are not looked at.
  for (let start = 0; start < nodes.length && active.some(({ entry }) => entry.count > 0); start += NODES_AT_ONCE) {
    fillNodes(compiled, nodes.slice(start, start + NODES_AT_ONCE), active, budget);
  }
}

/** Nodes that are looked at before any of them is filled. */
const NODES_AT_ONCE = 128;

/** A unit with what it is worth. */
interface ActiveUnit {
  readonly unit: Unit;
  readonly entry: UnitCount;
  readonly value: number;
}

function fillNodes(
  compiled: CompiledProblem,
  nodes: readonly OpenNode[],
  active: readonly ActiveUnit[],
  budget: Budget,
): void {
  const dimensionCount = compiled.dimensions.length;
  const requests = new Float64Array(active.length * dimensionCount);
  active.forEach(({ unit }, position) => {
    requests.set(unit.request, position * dimensionCount);
  });
  const hostRules = buildHostRules(active.map(({ unit }) => unit));
  const rooms = new Float64Array(nodes.length * dimensionCount);
  const suitStarts = new Uint32Array(nodes.length + 1);
  const suits: number[] = [];
  nodes.forEach((node, position) => {
    rooms.set(node.room, position * dimensionCount);
    active.forEach(({ unit, entry }, index) => {
      if (entry.count === 0 || !hasRoom(node.room, unit.request)) return;
      if (unit.members.every(({ pod }) => node.mayTake(pod) && keepsApart(pod, node) === undefined)) suits.push(index);
    });
    suitStarts[position + 1] = suits.length;
  });
  const filler = new Filler({
    dimensionCount,
    requests,
    rooms,
    suitStarts,
    suits: Uint32Array.from(suits),
    claims: claimInput(
      active.map(({ unit }) => unit),
      nodes.map(({ attached }) => attached),
    ),
    ...(hostRules === undefined ? {} : { hostRules, hostCounts: countPresent(hostRules, nodes) }),
  });
  active.forEach(({ entry, value }, position) => {
    filler.left[position] = entry.count;
    filler.values[position] = value;
  });
  for (let position = 0; position < nodes.length; position++) {
    if (suitStarts[position] === suitStarts[position + 1]) continue;
    if (!budget.spend()) break;
    if (filler.fill(position) === 0) continue;
    const { pattern } = filler;
    for (let place = 0; place < pattern.count; place++) {
      const index = pattern.shapes[place]!;
      const unitCount = pattern.pods[place]!;
      const { entry, unit } = active[index]!;
      filler.left[index]! -= unitCount;
      entry.count -= unitCount;
      nodes[position]!.put(unit, unitCount);
    }
  }
}

/** What of the pods on a node keeps a pod off it, spreads aside: those are counted while the node is filled. */
function keepsApart(pod: HostPod, node: OpenNode): unknown {
  if (node.pods.size === 0) return undefined;
  return hostObstacle({ ...pod, rules: { ...pod.rules, spreads: [] } }, node.pods, true);
}

function countPresent(
  rules: HostRules,
  nodes: readonly OpenNode[],
): { readonly counts: Float64Array; readonly ownerCounts: Uint32Array } {
  const counts = new Float64Array(nodes.length * rules.groupCount);
  const ownerCounts = new Uint32Array(nodes.length * rules.groupCount);
  nodes.forEach((node, position) => {
    rules.counters.forEach((counter, group) => {
      for (const [pod, count] of node.pods) {
        if (counter !== undefined && pod.counting.has(counter)) counts[position * rules.groupCount + group]! += count;
      }
    });
  });
  return { counts, ownerCounts };
}

function hasRoom(room: Float64Array, request: Float64Array): boolean {
  for (let dimension = 0; dimension < room.length; dimension++) {
    if (request[dimension]! > room[dimension]!) return false;
  }
  return true;
}
