// One solve from a problem to a plan: refuse what is not planned for, give pods with topology rules their places, fill
// what exists, make new nodes pool by pool in the order of their weights; where preferences stood in the way, give them
// up one by one and try again. Then rank each node's offerings and say why the rest stays out. Pure: no clock, no
// randomness; `interrupt` is all that comes from outside.
import type { Catalogue, PriceSnapshot } from '../catalogue/index.ts';
import { CompiledProblem, type CompiledTemplate, makeUnit, TemplateFilter } from '../compile/index.ts';
import type { EnginePlan, Problem } from '../model/index.ts';
import { Budget, buildInstance, type LimitTable, ownShares } from '../pack/index.ts';
import { DomainState, type Universe } from '../topology/index.ts';
import {
  type AssigningContext,
  assignPlaces,
  isTopological,
  UnitCollector,
  type UnitCount,
  type Waiting,
} from './assigning.ts';
import { fillOpenNodes } from './existing.ts';
import { joinPlannedNodes } from './joining.ts';
import { remainingLimits } from './limits.ts';
import { nodeDomains, openNodes } from './node-board.ts';
import { PlaceFinder } from './places.ts';
import { candidatesFor, type NewNodes, placeOnNewNodes, tiersOf } from './placing.ts';
import { writePlan } from './plan-writer.ts';
import { NodeOpener } from './stepwise.ts';

/**
 * Solves a problem against a catalogue and its prices. `interrupt` is polled between units of work; once it says true
 * the best plan so far is returned, marked as cut.
 */
export function solve(
  catalogue: Catalogue,
  prices: PriceSnapshot,
  problem: Problem,
  interrupt?: () => boolean,
): EnginePlan {
  const compiled = new CompiledProblem(catalogue, prices, problem);
  const budget = new Budget(problem.workLimit, interrupt);
  const packed = placeAll(compiled, budget, packRound);
  // Pods with rules over domains were counted where they were to go. If limits then kept some of them out, the counts of
  // the others do not hold: everything is placed again, one pod at a time, which counts only what is there.
  const result = packed.broken && !budget.cut ? placeAll(compiled, budget, stepRound) : packed;
  return writePlan(compiled, { ...result, budget });
}

/** One round over what waits: takes what it places off the counts; true when the counts of domains no longer hold. */
type Round = (work: PlacingWork, waiting: readonly Waiting[]) => boolean;

/** What placing works on. */
export interface PlacingWork extends AssigningContext {
  readonly filter: TemplateFilter;
  readonly tiers: readonly (readonly CompiledTemplate[])[];
  readonly limits: LimitTable;
  readonly budget: Budget;
  readonly newNodes: NewNodes[];
}

interface PlaceAllResult extends Omit<Parameters<typeof writePlan>[1], 'budget'> {
  readonly broken: boolean;
}

function placeAll(compiled: CompiledProblem, budget: Budget, round: Round): PlaceAllResult {
  const filter = new TemplateFilter(compiled);
  const tiers = tiersOf(compiled);
  const places = new PlaceFinder(compiled, filter, tiers);
  const nodes = openNodes(compiled);
  const work: PlacingWork = {
    compiled,
    filter,
    tiers,
    places,
    nodes,
    domains: startingDomains(compiled, (rule) => places.universe(rule)),
    limits: remainingLimits(compiled.problem),
    budget,
    newNodes: [],
  };
  const left = new Map<number, Waiting>();
  for (const shape of compiled.shapes) {
    const [demand] = shape.demands;
    if (demand !== undefined) left.set(shape.index, { demand, left: shape.input.count });
  }
  let broken = false;
  while (true) {
    const waiting = [...left.values()].filter((entry) => entry.left > 0);
    if (waiting.length === 0) break;
    if (round(work, waiting)) broken = true;
    if (budget.cut || !giveUpPreferences(left)) break;
  }
  const leftovers = [...left.values()]
    .filter((entry) => entry.left > 0)
    .map((entry) => ({ shape: entry.demand.of, count: entry.left, obstacle: entry.obstacle }));
  return { nodes, newNodes: work.newNodes, left: leftovers, limits: work.limits, broken };
}

