// One attempt to place all pods, phase by phase: pods with topology rules get their places, what exists is filled, new
// nodes are made pool by pool in the order of their weights; where preferences stood in the way, they are given up one by
// one. Which shapes have their turn in which phase is decided by the caller; nothing is ranked or explained here.
import {
  type CompiledProblem,
  type CompiledShape,
  type CompiledTemplate,
  makeUnit,
  TemplateFilter,
  type Unit,
} from '../compile/index.ts';
import { type Budget, buildInstance, type LimitTable, ownShares } from '../pack/index.ts';
import {
  type Counter,
  type DomainRules,
  DomainState,
  type Location,
  type SpreadRule,
  type TopologyRules,
} from '../topology/index.ts';
import { type ArrivalOrder, usualOrder } from './arrival-order.ts';
import { type AssigningContext, assignPlaces } from './assigning.ts';
import { fillOpenNodes } from './existing.ts';
import { joinMates } from './followers.ts';
import { joinPlannedNodes } from './joining.ts';
import { placeByLeastFull } from './least-full-hosts.ts';
import { remainingLimits } from './limits.ts';
import { noteVain } from './mates.ts';
import { nodeLocation, type OpenNode, openNodes } from './node-board.ts';
import { UnitCollector } from './node-maker.ts';
import { placesMore } from './order-of-plans.ts';
import { type Leaning, PlaceFinder } from './places.ts';
import { candidatesFor, type NewNodes, placeOnNewNodes, tiersOf } from './placing.ts';
import type { Leftover } from './plan-writer.ts';
import { NodeOpener } from './stepwise.ts';
import { takeBackUnheld } from './taking-back.ts';
import { compareUnits, type UnitCount, type Waiting } from './waiting.ts';

/** What placing works on. */
export interface PlacingWork extends AssigningContext {
  readonly filter: TemplateFilter;
  readonly tiers: readonly (readonly CompiledTemplate[])[];
  readonly limits: LimitTable;
  readonly budget: Budget;
  readonly order: ArrivalOrder;
  readonly newNodes: NewNodes[];
  /** Planned nodes that have no room for a kind of pods: see followers.ts. */
  readonly refusedBy: Map<string, Set<NewNodes>>;
}

/** What an attempt placed and what it left. */
export interface Attempt {
  readonly nodes: readonly OpenNode[];
  readonly newNodes: readonly NewNodes[];
  /** Pods left of each shape, in the order of shapes; refused shapes are not among them. */
  readonly left: readonly Leftover[];
  /** Limits with `remaining` after the attempt. */
  readonly limits: LimitTable;
  /** Where pods with rules over domains are on new nodes, by the numbers of `domains`. */
  readonly pinnedAt: ReadonlyMap<Unit, Location>;
  readonly domains: DomainState;
  /** Whether pods stand on nodes only because every host has pods of their kind: no node may come or go then. */
  readonly usesLeastFull: boolean;
  /** In which its pods may arrive. */
  readonly order: ArrivalOrder;
}

/** Shapes in the order in which they have their turn; those of one phase are placed together. */
export type Phases = readonly (readonly CompiledShape[])[];

/** One round over what waits: takes what it places off the counts. */
type Round = (work: PlacingWork, waiting: readonly Waiting[]) => RoundResult;

/** What a round came to. */
interface RoundResult {
  /** True when the counts of domains no longer hold. */
  readonly broken: boolean;
  /** True when pods joined their mates at the end: others may have waited for them. */
  readonly joined: boolean;
}

/** What an attempt does another way than the first one. */
export interface Variation {
  /** Whether no pod goes onto nodes that exist. */
  readonly leavesNodesAlone?: boolean;
  /** Shapes whose pods go onto no node that exists. */
  readonly keptOffNodes?: ReadonlySet<CompiledShape>;
  /** Where pods go if they have the choice. */
  readonly leaning?: Leaning;
  /** In which pods arrive; by default the usual one. */
  readonly order?: ArrivalOrder;
}

/** Places the shapes of all phases. */
export function attemptPlacement(
  compiled: CompiledProblem,
  budget: Budget,
  phases: Phases,
  variation: Variation = {},
): Attempt {
  const attempt = placedAttempt({ compiled, budget, phases, variation });
  // What is added to it later may go wherever there is room.
  if (variation.keptOffNodes !== undefined) for (const node of attempt.nodes) node.keepOff(new Set());
  return attempt;
}

function placedAttempt(placing: PlacingQuestion): Attempt {
  const { budget, variation } = placing;
  const packed = placeAll(placing, packRound);
  if (!packed.broken) return packed;
  if (budget.cut || variation.order !== undefined) return heldPart(packed);
  // Pods with rules over domains were counted where they were to go. If limits then kept some of them out, the counts of
  // the others do not hold: everything is placed again, one pod at a time, which counts only what is there.
  const stepped = placeAll(placing, stepRound);
  if (budget.cut) {
    // One at a time is slow: what holds of the first try may be more by far than what was reached since.
    const held = heldPart(packed);
    return placesMore(held, stepped) ? held : stepped;
  }
  const capped = placeCapped(placing, packed);
  return capped !== undefined && placesMore(capped, stepped) ? capped : stepped;
}

