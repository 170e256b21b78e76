// New nodes one unit at a time: each unit joins the node where it adds least to the price, or opens one of its own. Slower
// and dearer than packing many at a time, and right where counts of domains must follow what limits let in.
import { andInto, hasBit, isEmpty } from '../bits/index.ts';
import type { CompiledTemplate, Unit } from '../compile/index.ts';
import { limitTakesInto } from '../pack/index.ts';
import { type HostPod, hostObstacle } from '../topology/index.ts';
import type { PlacingWork } from './attempt.ts';
import type { NewNodes } from './placing.ts';

/** A node to be made, as far as it is decided. */
interface Bin {
  readonly template: CompiledTemplate;
  readonly tier: number;
  /** Offerings that its units admit; bitset. */
  mask: Uint32Array;
  /** `Float64Array[dimensions]`. */
  used: Float64Array;
  /** Cheapest offering that holds it. */
  offering: number;
  price: number;
  readonly units: Map<Unit, number>;
  readonly pods: Map<HostPod, number>;
}

/** What joining or opening a node would make of it. */
interface Option {
  readonly bin?: Bin;
  readonly template: CompiledTemplate;
  readonly tier: number;
  readonly mask: Uint32Array;
  readonly used: Float64Array;
  readonly offering: number;
  readonly price: number;
  readonly addedPrice: number;
}

/** Opens nodes for units. */
export class NodeOpener {
  readonly #work: PlacingWork;
  readonly #bins: Bin[] = [];

  constructor(work: PlacingWork) {
    this.#work = work;
  }

  /** Puts units where they cost least, heavier pools first; returns how many a node could take within the limits. */
  readonly take = (unit: Unit, unitCount: number): number => {
    for (let taken = 0; taken < unitCount; taken++) if (!this.#takeOne(unit)) return taken;
    return unitCount;
  };

  #takeOne(unit: Unit): boolean {
    if (!this.#work.budget.spend()) return false;
    let best: Option | undefined;
    const consider = (option: Option | undefined): void => {
      if (option === undefined) return;
      if (
        best === undefined ||
        option.tier < best.tier ||
        (option.tier === best.tier && option.addedPrice < best.addedPrice)
      ) {
        best = option;
      }
    };
    for (const bin of this.#bins) consider(this.#join(bin, unit));
    this.#work.tiers.forEach((templates, tier) => {
      for (const template of this.#work.filter.open(templates, unit)) consider(this.#open(template, tier, unit));
    });
    if (best === undefined) return false;
    this.#settle(best, unit);
    return true;
  }

  /** The nodes opened. */
  nodes(): NewNodes[] {
    const { compiled, limits } = this.#work;
    return this.#bins.map((bin) => {
      const limitTakes = new Float64Array(limits.names.length);
      limitTakesInto(compiled, bin.template, bin.offering, limits.names, limitTakes, 0);
      return {
        template: bin.template,
        nodeCount: 1,
        units: [...bin.units.keys()],
        unitCounts: [...bin.units.values()],
        limitTakes,
      };
    });
  }

  #join(bin: Bin, unit: Unit): Option | undefined {
    const { compiled, filter } = this.#work;
    if (!filter.admits(bin.template, unit) || !fitsBeside(bin.pods, unit)) return undefined;
    const mask = bin.mask.slice();
    andInto(mask, compiled.mask(bin.template, unit.constraints));
    if (isEmpty(mask)) return undefined;
    const used = bin.used.map((amount, dimension) => amount + unit.request[dimension]!);
    const offering = this.#cheapest(bin.template, mask, used, bin);
    if (offering < 0) return undefined;
    const price = compiled.priceOf(bin.template, offering);
    return { bin, template: bin.template, tier: bin.tier, mask, used, offering, price, addedPrice: price - bin.price };
  }

  #open(template: CompiledTemplate, tier: number, unit: Unit): Option | undefined {
    const { compiled } = this.#work;
    const mask = compiled.mask(template, unit.constraints).slice();
    const used = unit.request.slice();
    const offering = this.#cheapest(template, mask, used, undefined);
    if (offering < 0) return undefined;
    const price = compiled.priceOf(template, offering);
    return { template, tier, mask, used, offering, price, addedPrice: price };
  }

  #settle(option: Option, unit: Unit): void {
    this.#takeLimits(option.template, option.bin?.offering, -1);
    this.#takeLimits(option.template, option.offering, 1);
    let { bin } = option;
    if (bin === undefined) {
      bin = { ...option, units: new Map(), pods: new Map() };
      this.#bins.push(bin);
    } else {
      bin.mask = option.mask;
      bin.used = option.used;
      bin.offering = option.offering;
      bin.price = option.price;
    }
    bin.units.set(unit, (bin.units.get(unit) ?? 0) + 1);
    for (const { pod, podCount } of unit.members) bin.pods.set(pod, (bin.pods.get(pod) ?? 0) + podCount);
  }

  /** The cheapest offering of the mask that holds what is used within the limits; -1 where there is none. */
  #cheapest(template: CompiledTemplate, mask: Uint32Array, used: Float64Array, bin: Bin | undefined): number {
    const room = new Float64Array(used.length);
    for (const offering of this.#work.compiled.priceOrder(template).order) {
      if (!hasBit(mask, offering)) continue;
      this.#work.compiled.roomInto(template, offering, room);
      if (!room.every((amount, dimension) => amount >= 0 && used[dimension]! <= amount)) continue;
      if (this.#withinLimits(template, offering, bin)) return offering;
    }
    return -1;
  }

  #withinLimits(template: CompiledTemplate, offering: number, bin: Bin | undefined): boolean {
    const { limits, compiled } = this.#work;
    const group = limits.groupOf.get(template.pool.index);
    if (group === undefined) return true;
    const before = new Float64Array(limits.names.length);
    if (bin !== undefined) limitTakesInto(compiled, template, bin.offering, limits.names, before, 0);
    const after = new Float64Array(limits.names.length);
    limitTakesInto(compiled, template, offering, limits.names, after, 0);
    return after.every(
      (amount, name) => amount - before[name]! <= limits.remaining[group * limits.names.length + name]!,
    );
  }

  #takeLimits(template: CompiledTemplate, offering: number | undefined, nodeCount: number): void {
    const { limits, compiled } = this.#work;
    const group = limits.groupOf.get(template.pool.index);
    if (group === undefined || offering === undefined) return;
    const takes = new Float64Array(limits.names.length);
    limitTakesInto(compiled, template, offering, limits.names, takes, 0);
    takes.forEach((amount, name) => {
      limits.remaining[group * limits.names.length + name]! -= amount * nodeCount;
    });
  }
}

/** Whether a unit's pods may be on a node with these pods. A unit that needs mates brings them along. */
function fitsBeside(pods: ReadonlyMap<HostPod, number>, unit: Unit): boolean {
  const present = new Map(pods);
  for (const { pod, podCount } of unit.members) {
    for (let copy = 0; copy < podCount; copy++) {
      if (hostObstacle(pod, present, true) !== undefined) return false;
      present.set(pod, (present.get(pod) ?? 0) + 1);
    }
  }
  return true;
}
