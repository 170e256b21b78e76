// Writes a plan from what was placed: equal nodes merged, ranked lists carried once, reasons for what stays out, and the
// canonical form, which does not depend on the order of anything in the problem.
import { type ColumnSet, compareText } from '../catalogue/index.ts';
import {
  attachNew,
  type CompiledProblem,
  type CompiledShape,
  type CompiledTemplate,
  type Constraint,
  type Demand,
  listOf,
  type SharedClaim,
  type Unit,
} from '../compile/index.ts';
import type {
  EnginePlan,
  OfferingTable,
  PlannedNodes,
  RelaxedMinValues,
  ResourceList,
  ShapeShare,
  UnplacedShape,
} from '../model/index.ts';
import type { Budget, LimitTable } from '../pack/index.ts';
import { isAttachment } from '../rules/index.ts';
import type { Counter, HostPod, Obstacle } from '../topology/index.ts';
import { canonicalForm } from './canonical-form.ts';
import { mergeEqualNodes } from './equal-nodes.ts';
import type { OpenNode } from './node-board.ts';
import { extrasOf, totalExtrasOf } from './node-extras.ts';
import type { NewNodes } from './placing.ts';
import { type OfferingTest, Ranking } from './ranking.ts';
import { reasonsFor } from './reasons.ts';

/** What a solve placed and what it left. */
export interface Placement {
  readonly nodes: readonly OpenNode[];
  readonly newNodes: readonly NewNodes[];
  /** Pods left of each shape, in the order of shapes; refused shapes are not among them. */
  readonly left: readonly Leftover[];
  /** Limits with `remaining` after the placement. */
  readonly limits: LimitTable;
  readonly budget: Budget;
  /** Whether the work limit or the interrupt cut in before all pods had had their turn. */
  readonly cutPlacing: boolean;
}

/** Pods of a shape that found no place, and what stood in the way at their last step. */
export interface Leftover {
  readonly shape: CompiledShape;
  readonly count: number;
  readonly obstacle?: Obstacle | undefined;
}

/** Writes the plan. */
export function writePlan(compiled: CompiledProblem, placement: Placement): EnginePlan {
  const table = new TableBuilder(compiled);
  const lists = new ListTable();
  const ranked = rankNodes(compiled, placement, table, lists);
  const nodes = ranked.map(({ node }) => node);
  const { problem } = compiled;
  const existing = placement.nodes
    .filter(({ hasNewPods }) => hasNewPods)
    .map((node) => ({ nodeIndex: node.index, pods: sharesOf(node.pods) }))
    .filter(({ pods }) => pods.length > 0)
    .sort((left, right) => compareText(problem.nodes[left.nodeIndex]!.name, problem.nodes[right.nodeIndex]!.name));
  const unplaced: UnplacedShape[] = [];
  const left = new Map(placement.left.map((leftover) => [leftover.shape, leftover]));
  for (const shape of compiled.shapes) {
    const leftover = left.get(shape);
    const count = shape.refusals.length > 0 ? shape.input.count : (leftover?.count ?? 0);
    if (count === 0) continue;
    const reasons = reasonsFor(compiled, shape, {
      cut: placement.cutPlacing,
      obstacle: leftover?.obstacle,
      free: placement.limits.free,
    });
    unplaced.push({ shapeIndex: shape.index, count, reasons });
  }
  const plan = {
    nodes,
    offerings: table.build(),
    offeringLists: lists.lists,
    existing,
    unplaced,
    totalPriceNanoUsdPerHour: nodes.reduce((sum, node) => sum + node.nodeCount * node.priceNanoUsdPerHour, 0),
    totalExtras: totalExtrasOf(nodes),
    costNanoUsdPerHour: ranked.reduce((sum, { node, cost }) => sum + node.nodeCount * cost, 0),
    workUnits: placement.budget.spent,
    cut: placement.budget.cut,
    notices: compiled.notices,
  };
  return { ...plan, canonicalForm: canonicalForm(compiled, plan) };
}

