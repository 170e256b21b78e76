// Packs an instance: classes by value per dollar, values corrected from one round to the next, the best round kept.
// - Taking the class of the best ratio again and again is the greedy of Chvátal for set covering; re-filling only the
//   class on top of the heap is Minoux' lazy evaluation ("Accelerated greedy algorithms", 1978).
// - Correcting the values by what the pods of a shape really paid is sequential value correction (Mukhacheva; Belov and
//   Scheithauer, "Setup and open-stacks minimization in one-dimensional stock cutting", 2007).
// Knows nothing of zones, pools or names: instances come from classes.ts.
import { attachNew, type SharedClaim } from '../compile/index.ts';
import type { Budget } from './budget.ts';
import type { LimitTable, PackingInstance } from './classes.ts';
import { Filler } from './fill.ts';

/** Equal nodes of a packing. */
export interface PackedNodes {
  /** Class that holds them, the cheapest found. */
  classIndex: number;
  readonly nodeCount: number;
  /** Positions of shapes in the instance, ascending. */
  readonly shapes: readonly number[];
  /** Pods of each of them in one node. */
  readonly pods: readonly number[];
}

/** A packing of an instance. */
export interface Packing {
  readonly nodes: readonly PackedNodes[];
  /** `Float64Array[shapes]`: pods without a place. */
  readonly left: Float64Array;
  readonly priceNanoUsdPerHour: number;
  readonly nodeCount: number;
  /** `Float64Array[groups × names]`: what is left of the limits. */
  readonly limitsLeft: Float64Array;
  /** `Float64Array[reservations]`: what is left free of each. */
  readonly freeLeft: Float64Array;
}

/** How far a value moves towards what the pods paid. */
const CORRECTION = 0.7;

/** Least value of a shape, as a share of its own part of a node: a value of 0 would leave pods unplaced. */
const LEAST_VALUE = 0.02;

/** What one packing aims for. */
export interface PackingGoal {
  /** How much of a class's cost is its share of its pool's limits instead of its price: 0 to 1. */
  readonly limitWeight: number;
  /** What a pod is worth: its own share of a node, or the same whatever its size (which places most pods). */
  readonly worth: 'share' | 'count';
  /** Rounds of value correction. */
  readonly roundCount: number;
}

/** How much more a pod of the next higher priority is worth where not all pods can be placed. */
const PRIORITY_FACTOR = 1000;

/** Priorities that are told apart; lower ones count as one. */
const PRIORITY_RANK_LIMIT = 64;

/** The goal where everything can be placed; with limits that bind, the others are tried as well. */
export function packingGoals(instance: PackingInstance): {
  readonly usual: PackingGoal;
  readonly whenLimited: readonly PackingGoal[];
} {
  // A round costs about one look at every suit; so many looks are what FAST spends.
  const roundCount = Math.min(
    MOST_ROUNDS,
    Math.max(LEAST_ROUNDS, Math.floor(LOOKS / Math.max(1, instance.suits.length))),
  );
  return {
    usual: { limitWeight: 0, worth: 'share', roundCount },
    whenLimited: [
      { limitWeight: 0.5, worth: 'share', roundCount: 1 },
      { limitWeight: 1, worth: 'share', roundCount: 1 },
      { limitWeight: 1, worth: 'count', roundCount: 1 },
    ],
  };
}

const LEAST_ROUNDS = 2;
const MOST_ROUNDS = 12;
const LOOKS = 20_000;

/**
 * Packs `counts` pods into new nodes, within the limits. Returns the best of the rounds: most pods by priority, then
 * price, then fewer nodes. Cut by the budget it returns the best round so far, or what the first one has.
 */
