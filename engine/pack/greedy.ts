// Packs an instance: classes by value per dollar, values corrected from one round to the next, the best round kept.
// - Taking the class of the best ratio again and again is the greedy of Chvátal for set covering; re-filling only the
//   class on top of the heap is Minoux' lazy evaluation ("Accelerated greedy algorithms", 1978).
// - What pods are worth from round to round is in values.ts.
// Knows nothing of zones, pools or names: instances come from classes.ts.
import type { PackWork, Work } from './budget.ts';
import type { LimitTable, PackingInstance } from './classes.ts';
import { downsize } from './downsizing.ts';
import { Filler, type Pattern } from './fill.ts';
import { LimitBook } from './limit-book.ts';
import type { PackedNodes, Packing } from './packing.ts';
import { PackingChoice } from './packing-choice.ts';
import { RatioHeap } from './ratio-heap.ts';
import { cheapestClasses, correctValues, effectiveCosts, promisingClasses, scaleByPriority } from './values.ts';

/** What one packing aims for. */
export interface PackingGoal {
  /** How much of a class's cost is its share of its pool's limits instead of its price: 0 to 1. */
  readonly limitWeight: number;
  /** What a pod is worth: its own share of a node, or the same whatever its size (which places most pods). */
  readonly worth: 'share' | 'count';
  /** Rounds of value correction. */
  readonly roundCount: number;
}

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

/** Classes kept for each kind of unit, by what one of it costs there. */
const CLASSES_PER_SHAPE = 1;

/**
 * Packs `counts` pods into new nodes, within the limits. Returns the best of the rounds: most pods by priority, then
 * cost, and of those that cost nearly the same the one with the fewest nodes. Cut by the budget it returns the best round so
 * far, or what the first one has.
 */
export function packGreedily(
  instance: PackingInstance,
  counts: Float64Array,
  limits: LimitTable,
  goal: PackingGoal,
  budget: PackWork,
): Packing {
  // Prices lead, costs decide: what is counted for each node would make the largest classes come first, whatever they hold.
  const prices = instance.prices.map((price, index) => price - instance.extras[index]!);
  const costs = effectiveCosts(instance, limits, goal.limitWeight, prices);
  const { shares: start, classes: cheapest } = cheapestClasses(instance, costs, CLASSES_PER_SHAPE);
  if (goal.worth === 'count') start.fill(1);
  if (goal.limitWeight > 0) scaleByPriority(instance, start);
  const values = start.slice();
  const packer = new GreedyPacker(instance, costs, promisingClasses(instance, counts, costs, cheapest));
  let choice: PackingChoice | undefined;
  for (let round = 0; round < goal.roundCount; round++) {
    const packing = packer.pack(counts, values, limits, budget);
    if (choice === undefined) choice = new PackingChoice(instance, packing);
    else choice.offer(packing);
    if (budget.cut) break;
    correctValues(instance, packing, costs, values, start);
  }
  return choice!.fewest;
}

/** Packs again and again into nodes of the same classes, with other counts and values. */
export class GreedyPacker {
  readonly #instance: PackingInstance;
  readonly #costs: Float64Array;
  readonly #classes: Uint32Array;
  readonly #filler: Filler;
  readonly #heap: RatioHeap;

  /** `costs` are what nodes of each class cost, above 0; `classes` those to pack into. Both are borrowed. */
  constructor(instance: PackingInstance, costs: Float64Array, classes: Uint32Array) {
    this.#instance = instance;
    this.#costs = costs;
    this.#classes = classes;
    this.#filler = new Filler(instance);
    this.#heap = new RatioHeap(instance.classCount);
  }

  /** What packing has taken so far, in elementary operations. */
  get operationCount(): number {
    return this.#filler.operationCount;
  }

  /** One round. Cut by the work it returns what it has. */
  pack(counts: Float64Array, values: Float64Array, limits: LimitTable, work: Work): Packing {
    const instance = this.#instance;
    const filler = this.#filler;
    filler.left.set(counts);
    filler.values.set(values);
    const book = new LimitBook(instance, limits);
    const nodes: PackedNodes[] = [];
    // Smaller nodes take less of limits, and may leave enough for one more. Each time some node gets cheaper: it ends.
    do this.#addNodes(nodes, book, work);
    while (downsize(instance, nodes, book) && filler.left.some((left) => left > 0));
    let price = 0;
    let nodeCount = 0;
    for (const node of nodes) {
      price += instance.prices[node.classIndex]! * node.nodeCount;
      nodeCount += node.nodeCount;
    }
    return {
      nodes,
      left: filler.left.slice(),
      priceNanoUsdPerHour: price,
      nodeCount,
      limitsLeft: book.remaining,
      freeLeft: book.free,
    };
  }

  /** Adds nodes for what is left as long as limits and work last. */
  #addNodes(nodes: PackedNodes[], book: LimitBook, work: Work): void {
    const filler = this.#filler;
    const costs = this.#costs;
    const heap = this.#heap;
    heap.size = 0;
    for (const index of this.#classes) {
      if (!work.spend()) break;
      const value = filler.fill(index);
      if (value > 0) heap.push(index, value / costs[index]!);
    }
    while (heap.size > 0 && work.spend()) {
      const index = heap.pop();
      const ratio = filler.fill(index) / costs[index]!;
      if (ratio <= 0) continue;
      if (heap.isBelowTop(index, ratio)) {
        heap.push(index, ratio);
        continue;
      }
      const nodeCount = book.most(index, repetitions(filler));
      if (nodeCount === 0) continue;
      book.take(index, nodeCount);
      nodes.push(takePattern(filler, index, nodeCount));
      heap.push(index, ratio);
    }
  }

  /** Fills a node of each class with these pods, whatever the classes to pack into, and hands each to `visit`. */
  fillEach(
    counts: Float64Array,
    values: Float64Array,
    work: Work,
    visit: (classIndex: number, filled: Pattern) => void,
  ): void {
    const filler = this.#filler;
    filler.left.set(counts);
    filler.values.set(values);
    for (let index = 0; index < this.#instance.classCount && work.spend(); index++) {
      filler.fill(index);
      visit(index, filler.pattern);
    }
  }
}

/** How often the last pattern can be repeated as long as the pods last. */
function repetitions({ pattern, left }: Filler): number {
  let most = Number.POSITIVE_INFINITY;
  for (let entry = 0; entry < pattern.count; entry++) {
    most = Math.min(most, Math.floor(left[pattern.shapes[entry]!]! / pattern.pods[entry]!));
  }
  return most;
}

function takePattern({ pattern, left }: Filler, classIndex: number, nodeCount: number): PackedNodes {
  const { shapes, pods } = entriesOf(pattern);
  shapes.forEach((shape, entry) => {
    left[shape]! -= pods[entry]! * nodeCount;
  });
  return { classIndex, nodeCount, shapes, pods };
}

/** A filled node as lists, shapes ascending. */
export function entriesOf(pattern: Pattern): { readonly shapes: number[]; readonly pods: number[] } {
  const entries: [number, number][] = [];
  for (let entry = 0; entry < pattern.count; entry++) entries.push([pattern.shapes[entry]!, pattern.pods[entry]!]);
  entries.sort(([left], [right]) => left - right);
  return { shapes: entries.map(([shape]) => shape), pods: entries.map(([, pods]) => pods) };
}
