// Pods that spread over hosts, onto nodes that exist, counted from the host that is least full. While a plan grows a node
// without any of them can always come, so that spreads over hosts are counted from nothing; once the plan is done its nodes
// are known, and where all of them have pods, kube-scheduler lets in one more than that. Comes last: no node may be made after
// it.
import { andInto, isEmpty } from '../bits/index.ts';
import type { CompiledProblem, Demand } from '../compile/index.ts';
import { makeUnit, type Unit } from '../compile/index.ts';
import { type Counter, type HostPod, isOnHostname, type SpreadRule } from '../topology/index.ts';
import { domainRulesOf } from './assigning.ts';
import type { PlacingWork } from './attempt.ts';
import { nodeTakes, type OpenNode } from './node-board.ts';
import type { NewNodes } from './placing.ts';
import { compareDemands, type Waiting } from './waiting.ts';

/**
 * Places what can be placed and takes it off `waiting`; returns whether that was any. O(nodes) for each pod placed, and once
 * for each spread.
 */
export function placeByLeastFull(work: PlacingWork, waiting: readonly Waiting[]): boolean {
  if (work.nodes.length === 0) return false;
  const candidates = waiting
    .filter(({ demand, left }) => left > 0 && demand.rules.spreads.some(isOnHostname))
    .sort((left, right) => compareDemands(left.demand, right.demand));
  let any = false;
  for (let moved = candidates.length > 0; moved; ) {
    moved = false;
    for (const entry of candidates) {
      const unit = makeUnit(work.compiled, [{ pod: entry.demand, podCount: 1 }]);
      while (entry.left > 0 && work.budget.spend() && placeOne(work, entry.demand, unit)) {
        entry.left--;
        moved = true;
      }
    }
    any ||= moved;
  }
  return any;
}

/** Puts a pod on the node that takes it and has fewest of the pods that it spreads with. */
function placeOne(work: PlacingWork, demand: Demand, unit: Unit): boolean {
  const { domains, nodes } = work;
  const least = new Map<SpreadRule, number>();
  for (const rule of demand.rules.spreads) if (isOnHostname(rule)) least.set(rule, leastFull(work, rule));
  if ([...least.values()].every((count) => count === 0)) return false;
  const rules = domainRulesOf(work, demand);
  const leastOf = (rule: SpreadRule): number => least.get(rule) ?? 0;
  const mayStart = domains.mayBootstrap(rules);
  let best: OpenNode | undefined;
  let bestCount = Number.POSITIVE_INFINITY;
  for (const node of nodes) {
    if (!nodeTakes(node, unit, mayStart, leastOf) || domains.obstacle(rules, node.location.spot) !== undefined)
      continue;
    let count = 0;
    for (const { counter } of least.keys()) count += countIn(node.pods, counter);
    if (count >= bestCount) continue;
    best = node;
    bestCount = count;
  }
  if (best === undefined) return false;
  domains.add(rules, best.location, 1);
  best.put(unit, 1);
  return true;
}

/**
 * Pods on the least full host that a spread may look at, as the plan stands; 0 where there are fewer hosts than it asks for.
 * Nodes to be made are looked at where its policies may count them: that only lowers the least.
 */
function leastFull({ compiled, nodes, newNodes }: PlacingWork, { counter, input }: SpreadRule): number {
  const open = new Map(nodes.map((node) => [node.index, node]));
  let least = Number.POSITIVE_INFINITY;
  let hostCount = 0;
  compiled.problem.nodes.forEach((node, index) => {
    if (!compiled.countsNode(counter.countedFor!, node)) return;
    hostCount++;
    const pods = open.get(index)?.pods ?? new Map(compiled.running[index]!.map((each) => [each, each.count]));
    least = Math.min(least, countIn(pods, counter));
  });
  if (hostCount < (input.minDomains ?? 1)) return 0;
  let otherCount = hostCount - 1;
  for (const group of newNodes) {
    const { units, unitCounts } = group;
    if (!mayCount(compiled, counter.countedFor!, group)) continue;
    otherCount++;
    let count = 0;
    units.forEach(({ members }, place) => {
      for (const { pod, podCount } of members) if (pod.counting.has(counter)) count += podCount * unitCounts[place]!;
    });
    least = Math.min(least, count);
  }
  // What daemonsets bring to each host is not counted, so that hosts can't be compared where it matters.
  return otherCount > 0 && meansDaemons(compiled, counter) ? 0 : least;
}

/** Whether the policies of a spread may count pods of planned nodes. */
function mayCount(
  compiled: CompiledProblem,
  { shape, honorsAffinity, honorsTaints, keys }: NonNullable<Counter['countedFor']>,
  { template, units }: NewNodes,
): boolean {
  if (honorsTaints && !compiled.toleratesTaints(template.pool.input.taints, shape.tolerations)) return false;
  const mask = template.pool.available.slice();
  for (const key of keys) andInto(mask, compiled.offeringsCarrying(template, key));
  if (honorsAffinity) andInto(mask, compiled.mask(template, [compiled.constraintOf(shape)]));
  for (const { constraints } of units) andInto(mask, compiled.mask(template, constraints));
  return !isEmpty(mask);
}

function countIn(pods: ReadonlyMap<HostPod, number>, counter: Counter): number {
  let sum = 0;
  for (const [pod, count] of pods) if (pod.counting.has(counter)) sum += count;
  return sum;
}

function meansDaemons({ problem }: CompiledProblem, { selector }: Counter): boolean {
  return (
    problem.daemonSets.some(({ shape }) => selector.selects(shape.namespace, shape.labels)) ||
    problem.nodes.some(({ daemonPods }) => daemonPods.some((pod) => selector.selects(pod.namespace, pod.labels ?? {})))
  );
}