export function packGreedily(
  instance: PackingInstance,
  counts: Float64Array,
  limits: LimitTable,
  goal: PackingGoal,
  budget: Budget,
): Packing {
  const filler = new Filler(instance);
  const costs = effectiveCosts(instance, limits, goal.limitWeight);
  const { shares: start, classes: cheapest } = cheapestClasses(instance, costs, CLASSES_PER_SHAPE);
  if (goal.worth === 'count') start.fill(1);
  if (goal.limitWeight > 0) scaleByPriority(instance, start);
  const values = start.slice();
  const classes = promisingClasses(instance, counts, costs, cheapest);
  let best: Packing | undefined;
  for (let round = 0; round < goal.roundCount; round++) {
    const packing = packOnce(instance, filler, classes, counts, values, costs, limits, budget);
    if (best === undefined || isBetterPacking(instance, packing, best)) best = packing;
    if (budget.cut) break;
    correctValues(instance, packing, costs, values, start);
  }
  return best!;
}

/** Whether a packing beats the best so far: most pods from the highest priority down, then price, then fewer nodes. */
export function isBetterPacking(instance: PackingInstance, packing: Packing, best: Packing): boolean {
  const difference = comparePlaced(instance, packing.left, best.left);
  if (difference !== 0) return difference < 0;
  if (packing.priceNanoUsdPerHour !== best.priceNanoUsdPerHour) {
    return packing.priceNanoUsdPerHour < best.priceNanoUsdPerHour;
  }
  return packing.nodeCount < best.nodeCount;
}

/** Negative when `left` leaves out fewer pods of the highest priority in which the two differ. */
function comparePlaced(instance: PackingInstance, left: Float64Array, right: Float64Array): number {
  const differences = new Map<number, number>();
  for (let shape = 0; shape < left.length; shape++) {
    if (left[shape] === right[shape]) continue;
    const { priority } = instance.shapes[shape]!;
    differences.set(priority, (differences.get(priority) ?? 0) + left[shape]! - right[shape]!);
  }
  const decisive = [...differences].filter(([, difference]) => difference !== 0).sort(([a], [b]) => b - a)[0];
  return decisive === undefined ? 0 : decisive[1];
}

/** Makes any pod of a higher priority worth more than all that could stand in its place. */
function scaleByPriority(instance: PackingInstance, values: Float64Array): void {
  const priorities = [...new Set(instance.shapes.map((shape) => shape.priority))].sort((a, b) => b - a);
  const lowest = Math.min(priorities.length, PRIORITY_RANK_LIMIT) - 1;
  const rankOf = new Map(priorities.map((priority, place) => [priority, Math.max(0, lowest - place)]));
  for (let shape = 0; shape < values.length; shape++) {
    values[shape]! *= PRIORITY_FACTOR ** rankOf.get(instance.shapes[shape]!.priority)!;
  }
}

/** Price, or the share of the pool's limits that a node takes, or a mixture. Never 0, so that ratios stay finite. */
function effectiveCosts(instance: PackingInstance, limits: LimitTable, limitWeight: number): Float64Array {
  const costs = new Float64Array(instance.classCount);
  const nameCount = limits.names.length;
  let meanPrice = 0;
  for (let index = 0; index < costs.length; index++) meanPrice += instance.prices[index]! / costs.length;
  for (let index = 0; index < costs.length; index++) {
    const group = instance.limitGroups[index]!;
    let share = 0;
    for (let name = 0; group >= 0 && name < nameCount; name++) {
      const remaining = limits.remaining[group * nameCount + name]!;
      if (remaining > 0) share = Math.max(share, instance.limitTakes[index * nameCount + name]! / remaining);
    }
    const price = (1 - limitWeight) * instance.prices[index]!;
    costs[index] = Math.max(1, price + limitWeight * share * meanPrice * 1000);
  }
  return costs;
}

/**
 * `Float64Array[shapes]`: the cheapest cost of a node divided by how many of the shape's pods it holds, whole pods and
 * nothing else in it. Infinity for a shape that suits no class.
 */
export function ownShares(instance: PackingInstance, costs: Float64Array): Float64Array {
  return cheapestClasses(instance, costs, 1).shares;
}