function rankNodes(
  compiled: CompiledProblem,
  placement: Placement,
  table: TableBuilder,
  lists: ListTable,
): RankedNodes[] {
  const { reservations } = compiled;
  const ranking = new Ranking(compiled);
  const merged = mergeEqualNodes(placement.newNodes);
  const slack = limitSlack(placement, merged);
  const freeLeft = placement.limits.free.slice();
  const nodeConstraints = new NodeConstraints();
  const parts = new SharedParts(compiled);
  return merged.map((group) => {
    const used = new Float64Array(compiled.dimensions.length);
    const attached = new Set<SharedClaim>();
    for (let entry = 0; entry < group.units.length; entry++) {
      const { request, sharedClaims } = group.units[entry]!;
      attachNew(sharedClaims, attached, used, 1);
      const unitCount = group.unitCounts[entry]!;
      for (let dimension = 0; dimension < used.length; dimension++) used[dimension]! += unitCount * request[dimension]!;
    }
    const constraints = nodeConstraints.of(group.units);
    const { template } = group;
    const withinLimits = limitTest(compiled, placement.limits, group, slack);
    const drawn = new Set(group.reservations);
    if (drawn.size > 0) drawMore(compiled, ranking, group, constraints, used, withinLimits, freeLeft, drawn);
    const mayTake: OfferingTest =
      freeLeft.length === 0
        ? withinLimits
        : (offering) => {
            const reservation = reservations.of(offering);
            return (reservation < 0 ? drawn.size === 0 : drawn.has(reservation)) && withinLimits?.(offering) !== false;
          };
    const offerings = ranking.list(template, constraints, used, mayTake);
    const first = offerings[0]!;
    const extras = extrasOf(compiled, template, offerings);
    const node: PlannedNodes = {
      nodeCount: group.nodeCount,
      poolIndex: template.pool.index,
      offeringListIndex: lists.add(template, offerings, table),
      priceNanoUsdPerHour: compiled.costs.priceOf(template, first),
      extras,
      pods: group.pods,
      requests: parts.requests(used),
      daemonOverhead: parts.daemonOverhead(template, first),
      allocatable: parts.allocatable(template, first),
      labels: fixedLabels(group, constraints, compiled),
      relaxedMinValues: shortfalls(template, offerings),
    };
    return { node, cost: compiled.costs.costOf(template, first) + extras.flexibilityChargeNanoUsdPerHour };
  });
}

/** Equal nodes with what one of them costs by the objective. */
interface RankedNodes {
  readonly node: PlannedNodes;
  readonly cost: number;
}

/** Constraints of a node's units, each once, ascending: the same array for the same units' constraints. */
class NodeConstraints {
  readonly #known = new Map<string, readonly Constraint[]>();

  of(units: readonly Unit[]): readonly Constraint[] {
    const first = units[0]!.constraintSet;
    if (units.every(({ constraintSet }) => constraintSet === first)) return first.constraints;
    const indices = [...new Set(units.map(({ constraintSet }) => constraintSet.index))].sort((a, b) => a - b);
    const key = indices.join(' ');
    let constraints = this.#known.get(key);
    if (constraints === undefined) {
      const all = new Set(units.flatMap((unit) => unit.constraints));
      constraints = [...all].sort((left, right) => left.index - right.index);
      this.#known.set(key, constraints);
    }
    return constraints;
  }
}

/** What many nodes have in common, made once: lists of resources of types and of sets of daemonsets. */
class SharedParts {
  readonly #compiled: CompiledProblem;
  readonly #allocatable = new Map<ColumnSet, Map<number, ResourceList>>();
  readonly #overheads = new Map<Float64Array, ResourceList>();