/** Times that fewer pods are tried, where limits let in fewer than were given places. */
const CAP_LIMIT = 4;

/** Packs only as many pods of each shape as there was room for before; undefined where that still breaks the counts. */
function placeCapped(question: PlacingQuestion, broken: Attempt): Attempt | undefined {
  const { budget } = question;
  let attempt = broken;
  for (let tries = 0; tries < CAP_LIMIT && !budget.cut; tries++) {
    const caps = new Map(attempt.left.map(({ shape, count }) => [shape, shape.input.count - count]));
    const next = placeAll(question, packRound, caps);
    if (!next.broken) return budget.cut ? undefined : next;
    attempt = next;
  }
  return undefined;
}

/** An attempt with what it was made with. */
interface Placing extends Attempt {
  /** True when pods were counted that have no place, so that others may be where they can't be. */
  readonly broken: boolean;
  readonly work: PlacingWork;
  /** Pods of each shape whose turn has come. */
  readonly waiting: ReadonlyMap<CompiledShape, Waiting>;
}

/** A broken attempt without the pods that are where they can't be. It is changed by it. */
function heldPart({ work, waiting }: Placing): Attempt {
  work.domains.clear();
  countRunning(work.compiled, work.domains);
  takeBackUnheld(work, waiting);
  return attemptOf(work, waiting);
}

/** What was placed and what still waits. */
export function attemptOf(work: PlacingWork, waiting: ReadonlyMap<CompiledShape, Waiting>): Attempt {
  const left = work.compiled.shapes.flatMap((shape) => {
    const entry = waiting.get(shape);
    return entry === undefined || entry.left === 0 ? [] : [{ shape, count: entry.left, obstacle: entry.obstacle }];
  });
  const { nodes, newNodes, limits, pinnedAt, domains, order } = work;
  return { nodes, newNodes, left, limits, pinnedAt, domains, usesLeastFull: false, order };
}

/** What is to be placed, and how. */
interface PlacingQuestion {
  readonly compiled: CompiledProblem;
  readonly budget: Budget;
  readonly phases: Phases;
  readonly variation: Variation;
}

function placeAll(
  { compiled, budget, phases, variation }: PlacingQuestion,
  round: Round,
  caps: ReadonlyMap<CompiledShape, number> = new Map(),
): Placing {
  const work = openWork(compiled, budget, variation);
  const left = new Map<CompiledShape, Waiting>();
  let broken = false;
  for (const phase of phases) {
    // What an earlier phase left over may have got its place by what came after it.
    for (const shape of phase) {
      const [demand] = shape.demands;
      if (demand !== undefined) left.set(shape, { demand, left: caps.get(shape) ?? shape.input.count });
    }
    while (true) {
      const waiting = [...left.values()].filter((entry) => entry.left > 0);
      if (waiting.length === 0) break;
      const result = round(work, waiting);
      if (result.broken) broken = true;
      // Those who come last are on their nodes now, and nobody whose place matters may come after them.
      if (
        variation.order !== undefined &&
        waiting.some(({ demand, left }) => left > 0 && work.order.isTopological(demand))
      )
        break;
      if (budget.cut || (!result.joined && !giveUpPreferences(left))) break;
    }
  }
  // Pods beyond the caps may still have a place beside the others, one at a time.
  for (const [shape, cap] of caps) {
    const entry = left.get(shape);
    if (entry === undefined) continue;
    entry.left += shape.input.count - cap;
    // What stood in the way of fewer pods says nothing about these.
    delete entry.obstacle;
  }
  const beyond = [...left.values()].filter((entry) => entry.left > 0);
  if (caps.size > 0 && beyond.length > 0 && !broken && !budget.cut) stepRound(work, beyond);
  const usesLeastFull = !broken && !budget.cut && placeByLeastFull(work, [...left.values()]);
  return { ...attemptOf(work, left), usesLeastFull, broken, work, waiting: left };
}

/** Everything as it is before the first pod is placed. */
export function openWork(compiled: CompiledProblem, budget: Budget, variation: Variation = {}): PlacingWork {
  const views = openViews(compiled, variation.leaning);
  const domains = new DomainState(compiled.counters, (rule) => views.places.universe(rule));
  countRunning(compiled, domains);
  const nodes = variation.leavesNodesAlone === true ? [] : openNodes(compiled, domains);
  if (variation.keptOffNodes !== undefined) for (const node of nodes) node.keepOff(variation.keptOffNodes);
  return {
    ...views,
    nodes,
    domains,
    pinnedAt: new Map<Unit, Location>(),
    limits: remainingLimits(compiled.problem, compiled.reservations.freeCounts),
    budget,
    order: variation.order ?? usualOrder(compiled),
    newNodes: [],
  };
}

