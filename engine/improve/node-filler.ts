// Fills single nodes with few pods: the kernel of ruin and recreate. As engine/pack/fill.ts, but over the handful of shapes
// that some dissolved nodes held, for which looking at every shape of a class would take most of the time. No allocation
// inside.
import { ClaimTracker, type LimitBook, type PackingInstance } from '../pack/index.ts';
import { HostTracker } from '../topology/index.ts';

/** Least weight of a resource that stayed empty in the first try. */
const LEAST_WEIGHT = 0.05;

/** Pods of a node by place in the open shapes. */
class LocalPattern {
  count = 0;
  readonly places: Uint32Array;
  readonly pods: Uint32Array;
  value = 0;

  constructor(capacity: number) {
    this.places = new Uint32Array(capacity);
    this.pods = new Uint32Array(capacity);
  }
}

/** Fills nodes of one instance with pods of some of its shapes. */
export class NodeFiller {
  /** Shapes that are open, ascending: positions in the instance. */
  readonly shapes: Uint32Array;
  shapeCount = 0;
  /** `Float64Array[open]`: pods left of each. */
  readonly left: Float64Array;
  /** `Float64Array[open]`: what one is worth. */
  readonly values: Float64Array;
  /** The last fill: places of open shapes, in no order. */
  readonly pattern: LocalPattern;
  /** What there is left of limits and reservations, where they are to be kept; borrowed. */
  book: LimitBook | undefined;
  /** Operations of all fills so far. */
  operationCount = 0;
  readonly #instance: PackingInstance;
  /** `Uint32Array[classes × words]`: bit s is set where the class suits shape s. */
  readonly #suits: Uint32Array;
  readonly #wordCount: number;
  /** `Float64Array[classes × dimensions]`: one over the room; 0 where there is none, or any amount. */
  readonly #scales: Float64Array;
  readonly #order: Uint32Array;
  readonly #densities: Float64Array;
  readonly #scale: Float64Array;
  readonly #room: Float64Array;
  readonly #rest: Float64Array;
  readonly #trial: LocalPattern;
  readonly #host: HostTracker | undefined;
  readonly #claims: ClaimTracker | undefined;

  /** `capacity` is the most shapes that are ever open at a time. */
  constructor(instance: PackingInstance, capacity: number) {
    this.#instance = instance;
    const { dimensionCount, classCount } = instance;
    this.shapes = new Uint32Array(capacity);
    this.left = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.pattern = new LocalPattern(capacity);
    this.#trial = new LocalPattern(capacity);
    this.#order = new Uint32Array(capacity);
    this.#densities = new Float64Array(capacity);
    this.#scale = new Float64Array(dimensionCount);
    this.#room = new Float64Array(dimensionCount);
    this.#rest = new Float64Array(dimensionCount);
    this.#wordCount = (instance.shapes.length + 31) >>> 5;
    this.#suits = new Uint32Array(classCount * this.#wordCount);
    for (let index = 0; index < classCount; index++) {
      for (let position = instance.suitStarts[index]!; position < instance.suitStarts[index + 1]!; position++) {
        const shape = instance.suits[position]!;
        this.#suits[index * this.#wordCount + (shape >>> 5)]! |= 1 << (shape & 31);
      }
    }
    // Attachments without limit weigh nothing.
    this.#scales = instance.rooms.map((room) => (room > 0 && room < Number.POSITIVE_INFINITY ? 1 / room : 0));
    this.#host = instance.hostRules === undefined ? undefined : new HostTracker(instance.hostRules);
    this.#claims = instance.claims === undefined ? undefined : new ClaimTracker(instance.claims, dimensionCount);
  }

