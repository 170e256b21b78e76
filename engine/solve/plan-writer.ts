// Writes a plan from what was placed: equal nodes merged, ranked lists carried once, reasons for what stays out, and the
// canonical form, which does not depend on the order of anything in the problem.
import { compareText } from '../catalogue/index.ts';
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
  ShapeShare,
  UnplacedShape,
} from '../model/index.ts';
import type { Budget, LimitTable } from '../pack/index.ts';
import { isAttachment } from '../rules/index.ts';
import type { Counter, HostPod, Obstacle } from '../topology/index.ts';
import { canonicalForm } from './canonical-form.ts';
import type { OpenNode } from './node-board.ts';
import type { NewNodes } from './placing.ts';
import { Ranking } from './ranking.ts';
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
  const nodes = rankNodes(compiled, placement, table, lists);
  const { problem } = compiled;
  const existing = placement.nodes
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
      cut: placement.budget.cut,
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
): PlannedNodes[] {
  const ranking = new Ranking(compiled);
  const merged = mergeEqual(placement.newNodes);
  const slack = limitSlack(placement, merged);
  const freeLeft = placement.limits.free.slice();
  return merged.map((group) => {
    const used = new Float64Array(compiled.dimensions.length);
    const attached = new Set<SharedClaim>();
    group.units.forEach((unit, entry) => {
      attachNew(unit.sharedClaims, attached, used, 1);
      for (let dimension = 0; dimension < used.length; dimension++) {
        used[dimension]! += group.unitCounts[entry]! * unit.request[dimension]!;
      }
    });
    const constraints = new Set(group.units.flatMap((unit) => unit.constraints));
    const { template } = group;
    const withinLimits = limitTest(compiled, placement.limits, group, slack);
    const drawn = new Set(group.reservations);
    if (drawn.size > 0) drawMore(compiled, ranking, group, constraints, used, withinLimits, freeLeft, drawn);
    const { reservations } = compiled;
    const offerings = ranking.list(template, constraints, used, (offering) => {
      const reservation = reservations.of(offering);
      return (reservation < 0 ? drawn.size === 0 : drawn.has(reservation)) && withinLimits(offering);
    });
    const first = offerings[0]!;
    const type = compiled.catalogue.offeringTypes[first]!;
    const allocatable: Record<string, number> = {};
    for (const [name, column] of template.pool.columns.allocatable)
      if (column[type] !== 0 && Number.isFinite(column[type])) allocatable[name] = column[type]!;
    return {
      nodeCount: group.nodeCount,
      poolIndex: template.pool.index,
      offeringListIndex: lists.add(offerings.map((offering) => table.add(template, offering))),
      priceNanoUsdPerHour: compiled.priceOf(template, first),
      pods: podsOf(group),
      requests: withoutAttachments(listOf(compiled.dimensions, used)),
      daemonOverhead: listOf(compiled.dimensions, template.daemonOverheads[template.daemonOverheadOf[first]!]!),
      allocatable,
      labels: fixedLabels(group, constraints, compiled),
      relaxedMinValues: shortfalls(template, offerings),
    };
  });
}

/**
 * Adds reservations that hold the same pods, can be launched together with those that the nodes draw on, and have an
 * instance left for each of the nodes whatever else the plan takes: a choice for the launch. Takes them off `freeLeft`.
 */
function drawMore(
  compiled: CompiledProblem,
  ranking: Ranking,
  { template, reservations: drawnOn, nodeCount }: NewNodes,
  constraints: Iterable<Constraint>,
  used: Float64Array,
  withinLimits: (offering: number) => boolean,
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
    (offering) => reservations.kinds[reservations.of(offering)] === kind && withinLimits(offering),
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

/** Attachments are places of volumes, no request of a pod. */
function withoutAttachments(list: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(list).filter(([name]) => !isAttachment(name)));
}

