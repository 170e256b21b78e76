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

/** What nodes are known to have by themselves, found once for each. */
const HOLDERS = new WeakMap<NodeInput, boolean>();

/** Whether some running pod of a node keeps others away by a rule of its own. */
function holdsRules(node: NodeInput): boolean {
  let holds = HOLDERS.get(node);
  if (holds === undefined) {
    holds =
      node.pods.some(({ shape }) => shape.podAntiAffinity.some(({ weight }) => weight === undefined)) ||
      node.daemonPods.some(({ podAntiAffinity = [] }) => podAntiAffinity.length > 0);
    HOLDERS.set(node, holds);
  }
  return holds;
}

/**
 * Running pods of each node of the problem, by its index. Adds the counters of their rules to the table: the shapes to
 * place must have brought theirs. O(groups of running pods), little for each that no rule concerns.
 */
export function compileRunning(
  problem: Problem,
  counters: CounterTable,
  daemons: DaemonRules,
): (readonly RunningPods[])[] {
  const { nodes } = problem;
  const rulesOf = new Map<ShapeCount, readonly AffinityRule[]>();
  // In an order of their own: counters are numbered as they come, and the numbers decide which of two rules is named.
  const holders = nodes.filter(holdsRules).sort((left, right) => compareText(left.name, right.name));
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
  return nodes.map((node) => {
    const kept: ShapeCount[] = [];
    for (const pods of node.pods) {
      const { shape } = pods;
      if (shape.hostPorts.length > 0 || rulesOf.has(pods) || (anyCounters && countingOf(shape).size > 0)) {
        kept.push(pods);
      }
    }
    const ofDaemons = anyCounters ? daemons.on(node) : NOTHING;
    if (kept.length === 0 && ofDaemons.length === 0) return NOTHING;
    const running = inOrder(kept).map(
      (pods): RunningPods => ({
        shape: pods.shape,
        count: pods.count,
        counting: countingOf(pods.shape),
        rules: { spreads: [], affinities: [], antiAffinities: rulesOf.get(pods) ?? [] },
      }),
    );
    for (const pods of ofDaemons) {
      const all = counters.counting(pods.shape).filter((counter) => daemons.countsRunning(counter, pods));
      running.push({ ...pods, counting: new Set(all) });
    }
    return running;
  });
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