  suits(classIndex: number, shape: number): boolean {
    return ((this.#suits[classIndex * this.#wordCount + (shape >>> 5)]! >>> (shape & 31)) & 1) === 1;
  }

  /** Fills one node of the class from what is left; the result is in `pattern`, its value is returned. */
  fill(classIndex: number): number {
    const { dimensionCount } = this.#instance;
    const base = classIndex * dimensionCount;
    const scale = this.#scale;
    for (let dimension = 0; dimension < dimensionCount; dimension++) scale[dimension] = this.#scales[base + dimension]!;
    const tookAll = this.#sortAndTake(classIndex, this.pattern);
    if (tookAll || this.pattern.count === 0) return this.pattern.value;
    for (let dimension = 0; dimension < dimensionCount; dimension++) {
      if (scale[dimension] === 0) continue;
      const empty = this.#room[dimension]! * scale[dimension]!;
      scale[dimension]! *= Math.max(LEAST_WEIGHT, 1 - empty);
    }
    this.#sortAndTake(classIndex, this.#trial);
    if (this.#trial.value > this.pattern.value) copyPattern(this.#trial, this.pattern);
    return this.pattern.value;
  }

  /** Whether the rules of hosts let all that is left be on one node. */
  mayStandTogether(): boolean {
    const host = this.#host;
    if (host === undefined) return true;
    host.reset();
    for (let place = 0; place < this.shapeCount; place++) {
      const count = this.left[place]!;
      if (count === 0) continue;
      if (host.most(this.shapes[place]!, count) < count) return false;
      host.take(this.shapes[place]!, count);
    }
    return true;
  }

  /**
   * The cheapest class below `endPrice` that holds all that is left, -1 where there is none. What rules of hosts say has to
   * be asked first.
   */
  cheapestForRest(endPrice: number): number {
    return this.#cheapest(endPrice, this.left, undefined);
  }

  /** The cheapest class below `endPrice` that holds the last fill, -1 where there is none. */
  cheapestForPattern(endPrice: number): number {
    return this.#cheapest(endPrice, undefined, this.pattern);
  }

  #cheapest(endPrice: number, left: Float64Array | undefined, pattern: LocalPattern | undefined): number {
    const { dimensionCount, requests, rooms, prices, classCount } = this.#instance;
    const rest = this.#rest;
    rest.fill(0);
    const claims = this.#claims;
    claims?.reset(0);
    const entryCount = pattern === undefined ? this.shapeCount : pattern.count;
    for (let entry = 0; entry < entryCount; entry++) {
      const place = pattern === undefined ? entry : pattern.places[entry]!;
      const count = pattern === undefined ? left![place]! : pattern.pods[entry]!;
      if (count === 0) continue;
      const row = this.shapes[place]! * dimensionCount;
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        rest[dimension]! += count * requests[row + dimension]!;
      }
      // What is attached is added: the tracker takes it off a room.
      claims?.addTo(this.shapes[place]!, rest);
    }
    for (let index = 0; index < classCount; index++) {
      if (prices[index]! >= endPrice) break;
      this.operationCount += 3;
      const base = index * dimensionCount;
      let fits = true;
      for (let dimension = 0; dimension < dimensionCount && fits; dimension++) {
        fits = rest[dimension]! <= rooms[base + dimension]!;
      }
      if (!fits) continue;
      for (let entry = 0; entry < entryCount && fits; entry++) {
        const place = pattern === undefined ? entry : pattern.places[entry]!;
        if (pattern === undefined && left![place] === 0) continue;
        fits = this.suits(index, this.shapes[place]!);
      }
      if (fits && this.book?.most(index, 1) !== 0) return index;
    }
    return -1;
  }

  /** Whether all that is left was taken. */
  #sortAndTake(classIndex: number, into: LocalPattern): boolean {
    const { dimensionCount, rooms, requests } = this.#instance;
    const order = this.#order;
    const densities = this.#densities;
    const scale = this.#scale;
    const left = this.left;
    const room = this.#room;
    const shapes = this.shapes;
    let openCount = 0;
    let missing = false;
    for (let place = 0; place < this.shapeCount; place++) {
      if (left[place] === 0) continue;
      const shape = shapes[place]!;
      if (!this.suits(classIndex, shape)) {
        missing = true;
        continue;
      }
      let size = 0;
      const row = shape * dimensionCount;
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        size += requests[row + dimension]! * scale[dimension]!;
      }
      const density = this.values[place]! / size;
      let hole = openCount++;
      while (hole > 0 && densities[hole - 1]! < density) {
        densities[hole] = densities[hole - 1]!;
        order[hole] = order[hole - 1]!;
        hole--;
      }
      densities[hole] = density;
      order[hole] = place;
    }
    this.operationCount += this.shapeCount * (2 * dimensionCount + 4);
    const base = classIndex * dimensionCount;
    for (let dimension = 0; dimension < dimensionCount; dimension++) room[dimension] = rooms[base + dimension]!;
    into.count = 0;
    into.value = 0;
    const host = this.#host;
    host?.reset();
    const claims = this.#claims;
    claims?.reset(classIndex);
    for (let position = 0; position < openCount; position++) {
      const place = order[position]!;
      const shape = shapes[place]!;
      const row = shape * dimensionCount;
      let most = left[place]!;
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        const request = requests[row + dimension]!;
        if (request > 0) {
          const fitting = Math.floor(room[dimension]! / request);
          if (fitting < most) most = fitting;
        }
      }
      if (claims !== undefined && most > 0) most = claims.most(shape, most, room, requests, row);
      if (host !== undefined && most > 0) most = host.most(shape, most);
      if (most < left[place]!) missing = true;
      if (most <= 0) continue;
      host?.take(shape, most);
      claims?.take(shape, room);
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        room[dimension]! -= most * requests[row + dimension]!;
      }
      into.places[into.count] = place;
      into.pods[into.count] = most;
      into.count++;
      into.value += most * this.values[place]!;
    }
    return !missing;
  }
}

function copyPattern(from: LocalPattern, to: LocalPattern): void {
  to.count = from.count;
  to.value = from.value;
  for (let entry = 0; entry < from.count; entry++) {
    to.places[entry] = from.places[entry]!;
    to.pods[entry] = from.pods[entry]!;
  }
}
