// Ruin and recreate: some nodes are dissolved and their pods packed anew, and what is not dearer stays (Schrimpf,
// Schneider, Stamm-Wilbrandt and Dueck, "Record breaking optimization results using the ruin and recreate principle",
// 2000). One of the nodes is poor, the others are drawn; equal nodes are changed together, as many as there are of all.
import type { PackingInstance } from '../pack/index.ts';
import type { Meter } from './meter.ts';
import { NodeFiller } from './node-filler.ts';
import type { Random } from './random.ts';
import type { Solution } from './solution.ts';

/** Nodes dissolved at a time, each number as often as it stands here. */
const RUIN_SIZES: readonly number[] = [2, 2, 2, 3, 3, 3, 4, 4, 5];

/** Groups among which the poorest is dissolved. */
const TOURNAMENT = 4;

/** How far values are moved at random before pods are packed anew: from 1 − NOISE to 1 + NOISE. */
const NOISE = 0.3;

/** Classes drawn for one try, beside those of the dissolved nodes. */
const DRAWN_CLASSES = 6;

/** Different shapes in the nodes dissolved at a time: where there are more, the try is passed over. */
const OPEN_SHAPE_LIMIT = 256;

/** Hears of the patterns of what was accepted. */
export type PatternSink = (classIndex: number, shapes: readonly number[], pods: readonly number[]) => void;

/** A node that a try has packed. */
interface MadeNode {
  readonly classIndex: number;
  readonly shapes: readonly number[];
  readonly pods: readonly number[];
  readonly nodeCount: number;
}

/** Improves solutions of one instance. */
export class RuinAndRecreate {
  readonly #instance: PackingInstance;
  readonly #random: Random;
  readonly #meter: Meter;
  readonly #filler: NodeFiller;
  /** Whether some class takes of a limit or of a reservation. */
  readonly #isLimited: boolean;
  #values: Float64Array;
  #classes: Uint32Array;
  /** Classes of the try at hand, ascending. */
  readonly #drawn = new Uint32Array(DRAWN_CLASSES + 8);
  #drawnCount = 0;
  /** Chosen groups and how many nodes of each. */
  readonly #chosen = new Map<number, number>();

  constructor(instance: PackingInstance, random: Random, meter: Meter) {
    this.#instance = instance;
    this.#random = random;
    this.#meter = meter;
    this.#filler = new NodeFiller(instance, Math.min(OPEN_SHAPE_LIMIT, instance.shapes.length));
    this.#isLimited =
      instance.limitGroups.some((group) => group >= 0) || instance.reservations.some((drawn) => drawn.length > 0);
    this.#values = new Float64Array(instance.shapes.length);
    this.#classes = new Uint32Array(0);
  }

  /** What pods are worth from now on (`[shapes]`, above 0, borrowed), and the classes to pack them into. */
  aim(values: Float64Array, classes: Uint32Array): void {
    this.#values = values;
    this.#classes = classes;
  }

  /** Tries so often; returns whether the solution got cheaper. Ends early when the meter is empty. */
  improve(solution: Solution, tryCount: number, sink: PatternSink): boolean {
    const before = solution.priceNanoUsdPerHour;
    for (let count = 0; count < tryCount && solution.nodeCount > 1; count++) {
      this.#try(solution, sink);
      const { operationCount } = this.#filler;
      this.#filler.operationCount = 0;
      if (!this.#meter.count(operationCount + 100)) break;
    }
    return solution.priceNanoUsdPerHour < before;
  }

  #try(solution: Solution, sink: PatternSink): void {
    this.#choose(solution);
    const oldPrice = this.#open(solution);
    if (oldPrice === undefined) return;
    let oldCount = 0;
    let copies = Number.POSITIVE_INFINITY;
    for (const [place, nodeCount] of this.#chosen) {
      oldCount += nodeCount;
      copies = Math.min(copies, Math.floor(solution.groups[place]!.nodeCount / nodeCount));
    }
    this.#drawClasses(solution);
    const made = this.#isLimited
      ? this.#recreateWithin(solution, oldPrice, oldCount)
      : this.#recreate(oldPrice, oldCount);
    if (made === undefined) return;
    // Limits may have room for one exchange and not for as many as there are equal nodes.
    const times = this.#staysWithinLimits(solution, made, copies) ? copies : 1;
    if (times === copies || this.#staysWithinLimits(solution, made, times)) this.#exchange(solution, made, times, sink);
  }

  /** Packs what is open with what limits and reservations leave once the chosen nodes are gone. */
  #recreateWithin({ book, groups }: Solution, oldPrice: number, oldCount: number): readonly MadeNode[] | undefined {
    const filler = this.#filler;
    for (const [place, nodeCount] of this.#chosen) book.take(groups[place]!.classIndex, -nodeCount);
    const taken: MadeNode[] = [];
    filler.book = book;
    const made = this.#recreate(oldPrice, oldCount, (node) => {
      book.take(node.classIndex, node.nodeCount);
      taken.push(node);
    });
    filler.book = undefined;
    for (const { classIndex, nodeCount } of taken) book.take(classIndex, -nodeCount);
    for (const [place, nodeCount] of this.#chosen) book.take(groups[place]!.classIndex, nodeCount);
    return made;
  }

