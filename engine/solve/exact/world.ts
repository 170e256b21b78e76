// A problem of few pods laid out for looking at every way to place them: the pods one by one, and for each shape the spots
// that it could have, with what it must have given up to be there. Nothing is placed here.
import type { CompiledProblem, CompiledShape, Constraint, Demand } from '../../compile/index.ts';
import { makeUnit } from '../../compile/index.ts';
import {
  type Counter,
  HOSTNAME_LABEL,
  type HostPod,
  hasHostRules,
  heldRules,
  type Location,
  type SpreadRule,
} from '../../topology/index.ts';
import { labelsThatMatter } from '../candidates.ts';
import { nodeDomains, nodeTakes, type OpenNode } from '../node-board.ts';
import type { PlaceFinder } from '../places.ts';

/** Where a pod could be: a node that exists, or a new one with these values of the labels that matter. */
export interface Spot {
  /** Equal for spots that pods may share a node on. */
  readonly key: string;
  readonly node: OpenNode | undefined;
  /** Values of the labels, in the order of the world's keys. */
  readonly values: readonly (string | undefined)[];
  /** Pins a unit to the place on new nodes. */
  readonly pins: readonly Constraint[];
  /** Whether a counter leaves out pods of the shape there. */
  readonly ignores: Location['ignores'];
  /** The first of the shape's steps that lets it in there as far as labels and taints go. */
  readonly firstStep: number;
}

/** One pod to place. */
export interface SmallPod {
  readonly shape: CompiledShape;
  /** The shape's demands with preferences held like rules. */
  readonly held: readonly Demand[];
  /** Where it could be: nodes that exist, then new ones from the cheapest up. */
  readonly spots: readonly Spot[];
  /** The same number for equal pods. */
  readonly kind: number;
}

/** Pods that run already where they are counted. */
export interface Counted {
  readonly pod: HostPod;
  readonly count: number;
  readonly values: readonly (string | undefined)[];
  readonly ignores: Location['ignores'];
  readonly node: number;
}

/** The problem laid out. */
export interface SmallWorld {
  readonly pods: readonly SmallPod[];
  /** Labels over whose domains some pod has rules or is counted. */
  readonly keys: readonly string[];
  readonly running: readonly Counted[];
  /** Whether it matters which pods share a node: to rules on hosts, and to how much of a limit is used. */
  readonly hostsMatter: boolean;
  readonly universeOf: (rule: SpreadRule) => ReadonlySet<string>;
}

/** What the world is laid out from. */
export interface WorldParts {
  readonly compiled: CompiledProblem;
  readonly places: PlaceFinder;
  readonly nodes: readonly OpenNode[];
  readonly locationOf: (nodeIndex: number) => Location;
}

/** Lays out the pods of all shapes that are not refused. */
export function layOut({ compiled, places, nodes, locationOf }: WorldParts): SmallWorld {
  const shapes = compiled.shapes.filter(({ demands }) => demands.length > 0);
  const keys = [...new Set(shapes.flatMap(({ demands }) => labelsThatMatter(demands[0]!)))].sort();
  const pods = shapes.flatMap((shape, kind) => {
    const held = shape.demands.map((demand): Demand => ({ ...demand, rules: heldRules(demand.rules) }));
    const spots = [...spotsOnNodes(compiled, shape, nodes, keys), ...newSpots(compiled, shape, places, keys)];
    return Array.from({ length: shape.input.count }, (): SmallPod => ({ shape, held, spots, kind }));
  });
  const running = compiled.problem.nodes.flatMap((node, index) => {
    if (node.deleting || compiled.running[index]!.length === 0) return [];
    const at = { values: keys.map(nodeDomains(node)), ignores: locationOf(index).ignores, node: index };
    return compiled.running[index]!.map((pod): Counted => ({ pod, count: pod.count, ...at }));
  });
  return {
    pods,
    keys,
    running,
    hostsMatter:
      compiled.problem.pools.some(({ limits }) => Object.keys(limits).length > 0) ||
      shapes.some(({ demands }) => hasHostRules(demands[0]!)) ||
      compiled.running.some((list) => list.some(hasHostRules)),
    universeOf: (rule) => places.universe(rule),
  };
}

/** Nodes that take one of the shape's pods once it has given up everything. */
function spotsOnNodes(
  compiled: CompiledProblem,
  shape: CompiledShape,
  nodes: readonly OpenNode[],
  keys: readonly string[],
): Spot[] {
  const last = makeUnit(compiled, [{ pod: shape.demands.at(-1)!, podCount: 1 }]);
  return nodes
    .filter((node) => nodeTakes(node, last, true))
    .map((node) => ({
      key: `node ${node.index}`,
      node,
      values: keys.map(nodeDomains(node.input)),
      pins: [],
      ignores: node.location.ignores,
      firstStep: shape.demands.findIndex((demand) => node.mayTake(demand)),
    }));
}

function newSpots(
  compiled: CompiledProblem,
  shape: CompiledShape,
  places: PlaceFinder,
  keys: readonly string[],
): Spot[] {
  const found = new Map<string, Spot>();
  shape.demands.forEach((demand, step) => {
    for (const { values, pins, ignoredBy } of places.placesOf(
      makeUnit(compiled, [{ pod: demand, podCount: 1 }]),
      keys,
    )) {
      const key = `new ${values.map((value) => value ?? '\u0000').join('\u0001')} ${ignoredBy.map(({ index }) => index).join(',')}`;
      if (found.has(key)) continue;
      const ignores = (counter: Counter): boolean => ignoredBy.includes(counter);
      found.set(key, { key, node: undefined, values, pins, ignores, firstStep: step });
    }
  });
  return [...found.values()];
}

/** The place of a counter's label among the world's keys; -1 for the hostname. */
export function keyIndexOf({ keys }: Pick<SmallWorld, 'keys'>, counter: Counter): number {
  return counter.topologyKey === HOSTNAME_LABEL ? -1 : keys.indexOf(counter.topologyKey);
}
