// The ranked list of a node: every offering that holds its pods, cheapest first, up to so many instance types. The
// offerings that a template and constraints leave are put in order once; each node's list is a walk along that order.
import { andInto, hasBit } from '../bits/index.ts';
import type { CompiledProblem, CompiledTemplate, Constraint } from '../compile/index.ts';

/** Most instance types of a list, as EC2's fleet requests take them. */
export const RANKED_TYPE_LIMIT = 60;

/** Whether a node may be an offering, beside having room for its pods; undefined where every one will do. */
export type OfferingTest = ((offering: number) => boolean) | undefined;

/** Rows that walks may have together; beyond it they are made anew. About 30 bytes each. */
const WALK_ROW_LIMIT = 1_000_000;

/** Ranks offerings for nodes of one problem. */
export class Ranking {
  readonly #compiled: CompiledProblem;
  readonly #walks = new Map<string, Walk>();
  #rowCount = 0;
  readonly #rooms = new Map<CompiledTemplate, Rooms>();
  /** By type: the number of the list, counted from 1, that took the type last. */
  readonly #typeStamps: Uint32Array;
  #stamp = 0;

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
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
    const types: number[] = [];
    let cheapestOnDemand = Number.POSITIVE_INFINITY;
    const fits = (position: number): boolean =>
      rooms.holds[walk.rooms[position]!] === 1 && (mayTake === undefined || mayTake(walk.offerings[position]!));
    const isWorthwhile = (position: number): boolean =>
      walk.isSpot[position] === 0 || walk.prices[position]! <= cheapestOnDemand;
    for (let position = 0; position < walk.offerings.length; position++) {
      if (types.length === typeLimit && cheapestOnDemand < Number.POSITIVE_INFINITY) break;
      const type = walk.types[position]!;
      const isFirstOnDemand = walk.isOnDemand[position] === 1 && cheapestOnDemand === Number.POSITIVE_INFINITY;
      // A type that is in the list already has nothing more to say, but for the first on-demand offering.
      if (!isFirstOnDemand && (types.length === typeLimit || this.#typeStamps[type] === stamp)) continue;
      if (!fits(position)) continue;
      if (isFirstOnDemand) cheapestOnDemand = walk.prices[position]!;
      if (types.length === typeLimit || this.#typeStamps[type] === stamp || !isWorthwhile(position)) continue;
      this.#typeStamps[type] = stamp;
      types.push(type);
    }
    const positions: number[] = [];
    const addType = (type: number): void => {
      for (let entry = walk.typeStarts[type]!; entry < walk.typeStarts[type + 1]!; entry++) {
        const position = walk.byType[entry]!;
        if (fits(position) && isWorthwhile(position)) positions.push(position);
      }
    };
    for (const type of types) addType(type);
    if (template.floors !== undefined) this.#keepFloors(template, walk, positions, new Set(types), addType, fits);
    const list = Uint32Array.from(positions)
      .sort()
      .map((position) => walk.offerings[position]!);
    if (mayTake === undefined) walk.lists.set(key, list);
    return list;
  }

  /** Takes in what brings a value that some floor lacks, until every floor is kept or nothing is left. */
  #keepFloors(
    template: CompiledTemplate,
    walk: Walk,
    positions: number[],
    types: Set<number>,
    addType: (type: number) => void,
    fits: (position: number) => boolean,
  ): void {
    const tally = template.floors!.tally();
    for (const position of positions) tally.add(walk.offerings[position]!);
    for (let position = 0; position < walk.offerings.length && !tally.isMet; position++) {
      if (!tally.helps(walk.offerings[position]!) || !fits(position)) continue;
      const before = positions.length;
      const type = walk.types[position]!;
      if (!types.has(type)) addType(type);
      types.add(type);
      // What brings the value may be a spot offering that is not worthwhile by itself.
      if (!positions.includes(position)) positions.push(position);
      for (const added of positions.slice(before)) tally.add(walk.offerings[added]!);
    }
  }

  #walkOf(template: CompiledTemplate, constraints: readonly Constraint[]): Walk {
    const key = `${template.index} ${constraints.map(({ index }) => index).join(' ')}`;
    let walk = this.#walks.get(key);
    if (walk === undefined) {
      walk = makeWalk(this.#compiled, template, constraints, this.#roomsOf(template));
      this.#rowCount += walk.offerings.length;
      if (this.#rowCount > WALK_ROW_LIMIT) {
        this.#walks.clear();
        this.#rowCount = walk.offerings.length;
      }
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

/** Offerings that a template and constraints leave, cheapest first: columns of equal length, a row for each. */
interface Walk {
  readonly offerings: Uint32Array;
  readonly types: Uint32Array;
  /** By number: see Rooms. */
  readonly rooms: Uint32Array;
  readonly prices: Float64Array;
  readonly isSpot: Uint8Array;
  readonly isOnDemand: Uint8Array;
  /** Rows of type t: `byType[typeStarts[t]]` to before `byType[typeStarts[t + 1]]`, ascending. */
  readonly typeStarts: Uint32Array;
  readonly byType: Uint32Array;
  /** Lists that have been made, by what decides them. */
  readonly lists: Map<string, Uint32Array>;
}

function makeWalk(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  constraints: readonly Constraint[],
  rooms: Rooms,
): Walk {
  const { catalogue } = compiled;
  const mask = template.pool.available.slice();
  for (const constraint of constraints) andInto(mask, compiled.mask(template, [constraint]));
  const offerings = compiled.priceOrder(template).order.filter((offering) => hasBit(mask, offering));
  const types = offerings.map((offering) => catalogue.offeringTypes[offering]!);
  const capacityTypes = Array.from(
    offerings,
    (offering) => catalogue.cells[catalogue.offeringCells[offering]!]!.capacityType,
  );
  const typeStarts = new Uint32Array(catalogue.typeCount + 1);
  for (const type of types) typeStarts[type + 1]!++;
  for (let type = 0; type < catalogue.typeCount; type++) typeStarts[type + 1]! += typeStarts[type]!;
  const next = typeStarts.slice();
  const byType = new Uint32Array(types.length);
  types.forEach((type, position) => {
    byType[next[type]!++] = position;
  });
  return {
    offerings,
    types,
    rooms: offerings.map((offering) => rooms.numberOf(offering)),
    prices: Float64Array.from(offerings, (offering) => compiled.priceOf(template, offering)),
    isSpot: Uint8Array.from(capacityTypes, (capacityType) => (capacityType === 'spot' ? 1 : 0)),
    isOnDemand: Uint8Array.from(capacityTypes, (capacityType) => (capacityType === 'on-demand' ? 1 : 0)),
    typeStarts,
    byType,
    lists: new Map(),
  };
}

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
  readonly #template: CompiledTemplate;
  readonly #roomIds: Uint32Array;
  readonly #numbers = new Map<number, number>();
  readonly #types: Uint32Array;
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
    this.#template = template;
    this.#roomIds = catalogue.columnSets.roomIds(template.pool.columns, dimensions);
    this.#types = catalogue.offeringTypes;
    this.#dimensionCount = dimensions.length;
    const examples: number[] = [];
    for (let offering = 0; offering < catalogue.offeringCount; offering++) {
      if (!hasBit(template.pool.available, offering)) continue;
      const key = this.#keyOf(offering);
      if (this.#numbers.has(key)) continue;
      this.#numbers.set(key, examples.length);
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
    return this.#numbers.get(this.#keyOf(offering))!;
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

  #keyOf(offering: number): number {
    const { daemonOverheads, daemonOverheadOf } = this.#template;
    return this.#roomIds[this.#types[offering]!]! * daemonOverheads.length + daemonOverheadOf[offering]!;
  }
}
