// The kernel: fills one node of a class with what is left, so that the value of its pods is large. Greedy by density
// (value over the weighted share of the room), twice: the second time resources that stayed empty weigh less. Measures
// after Gabay and Zaourar, "Vector bin packing with heterogeneous bins" (2016). No allocation inside.
import { type HostRules, HostTracker } from '../topology/index.ts';
import { type ClaimInput, ClaimTracker } from './claim-tracker.ts';
import { DensitySort } from './density-order.ts';

/** What there is to fill and with what: see PackingInstance in classes.ts, whose arrays these are. */
export interface FillInput {
  readonly dimensionCount: number;
  readonly requests: Float64Array;
  readonly rooms: Float64Array;
  readonly suitStarts: Uint32Array;
  readonly suits: Uint32Array;
  /** Rules that one node decides. */
  readonly hostRules?: HostRules | undefined;
  /** What nodes that exist hold already: `[nodes × groups]` counted pods, and owners of the constraint. */
  readonly hostCounts?: { readonly counts: Float64Array; readonly ownerCounts: Uint32Array };
  /** Claims that units share; undefined where none is shared. */
  readonly claims?: ClaimInput | undefined;
}

/** A filled node: `count` entries of shape and number of pods. Scratch of the filler, valid until its next fill. */
export interface Pattern {
  count: number;
  readonly shapes: Uint32Array;
  readonly pods: Uint32Array;
  value: number;
}

/** Least weight of a resource that stayed empty in the first try. */
const LEAST_WEIGHT = 0.05;

/** Operations for each shape that go into its place in the order, and for each try whatever its shapes. */
const SORT_OPERATIONS = 8;
const FILL_OPERATIONS = 60;

/** Fills nodes of one instance. Keeps each class's order of shapes between fills, since it hardly changes. */
export class Filler {
  /** `Float64Array[shapes]`: pods left of each shape; the caller takes from it. */
  readonly left: Float64Array;
  /** `Float64Array[shapes]`: what one pod of a shape is worth; the caller sets it. */
  readonly values: Float64Array;
  /** The last fill. */
  readonly pattern: Pattern;
  /** Fills done so far: the unit of work. */
  fillCount = 0;
  /** What they took, in elementary operations. */
  operationCount = 0;
  readonly #instance: FillInput;
  /** Each class's shapes in the order of the last fill: one for each of the two tries, which weigh differently. */
  readonly #orders: readonly [Uint32Array, Uint32Array];
  readonly #sort: DensitySort;
  readonly #density: Float64Array;
  readonly #room: Float64Array;
  readonly #scale: Float64Array;
  readonly #trial: Pattern;
  /** `Float64Array[dimensions]`: the least that any shape requests; a room with less of it is full. */
  readonly #leastRequests: Float64Array;
  readonly #host: HostTracker | undefined;
  readonly #claims: ClaimTracker | undefined;

  constructor(instance: FillInput) {
    const shapeCount = instance.requests.length / instance.dimensionCount;
    this.#instance = instance;
    this.left = new Float64Array(shapeCount);
    this.values = new Float64Array(shapeCount);
    this.pattern = emptyPattern(shapeCount);
    this.#trial = emptyPattern(shapeCount);
    this.#orders = [instance.suits.slice(), instance.suits.slice()];
    this.#sort = new DensitySort(shapeCount);
    this.#density = new Float64Array(shapeCount);
    this.#room = new Float64Array(instance.dimensionCount);
    this.#scale = new Float64Array(instance.dimensionCount);
    this.#host = instance.hostRules === undefined ? undefined : new HostTracker(instance.hostRules);
    this.#claims =
      instance.claims === undefined ? undefined : new ClaimTracker(instance.claims, instance.dimensionCount);
    this.#leastRequests = new Float64Array(instance.dimensionCount).fill(Number.POSITIVE_INFINITY);
    for (let cell = 0; cell < instance.requests.length; cell++) {
      const dimension = cell % instance.dimensionCount;
      this.#leastRequests[dimension] = Math.min(this.#leastRequests[dimension]!, instance.requests[cell]!);
    }
  }

