// How much choice a launch on spot has: nodes of a class may be launched as whatever else holds what the class holds and is
// admitted where the class is. Narrow ones bear a charge. What is listed in the end is in engine/solve/ranking.ts.
import { hasBit } from '../bits/index.ts';
import { CAPACITY_TYPES, type Catalogue } from '../catalogue/index.ts';
import { type CompiledProblem, type CompiledTemplate, type RoomKeys, roomKeys } from '../compile/index.ts';

const SPOT = CAPACITY_TYPES.indexOf('spot');
const ON_DEMAND = CAPACITY_TYPES.indexOf('on-demand');

/** Answers for the offerings of one template. */
export class SpotChoice {
  readonly #compiled: CompiledProblem;
  readonly #template: CompiledTemplate;
  readonly #masks: readonly Uint32Array[];
  readonly #order: Uint32Array;
  readonly #rank: Uint32Array;
  readonly #rooms: RoomKeys;
  /** Whether one room holds what another does, by both keys, as far as it was asked. */
  readonly #holds = new Map<number, boolean>();

  /** `masks` are the offerings that different units admit. */
  constructor(compiled: CompiledProblem, template: CompiledTemplate, masks: readonly Uint32Array[]) {
    this.#compiled = compiled;
    this.#template = template;
    this.#masks = masks;
    const { order, rank } = compiled.costs.priceOrder(template);
    this.#order = order;
    this.#rank = rank;
    this.#rooms = roomKeys(compiled, template);
  }

  /** The charge that nodes of a class bear whose cheapest offering this is. Mostly a few steps; O(offerings) for narrow ones. */
  chargeOf(offering: number): number {
    const { costs, catalogue } = this.#compiled;
    if (costs.objective.narrowSpotShare === 0 || catalogue.capacityTypeCodeOf(offering) !== SPOT) return 0;
    return this.#isNarrow(offering) ? costs.narrowSpotCharge(costs.priceOf(this.#template, offering)) : 0;
  }

  /** Whether all that such a node could be launched as is one type in one zone. */
  #isNarrow(offering: number): boolean {
    const admitting = this.#masks.filter((mask) => hasBit(mask, offering));
    const order = this.#order;
    const start = this.#rank[offering]!;
    const { costs, catalogue } = this.#compiled;
    // A spot offering dearer than one on demand is not launched. What holds as much is mostly next in the order.
    let cheapestOnDemand = Number.POSITIVE_INFINITY;
    for (let step = 0; step < order.length; step++) {
      const other = order[(start + step) % order.length]!;
      const capacityType = catalogue.capacityTypeCodeOf(other);
      if (capacityType !== SPOT && capacityType !== ON_DEMAND) continue;
      if (!admitting.every((mask) => hasBit(mask, other)) || !this.#holdsAsMuch(other, offering)) continue;
      const price = costs.priceOf(this.#template, other);
      if (capacityType === ON_DEMAND) cheapestOnDemand = Math.min(cheapestOnDemand, price);
      else if (price > cheapestOnDemand) continue;
      if (!isSamePlace(catalogue, other, offering)) return false;
    }
    return true;
  }

  #holdsAsMuch(other: number, offering: number): boolean {
    const left = this.#rooms.of(other);
    const right = this.#rooms.of(offering);
    if (left === right) return true;
    const key = left * this.#rooms.count + right;
    let holds = this.#holds.get(key);
    if (holds === undefined) {
      const { dimensions } = this.#compiled;
      const rooms = [other, offering].map((one) => {
        const room = new Float64Array(dimensions.length);
        this.#compiled.roomInto(this.#template, one, room);
        return room;
      });
      holds = rooms[1]!.every((amount, dimension) => amount <= rooms[0]![dimension]!);
      this.#holds.set(key, holds);
    }
    return holds;
  }
}

/**
 * The charge that a node bears which may be launched as any of these offerings, the first of them tried first, all of them
 * of one template.
 */
export function chargeOfList(
  { catalogue, costs }: CompiledProblem,
  template: CompiledTemplate,
  offerings: Iterable<number>,
): number {
  let first: number | undefined;
  for (const offering of offerings) {
    first ??= offering;
    if (catalogue.capacityTypeCodeOf(first) !== SPOT || !isSamePlace(catalogue, first, offering)) return 0;
  }
  return first === undefined ? 0 : costs.narrowSpotCharge(costs.priceOf(template, first));
}

/** Whether two offerings are of one type in one zone. */
function isSamePlace({ cells, offeringCells, offeringTypes }: Catalogue, left: number, right: number): boolean {
  const zoneOf = (offering: number): string => cells[offeringCells[offering]!]!.zone;
  return offeringTypes[left] === offeringTypes[right] && zoneOf(left) === zoneOf(right);
}
