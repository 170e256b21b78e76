// Makes a plan that stands cheaper: the pods of its new nodes are packed anew, tier by tier, for as much work as the effort
// allows. Places stay as they were given (zones, capacity types, pools of a weight), so that whatever counts pods over
// domains still holds; nodes with rules that packing does not know stay as they are.
import { andInto, isEmpty } from '../bits/index.ts';
import { type CompiledProblem, type Demand, TemplateFilter } from '../compile/index.ts';
import type { Budget, LimitTable } from '../pack/index.ts';
import { type HostPod, hostObstacle, isOnHostname, type TopologyRules } from '../topology/index.ts';
import type { Attempt } from './attempt.ts';
import { Allowance } from './effort.ts';
import { type NewNodes, tiersOf, unitsOn } from './placing.ts';
import { TierImprovement } from './tier-improvement.ts';

/** Kinds up to which every rule on hosts is kept by the packing itself. */
const FEW_KINDS = 300;

/** How an attempt is improved, where not in the usual way. */
export interface Improving {
  /** Work that it shares with others; by default as much as the effort allows. */
  readonly allowance?: Allowance;
  /** Kinds of units beyond which rules on hosts that do not decide how many nodes there are are kept only while units are dealt. */
  readonly fewKinds?: number;
}

/** The attempt with cheaper nodes for the same pods, or as it is where none were found. */
export function improveAttempt(
  compiled: CompiledProblem,
  attempt: Attempt,
  budget: Budget,
  { allowance, fewKinds = FEW_KINDS }: Improving = {},
): Attempt {
  const { effort, seed } = compiled.problem;
  if (effort === 'fast' || budget.cut || attempt.usesLeastFull) return attempt;
  const work = allowance ?? new Allowance(effort, budget.spent, placedPodCount(attempt), budget);
  const { idleTurns } = work;
  const filter = new TemplateFilter(compiled);
  const movable = attempt.newNodes.filter((nodes) => mayMove(compiled, nodes));
  const byTier = tiersOf(compiled)
    .map((templates) => ({ templates, nodes: movable.filter(({ template }) => templates.includes(template)) }))
    .filter(({ nodes }) => nodes.length > 0);
  const limits = byTier.length === 1 ? attempt.limits : withoutFree(attempt.limits);
  const tiers = byTier.flatMap(({ templates, nodes }) => {
    const tier = TierImprovement.open({
      compiled,
      filter,
      templates,
      nodes,
      limits,
      seed,
      work,
      dealing: budget,
      idleTurns,
      fewKinds,
      comesLast: attempt.order.comesLast,
    });
    return tier === undefined ? [] : [{ tier, nodes }];
  });
  for (let open = tiers; open.length > 0 && !work.cut; ) open = open.filter(({ tier }) => tier.turn());
  let improved = attempt;
  for (const { tier, nodes } of tiers) {
    const made = tier.improved();
    if (made === undefined) continue;
    const gone = new Set(nodes);
    const kept = improved.newNodes.filter((group) => !gone.has(group));
    improved = {
      ...improved,
      newNodes: kept.concat(made.nodes),
      limits: changed(improved.limits, limits, made.limits),
    };
  }
  return improved;
}

/** Pods on new nodes that were given a zone, or whatever else rules speak of, each by itself. */
export function placedPodCount({ newNodes, pinnedAt }: Attempt): number {
  let placed = 0;
  for (const { unit, count } of unitsOn(newNodes)) if (pinnedAt.has(unit)) placed += count;
  return placed;
}

/** Limits of pools, which no two tiers share, and of reservations only those that nodes have: two tiers can't take one. */
function withoutFree(limits: LimitTable): LimitTable {
  return { ...limits, free: new Float64Array(limits.free.length) };
}

/** Limits with what changed from one table to another. */
function changed(limits: LimitTable, from: LimitTable, to: LimitTable): LimitTable {
  const moved = (amounts: Float64Array, before: Float64Array, after: Float64Array): Float64Array =>
    amounts.map((amount, at) => (amount === Number.POSITIVE_INFINITY ? amount : amount + after[at]! - before[at]!));
  return {
    ...limits,
    remaining: moved(limits.remaining, from.remaining, to.remaining),
    free: moved(limits.free, from.free, to.free),
  };
}

/**
 * Whether the pods of these nodes may be on others of their place. Not where some must be with others on their host, and not
 * where some have, as it happens, what they gave up: a preference that is kept comes before price.
 */
function mayMove(compiled: CompiledProblem, nodes: NewNodes): boolean {
  const demands = new Set(nodes.units.flatMap(({ members }) => members.map(({ pod }) => pod)));
  for (const demand of demands) {
    if (demand.rules.affinities.some(isOnHostname)) return false;
    for (const lost of demand.of.demands.slice(0, demand.step)) {
      if (!isSettledByPlace(lost, demand) && mayBeKept(compiled, nodes, lost, demand)) return false;
    }
  }
  return true;
}

/** Whether all that was given up is about domains that stay as they are: pods are pinned over labels that they are counted by. */
function isSettledByPlace(lost: Demand, { constraint, taintPolicy, rules, counting }: Demand): boolean {
  if (lost.constraint !== constraint || lost.taintPolicy !== taintPolicy) return false;
  const all = ({ spreads, affinities, antiAffinities }: TopologyRules) => [
    ...spreads,
    ...affinities,
    ...antiAffinities,
  ];
  const kept = new Set(all(rules).map(({ counter }) => counter));
  return all(lost.rules).every((rule) => kept.has(rule.counter) || (!isOnHostname(rule) && counting.has(rule.counter)));
}

/** Whether the nodes, and the pods there, are such as a pod preferred before it gave something up. */
function mayBeKept(
  compiled: CompiledProblem,
  { template, units, unitCounts }: NewNodes,
  lost: Demand,
  demand: Demand,
): boolean {
  if (!compiled.toleratesTemplate(template, lost)) return false;
  const mask = compiled.mask(template, [lost.constraint]).slice();
  for (const unit of units) andInto(mask, compiled.mask(template, unit.constraints));
  if (isEmpty(mask)) return false;
  const others = new Map<HostPod, number>();
  units.forEach(({ members }, entry) => {
    for (const { pod, podCount } of members) {
      others.set(pod, (others.get(pod) ?? 0) + podCount * unitCounts[entry]!);
    }
  });
  others.set(demand, others.get(demand)! - 1);
  return hostObstacle(lost, others, false) === undefined;
}
