// The ranked list of a node: every offering that holds its pods, cheapest first, up to so many instance types. Offerings
// of a template are put in order once; each node's list is a walk along that order.
import { andInto, hasBit } from '../bits/index.ts';
import type { CompiledProblem, CompiledTemplate, Constraint } from '../compile/index.ts';

/** Most instance types of a list, as EC2's fleet requests take them. */
export const RANKED_TYPE_LIMIT = 60;

/** Ranks offerings for nodes of one problem. */
export class Ranking {
  readonly #compiled: CompiledProblem;

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
  }

  /**
   * Offerings that hold the pods, best first. `used` is what the pods take (`Float64Array[dimensions]`); `mayTake` says
   * whether the pool's limits allow the offering. A spot offering dearer than the cheapest on-demand one is left out, as
   * Karpenter leaves it out at launch. Where the list is short of a floor of the pool's, it takes in whatever brings a
   * value that counts: types beyond the limit, and spot offerings that would have been left out.
   */
  list(
    template: CompiledTemplate,
    constraints: Iterable<Constraint>,
    used: Float64Array,
    mayTake: (offering: number) => boolean,
    typeLimit = RANKED_TYPE_LIMIT,
  ): Uint32Array {
    const { catalogue } = this.#compiled;
    const mask = template.pool.available.slice();
    for (const constraint of constraints) andInto(mask, this.#compiled.mask(template, [constraint]));
    const { order, rank } = this.#compiled.priceOrder(template);
    const holds = this.#roomTest(template, used);
    const types = new Set<number>();
    let cheapestOnDemand = Number.POSITIVE_INFINITY;
    for (const offering of order) {
      const type = catalogue.offeringTypes[offering]!;
      if (!hasBit(mask, offering) || !holds(offering) || !mayTake(offering)) continue;
      if (types.size < typeLimit) types.add(type);
      const onDemand = catalogue.cells[catalogue.offeringCells[offering]!]!.capacityType === 'on-demand';
      if (onDemand) {
        cheapestOnDemand = this.#compiled.priceOf(template, offering);
        break;
      }
    }
    // The walk stops at the first on-demand offering; the types beyond it are found in a second one.
    for (let position = 0; position < order.length && types.size < typeLimit; position++) {
      const offering = order[position]!;
      if (
        hasBit(mask, offering) &&
        holds(offering) &&
        mayTake(offering) &&
        this.#isWorthwhile(template, offering, cheapestOnDemand)
      ) {
        types.add(catalogue.offeringTypes[offering]!);
      }
    }
    const ranks: number[] = [];
    const addType = (type: number): void => {
      for (
        let offering = catalogue.typeOfferingStarts[type]!;
        offering < catalogue.typeOfferingStarts[type + 1]!;
        offering++
      ) {
        if (!hasBit(mask, offering) || !holds(offering) || !mayTake(offering)) continue;
        if (this.#isWorthwhile(template, offering, cheapestOnDemand)) ranks.push(rank[offering]!);
      }
    };
    for (const type of types) addType(type);
    const tally = template.floors?.tally();
    if (tally !== undefined) {
      for (const position of ranks) tally.add(order[position]!);
      for (const offering of order) {
        if (tally.isMet) break;
        if (!hasBit(mask, offering) || !tally.helps(offering) || !holds(offering) || !mayTake(offering)) continue;
        const before = ranks.length;
        const type = catalogue.offeringTypes[offering]!;
        if (!types.has(type)) addType(type);
        types.add(type);
        // What brings the value may be a spot offering that is not worthwhile by itself.
        if (!ranks.includes(rank[offering]!)) ranks.push(rank[offering]!);
        for (const position of ranks.slice(before)) tally.add(order[position]!);
      }
    }
    return Uint32Array.from(ranks)
      .sort()
      .map((position) => order[position]!);
  }

  #isWorthwhile(template: CompiledTemplate, offering: number, cheapestOnDemand: number): boolean {
    const { catalogue } = this.#compiled;
    const cell = catalogue.cells[catalogue.offeringCells[offering]!]!;
    return cell.capacityType !== 'spot' || this.#compiled.priceOf(template, offering) <= cheapestOnDemand;
  }

  /** Tests an offering's room once for each different room. */
  #roomTest(template: CompiledTemplate, used: Float64Array): (offering: number) => boolean {
    const compiled = this.#compiled;
    const roomIds = compiled.catalogue.columnSets.roomIds(template.pool.columns, compiled.dimensions);
    const overheadCount = template.daemonOverheads.length;
    const known = new Map<number, boolean>();
    const room = new Float64Array(used.length);
    return (offering) => {
      const key =
        roomIds[compiled.catalogue.offeringTypes[offering]!]! * overheadCount + template.daemonOverheadOf[offering]!;
      let holds = known.get(key);
      if (holds === undefined) {
        compiled.roomInto(template, offering, room);
        holds = room.every((amount, dimension) => amount >= 0 && used[dimension]! <= amount);
        known.set(key, holds);
      }
      return holds;
    };
  }
}