  /** Draws the groups to dissolve: a poor one first. */
  #choose({ groups, nodeCount }: Solution): void {
    const chosen = this.#chosen;
    chosen.clear();
    const random = this.#random;
    const size = Math.min(nodeCount, RUIN_SIZES[random.below(RUIN_SIZES.length)]!);
    let poorest = -1;
    let most = 0;
    for (let draw = 0; draw < TOURNAMENT; draw++) {
      const place = random.below(groups.length);
      const { classIndex, shapes, pods } = groups[place]!;
      let value = 0;
      for (let entry = 0; entry < shapes.length; entry++) value += this.#values[shapes[entry]!]! * pods[entry]!;
      const poverty = this.#instance.prices[classIndex]! / value;
      if (poorest < 0 || poverty > most) {
        poorest = place;
        most = poverty;
      }
    }
    chosen.set(poorest, 1);
    // Groups that are used up are drawn in vain: the number of nodes is then smaller.
    for (let draw = 1; draw < size; draw++) {
      const place = random.below(groups.length);
      const taken = chosen.get(place) ?? 0;
      if (taken < groups[place]!.nodeCount) chosen.set(place, taken + 1);
    }
  }

  /** Draws the classes to make nodes of: some of those that pay, and those of the dissolved nodes. */
  #drawClasses({ groups }: Solution): void {
    const drawn = new Set<number>();
    for (const place of this.#chosen.keys()) drawn.add(groups[place]!.classIndex);
    const wanted = Math.min(this.#classes.length, DRAWN_CLASSES);
    for (let draw = 0; draw < wanted; draw++) drawn.add(this.#classes[this.#random.below(this.#classes.length)]!);
    let count = 0;
    for (const index of drawn) this.#drawn[count++] = index;
    this.#drawnCount = count;
    this.#drawn.subarray(0, count).sort();
  }

  /** Opens the pods of the chosen nodes; what those cost, or undefined where there is too much to look at. */
  #open({ groups }: Solution): number | undefined {
    const filler = this.#filler;
    const counts = new Map<number, number>();
    let price = 0;
    for (const [place, nodeCount] of this.#chosen) {
      const { classIndex, shapes, pods } = groups[place]!;
      price += this.#instance.prices[classIndex]! * nodeCount;
      for (let entry = 0; entry < shapes.length; entry++) {
        const shape = shapes[entry]!;
        counts.set(shape, (counts.get(shape) ?? 0) + pods[entry]! * nodeCount);
      }
    }
    if (counts.size > OPEN_SHAPE_LIMIT) return undefined;
    let place = 0;
    for (const shape of [...counts.keys()].sort((left, right) => left - right)) {
      filler.shapes[place] = shape;
      filler.left[place] = counts.get(shape)!;
      filler.values[place] = this.#values[shape]! * (1 + NOISE * (2 * this.#random.fraction() - 1));
      place++;
    }
    filler.shapeCount = place;
    return price;
  }

  /**
   * Packs what is open by value for the price; at each step also into the one cheapest node that holds the rest. Undefined
   * where that is dearer than before, or takes more nodes at the same price. `note` hears of every step.
   */
  #recreate(
    oldPrice: number,
    oldCount: number,
    note: (node: MadeNode) => void = () => {},
  ): readonly MadeNode[] | undefined {
    const filler = this.#filler;
    const { prices } = this.#instance;
    const made: MadeNode[] = [];
    let price = 0;
    let nodeCount = 0;
    let best: readonly MadeNode[] | undefined;
    // What costs the same is taken where there are no more nodes by it, so that the search gets around.
    let bestPrice = oldPrice + 1;
    for (;;) {
      if (filler.mayStandTogether()) {
        const last = filler.cheapestForRest(bestPrice - price);
        if (last >= 0 && (price + prices[last]! < oldPrice || nodeCount < oldCount)) {
          best = [...made, this.#rest(last)];
          bestPrice = price + prices[last]!;
        }
      }
      const index = this.#bestClass(bestPrice - price);
      if (index < 0) break;
      filler.fill(index);
      const cheapest = filler.cheapestForPattern(prices[index]!);
      const node = this.#take(cheapest < 0 ? index : cheapest);
      made.push(node);
      note(node);
      price += prices[node.classIndex]! * node.nodeCount;
      nodeCount += node.nodeCount;
      // What pods are worth is what they cost in good nodes: with the rest at that, it has to be cheaper than before.
      if (price + this.#worthOfRest() >= bestPrice) break;
      if (!this.#isAnythingLeft()) {
        if (price < oldPrice || nodeCount <= oldCount) best = made;
        break;
      }
    }
    return best;
  }

  /** What is left is worth, by values that are not moved. */
  #worthOfRest(): number {
    const { left, shapes, shapeCount } = this.#filler;
    let worth = 0;
    for (let place = 0; place < shapeCount; place++) worth += left[place]! * this.#values[shapes[place]!]!;
    return worth;
  }

  #isAnythingLeft(): boolean {
    const { left, shapeCount } = this.#filler;
    for (let place = 0; place < shapeCount; place++) if (left[place]! > 0) return true;
    return false;
  }

  /** The class below the price that holds most for its price; -1 where none holds anything. */
  #bestClass(endPrice: number): number {
    const filler = this.#filler;
    const { prices } = this.#instance;
    let best = -1;
    let bestRatio = 0;
    let worth = 0;
    for (let place = 0; place < filler.shapeCount; place++) worth += filler.left[place]! * filler.values[place]!;
    for (let at = 0; at < this.#drawnCount; at++) {
      const index = this.#drawn[at]!;
      // No dearer class can hold more than all that is left.
      if (prices[index]! >= endPrice || worth <= bestRatio * prices[index]!) break;
      if (filler.book?.most(index, 1) === 0) continue;
      const ratio = filler.fill(index) / Math.max(1, prices[index]!);
      if (ratio > bestRatio) {
        best = index;
        bestRatio = ratio;
      }
    }
    return best;
  }

  /** Takes the last fill as often as pods last. */
  #take(classIndex: number): MadeNode {
    const { pattern, left, shapes } = this.#filler;
    let nodeCount = Number.POSITIVE_INFINITY;
    for (let entry = 0; entry < pattern.count; entry++) {
      nodeCount = Math.min(nodeCount, Math.floor(left[pattern.places[entry]!]! / pattern.pods[entry]!));
    }
    nodeCount = this.#filler.book?.most(classIndex, nodeCount) ?? nodeCount;
    const entries: [place: number, pods: number][] = [];
    for (let entry = 0; entry < pattern.count; entry++) {
      left[pattern.places[entry]!]! -= pattern.pods[entry]! * nodeCount;
      entries.push([pattern.places[entry]!, pattern.pods[entry]!]);
    }
    entries.sort(([a], [b]) => a - b);
    return {
      classIndex,
      shapes: entries.map(([place]) => shapes[place]!),
      pods: entries.map(([, pods]) => pods),
      nodeCount,
    };
  }

  /** A node of all that is left. */
  #rest(classIndex: number): MadeNode {
    const { left, shapes, shapeCount } = this.#filler;
    const made = { classIndex, shapes: [] as number[], pods: [] as number[], nodeCount: 1 };
    for (let place = 0; place < shapeCount; place++) {
      if (left[place] === 0) continue;
      made.shapes.push(shapes[place]!);
      made.pods.push(left[place]!);
    }
    return made;
  }

  #exchange(solution: Solution, made: readonly MadeNode[], copies: number, sink: PatternSink): void {
    const { groups } = solution;
    const keys = [...this.#chosen].map(([place, nodeCount]) => ({ key: groups[place]!.key, nodeCount }));
    for (const { key, nodeCount } of keys) solution.remove(solution.placeOf(key), nodeCount * copies);
    for (const { classIndex, shapes, pods, nodeCount } of made) {
      solution.add(classIndex, shapes, pods, nodeCount * copies);
      sink(classIndex, shapes, pods);
    }
  }

  #staysWithinLimits({ book, groups }: Solution, made: readonly MadeNode[], copies: number): boolean {
    if (!this.#isLimited) return true;
    for (const [place, nodeCount] of this.#chosen) book.take(groups[place]!.classIndex, -nodeCount * copies);
    let fits = true;
    let taken = 0;
    for (; taken < made.length && fits; taken++) {
      const { classIndex, nodeCount } = made[taken]!;
      const wanted = nodeCount * copies;
      fits = book.most(classIndex, wanted) === wanted;
      book.take(classIndex, wanted);
    }
    for (let at = 0; at < taken; at++) book.take(made[at]!.classIndex, -made[at]!.nodeCount * copies);
    for (const [place, nodeCount] of this.#chosen) book.take(groups[place]!.classIndex, nodeCount * copies);
    return fits;
  }
}