  /** Fills one node of the class from what is left; the result is in `pattern`, its value is returned. */
  fill(classIndex: number): number {
    this.fillCount++;
    const { dimensionCount, rooms } = this.#instance;
    const base = classIndex * dimensionCount;
    const scale = this.#scale;
    for (let dimension = 0; dimension < dimensionCount; dimension++) {
      const room = rooms[base + dimension]!;
      // Attachments without limit weigh nothing.
      scale[dimension] = room > 0 && room < Number.POSITIVE_INFINITY ? 1 / room : 0;
    }
    this.#sortAndTake(classIndex, this.#orders[0], this.pattern);
    if (this.pattern.count === 0) return 0;
    for (let dimension = 0; dimension < dimensionCount; dimension++) {
      if (scale[dimension] === 0) continue;
      const empty = this.#room[dimension]! * scale[dimension]!;
      scale[dimension]! *= Math.max(LEAST_WEIGHT, 1 - empty);
    }
    this.#sortAndTake(classIndex, this.#orders[1], this.#trial);
    if (this.#trial.value > this.pattern.value) copyPattern(this.#trial, this.pattern);
    return this.pattern.value;
  }

  #sortAndTake(classIndex: number, order: Uint32Array, into: Pattern): void {
    const { dimensionCount, rooms, requests, suitStarts } = this.#instance;
    const density = this.#density;
    const scale = this.#scale;
    const left = this.left;
    const room = this.#room;
    const start = suitStarts[classIndex]!;
    const end = suitStarts[classIndex + 1]!;
    for (let position = start; position < end; position++) {
      const shape = order[position]!;
      if (left[shape] === 0) {
        density[shape] = -1;
        continue;
      }
      let size = 0;
      const row = shape * dimensionCount;
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        size += requests[row + dimension]! * scale[dimension]!;
      }
      density[shape] = this.values[shape]! / size;
    }
    this.operationCount += (end - start) * (2 * dimensionCount + SORT_OPERATIONS) + FILL_OPERATIONS;
    this.#sort.sort(order, density, start, end);
    const base = classIndex * dimensionCount;
    for (let dimension = 0; dimension < dimensionCount; dimension++) room[dimension] = rooms[base + dimension]!;
    into.count = 0;
    into.value = 0;
    const host = this.#host;
    if (host !== undefined) {
      const { hostCounts, hostRules } = this.#instance;
      host.reset(hostCounts?.counts, hostCounts?.ownerCounts, classIndex * (hostRules?.groupCount ?? 0));
    }
    const claims = this.#claims;
    claims?.reset(classIndex);
    for (let position = start; position < end; position++) {
      const shape = order[position]!;
      if (density[shape]! < 0) break;
      const row = shape * dimensionCount;
      let most = left[shape]!;
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        const request = requests[row + dimension]!;
        if (request > 0) {
          const fitting = Math.floor(room[dimension]! / request);
          if (fitting < most) most = fitting;
        }
      }
      if (claims !== undefined && most > 0) most = claims.most(shape, most, room, requests, row);
      if (host !== undefined && most > 0) most = host.most(shape, most);
      if (most <= 0) continue;
      host?.take(shape, most);
      claims?.take(shape, room);
      for (let dimension = 0; dimension < dimensionCount; dimension++) {
        room[dimension]! -= most * requests[row + dimension]!;
      }
      into.shapes[into.count] = shape;
      into.pods[into.count] = most;
      into.count++;
      into.value += most * this.values[shape]!;
      if (this.#isFull(room)) return;
    }
  }

  #isFull(room: Float64Array): boolean {
    for (let dimension = 0; dimension < room.length; dimension++) {
      if (room[dimension]! < this.#leastRequests[dimension]!) return true;
    }
    return false;
  }
}

function emptyPattern(shapeCount: number): Pattern {
  return { count: 0, shapes: new Uint32Array(shapeCount), pods: new Uint32Array(shapeCount), value: 0 };
}

function copyPattern(from: Pattern, to: Pattern): void {
  to.count = from.count;
  to.value = from.value;
  for (let entry = 0; entry < from.count; entry++) {
    to.shapes[entry] = from.shapes[entry]!;
    to.pods[entry] = from.pods[entry]!;
  }
}