/** An attempt to be added to: what it holds is changed by that. */
export function resumeWork(compiled: CompiledProblem, budget: Budget, attempt: Attempt): PlacingWork {
  const { nodes, newNodes, domains, limits, pinnedAt, order } = attempt;
  return {
    ...openViews(compiled),
    order,
    nodes,
    domains,
    pinnedAt: new Map(pinnedAt),
    limits,
    budget,
    newNodes: [...newNodes],
  };
}

/** What placing knows of the problem and remembers of its own questions. */
function openViews(
  compiled: CompiledProblem,
  leaning?: Leaning,
): Pick<PlacingWork, 'compiled' | 'filter' | 'tiers' | 'places' | 'domainRules' | 'vainChains' | 'refusedBy'> {
  const filter = new TemplateFilter(compiled);
  const tiers = tiersOf(compiled);
  return {
    compiled,
    filter,
    tiers,
    places: new PlaceFinder(compiled, filter, tiers, leaning),
    domainRules: new Map<TopologyRules, DomainRules>(),
    vainChains: new Map<string, number>(),
    refusedBy: new Map<string, Set<NewNodes>>(),
  };
}

/** Many pods at a time: places first, then existing nodes, then tier by tier the packer. */
function packRound(work: PlacingWork, waiting: readonly Waiting[]): RoundResult {
  const { compiled, filter, limits, budget } = work;
  const topological: Waiting[] = [];
  const free: { readonly entry: Waiting; readonly unit: UnitCount }[] = [];
  for (const entry of waiting) {
    if (work.order.isTopological(entry.demand)) topological.push(entry);
    else
      free.push({ entry, unit: { unit: makeUnit(compiled, [{ pod: entry.demand, podCount: 1 }]), count: entry.left } });
  }
  const collector = new UnitCollector();
  assignPlaces(work, topological, collector);
  const assigned = collector.units;
  fillExisting(
    work,
    free.map(({ unit }) => unit),
  );
  const units = [...assigned, ...free.map(({ unit }) => unit)].sort(compareUnits);
  // Pods that gave something up may fit beside those that did not have to.
  joinPlannedNodes(work, units, false);
  for (const templates of work.tiers) {
    work.newNodes.push(
      ...placeOnNewNodes(compiled, filter, templates, units, limits, budget, { comesLast: work.order.comesLast }),
    );
  }
  joinPlannedNodes(work, units, true);
  for (const { entry, unit } of free) entry.left = unit.count;
  let broken = false;
  const byDemand = new Map(topological.map((entry) => [entry.demand, entry]));
  for (const { unit, count } of assigned) {
    if (count === 0) continue;
    broken = true;
    for (const { pod, podCount } of unit.members) byDemand.get(pod)!.left += podCount * count;
    if (unit.members.length > 1) {
      noteVain(
        work,
        unit.members.map(({ pod }) => pod),
      );
    }
  }
  return { broken, joined: !broken && joinMates(work, topological) };
}

/** One pod at a time, each onto a node that is there before the next is looked at. */
function stepRound(work: PlacingWork, waiting: readonly Waiting[]): RoundResult {
  const opener = new NodeOpener(work);
  assignPlaces(work, waiting, opener);
  work.newNodes.push(...opener.nodes());
  return { broken: false, joined: joinMates(work, waiting) };
}

/** The next step of every shape that still has pods and preferences; false where there is none. */
function giveUpPreferences(left: Map<CompiledShape, Waiting>): boolean {
  let moved = false;
  for (const [shape, entry] of left) {
    if (entry.left === 0) continue;
    const next = shape.demands[entry.demand.step + 1];
    if (next === undefined) continue;
    left.set(shape, { demand: next, left: entry.left });
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
    const worth = units.map(({ unit }, index) => (unit.priority === priority ? values[index]! : 0));
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
      compiled.mayRelaxFloors ? 'floors-relaxed' : 'floors-kept',
    );
    const costs = instance.prices.map((price) => Math.max(1, price));
    ownShares(instance, costs).forEach((share, position) => {
      if (Number.isFinite(share)) values.set(candidates[position]!.entry, share);
    });
  }
  return units.map((entry) => values.get(entry) ?? 0);
}

/** Counts the pods that run already. */
export function countRunning(compiled: CompiledProblem, domains: DomainState): void {
  if (compiled.counters.counters.length === 0) return;
  compiled.problem.nodes.forEach((node, index) => {
    if (node.deleting) return;
    const location = nodeLocation(compiled, domains, node);
    for (const pods of compiled.running[index]!) {
      domains.add(domains.rulesOf(pods.rules, pods.counting, NO_SPREADS), location, pods.count);
    }
  });
}

const NO_SPREADS: ReadonlyMap<Counter, readonly SpreadRule[]> = new Map();