/** Equal nodes become one group; groups come in a canonical order. */
function mergeEqual(groups: readonly NewNodes[]): NewNodes[] {
  const merged = new Map<string, NewNodes>();
  for (const group of groups) {
    const units = group.units.map((unit, entry) => `${unitText(unit)}x${group.unitCounts[entry]}`).join(' ');
    const key = `${group.template.index} ${group.limitTakes.join(',')} ${group.reservations.join(',')} ${units}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? group : { ...known, nodeCount: known.nodeCount + group.nodeCount });
  }
  return [...merged.values()].sort(compareGroups);
}

function compareGroups(left: NewNodes, right: NewNodes): number {
  if (left.template.index !== right.template.index) return left.template.index - right.template.index;
  const leftPods = podsOf(left);
  const rightPods = podsOf(right);
  for (let entry = 0; entry < Math.min(leftPods.length, rightPods.length); entry++) {
    const difference =
      leftPods[entry]!.shapeIndex - rightPods[entry]!.shapeIndex || rightPods[entry]!.count - leftPods[entry]!.count;
    if (difference !== 0) return difference;
  }
  return (
    rightPods.length - leftPods.length ||
    compareVectors(left.limitTakes, right.limitTakes) ||
    compareText(left.reservations.join(), right.reservations.join()) ||
    compareText(left.units.map(unitText).join(' '), right.units.map(unitText).join(' '))
  );
}

/** What tells units of a node apart: members, and where they are pinned. */
function unitText(unit: Unit): string {
  const members = unit.members.map(({ pod, podCount }) => `${pod.of.index}.${pod.step}x${podCount}`);
  return `${members.join('+')}@${unit.constraints.map(({ text }) => text).join('&')}`;
}

/** Pods of one node by shape, ascending. */
function podsOf(group: NewNodes): ShapeShare[] {
  const counts = new Map<number, number>();
  group.units.forEach((unit, entry) => {
    for (const { pod, podCount } of unit.members) {
      counts.set(pod.of.index, (counts.get(pod.of.index) ?? 0) + podCount * group.unitCounts[entry]!);
    }
  });
  return [...counts].sort(([a], [b]) => a - b).map(([shapeIndex, count]) => ({ shapeIndex, count }));
}

function compareVectors(left: Float64Array, right: Float64Array): number {
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return left[index]! - right[index]!;
  }
  return 0;
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
function limitTest(
  compiled: CompiledProblem,
  limits: LimitTable,
  group: NewNodes,
  slack: Float64Array,
): (offering: number) => boolean {
  const { pool } = group.template;
  const limitGroup = limits.groupOf.get(pool.index);
  if (limitGroup === undefined) return () => true;
  const columns = limits.names.map((name) => pool.columns.capacity.get(name));
  return (offering) => {
    const type = compiled.catalogue.offeringTypes[offering]!;
    for (let name = 0; name < limits.names.length; name++) {
      if (limits.names[name] === 'nodes') continue;
      const most = group.limitTakes[name]! + slack[limitGroup * limits.names.length + name]!;
      if ((columns[name]?.[type] ?? 0) > most) return false;
    }
    return true;
  };
}

/**
 * Custom labels on whose value a pod of the node, some daemonset, or a spread that counts its pods depends, and which the
 * pool leaves open.
 */
function fixedLabels(
  { template, units }: NewNodes,
  constraints: ReadonlySet<Constraint>,
  compiled: CompiledProblem,
): Record<string, string> {
  const labels: Record<string, string> = {};
  if (template.customLabels.size === 0) return labels;
  const counters = new Set(units.flatMap(({ members }) => members.flatMap(({ pod }) => [...pod.counting])));
  const looksAt = ({ topologyKey, countedFor }: Counter, key: string): boolean =>
    topologyKey === key ||
    (countedFor !== undefined &&
      (countedFor.keys.includes(key) ||
        (countedFor.honorsAffinity &&
          compiled.constraintOf(countedFor.shape).terms.some((term) => term.get(key) !== undefined))));
  for (const [key, value] of template.customLabels) {
    if (value === undefined || template.pool.input.labels[key] !== undefined) continue;
    const asks = (constraint: Constraint): boolean => constraint.terms.some((term) => term.get(key) !== undefined);
    if (
      [...constraints].some(asks) ||
      compiled.daemons.constraints.some(asks) ||
      [...counters].some((counter) => looksAt(counter, key))
    ) {
      labels[key] = value;
    }
  }
  delete labels['karpenter.sh/nodepool'];
  delete labels['karpenter.k8s.aws/ec2nodeclass'];
  return labels;
}

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
    const price = this.#compiled.priceOf(template, offering);
    const licenced = price !== this.#compiled.prices.priceNanoUsdPerHour[offering];
    const key = licenced ? `${offering} ${price}` : offering;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#offerings.length;
      this.#places.set(key, place);
      this.#offerings.push(offering);
      this.#prices.push(price);
      this.#sources.push(this.#compiled.priceSourceOf(template, offering));
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

  add(list: Uint32Array): number {
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
