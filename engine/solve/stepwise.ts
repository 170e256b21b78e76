// New nodes one unit at a time: each unit joins the node where it adds least to the price, or opens one of its own. Slower
// and dearer than packing many at a time, and right where counts of domains must follow what limits let in.
import { andInto, hasBit, isEmpty } from '../bits/index.ts';
import { attachNew, type CompiledTemplate, type SharedClaim, type Tally, type Unit } from '../compile/index.ts';
import { type FloorRule, limitTakesInto } from '../pack/index.ts';
import { type HostPod, hostObstacle } from '../topology/index.ts';
import type { PlacingWork } from './attempt.ts';
import type { NodeMaker } from './node-maker.ts';
import type { NewNodes } from './placing.ts';

/** A node to be made, as far as it is decided. */
interface Bin {
  readonly template: CompiledTemplate;
  readonly tier: number;
  /** Offerings that its units admit; bitset. */
  mask: Uint32Array;
  /** `Float64Array[dimensions]`. */
  used: Float64Array;
  /** What it costs and takes of limits. */
  choice: Choice;
  readonly floorRule: FloorRule;
  readonly units: Map<Unit, number>;
  readonly pods: Map<HostPod, number>;
  readonly attached: Set<SharedClaim>;
}

/** The offerings that a node would be made of. */
interface Choice {
  /** That of the cheapest. */
  readonly price: number;
  /** `Float64Array[limit names]`: the most that one of them takes. */
  readonly takes: Float64Array;
  /** Reservations of which it takes one instance each. */
  readonly reservations: readonly number[];
}

/** What joining or opening a node would make of it. */
interface Option {
  readonly bin?: Bin;
  readonly template: CompiledTemplate;
  readonly tier: number;
  readonly mask: Uint32Array;
  readonly used: Float64Array;
  readonly choice: Choice;
  readonly floorRule: FloorRule;
  readonly addedPrice: number;
}

/** Opens nodes for units. */
export class NodeOpener implements NodeMaker {
  readonly takesAll = false;
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

