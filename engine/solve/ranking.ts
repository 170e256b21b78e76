// The ranked list of a node: every offering that holds its pods, cheapest first, up to so many instance types. Offerings
// are in the order of their prices already; each list is a walk along it, and lists that come out the same are made once.
import { andInto, hasBit } from '../bits/index.ts';
import { CAPACITY_TYPES, type Catalogue } from '../catalogue/index.ts';
import {
  type CompiledProblem,
  type CompiledTemplate,
  type Constraint,
  type RoomKeys,
  roomKeys,
} from '../compile/index.ts';

/** Most instance types of a list, as EC2's fleet requests take them. */
export const RANKED_TYPE_LIMIT = 60;

/** Whether a node may be an offering, beside having room for its pods; undefined where every one will do. */
export type OfferingTest = ((offering: number) => boolean) | undefined;

/** Ranks offerings for nodes of one problem. */
export class Ranking {
  readonly #compiled: CompiledProblem;
  readonly #walks = new Map<string, Walk>();
  readonly #rooms = new Map<CompiledTemplate, Rooms>();
  /** By type: the number of the list, counted from 1, that took the type last. */
  readonly #typeStamps: Uint32Array;
  #stamp = 0;
  readonly #capacityTypes: Uint8Array;

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
    this.#capacityTypes = capacityTypesOf(compiled.catalogue);
    this.#typeStamps = new Uint32Array(compiled.catalogue.typeCount);
  }

  /**
   * Offerings that hold the pods, best first; the same array for lists that come out the same. `used` is what the pods
   * take (`Float64Array[dimensions]`); `mayTake` says whether the pool's limits allow the offering. A spot offering dearer
   * than the cheapest on-demand one is left out, as Karpenter leaves it out at launch. Where the list is short of a floor
   * of the pool's, it takes in whatever brings a value that counts: types beyond the limit, and spot offerings that would
   * have been left out.
   */
  list(
    template: CompiledTemplate,
    constraints: readonly Constraint[],
    used: Float64Array,
    mayTake: OfferingTest,
    typeLimit = RANKED_TYPE_LIMIT,
  ): Uint32Array {
    const walk = this.#walkOf(template, constraints);
    const rooms = this.#roomsOf(template);
    const holding = rooms.holding(used);
    // Unless something else has a say, the rooms that hold the pods decide the list.
    const key = mayTake === undefined ? `${holding} ${typeLimit}` : '';
    const known = mayTake === undefined ? walk.lists.get(key) : undefined;
    if (known !== undefined) return known;
    rooms.spell();
    const stamp = ++this.#stamp;
    const { catalogue } = this.#compiled;
    const { order, rank } = this.#compiled.costs.priceOrder(template);
    const types: number[] = [];
    let cheapestOnDemand = Number.POSITIVE_INFINITY;
    const fits = (offering: number): boolean =>
      hasBit(walk.mask, offering) &&
      rooms.holds[rooms.numberOf(offering)] === 1 &&
      (mayTake === undefined || mayTake(offering));
    const isWorthwhile = (offering: number): boolean =>
      this.#capacityTypes[offering] !== SPOT || this.#compiled.costs.priceOf(template, offering) <= cheapestOnDemand;
    for (let position = 0; position < order.length; position++) {
      if (types.length === typeLimit && cheapestOnDemand < Number.POSITIVE_INFINITY) break;
      const offering = order[position]!;
      const type = catalogue.offeringTypes[offering]!;
      const isFirstOnDemand =
        cheapestOnDemand === Number.POSITIVE_INFINITY && this.#capacityTypes[offering] === ON_DEMAND;
      // A type that is in the list already has nothing more to say, but for the first on-demand offering.
      if (!isFirstOnDemand && (types.length === typeLimit || this.#typeStamps[type] === stamp)) continue;
      if (!fits(offering)) continue;
      if (isFirstOnDemand) cheapestOnDemand = this.#compiled.costs.priceOf(template, offering);
      if (types.length === typeLimit || this.#typeStamps[type] === stamp || !isWorthwhile(offering)) continue;
      this.#typeStamps[type] = stamp;
      types.push(type);
    }
    const positions: number[] = [];
    const addType = (type: number): void => {
      const end = catalogue.typeOfferingStarts[type + 1]!;
      for (let offering = catalogue.typeOfferingStarts[type]!; offering < end; offering++) {
        if (fits(offering) && isWorthwhile(offering)) positions.push(rank[offering]!);
      }
    };
    for (const type of types) addType(type);
    if (template.floors !== undefined) this.#keepFloors(template, positions, new Set(types), addType, fits);
    const list = Uint32Array.from(positions)
      .sort()
      .map((position) => order[position]!);
    if (mayTake === undefined) walk.lists.set(key, list);
    return list;
  }

  /** Takes in what brings a value that some floor lacks, until every floor is kept or nothing is left. */
  #keepFloors(
    template: CompiledTemplate,
    positions: number[],
    types: Set<number>,
    addType: (type: number) => void,
    fits: (offering: number) => boolean,
  ): void {
    const { catalogue } = this.#compiled;
    const { order, rank } = this.#compiled.costs.priceOrder(template);
    const tally = template.floors!.tally();
    for (const position of positions) tally.add(order[position]!);
    for (const offering of order) {
      if (tally.isMet) break;
      if (!tally.helps(offering) || !fits(offering)) continue;
      const before = positions.length;
      const type = catalogue.offeringTypes[offering]!;
      if (!types.has(type)) addType(type);
      types.add(type);
      // What brings the value may be a spot offering that is not worthwhile by itself.
      if (!positions.includes(rank[offering]!)) positions.push(rank[offering]!);
      for (const added of positions.slice(before)) tally.add(order[added]!);
    }
  }

  #walkOf(template: CompiledTemplate, constraints: readonly Constraint[]): Walk {
    const key = `${template.index} ${constraints.map(({ index }) => index).join(' ')}`;
    let walk = this.#walks.get(key);
    if (walk === undefined) {
      const mask = template.pool.available.slice();
      for (const constraint of constraints) andInto(mask, this.#compiled.mask(template, [constraint]));
      walk = { mask, lists: new Map() };
      this.#walks.set(key, walk);
    }
    return walk;
  }

  #roomsOf(template: CompiledTemplate): Rooms {
    let rooms = this.#rooms.get(template);
    if (rooms === undefined) {
      rooms = new Rooms(this.#compiled, template);
      this.#rooms.set(template, rooms);
    }
    return rooms;
  }
}

/** What a template and constraints leave. */
interface Walk {
  /** Bitset over offerings. */
  readonly mask: Uint32Array;
  /** Lists that have been made, by what decides them. */
  readonly lists: Map<string, Uint32Array>;
}

/** `Uint8Array[offeringCount]`: capacity types by their codes, for each catalogue. */
const CAPACITY_TYPES_OF = new WeakMap<Catalogue, Uint8Array>();

function capacityTypesOf(catalogue: Catalogue): Uint8Array {
  let codes = CAPACITY_TYPES_OF.get(catalogue);
  if (codes === undefined) {
    codes = Uint8Array.from(catalogue.offeringCells, (cell) => catalogue.cells[cell]!.capacityTypeCode);
    CAPACITY_TYPES_OF.set(catalogue, codes);
  }
  return codes;
}

const SPOT = CAPACITY_TYPES.indexOf('spot');
const ON_DEMAND = CAPACITY_TYPES.indexOf('on-demand');

/** Questions from which on it pays to have the rooms in order of each resource. */
const THRESHOLDS_FROM = 64;

/** Rooms by how much of one resource they have. */
interface Thresholds {
  /** Different amounts, ascending. */
  readonly amounts: Float64Array;
  /** Bitsets over rooms, one after the other: entry r has those with `amounts[r]` or more; the last one is empty. */
  readonly rooms: Uint32Array;
}

/** Rooms with at least so much; borrowed. */
function roomsFrom({ amounts, rooms }: Thresholds, amount: number, width: number): Uint32Array {
  let low = 0;
  let high = amounts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (amounts[middle]! < amount) low = middle + 1;
    else high = middle;
  }
  return rooms.subarray(low * width, (low + 1) * width);
}