/** For each kind of unit what it costs by itself, and the classes where it costs least. */
interface CheapestClasses {
  /** See ownShares. */
  readonly shares: Float64Array;
  /** `Int32Array[shapes × kept]`, row-major: classes without reservations, cheapest first; -1 where there are no more. */
  readonly classes: Int32Array;
  /** What a unit costs in each of them. */
  readonly costs: Float64Array;
}

/** O(suits × dimensions). */
function cheapestClasses(instance: PackingInstance, costs: Float64Array, kept: number): CheapestClasses {
  const { suits, suitStarts, dimensionCount, rooms, requests, hostRules } = instance;
  const shapeCount = instance.shapes.length;
  const leastCosts = new Float64Array(shapeCount * kept).fill(Number.POSITIVE_INFINITY);
  const classes = new Int32Array(shapeCount * kept).fill(-1);
  const reservedShares = new Float64Array(shapeCount).fill(Number.POSITIVE_INFINITY);
  for (let index = 0; index < instance.classCount; index++) {
    const isReserved = instance.reservations[index]!.length > 0;
    const room = index * dimensionCount;
    for (let position = suitStarts[index]!; position < suitStarts[index + 1]!; position++) {
      const shape = suits[position]!;
      let most = hostRules === undefined ? Number.POSITIVE_INFINITY : hostRules.selfCaps[shape]!;
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        const request = requests[shape * dimensionCount + dimension]!;
        if (request === 0) continue;
        const fitting = Math.floor(rooms[room + dimension]! / request);
        if (fitting < most) most = fitting;
      }
      let cost = costs[index]! / most;
      if (isReserved) {
        if (cost < reservedShares[shape]!) reservedShares[shape] = cost;
        continue;
      }
      const end = (shape + 1) * kept;
      // The dearest of those kept is the last: most classes are dearer than that.
      if (cost >= leastCosts[end - 1]!) continue;
      let better = index;
      for (let place = shape * kept; place < end; place++) {
        const known = leastCosts[place]!;
        if (cost >= known) continue;
        const knownClass = classes[place]!;
        leastCosts[place] = cost;
        classes[place] = better;
        cost = known;
        better = knownClass;
      }
    }
  }
  // A pod is worth what it costs without reservations, of which there are only so many. One that can be nowhere else comes
  // before those that can.
  const shares = Float64Array.from(reservedShares, (reserved, shape) => {
    const least = leastCosts[shape * kept]!;
    return least === Number.POSITIVE_INFINITY ? reserved * RESERVED_ONLY_WORTH : least;
  });
  return { shares, classes, costs: leastCosts };
}

/**
 * About how many nodes are needed: those of each kind of unit by itself, in whole parts of the node where it costs least.
 * O(suits × dimensions).
 */
export function roughNodeCount(instance: PackingInstance, counts: Float64Array): number {
  const prices = instance.prices.map((price) => Math.max(1, price));
  const { classes, costs } = cheapestClasses(instance, prices, 1);
  let nodeCount = 0;
  for (let shape = 0; shape < counts.length; shape++) {
    const index = classes[shape]!;
    if (index >= 0) nodeCount += (counts[shape]! * costs[shape]!) / prices[index]!;
  }
  return nodeCount;
}

/** Times the cost of reserved capacity that a pod is worth which can have nothing else: a thousand times the full price. */
const RESERVED_ONLY_WORTH = 1e10;

/** Suits from which on only promising classes are packed: below it, all of them cost little. */
const MANY_SUITS = 20_000;

/** Classes kept for each kind of unit, by what one of it costs there. */
const CLASSES_PER_SHAPE = 1;

/** Classes kept for each way of weighing resources, by what they hold for their cost. */
const CLASSES_PER_MEASURE = 16;

/**
 * The classes worth filling, ascending: all of them, or, where there are many, those that are cheapest for some kind of
 * unit (`cheapest`) and those that hold most for their cost, by all resources together and by each one.
 */