/** Many pods at a time: places first, then existing nodes, then tier by tier the packer. */
function packRound(work: PlacingWork, waiting: readonly Waiting[]): boolean {
  const { compiled, filter, limits, budget } = work;
  const collector = new UnitCollector();
  assignPlaces(
    work,
    waiting.filter(({ demand }) => isTopological(compiled, demand)),
    collector.take,
  );
  const assigned = collector.units;
  const free = waiting
    .filter(({ demand }) => !isTopological(compiled, demand))
    .map((entry) => ({
      entry,
      unit: { unit: makeUnit(compiled, [{ pod: entry.demand, podCount: 1 }]), count: entry.left },
    }));
  fillExisting(
    work,
    free.map(({ unit }) => unit),
  );
  const units = [...assigned, ...free.map(({ unit }) => unit)].sort(compareUnits);
  // Pods that gave something up may fit beside those that did not have to.
  joinPlannedNodes(work, units, false);
  for (const templates of work.tiers) {
    work.newNodes.push(...placeOnNewNodes(compiled, filter, templates, units, limits, budget));
  }
  joinPlannedNodes(work, units, true);
  for (const { entry, unit } of free) entry.left = unit.count;
  const byDemand = new Map(waiting.map((entry) => [entry.demand, entry]));
  for (const { unit, count } of assigned) {
    for (const { pod, podCount } of unit.members) byDemand.get(pod)!.left += podCount * count;
  }
  return assigned.some(({ count }) => count > 0);
}

/** One pod at a time, each onto a node that is there before the next is looked at. */
function stepRound(work: PlacingWork, waiting: readonly Waiting[]): boolean {
  const opener = new NodeOpener(work);
  assignPlaces(work, waiting, opener.take);
  work.newNodes.push(...opener.nodes());
  return false;
}

/** The next step of every shape that still has pods and preferences; false where there is none. */
function giveUpPreferences(left: Map<number, Waiting>): boolean {
  let moved = false;
  for (const [index, entry] of left) {
    if (entry.left === 0) continue;
    const next = entry.demand.of.demands[entry.demand.step + 1];
    if (next === undefined) continue;
    left.set(index, { demand: next, left: entry.left });
    moved = true;
  }
  return moved;
}

/** Pods that only existing nodes can hold go first, by priority; then what is worth most elsewhere. */
function fillExisting(work: PlacingWork, units: readonly UnitCount[]): void {
  if (work.nodes.length === 0 || units.length === 0) return;
  const values = newNodeShares(work, units);
  const priorities = [...new Set(units.filter((_, index) => values[index] === 0).map(({ unit }) => unit.priority))];
  for (const priority of priorities.sort((left, right) => right - left)) {
    const ones = units.map(({ unit }, index) => (values[index] === 0 && unit.priority === priority ? 1 : 0));
    fillOpenNodes(work.compiled, work.nodes, units, ones, work.budget);
  }
  // Not all may find a place: room that is there goes to the higher priorities.
  const all = [...new Set(units.map(({ unit }) => unit.priority))].sort((left, right) => right - left);
  for (const priority of all) {
    const worth = units.map(({ unit }, index) =>
      priority === undefined || unit.priority === priority ? values[index]! : 0,
    );
    fillOpenNodes(work.compiled, work.nodes, units, worth, work.budget);
  }
}

/** What a unit would cost on a new node of its own kind; 0 where no new node could hold it. */
function newNodeShares({ compiled, filter, tiers, limits }: PlacingWork, units: readonly UnitCount[]): number[] {
  const values = new Map<UnitCount, number>();
  const candidates = candidatesFor(filter, tiers.flat(), units);
  if (candidates.length > 0) {
    const instance = buildInstance(
      compiled,
      candidates.map(({ candidate }) => candidate),
      limits,
    );
    const costs = instance.prices.map((price) => Math.max(1, price));
    ownShares(instance, costs).forEach((share, position) => {
      if (Number.isFinite(share)) values.set(candidates[position]!.entry, share);
    });
  }
  return units.map((entry) => values.get(entry) ?? 0);
}

function startingDomains(compiled: CompiledProblem, universe: Universe): DomainState {
  const domains = new DomainState(compiled.counters, universe);
  compiled.problem.nodes.forEach((node, index) => {
    if (node.deleting) return;
    const domainOf = nodeDomains(node);
    for (const pods of compiled.running[index]!) {
      const counting = [...pods.counting].filter(
        (counter) => counter.countedFor === undefined || compiled.countsNode(counter.countedFor, node),
      );
      domains.add(counting, pods.rules, domainOf, pods.count);
    }
  });
  return domains;
}

/** The canonical order of units: that of their first members' shapes, then by place. */
function compareUnits(left: UnitCount, right: UnitCount): number {
  const [leftMember] = left.unit.members;
  const [rightMember] = right.unit.members;
  const leftText = left.unit.constraints.map(({ text }) => text).join('\u0006');
  const rightText = right.unit.constraints.map(({ text }) => text).join('\u0006');
  return (
    leftMember!.pod.of.index - rightMember!.pod.of.index ||
    left.unit.members.length - right.unit.members.length ||
    leftMember!.podCount - rightMember!.podCount ||
    (leftText < rightText ? -1 : leftText > rightText ? 1 : 0)
  );
}