/** Different rooms of a template's offerings. */
class Rooms {
  /** `Uint8Array[rooms]`: 1 for those that hold what was asked about last. */
  readonly holds: Uint8Array;
  readonly #keys: RoomKeys;
  /** By key; -1 where no available offering has it. */
  readonly #numbers: Int32Array;
  readonly #dimensionCount: number;
  /** `Float64Array[rooms × dimensions]`, row-major; below 0 throughout where one resource is overdrawn. */
  readonly #rooms: Float64Array;
  /** `holds` as bits, and the same memory as text is made of. */
  readonly #bits: Uint32Array;
  readonly #characters: Uint16Array;
  #questionCount = 0;
  /** For each dimension: made once it pays. */
  #thresholds: readonly Thresholds[] | undefined;

  constructor(compiled: CompiledProblem, template: CompiledTemplate) {
    const { catalogue, dimensions } = compiled;
    this.#keys = roomKeys(compiled, template);
    this.#dimensionCount = dimensions.length;
    this.#numbers = new Int32Array(this.#keys.count).fill(-1);
    const examples: number[] = [];
    for (let offering = 0; offering < catalogue.offeringCount; offering++) {
      if (!hasBit(template.pool.available, offering)) continue;
      const key = this.#keys.of(offering);
      if (this.#numbers[key]! >= 0) continue;
      this.#numbers[key] = examples.length;
      examples.push(offering);
    }
    this.#rooms = new Float64Array(examples.length * dimensions.length);
    examples.forEach((offering, number) => {
      const at = number * dimensions.length;
      compiled.roomInto(template, offering, this.#rooms, at);
      const room = this.#rooms.subarray(at, at + dimensions.length);
      if (room.some((amount) => amount < 0)) room.fill(-1);
    });
    this.holds = new Uint8Array(examples.length);
    this.#bits = new Uint32Array(Math.ceil(examples.length / 32));
    this.#characters = new Uint16Array(this.#bits.buffer);
  }

  /** The number of an available offering's room. */
  numberOf(offering: number): number {
    return this.#numbers[this.#keys.of(offering)]!;
  }

  /**
   * Finds the rooms that hold this; a text that is the same for the same rooms. Call `spell` before reading `holds`.
   * O(rooms × dimensions) the first times, then O(rooms × dimensions / 32).
   */
  holding(used: Float64Array): string {
    this.#questionCount++;
    if (this.#questionCount > THRESHOLDS_FROM) {
      this.#thresholds ??= Array.from({ length: this.#dimensionCount }, (_, dimension) =>
        this.#thresholdsOf(dimension),
      );
      this.#bits.fill(0xffffffff);
      for (let dimension = 0; dimension < this.#dimensionCount; dimension++) {
        andInto(this.#bits, roomsFrom(this.#thresholds[dimension]!, used[dimension]!, this.#bits.length));
      }
    } else {
      this.#bits.fill(0);
      for (let number = 0; number < this.holds.length; number++) {
        if (this.#isHeld(used, number)) this.#bits[number >>> 5]! |= 1 << (number & 31);
      }
    }
    return String.fromCharCode.apply(null, this.#characters as unknown as number[]);
  }

  /** Writes `holds` for what was asked about last. */
  spell(): void {
    for (let number = 0; number < this.holds.length; number++) this.holds[number] = hasBit(this.#bits, number) ? 1 : 0;
  }

  #isHeld(used: Float64Array, number: number): boolean {
    const at = number * this.#dimensionCount;
    for (let dimension = 0; dimension < this.#dimensionCount; dimension++) {
      if (used[dimension]! > this.#rooms[at + dimension]!) return false;
    }
    return true;
  }

  #thresholdsOf(dimension: number): Thresholds {
    const roomCount = this.holds.length;
    const amountOf = (number: number): number => this.#rooms[number * this.#dimensionCount + dimension]!;
    const numbers = Uint32Array.from({ length: roomCount }, (_, number) => number);
    numbers.sort((left, right) => amountOf(left) - amountOf(right));
    const amounts = Float64Array.from(new Set(Array.from(numbers, amountOf)));
    const width = this.#bits.length;
    const rooms = new Uint32Array((amounts.length + 1) * width);
    let position = roomCount;
    for (let rank = amounts.length - 1; rank >= 0; rank--) {
      rooms.copyWithin(rank * width, (rank + 1) * width, (rank + 2) * width);
      for (; position > 0 && amountOf(numbers[position - 1]!) === amounts[rank]; position--) {
        const number = numbers[position - 1]!;
        rooms[rank * width + (number >>> 5)]! |= 1 << (number & 31);
      }
    }
    return { amounts, rooms };
  }
}