function promisingClasses(
  instance: PackingInstance,
  counts: Float64Array,
  costs: Float64Array,
  cheapest: Int32Array,
): Uint32Array {
  const all = Uint32Array.from({ length: instance.classCount }, (_, index) => index);
  if (instance.suits.length <= MANY_SUITS) return all;
  const chosen = new Set<number>();
  const { dimensionCount, rooms, requests } = instance;
  for (const index of cheapest) if (index >= 0) chosen.add(index);
  for (let index = 0; index < instance.classCount; index++) {
    if (instance.reservations[index]!.length > 0) chosen.add(index);
  }
  const totals = new Float64Array(dimensionCount);
  for (let cell = 0; cell < requests.length; cell++) {
    totals[cell % dimensionCount]! += requests[cell]! * counts[Math.floor(cell / dimensionCount)]!;
  }
  const holds = (index: number, dimension: number): number => {
    const total = totals[dimension]!;
    const room = rooms[index * dimensionCount + dimension]!;
    return total > 0 && room < Number.POSITIVE_INFINITY ? Math.min(1, room / total) : 0;
  };
  const measures: ((index: number) => number)[] = [
    (index) => totals.reduce((sum, _, dimension) => sum + holds(index, dimension), 0),
    ...Array.from(totals, (_, dimension) => (index: number) => holds(index, dimension)),
  ];
  for (const measure of measures) {
    const ratios = Float64Array.from(all, (index) => measure(index) / costs[index]!);
    const ranked = all.slice().sort((left, right) => ratios[right]! - ratios[left]! || left - right);
    for (const index of ranked.subarray(0, CLASSES_PER_MEASURE)) if (ratios[index]! > 0) chosen.add(index);
  }
  return Uint32Array.from(chosen).sort();
}

function packOnce(
  instance: PackingInstance,
  filler: Filler,
  classes: Uint32Array,
  counts: Float64Array,
  values: Float64Array,
  costs: Float64Array,
  limits: LimitTable,
  budget: Budget,
): Packing {
  filler.left.set(counts);
  filler.values.set(values);
  const limitsLeft = limits.remaining.slice();
  const freeLeft = limits.free.slice();
  const heap = new RatioHeap(instance.classCount);
  for (const index of classes) {
    if (!budget.spend()) break;
    const value = filler.fill(index);
    if (value > 0) heap.push(index, value / costs[index]!);
  }
  const nodes: PackedNodes[] = [];
  while (heap.size > 0 && budget.spend()) {
    const index = heap.pop();
    const ratio = filler.fill(index) / costs[index]!;
    if (ratio <= 0) continue;
    if (heap.size > 0 && heap.isBefore(heap.topRatio, heap.top, ratio, index)) {
      heap.push(index, ratio);
      continue;
    }
    const nodeCount = repetitions(instance, filler, index, limits, limitsLeft, freeLeft);
    if (nodeCount === 0) continue;
    nodes.push(takePattern(instance, filler, index, nodeCount, limits, limitsLeft, freeLeft));
    heap.push(index, ratio);
  }
  downsize(instance, nodes, limits, limitsLeft, freeLeft);
  let price = 0;
  let nodeCount = 0;
  for (const node of nodes) {
    price += instance.prices[node.classIndex]! * node.nodeCount;
    nodeCount += node.nodeCount;
  }
  return { nodes, left: filler.left.slice(), priceNanoUsdPerHour: price, nodeCount, limitsLeft, freeLeft };
}

