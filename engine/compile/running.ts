// Running pods of nodes as topology sees them: those that some rule counts, or that hold a rule or a port themselves. The
// others can stand in nobody's way, and a cluster has tens of thousands of them.
import { compareText } from '../catalogue/index.ts';
import type { NodeInput, PodShape, Problem, ShapeCount } from '../model/index.ts';
import { shapeKey } from '../shapes/index.ts';
import { type AffinityRule, type Counter, type CounterTable, HOSTNAME_LABEL, type HostPod } from '../topology/index.ts';
import type { DaemonRules } from './daemons.ts';

/** A running pod of a node, as topology sees it. */
export interface RunningPods extends HostPod {
  readonly count: number;
  /** True for a daemonset's, which spreads over hosts do not count. */
  readonly ofDaemonSet?: boolean;
}

const NOTHING: readonly RunningPods[] = [];

/** What a node has by itself that others must know of, whoever waits. */
interface Held {
  /** Whether some running pod keeps others away by a rule of its own. */
  readonly rules: boolean;
  /** Whether some running pod, daemonsets' aside, has a port of the host. */
  readonly ports: boolean;
}

/** Found once for each node, which most solves have in common with the one before. */
const HELD = new WeakMap<NodeInput, Held>();

function heldBy(node: NodeInput): Held {
  let held = HELD.get(node);
  if (held === undefined) {
    held = {
      rules:
        node.pods.some(({ shape }) => shape.podAntiAffinity.some(({ weight }) => weight === undefined)) ||
        node.daemonPods.some(({ podAntiAffinity = [] }) => podAntiAffinity.length > 0),
      ports: node.pods.some(({ shape }) => shape.hostPorts.length > 0),
    };
    HELD.set(node, held);
  }
  return held;
}

/** Nodes of a list that hold something, by index. */
interface Holders {
  readonly rules: readonly number[];
  readonly any: readonly number[];
}

/** A session hands out the same list until a node changes. */
const HOLDERS = new WeakMap<readonly NodeInput[], Holders>();

function holdersOf(nodes: readonly NodeInput[]): Holders {
  let holders = HOLDERS.get(nodes);
  if (holders === undefined) {
    const held = nodes.map(heldBy);
    const indices = [...held.keys()];
    holders = {
      rules: indices.filter((index) => held[index]!.rules),
      any: indices.filter((index) => held[index]!.rules || held[index]!.ports),
    };
    HOLDERS.set(nodes, holders);
  }
  return holders;
}

/**
 * Running pods of each node of the problem, by its index. Adds the counters of their rules to the table: the shapes to
 * place must have brought theirs. O(groups of running pods) where there are counters, little for each that no rule concerns.
 */
export function compileRunning(
  problem: Problem,
  counters: CounterTable,
  daemons: DaemonRules,
): (readonly RunningPods[])[] {
  const { nodes } = problem;
  const rulesOf = new Map<ShapeCount, readonly AffinityRule[]>();
  // In an order of their own: counters are numbered as they come, and the numbers decide which of two rules is named.
  const { rules, any } = holdersOf(nodes);
  const holders = rules.map((index) => nodes[index]!).sort((left, right) => compareText(left.name, right.name));
  for (const node of holders) {
    for (const pods of inOrder(node.pods)) {
      const terms = pods.shape.podAntiAffinity.filter((term) => term.weight === undefined);
      if (terms.length === 0) continue;
      rulesOf.set(
        pods,
        terms.map((term) => counters.affinity(pods.shape, term)),
      );
    }
    daemons.bringRules(node);
  }
  // Counters are complete only now: every shape and every running pod has brought its own.
  const anyCounters = counters.counters.length > 0;
  const counting = new Map<PodShape, ReadonlySet<Counter>>();
  const countingOf = (shape: PodShape): ReadonlySet<Counter> => {
    let found = counting.get(shape);
    if (found === undefined) {
      found = new Set(counters.counting(shape));
      counting.set(shape, found);
    }
    return found;
  };
  const runningOn = (node: NodeInput): readonly RunningPods[] => {
    const kept: ShapeCount[] = [];
    for (const pods of node.pods) {
      const { shape } = pods;
      if (shape.hostPorts.length > 0 || rulesOf.has(pods) || (anyCounters && countingOf(shape).size > 0)) {
        kept.push(pods);
      }
    }
    const ofDaemons = anyCounters ? daemons.on(node) : NOTHING;
    if (kept.length === 0 && ofDaemons.length === 0) return NOTHING;
    const here = inOrder(kept).map(
      (pods): RunningPods => ({
        shape: pods.shape,
        count: pods.count,
        counting: countingOf(pods.shape),
        rules: { spreads: [], affinities: [], antiAffinities: rulesOf.get(pods) ?? [] },
      }),
    );
    for (const pods of ofDaemons) {
      const all = counters.counting(pods.shape).filter((counter) => daemons.countsRunning(counter, pods));
      here.push({ ...pods, counting: new Set(all) });
    }
    return here;
  };
  const running: (readonly RunningPods[])[] = new Array(nodes.length).fill(NOTHING);
  for (const index of anyCounters ? nodes.keys() : any) running[index] = runningOn(nodes[index]!);
  return running;
}

function inOrder(pods: readonly ShapeCount[]): readonly ShapeCount[] {
  if (pods.length < 2) return pods;
  const keyed = pods.map((each) => ({ each, key: shapeKey(each.shape) }));
  return keyed.sort((left, right) => compareText(left.key, right.key)).map(({ each }) => each);
}

/** Whether a running pod that a counter counts is in the domain of a node, by its index. O(nodes) over domains of several. */
export function runsNear(
  { nodes }: Problem,
  running: readonly (readonly RunningPods[])[],
  at: number,
  counter: Counter,
): boolean {
  const { topologyKey } = counter;
  const runs = (index: number): boolean => running[index]!.some((pods) => pods.counting.has(counter));
  if (topologyKey === HOSTNAME_LABEL) return runs(at);
  const domain = nodes[at]!.labels[topologyKey];
  if (domain === undefined) return false;
  return runs(at) || nodes.some((node, index) => !node.deleting && node.labels[topologyKey] === domain && runs(index));
}