  /** Dimensions that are requests of pods: attachments are places of volumes. */
  readonly #requested: readonly number[];

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
    this.#requested = compiled.dimensions.flatMap((name, dimension) => (isAttachment(name) ? [] : [dimension]));
  }

  /** What pods take together, attachments left out. */
  requests(used: Float64Array): ResourceList {
    const list: Record<string, number> = {};
    for (const dimension of this.#requested) {
      if (used[dimension] !== 0) list[this.#compiled.dimensions[dimension]!] = used[dimension]!;
    }
    return list;
  }

  /** What an offering's type holds for pods and daemonsets. */
  allocatable({ pool: { columns } }: CompiledTemplate, offering: number): ResourceList {
    const type = this.#compiled.catalogue.offeringTypes[offering]!;
    let byType = this.#allocatable.get(columns);
    if (byType === undefined) {
      byType = new Map();
      this.#allocatable.set(columns, byType);
    }
    let list = byType.get(type);
    if (list === undefined) {
      const amounts: Record<string, number> = {};
      for (const [name, column] of columns.allocatable) {
        if (column[type] !== 0 && Number.isFinite(column[type])) amounts[name] = column[type]!;
      }
      list = amounts;
      byType.set(type, list);
    }
    return list;
  }

  /** What daemonsets take on an offering. */
  daemonOverhead(template: CompiledTemplate, offering: number): ResourceList {
    const overhead = template.daemonOverheads[template.daemonOverheadOf[offering]!]!;
    let list = this.#overheads.get(overhead);
    if (list === undefined) {
      list = listOf(this.#compiled.dimensions, overhead);
      this.#overheads.set(overhead, list);
    }
    return list;
  }
}

/**
 * Adds reservations that hold the same pods, can be launched together with those that the nodes draw on, and have an
 * instance left for each of the nodes whatever else the plan takes: a choice for the launch. Takes them off `freeLeft`.
 */
function drawMore(
  compiled: CompiledProblem,
  ranking: Ranking,
  { template, reservations: drawnOn, nodeCount }: NewNodes,
  constraints: readonly Constraint[],
  used: Float64Array,
  withinLimits: OfferingTest,
  freeLeft: Float64Array,
  drawn: Set<number>,
): void {
  const { reservations, catalogue } = compiled;
  const kind = reservations.kinds[drawnOn[0]!];
  if (kind === 'capacity-block') return;
  const placeOf = (offering: number): string => {
    const { instanceType, zone } = catalogue.offering(offering);
    return `${instanceType} ${zone}`;
  };
  const holding = ranking.list(
    template,
    constraints,
    used,
    (offering) => reservations.kinds[reservations.of(offering)] === kind && withinLimits?.(offering) !== false,
  );
  const places = new Set([...holding].filter((offering) => drawn.has(reservations.of(offering))).map(placeOf));
  for (const offering of holding) {
    const reservation = reservations.of(offering);
    // A launch takes one reservation of a type in a zone: a second one would lie idle.
    if (drawn.has(reservation) || places.has(placeOf(offering)) || freeLeft[reservation]! < nodeCount) continue;
    freeLeft[reservation]! -= nodeCount;
    drawn.add(reservation);
    places.add(placeOf(offering));
  }
}

/** Floors of the pool that a list falls short of. */
function shortfalls({ floors }: CompiledTemplate, offerings: Uint32Array): RelaxedMinValues[] {
  if (floors === undefined) return [];
  const tally = floors.tally();
  for (const offering of offerings) tally.add(offering);
  return floors.floors.flatMap(({ key, least }, floor) => {
    const left = tally.counts[floor]!;
    return left < least ? [{ key, wanted: least, left }] : [];
  });
}

/** What each node of a limited pool may take beyond what was planned: an equal share of what is left. */
function limitSlack(placement: Placement, groups: readonly NewNodes[]): Float64Array {
  const { limits } = placement;
  const nodeCounts = new Map<number, number>();
  for (const group of groups) {
    const limitGroup = limits.groupOf.get(group.template.pool.index);
    if (limitGroup !== undefined) nodeCounts.set(limitGroup, (nodeCounts.get(limitGroup) ?? 0) + group.nodeCount);
  }
  return limits.remaining.map((left, cell) => {
    const nodeCount = nodeCounts.get(Math.floor(cell / limits.names.length)) ?? 0;
    return nodeCount === 0 ? 0 : left / nodeCount;
  });
}

/** Whether an offering keeps the pool's limits even if every node of the plan gets the largest of its list. */
function limitTest(compiled: CompiledProblem, limits: LimitTable, group: NewNodes, slack: Float64Array): OfferingTest {
  const { pool } = group.template;
  const limitGroup = limits.groupOf.get(pool.index);
  if (limitGroup === undefined) return undefined;
  const columns = limits.names.map((name) => pool.columns.capacity.get(name));
  const mostOf = (name: number): number => group.limitTakes[name]! + slack[limitGroup * limits.names.length + name]!;
  if (columns.every((column, name) => column === undefined || largestIn(column) <= mostOf(name))) return undefined;
  return (offering) => {
    const type = compiled.catalogue.offeringTypes[offering]!;
    for (let name = 0; name < limits.names.length; name++) {
      if (limits.names[name] === 'nodes') continue;
      if ((columns[name]?.[type] ?? 0) > mostOf(name)) return false;
    }
    return true;
  };
}

/** Largest amounts of columns: a limit that even the largest type keeps need not be looked at. */
const LARGEST = new WeakMap<Float64Array, number>();

function largestIn(column: Float64Array): number {
  let largest = LARGEST.get(column);
  if (largest === undefined) {
    largest = column.reduce((most, amount) => Math.max(most, amount), 0);
    LARGEST.set(column, largest);
  }
  return largest;
}

/**
 * Custom labels on whose value a pod of the node, some daemonset, or a spread of any pod depends, and which the pool leaves
 * open.
 */
function fixedLabels(
  { template, units }: NewNodes,
  constraints: readonly Constraint[],
  compiled: CompiledProblem,
): Readonly<Record<string, string>> {
  const open = [...template.customLabels].filter(
    ([key, value]) => value !== undefined && !OWN_LABELS.has(key) && template.pool.input.labels[key] === undefined,
  );
  if (open.length === 0) return NO_LABELS;
  const labels: Record<string, string> = {};
  const counters = new Set(units.flatMap(({ members }) => members.flatMap(({ pod }) => [...pod.counting])));
  const looksAt = ({ topologyKey, countedFor }: Counter, key: string): boolean =>
    topologyKey === key ||
    (countedFor !== undefined &&
      (countedFor.keys.includes(key) ||
        (countedFor.honorsAffinity &&
          compiled.constraintOf(countedFor.shape).terms.some((term) => term.get(key) !== undefined))));
  for (const [key, value] of open) {
    const asks = (constraint: Constraint): boolean => constraint.terms.some((term) => term.get(key) !== undefined);
    if (
      constraints.some(asks) ||
      compiled.daemons.constraints.some(asks) ||
      [...counters].some((counter) => looksAt(counter, key)) ||
      // A value of its own would be a domain more, and an empty one, of which the plan knows nothing.
      [...compiled.spreadsOf.keys()].some(({ topologyKey }) => topologyKey === key)
    ) {
      labels[key] = value!;
    }
  }
  return labels;
}

/** Labels of every node of a pool, which no plan has to fix. */
const OWN_LABELS: ReadonlySet<string> = new Set(['karpenter.sh/nodepool', 'karpenter.k8s.aws/ec2nodeclass']);

const NO_LABELS: Readonly<Record<string, string>> = {};

/** Pods that a plan puts on a node, by shape; those that run there already are left out. */
function sharesOf(pods: ReadonlyMap<HostPod, number>): ShapeShare[] {
  const counts = new Map<number, number>();
  for (const [pod, count] of pods) {
    if (!('of' in pod) || count === 0) continue;
    const { index } = (pod as Demand).of;
    counts.set(index, (counts.get(index) ?? 0) + count);
  }
  return [...counts].sort(([left], [right]) => left - right).map(([shapeIndex, count]) => ({ shapeIndex, count }));
}

/** Collects offerings that lists name, each once for each price it has (a licence makes another price). */
class TableBuilder {
  readonly #compiled: CompiledProblem;
  readonly #places = new Map<string | number, number>();
  readonly #offerings: number[] = [];
  readonly #prices: number[] = [];
  readonly #sources: number[] = [];

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
  }

  add(template: CompiledTemplate, offering: number): number {
    const price = this.#compiled.costs.priceOf(template, offering);
    const licenced = price !== this.#compiled.prices.priceNanoUsdPerHour[offering];
    const key = licenced ? `${offering} ${price}` : offering;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#offerings.length;
      this.#places.set(key, place);
      this.#offerings.push(offering);
      this.#prices.push(price);
      this.#sources.push(this.#compiled.costs.priceSourceOf(template, offering));
    }
    return place;
  }

  build(): OfferingTable {
    return {
      offeringIndex: Uint32Array.from(this.#offerings),
      priceNanoUsdPerHour: Float64Array.from(this.#prices),
      priceSource: Uint8Array.from(this.#sources),
    };
  }
}

/** Ranked lists, equal ones once. */
class ListTable {
  readonly lists: Uint32Array[] = [];
  readonly #places = new Map<string, number>();
  /** Places of lists as they were ranked: the same array means the same list. */
  readonly #known = new Map<CompiledTemplate, Map<Uint32Array, number>>();

  /** The place of a list of offerings of a template; what it names goes into the table. */
  add(template: CompiledTemplate, offerings: Uint32Array, table: TableBuilder): number {
    let known = this.#known.get(template);
    if (known === undefined) {
      known = new Map();
      this.#known.set(template, known);
    }
    let place = known.get(offerings);
    if (place === undefined) {
      place = this.#placeOf(offerings.map((offering) => table.add(template, offering)));
      known.set(offerings, place);
    }
    return place;
  }

  #placeOf(list: Uint32Array): number {
    const key = list.join(' ');
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.lists.length;
      this.#places.set(key, place);
      this.lists.push(list);
    }
    return place;
  }
}