/** How often the last pattern can be repeated: as long as the pods last and the limits allow. */
function repetitions(
  instance: PackingInstance,
  filler: Filler,
  classIndex: number,
  limits: LimitTable,
  limitsLeft: Float64Array,
  freeLeft: Float64Array,
): number {
  const { pattern, left } = filler;
  let most = Number.POSITIVE_INFINITY;
  for (let entry = 0; entry < pattern.count; entry++) {
    most = Math.min(most, Math.floor(left[pattern.shapes[entry]!]! / pattern.pods[entry]!));
  }
  const group = instance.limitGroups[classIndex]!;
  const nameCount = limits.names.length;
  for (let name = 0; group >= 0 && name < nameCount; name++) {
    const take = instance.limitTakes[classIndex * nameCount + name]!;
    if (take > 0) most = Math.min(most, Math.floor(limitsLeft[group * nameCount + name]! / take));
  }
  for (const reservation of instance.reservations[classIndex]!) most = Math.min(most, freeLeft[reservation]!);
  return Math.max(0, most);
}

function takePattern(
  instance: PackingInstance,
  filler: Filler,
  classIndex: number,
  nodeCount: number,
  limits: LimitTable,
  limitsLeft: Float64Array,
  freeLeft: Float64Array,
): PackedNodes {
  const { pattern, left } = filler;
  const entries: [number, number][] = [];
  for (let entry = 0; entry < pattern.count; entry++) {
    const shape = pattern.shapes[entry]!;
    left[shape]! -= pattern.pods[entry]! * nodeCount;
    entries.push([shape, pattern.pods[entry]!]);
  }
  entries.sort(([a], [b]) => a - b);
  takeLimits(instance, classIndex, nodeCount, limits, limitsLeft, freeLeft);
  return { classIndex, nodeCount, shapes: entries.map(([shape]) => shape), pods: entries.map(([, pods]) => pods) };
}

function takeLimits(
  instance: PackingInstance,
  classIndex: number,
  nodeCount: number,
  limits: LimitTable,
  limitsLeft: Float64Array,
  freeLeft: Float64Array,
): void {
  const group = instance.limitGroups[classIndex]!;
  const nameCount = limits.names.length;
  for (let name = 0; group >= 0 && name < nameCount; name++) {
    limitsLeft[group * nameCount + name]! -= nodeCount * instance.limitTakes[classIndex * nameCount + name]!;
  }
  for (const reservation of instance.reservations[classIndex]!) freeLeft[reservation]! -= nodeCount;
}

/** Moves each pattern to the cheapest class that holds it: a node is rarely filled to the last pod. */
function downsize(
  instance: PackingInstance,
  nodes: PackedNodes[],
  limits: LimitTable,
  limitsLeft: Float64Array,
  freeLeft: Float64Array,
): void {
  const { dimensionCount, requests } = instance;
  const used = new Float64Array(dimensionCount);
  const attached = new Set<SharedClaim>();
  for (const node of nodes) {
    used.fill(0);
    attached.clear();
    node.shapes.forEach((shape, entry) => {
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        used[dimension]! += node.pods[entry]! * requests[shape * dimensionCount + dimension]!;
      }
      attachNew(instance.shapes[shape]!.sharedClaims, attached, used, 1);
    });
    const before = node.classIndex;
    takeLimits(instance, before, -node.nodeCount, limits, limitsLeft, freeLeft);
    // Classes are in ascending order of price: the first that holds the pattern is the cheapest.
    for (let index = 0; index < before; index++) {
      if (instance.prices[index]! >= instance.prices[before]!) break;
      if (!holds(instance, index, used, node.shapes)) continue;
      if (!limitsHold(instance, index, node.nodeCount, limits, limitsLeft, freeLeft)) continue;
      node.classIndex = index;
      break;
    }
    takeLimits(instance, node.classIndex, node.nodeCount, limits, limitsLeft, freeLeft);
  }
}

function holds(instance: PackingInstance, classIndex: number, used: Float64Array, shapes: readonly number[]): boolean {
  const { dimensionCount, rooms, suits, suitStarts } = instance;
  for (let dimension = 0; dimension < dimensionCount; dimension++) {
    if (used[dimension]! > rooms[classIndex * dimensionCount + dimension]!) return false;
  }
  let position = suitStarts[classIndex]!;
  const end = suitStarts[classIndex + 1]!;
  for (const shape of shapes) {
    while (position < end && suits[position]! < shape) position++;
    if (position >= end || suits[position] !== shape) return false;
  }
  return true;
}

