// Improves a packing of one instance, turn by turn; every turn ends with the best packing so far, so that more turns are
// never worse. It packs greedily some rounds more, dissolves nodes and packs them anew, and mixes the patterns of all that by
// a linear programme: a restricted master of Gilmore and Gomory's ("A linear programming approach to the cutting-stock
// problem", 1961), seeded instead of grown, and a matheuristic in the line of Foster and Ryan ("An integer programming
// approach to the vehicle scheduling problem", 1976). What comes when is a matter of what it costs: see `#mixesFirst` and
// `#isRoundDue`.
import {
  cheapestClasses,
  correctValues,
  effectiveCosts,
  entriesOf,
  GreedyPacker,
  type LimitTable,
  narrowInstance,
  type Packing,
  PackingChoice,
  type PackingInstance,
  promisingClasses,
  type Work,
} from '../pack/index.ts';
import { Merging } from './merging.ts';
import { Meter } from './meter.ts';
import { PatternPool } from './pattern-pool.ts';
import { Random } from './random.ts';
import { roundMixture } from './rounding.ts';
import { RuinAndRecreate } from './ruin.ts';
import { Solution } from './solution.ts';

/** What is to be packed, with a packing that leaves nothing out. */
export interface ImproverInput {
  readonly instance: PackingInstance;
  /** `Float64Array[shapes]`, all above 0. */
  readonly counts: Float64Array;
  readonly limits: LimitTable;
  readonly first: Packing;
  readonly seed: number;
  readonly work: Work;
  /** Turns in a row that may gain nothing before there is nothing left to gain. */
  readonly idleTurns: number;
}

/** Shapes up to which patterns are mixed by a linear programme: its inverse has a row and a column for each. */
const LP_SHAPE_LIMIT = 400;

/** Greedy rounds at most, over the classes that pay best. */
const GREEDY_ROUNDS = 8;

/** Rounds before nodes are dissolved: the first in any case, others as long as all take no more operations than this. */
const FIRST_ROUNDS = 3;
const FIRST_ROUNDS_OPERATIONS = 3_600_000;

/** Rounds before patterns are mixed. */
const ROUNDS_BEFORE_MIXTURE = 5;

/** What further rounds, and mixtures, may take of all operations. */
const ROUNDS_SHARE = 0.2;
const MIXTURES_SHARE = 0.3;

/** What the first mixture takes, about, for each shape cubed: its pivots are about as many as its rows. */
const OPERATIONS_PER_CUBED_SHAPE = 5;

/** Nodes for each shape from which on a mixture is worth more than what comes before it: hardly anything of it is lost by rounding. */
const MANY_NODES_PER_SHAPE = 2;

/** What an operation of the programme counts beside one of packing: its loops are tighter. */
const LP_OPERATION_SHARE = 0.5;

/** How far values are moved in every other greedy round, for patterns of another kind. */
const VALUE_NOISE = 0.15;

/** By how much mixtures are rounded up before what is left of pods is packed greedily. */
const ROUNDING_OFFSETS: readonly number[] = [0, 0.4];

/** Classes that nodes are made anew of. */
const RECREATE_CLASSES = 64;

/** Classes from which on only the values of a mixture tell which of them to make nodes of: three times as many. */
const MANY_CLASSES = 3 * RECREATE_CLASSES;

/** What a filled node must be worth for its price to be kept as a pattern. */
const KEPT_RATIO = 0.98;

/** What leaving a pod without a node costs, in the cheapest share of a node: never worth it. */
const RELIEF_FACTOR = 3;

/** Least value of a shape, as a share of its own part of a node: at 0 a pod would be left to the end. */
const LEAST_VALUE = 0.02;

/** Tries of one turn: so many, and so many for each node, within bounds. */
const TRIES = { least: 60, perNode: 20, most: 150 } as const;

/** Mixtures, or turns without one, after which every class is filled anew by what pods are worth by then. */
const TURNS_PER_PRICING = 4;

/** Improves one packing. */
export class Improver {
  readonly #choice: PackingChoice;
  readonly #input: ImproverInput;
  readonly #meter: Meter;
  readonly #random: Random;
  readonly #costs: Float64Array;
  readonly #shares: Float64Array;
  /** Classes where some shape is cheapest by itself: every shape has one of them. */
  readonly #homes: Int32Array;
  readonly #packer: GreedyPacker;
  /** What pods paid in the greedy rounds. */
  readonly #paid: Float64Array;
  /** What pods are worth by the last mixture, and the classes that pay best by it, ascending. */
  #values: Float64Array;
  #classes: Uint32Array;
  readonly #pool: PatternPool | undefined;
  #ruin: RuinAndRecreate | undefined;
  /** Packs greedy rounds; made for the first of them. */
  #roundPacker: GreedyPacker | undefined;
  #roundCount = 0;
  #roundOperations = 0;
  #mixtureCount = 0;
  #mixtureOperations = 0;
  /** What the last mixture took. */
  #lastMixtureOperations = 0;
  /** Whether the programme was solved, so that pods are worth what it says. */
  #isMixed = false;
  #turnCount = 0;
  #idleTurns = 0;

