// Makes fewer nodes of a packing for little more: two nodes whose pods one node of some class holds become that node, as
// long as all such nodes together cost no more than a tie lets them. The pair that costs least more comes first.
import type { LimitTable, Packing, PackingInstance } from '../pack/index.ts';
import type { Meter } from './meter.ts';
import { NodeFiller } from './node-filler.ts';
import { type NodeGroup, Solution } from './solution.ts';

/** Groups of equal nodes that are looked at, cheapest first: what saves a node for little is small. */
const GROUP_LIMIT = 48;

/** Different shapes of two nodes together: where there are more, the pair is passed over. */
const OPEN_SHAPE_LIMIT = 256;

/** Two nodes as one. */
interface Merger {
  readonly left: NodeGroup;
  readonly right: NodeGroup;
  readonly classIndex: number;
  /** How much more it costs; below 0 where it saves. */
  readonly extra: number;
  readonly shapes: readonly number[];
  readonly pods: readonly number[];
}

/** Merges nodes of packings of one instance. */
export class Merging {
  readonly #instance: PackingInstance;
  readonly #limits: LimitTable;
  readonly #meter: Meter;
  readonly #filler: NodeFiller;
  /** What was found for two groups of the packing at hand, by their keys; null where no node holds both, or only one that is too dear. */
  readonly #known = new Map<string, Merger | null>();

  constructor(instance: PackingInstance, limits: LimitTable, meter: Meter) {
    this.#instance = instance;
    this.#limits = limits;
    this.#meter = meter;
    this.#filler = new NodeFiller(instance, Math.min(OPEN_SHAPE_LIMIT, instance.shapes.length));
  }

  /** The packing with fewer nodes that cost `most` at most together, or as few as it has. */
  merged(packing: Packing, most: number): Packing {
    const solution = new Solution(this.#instance, this.#limits, packing.nodes);
    this.#known.clear();
    while (!this.#meter.isEmpty) {
      const merger = this.#best(solution, most - solution.priceNanoUsdPerHour);
      if (merger === undefined || !this.#apply(solution, merger, most)) break;
    }
    return solution.nodeCount < packing.nodeCount ? solution.packing() : packing;
  }

  /** The pair that costs least more, within what there is to spend. O(groups²), each pair worked out once. */
  #best({ groups }: Solution, allowance: number): Merger | undefined {
    const { prices, reservations } = this.#instance;
    const small = groups
      .filter(({ classIndex }) => reservations[classIndex]!.length === 0)
      .sort((a, b) => prices[a.classIndex]! - prices[b.classIndex]! || (a.key < b.key ? -1 : 1))
      .slice(0, GROUP_LIMIT);
    let best: Merger | undefined;
    for (let at = 0; at < small.length && !this.#meter.isEmpty; at++) {
      for (let other = at; other < small.length; other++) {
        if (other === at && small[at]!.nodeCount < 2) continue;
        const merger = this.#mergerOf(small[at]!, small[other]!, allowance);
        if (merger !== null && merger.extra <= allowance && (best === undefined || merger.extra < best.extra)) {
          best = merger;
        }
      }
    }
    return best;
  }

  #mergerOf(left: NodeGroup, right: NodeGroup, allowance: number): Merger | null {
    const key = left.key < right.key ? `${left.key}|${right.key}` : `${right.key}|${left.key}`;
    let merger = this.#known.get(key);
    if (merger === undefined) {
      merger = this.#merge(left, right, allowance);
      this.#known.set(key, merger);
      this.#meter.count(this.#filler.operationCount + 20);
      this.#filler.operationCount = 0;
    }
    // Groups come and go while their pairs stay known.
    return merger === null ? null : { ...merger, left, right };
  }

  #merge(left: NodeGroup, right: NodeGroup, allowance: number): Merger | null {
    const counts = new Map<number, number>();
    for (const { shapes, pods } of [left, right]) {
      shapes.forEach((shape, entry) => {
        counts.set(shape, (counts.get(shape) ?? 0) + pods[entry]!);
      });
    }
    if (counts.size > OPEN_SHAPE_LIMIT) return null;
    const filler = this.#filler;
    const shapes = [...counts.keys()].sort((a, b) => a - b);
    filler.shapeCount = shapes.length;
    shapes.forEach((shape, place) => {
      filler.shapes[place] = shape;
      filler.left[place] = counts.get(shape)!;
    });
    if (!filler.mayStandTogether()) return null;
    const { prices } = this.#instance;
    const before = prices[left.classIndex]! + prices[right.classIndex]!;
    // What there is to spend only shrinks: what is too dear now stays it.
    const classIndex = filler.cheapestForRest(before + allowance + 1);
    if (classIndex < 0) return null;
    const pods = shapes.map((shape) => counts.get(shape)!);
    return { left, right, classIndex, extra: prices[classIndex]! - before, shapes, pods };
  }

  /** Merges as many of the pairs as there are and as can be paid for; false where limits let in none. */
  #apply(solution: Solution, { left, right, classIndex, extra, shapes, pods }: Merger, most: number): boolean {
    const pairs = left === right ? Math.floor(left.nodeCount / 2) : Math.min(left.nodeCount, right.nodeCount);
    const affordable = extra <= 0 ? pairs : Math.floor((most - solution.priceNanoUsdPerHour) / extra);
    const wanted = Math.min(pairs, affordable);
    const { book } = solution;
    for (const group of [left, right]) book.take(group.classIndex, -wanted);
    const count = book.most(classIndex, wanted);
    for (const group of [left, right]) book.take(group.classIndex, wanted);
    if (count === 0) return false;
    for (const { key } of [left, right]) solution.remove(solution.placeOf(key), count);
    solution.add(classIndex, shapes, pods, count);
    return true;
  }
}