function limitsHold(
  instance: PackingInstance,
  classIndex: number,
  nodeCount: number,
  limits: LimitTable,
  limitsLeft: Float64Array,
  freeLeft: Float64Array,
): boolean {
  const group = instance.limitGroups[classIndex]!;
  const nameCount = limits.names.length;
  for (let name = 0; group >= 0 && name < nameCount; name++) {
    const take = instance.limitTakes[classIndex * nameCount + name]! * nodeCount;
    if (take > limitsLeft[group * nameCount + name]!) return false;
  }
  return instance.reservations[classIndex]!.every((reservation) => nodeCount <= freeLeft[reservation]!);
}

/** Moves each value towards what a pod of the shape paid: its part of its node's cost, shared by value. */
function correctValues(
  instance: PackingInstance,
  packing: Packing,
  costs: Float64Array,
  values: Float64Array,
  start: Float64Array,
): void {
  const paid = new Float64Array(values.length);
  const placed = new Float64Array(values.length);
  for (const node of packing.nodes) {
    // What pods pay on reserved capacity says nothing of what the next of them will.
    if (instance.reservations[node.classIndex]!.length > 0) continue;
    let total = 0;
    node.shapes.forEach((shape, entry) => {
      total += values[shape]! * node.pods[entry]!;
    });
    const rate = costs[node.classIndex]! / total;
    node.shapes.forEach((shape, entry) => {
      const pods = node.pods[entry]! * node.nodeCount;
      paid[shape]! += pods * values[shape]! * rate;
      placed[shape]! += pods;
    });
  }
  for (let shape = 0; shape < values.length; shape++) {
    if (placed[shape] === 0) continue;
    const corrected = (1 - CORRECTION) * values[shape]! + (CORRECTION * paid[shape]!) / placed[shape]!;
    values[shape] = Math.max(corrected, LEAST_VALUE * start[shape]!);
  }
}

/** A binary heap of classes by ratio, highest first; equal ratios by class, lowest first. */
class RatioHeap {
  size = 0;
  readonly #classes: Uint32Array;
  readonly #ratios: Float64Array;

  constructor(capacity: number) {
    this.#classes = new Uint32Array(capacity + 1);
    this.#ratios = new Float64Array(capacity + 1);
  }

  get top(): number {
    return this.#classes[0]!;
  }

  get topRatio(): number {
    return this.#ratios[0]!;
  }

  isBefore(leftRatio: number, left: number, rightRatio: number, right: number): boolean {
    return leftRatio > rightRatio || (leftRatio === rightRatio && left < right);
  }

  push(index: number, ratio: number): void {
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >>> 1;
      if (!this.isBefore(ratio, index, this.#ratios[parent]!, this.#classes[parent]!)) break;
      this.#classes[hole] = this.#classes[parent]!;
      this.#ratios[hole] = this.#ratios[parent]!;
      hole = parent;
    }
    this.#classes[hole] = index;
    this.#ratios[hole] = ratio;
  }

  pop(): number {
    const top = this.#classes[0]!;
    const index = this.#classes[--this.size]!;
    const ratio = this.#ratios[this.size]!;
    let hole = 0;
    for (;;) {
      let child = hole * 2 + 1;
      if (child >= this.size) break;
      const next = child + 1;
      if (
        next < this.size &&
        this.isBefore(this.#ratios[next]!, this.#classes[next]!, this.#ratios[child]!, this.#classes[child]!)
      ) {
        child = next;
      }
      if (!this.isBefore(this.#ratios[child]!, this.#classes[child]!, ratio, index)) break;
      this.#classes[hole] = this.#classes[child]!;
      this.#ratios[hole] = this.#ratios[child]!;
      hole = child;
    }
    this.#classes[hole] = index;
    this.#ratios[hole] = ratio;
    return top;
  }
}