  constructor(input: ImproverInput) {
    const { instance, counts, limits, first } = input;
    this.#input = input;
    this.#choice = new PackingChoice(instance, first);
    this.#meter = new Meter(input.work);
    this.#random = new Random(input.seed);
    this.#costs = effectiveCosts(instance, limits, 0);
    const { shares, classes } = cheapestClasses(instance, this.#costs, 1);
    this.#shares = shares;
    this.#homes = classes;
    this.#paid = shares.slice();
    this.#values = this.#paid;
    this.#classes = promisingClasses(instance, counts, this.#costs, classes);
    this.#packer = new GreedyPacker(instance, this.#costs, this.#classes);
    if (instance.shapes.length <= LP_SHAPE_LIMIT) {
      this.#pool = new PatternPool(
        counts,
        shares.map((share) => share * RELIEF_FACTOR),
        instance.prices,
      );
    }
  }

  /** The cheapest packing so far. */
  get best(): Packing {
    return this.#choice.best;
  }

  /** The one with the fewest nodes of those that cost nearly as little. */
  get fewest(): Packing {
    return this.#choice.fewest;
  }

  /** One turn; whether another may gain something. */
  turn(): boolean {
    if (this.#meter.isEmpty) return false;
    const before = this.best;
    const isFirst = this.#turnCount++ === 0;
    if (isFirst) this.#begin();
    else this.#ruinAndRecreate();
    while (this.#isRoundDue()) this.#packRound();
    if (this.#isMixtureDue(this.best === before)) this.#mixPatterns();
    else if (isFirst || (!this.#isMixed && this.#turnCount % TURNS_PER_PRICING === 0)) this.#price();
    this.#idleTurns = this.best === before ? this.#idleTurns + 1 : 0;
    return !this.#meter.isEmpty && this.#idleTurns < this.#input.idleTurns && this.best.nodeCount > 1;
  }

  /** Looks for packings with fewer nodes at nearly the least cost, and spends other work on it. To be called at the end. */
  mergeNodes(work: Work): void {
    const { instance, limits } = this.#input;
    if (instance.tieShare === 0 || this.best.nodeCount < 2) return;
    const merging = new Merging(instance, limits, new Meter(work));
    for (const packing of new Set([this.fewest, this.best])) {
      // What a merger saves may be spent, too: the least cost may be another one afterwards.
      this.#offer(merging.merged(packing, this.best.priceNanoUsdPerHour * (1 + instance.tieShare)));
    }
  }

  #offer(packing: Packing): void {
    if (packing.left.some((left) => left > 0)) return;
    this.#choice.offer(packing);
  }

  /** Takes the first packing in, and chooses classes by what its pods paid. */
  #begin(): void {
    const { instance, first } = this.#input;
    this.#keepPatterns(first);
    correctValues(instance, first, this.#costs, this.#paid, this.#shares);
    this.#price();
  }

  /** Whether a mixture comes before all else, and again after every turn. */
  get #mixesFirst(): boolean {
    const { instance, first } = this.#input;
    if (this.#pool === undefined) return false;
    return first.nodeCount >= MANY_NODES_PER_SHAPE * instance.shapes.length || instance.classCount >= MANY_CLASSES;
  }

  /**
   * Whether another greedy round comes next. With many shapes a round and a mixture cost more than a whole search by
   * dissolving nodes: they are kept to a share of what is spent, and what is cheap comes at once all the same.
   */
  #isRoundDue(): boolean {
    const done = this.#roundCount;
    if (done >= GREEDY_ROUNDS || this.#meter.isEmpty) return false;
    if (done === 0 || this.#mixesFirst) return true;
    const spent = this.#roundOperations + this.#roundOperations / done;
    if (done < FIRST_ROUNDS && spent <= FIRST_ROUNDS_OPERATIONS) return true;
    return spent <= ROUNDS_SHARE * this.#meter.operationCount;
  }

  /** Whether a mixture comes next: also where nothing else gains any more, once the first one has been paid for. */
  #isMixtureDue(isIdle: boolean): boolean {
    if (this.#pool === undefined || this.#roundCount < ROUNDS_BEFORE_MIXTURE || this.#meter.isEmpty) return false;
    if (this.#mixesFirst || (this.#mixtureCount > 0 && isIdle)) return true;
    const next =
      this.#mixtureCount === 0
        ? OPERATIONS_PER_CUBED_SHAPE * this.#input.instance.shapes.length ** 3
        : this.#lastMixtureOperations;
    return this.#mixtureOperations + next <= MIXTURES_SHARE * this.#meter.operationCount;
  }

  /** One greedy round, after which pods are worth what they paid. Every other one moves values, for patterns of another kind. */
  #packRound(): void {
    const { instance, counts, limits } = this.#input;
    const before = this.#meter.operationCount;
    this.#roundPacker ??= new GreedyPacker(instance, this.#costs, this.#withHomes(counts));
    const packer = this.#roundPacker;
    const values = this.#roundCount++ % 2 === 0 ? this.#paid : this.#moved(this.#paid);
    const packing = packer.pack(counts, values, limits, this.#workOf(packer));
    this.#roundOperations += this.#meter.operationCount - before;
    if (this.#meter.isEmpty) return;
    this.#keepPatterns(packing);
    this.#offer(packing);
    correctValues(instance, packing, this.#costs, this.#paid, this.#shares);
  }

  /** Mixes all patterns and makes nodes of the mixture; now and then looks for classes that pay by it before. */
  #mixPatterns(): void {
    const before = this.#meter.operationCount;
    if (this.#solve()) {
      if (this.#mixtureCount === 0 || (this.#mixtureCount + 1) % TURNS_PER_PRICING === 0) this.#price();
      this.#round();
    }
    this.#mixtureCount++;
    this.#lastMixtureOperations = this.#meter.operationCount - before;
    this.#mixtureOperations += this.#lastMixtureOperations;
  }

  /** The classes that pay best, and for each of these shapes one where it has a place. Ascending. */
  #withHomes(counts: Float64Array): Uint32Array {
    const classes = new Set<number>(this.#classes);
    counts.forEach((count, shape) => {
      if (count > 0 && this.#homes[shape]! >= 0) classes.add(this.#homes[shape]!);
    });
    return Uint32Array.from(classes).sort();
  }

  /** Work of a packer, counted by the operations that it does. */
  #workOf(packer: GreedyPacker): Work {
    let counted = packer.operationCount;
    return {
      spend: () => {
        const operations = packer.operationCount - counted;
        counted += operations;
        return this.#meter.count(operations);
      },
    };
  }

  #keepPatterns({ nodes }: Packing): void {
    for (const { classIndex, shapes, pods } of nodes) this.#pool?.add(classIndex, shapes, pods);
  }

  #moved(values: Float64Array): Float64Array {
    return values.map((value) => value * (1 + VALUE_NOISE * (2 * this.#random.fraction() - 1)));
  }

  /** Values pods by the last mixture, fills every class by that, keeps what pays as patterns and the classes that pay best. */
  #price(): void {
    const { instance, counts } = this.#input;
    this.#valueByMixture();
    const costs = this.#costs;
    const ratios = new Float64Array(instance.classCount);
    this.#packer.fillEach(counts, this.#values, this.#workOf(this.#packer), (index, filled) => {
      ratios[index] = filled.value / costs[index]!;
      if (ratios[index]! < KEPT_RATIO) return;
      const { shapes, pods } = entriesOf(filled);
      this.#pool?.add(index, shapes, pods);
    });
    const ranked = Uint32Array.from(ratios, (_, index) => index);
    if (ranked.length <= RECREATE_CLASSES) this.#classes = ranked;
    else {
      ranked.sort((left, right) => ratios[right]! - ratios[left]! || left - right);
      this.#classes = ranked.slice(0, RECREATE_CLASSES).sort();
    }
  }

  #valueByMixture(): void {
    const duals = this.#pool?.lp.duals;
    this.#values =
      duals === undefined || !this.#isMixed
        ? this.#paid
        : duals.map((dual, shape) => Math.max(dual, LEAST_VALUE * this.#shares[shape]!));
  }

  /** Solves the programme over all patterns and values pods by it; false where work ran out. */
  #solve(): boolean {
    if (this.#pool === undefined) return true;
    this.#pool.lp.solve((operations) => this.#meter.count(operations * LP_OPERATION_SHARE));
    if (this.#meter.isEmpty) return false;
    this.#isMixed = true;
    this.#valueByMixture();
    return true;
  }

  /** Solves the programme over all patterns and rounds its mixture in several ways. */
  #round(): void {
    const pool = this.#pool;
    if (pool === undefined || !this.#solve()) return;
    const { instance, counts, limits } = this.#input;
    const mixture = pool.mixture();
    for (const offset of ROUNDING_OFFSETS) {
      const rounded = roundMixture(instance, mixture, counts, limits, offset);
      const { left } = rounded;
      const packer = new GreedyPacker(
        narrowInstance(instance, (shape) => left[shape]! > 0),
        this.#costs,
        this.#withHomes(left),
      );
      for (const values of [this.#values, this.#paid]) {
        const rest = packer.pack(left, values, rounded.limits, this.#workOf(packer));
        if (this.#meter.isEmpty) return;
        this.#keepPatterns(rest);
        if (rest.left.every((count) => count === 0)) {
          this.#offer(new Solution(instance, limits, [...rounded.nodes, ...rest.nodes]).packing());
        }
      }
    }
  }

  #ruinAndRecreate(): void {
    const { instance, limits } = this.#input;
    this.#ruin ??= new RuinAndRecreate(instance, this.#random, this.#meter);
    this.#ruin.aim(this.#values, this.#classes);
    const solution = new Solution(instance, limits, this.best.nodes);
    const tries = Math.min(TRIES.most, Math.max(TRIES.least, TRIES.perNode * solution.nodeCount));
    this.#ruin.improve(solution, tries, (classIndex, shapes, pods) => this.#pool?.add(classIndex, shapes, pods));
    this.#offer(solution.packing());
  }
}