  /** Puts a unit beside pods that it must be with, where that costs least. */
  readonly join = (unit: Unit): boolean => {
    if (!this.#work.budget.spend()) return false;
    let best: Option | undefined;
    for (const bin of this.#bins) {
      const option = this.#join(bin, unit, false);
      if (option !== undefined && (best === undefined || isBefore(option, best))) best = option;
    }
    if (best === undefined) return false;
    this.#settle(best, unit);
    return true;
  };

  #takeOne(unit: Unit): boolean {
    if (!this.#work.budget.spend()) return false;
    let best: Option | undefined;
    const consider = (option: Option | undefined): void => {
      if (option !== undefined && (best === undefined || isBefore(option, best))) best = option;
    };
    for (const bin of this.#bins) consider(this.#join(bin, unit, true));
    this.#work.tiers.forEach((templates, tier) => {
      for (const template of this.#work.filter.open(templates, unit)) consider(this.#open(template, tier, unit));
    });
    if (best === undefined) return false;
    this.#settle(best, unit);
    return true;
  }

  /** The nodes opened. */
  nodes(): NewNodes[] {
    return this.#bins.map((bin) => ({
      template: bin.template,
      nodeCount: 1,
      units: [...bin.units.keys()],
      unitCounts: [...bin.units.values()],
      limitTakes: bin.choice.takes,
      floorRule: bin.floorRule,
      reservations: bin.choice.reservations,
    }));
  }

  #join(bin: Bin, unit: Unit, mayStart: boolean): Option | undefined {
    const { compiled, filter } = this.#work;
    if (!filter.admits(bin.template, unit) || !fitsBeside(bin.pods, unit, mayStart)) return undefined;
    const mask = bin.mask.slice();
    andInto(mask, compiled.mask(bin.template, unit.constraints));
    if (isEmpty(mask)) return undefined;
    const used = bin.used.map((amount, dimension) => amount + unit.request[dimension]!);
    if (unit.sharedClaims.length > 0) attachNew(unit.sharedClaims, new Set(bin.attached), used, 1);
    const { template, tier, floorRule } = bin;
    const choice = this.#choose(template, mask, used, bin, floorRule);
    if (choice === undefined) return undefined;
    return { bin, template, tier, mask, used, choice, floorRule, addedPrice: choice.price - bin.choice.price };
  }

  #open(template: CompiledTemplate, tier: number, unit: Unit): Option | undefined {
    const { compiled } = this.#work;
    const mask = compiled.mask(template, unit.constraints).slice();
    const used = unit.alone.slice();
    let floorRule: FloorRule = 'floors-kept';
    let choice = this.#choose(template, mask, used, undefined, floorRule);
    if (choice === undefined && compiled.mayRelaxFloors) {
      floorRule = 'floors-relaxed';
      choice = this.#choose(template, mask, used, undefined, floorRule);
    }
    if (choice === undefined) return undefined;
    return { template, tier, mask, used, choice, floorRule, addedPrice: choice.price };
  }

  #settle(option: Option, unit: Unit): void {
    this.#takeLimits(option.template, option.bin?.choice, -1);
    this.#takeLimits(option.template, option.choice, 1);
    let { bin } = option;
    if (bin === undefined) {
      const { template, tier, mask, used, choice, floorRule } = option;
      bin = { template, tier, mask, used, choice, floorRule, units: new Map(), pods: new Map(), attached: new Set() };
      this.#bins.push(bin);
    } else {
      bin.mask = option.mask;
      bin.used = option.used;
      bin.choice = option.choice;
    }
    bin.units.set(unit, (bin.units.get(unit) ?? 0) + 1);
    for (const { pod, podCount } of unit.members) bin.pods.set(pod, (bin.pods.get(pod) ?? 0) + podCount);
    for (const claim of unit.sharedClaims) bin.attached.add(claim);
  }

  /**
   * Offerings of the mask that hold what is used within the limits and keep the floors, reserved capacity first; undefined
   * where there are none.
   */
  #choose(
    template: CompiledTemplate,
    mask: Uint32Array,
    used: Float64Array,
    bin: Bin | undefined,
    floorRule: FloorRule,
  ): Choice | undefined {
    for (const listGroup of this.#work.compiled.reservations.listGroups) {
      const choice = this.#chooseAmong(template, mask, used, bin, floorRule, listGroup);
      if (choice !== undefined) return choice;
    }
    return undefined;
  }

  #chooseAmong(
    template: CompiledTemplate,
    mask: Uint32Array,
    used: Float64Array,
    bin: Bin | undefined,
    floorRule: FloorRule,
    listGroup: number,
  ): Choice | undefined {
    const { compiled } = this.#work;
    const { reservations } = compiled;
    const room = new Float64Array(used.length);
    const holding: Choice[] = [];
    const tally = floorRule === 'floors-kept' ? template.floors?.tally() : undefined;
    const offerings: number[] = [];
    for (const offering of compiled.costs.priceOrder(template).order) {
      if (!hasBit(mask, offering) || reservations.listGroupOf(offering) !== listGroup) continue;
      const reservation = reservations.of(offering);
      if (reservation >= 0 && !this.#isFree(reservation, bin)) continue;
      compiled.roomInto(template, offering, room);
      if (!room.every((amount, dimension) => amount >= 0 && used[dimension]! <= amount)) continue;
      const takes = this.#takesOf(template, offering);
      if (!this.#withinLimits(template, takes, bin)) continue;
      const drawn = reservation < 0 ? [] : [reservation];
      const choice = { price: compiled.costs.costOf(template, offering), takes, reservations: drawn };
      if (tally === undefined) return choice;
      holding.push(choice);
      offerings.push(offering);
    }
    return tally === undefined ? undefined : this.#widen(template, holding, offerings, tally);
  }

  #isFree(reservation: number, bin: Bin | undefined): boolean {
    const own = bin?.choice.reservations.includes(reservation) === true ? 1 : 0;
    return this.#work.limits.free[reservation]! + own >= 1;
  }

  /** As few offerings as keep the floors, those that take least of the limits first. Cheapest first in `holding`. */
  #widen(
    template: CompiledTemplate,
    holding: readonly Choice[],
    offerings: readonly number[],
    tally: Tally,
  ): Choice | undefined {
    const places = holding.map((_, place) => place);
    const shares = holding.map(({ takes }) => this.#shareOf(template, takes));
    places.sort((left, right) => shares[left]! - shares[right]! || left - right);
    const most = new Float64Array(this.#work.limits.names.length);
    const drawn = new Set<number>();
    for (const place of places) {
      if (tally.isMet) break;
      if (!tally.helps(offerings[place]!)) continue;
      tally.add(offerings[place]!);
      for (const reservation of holding[place]!.reservations) drawn.add(reservation);
      holding[place]!.takes.forEach((take, name) => {
        most[name] = Math.max(most[name]!, take);
      });
    }
    if (!tally.isMet) return undefined;
    const first = holding.find(
      ({ takes, reservations }) =>
        takes.every((take, name) => take <= most[name]!) && reservations.every((reservation) => drawn.has(reservation)),
    );
    return first === undefined ? undefined : { price: first.price, takes: most, reservations: [...drawn].sort() };
  }

  /** What a node takes of limits; nothing where its pool has none. */
  #takesOf(template: CompiledTemplate, offering: number): Float64Array {
    const { limits, compiled } = this.#work;
    const takes = new Float64Array(limits.names.length);
    if (limits.groupOf.has(template.pool.index)) {
      limitTakesInto(compiled, template, offering, limits.names, takes, 0);
    }
    return takes;
  }

  /** The largest share of what is left of some limit. */
  #shareOf(template: CompiledTemplate, takes: Float64Array): number {
    return takes.reduce(
      (share, take, name) => (take === 0 ? share : Math.max(share, take / this.#left(template, name))),
      0,
    );
  }

  #left(template: CompiledTemplate, name: number): number {
    const { limits } = this.#work;
    const group = limits.groupOf.get(template.pool.index);
    return group === undefined ? Number.POSITIVE_INFINITY : limits.remaining[group * limits.names.length + name]!;
  }

  #withinLimits(template: CompiledTemplate, takes: Float64Array, bin: Bin | undefined): boolean {
    return takes.every((take, name) => take - (bin?.choice.takes[name] ?? 0) <= this.#left(template, name));
  }

  #takeLimits(template: CompiledTemplate, choice: Choice | undefined, nodeCount: number): void {
    const { limits } = this.#work;
    const group = limits.groupOf.get(template.pool.index);
    if (choice === undefined) return;
    for (const reservation of choice.reservations) limits.free[reservation]! -= nodeCount;
    if (group === undefined) return;
    choice.takes.forEach((amount, name) => {
      limits.remaining[group * limits.names.length + name]! -= amount * nodeCount;
    });
  }
}

/** Heavier pools first, then nodes that keep their floors, then what adds least to the price. */
function isBefore(option: Option, other: Option): boolean {
  if (option.tier !== other.tier) return option.tier < other.tier;
  if (option.floorRule !== other.floorRule) return option.floorRule === 'floors-kept';
  return option.addedPrice < other.addedPrice;
}

/** Whether a unit's pods may be on a node with these pods; a unit that brings the mates it needs `mayStart` with them. */
function fitsBeside(pods: ReadonlyMap<HostPod, number>, unit: Unit, mayStart: boolean): boolean {
  const present = new Map(pods);
  for (const { pod, podCount } of unit.members) {
    for (let copy = 0; copy < podCount; copy++) {
      if (hostObstacle(pod, present, mayStart) !== undefined) return false;
      present.set(pod, (present.get(pod) ?? 0) + 1);
    }
  }
  return true;
}
