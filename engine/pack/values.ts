// What pods are worth and which classes are worth a look while packing. A shape starts at the cheapest share of a node that
// one of its pods needs, and moves towards what its pods paid: sequential value correction (Mukhacheva; Belov and
// Scheithauer, "Setup and open-stacks minimization in one-dimensional stock cutting", 2007).
import type { LimitTable, PackingInstance } from './classes.ts';
import type { Packing } from './packing.ts';

/** How far a value moves towards what the pods paid. */
const CORRECTION = 0.7;

/** Least value of a shape, as a share of its own part of a node: a value of 0 would leave pods unplaced. */
const LEAST_VALUE = 0.02;

/** How much more a pod of the next higher priority is worth where not all pods can be placed. */
const PRIORITY_FACTOR = 1000;

/** Priorities that are told apart; lower ones count as one. */
const PRIORITY_RANK_LIMIT = 64;

/** Makes any pod of a higher priority worth more than all that could stand in its place. */
export function scaleByPriority(instance: PackingInstance, values: Float64Array): void {
  const priorities = [...new Set(instance.shapes.map((shape) => shape.priority))].sort((a, b) => b - a);
  const lowest = Math.min(priorities.length, PRIORITY_RANK_LIMIT) - 1;
  const rankOf = new Map(priorities.map((priority, place) => [priority, Math.max(0, lowest - place)]));
  for (let shape = 0; shape < values.length; shape++) {
    values[shape]! *= PRIORITY_FACTOR ** rankOf.get(instance.shapes[shape]!.priority)!;
  }
}

/**
 * Cost, or the share of the pool's limits that a node takes, or a mixture. Never 0, so that ratios stay finite. `prices` may
 * be others than the classes' costs.
 */
export function effectiveCosts(
  instance: PackingInstance,
  limits: LimitTable,
  limitWeight: number,
  prices: Float64Array = instance.prices,
): Float64Array {
  const costs = new Float64Array(instance.classCount);
  const nameCount = limits.names.length;
  let meanPrice = 0;
  for (let index = 0; index < costs.length; index++) meanPrice += prices[index]! / costs.length;
  for (let index = 0; index < costs.length; index++) {
    const group = instance.limitGroups[index]!;
    let share = 0;
    for (let name = 0; group >= 0 && name < nameCount; name++) {
      const remaining = limits.remaining[group * nameCount + name]!;
      if (remaining > 0) share = Math.max(share, instance.limitTakes[index * nameCount + name]! / remaining);
    }
    const price = (1 - limitWeight) * prices[index]!;
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
export interface CheapestClasses {
  /** See ownShares. */
  readonly shares: Float64Array;
  /** `Int32Array[shapes × kept]`, row-major: classes without reservations, cheapest first; -1 where there are no more. */
  readonly classes: Int32Array;
  /** What a unit costs in each of them. */
  readonly costs: Float64Array;
}

/** O(suits × dimensions). */
export function cheapestClasses(instance: PackingInstance, costs: Float64Array, kept: number): CheapestClasses {
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

/** Classes kept for each way of weighing resources, by what they hold for their cost. */
const CLASSES_PER_MEASURE = 16;

/**
 * The classes worth filling, ascending: all of them, or, where there are many, those that are cheapest for some kind of
 * unit (`cheapest`) and those that hold most for their cost, by all resources together and by each one.
 */
export function promisingClasses(
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

/** Moves each value towards what a pod of the shape paid: its part of its node's cost, shared by value. */
export function correctValues(
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
