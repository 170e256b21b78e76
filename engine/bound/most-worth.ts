// The most that pods of one node are worth, in whole numbers: every sum and product is an integer below 2^53, and what is
// rounded is rounded upwards. A dynamic programme over the kinds of pods in turn: states that take no less room for no more
// value are dropped (dominance after Nemhauser and Ullmann, "Discrete dynamic programming and capital allocation", 1969),
// and so are those that can't get above the limit whatever follows. Where there are too many states the least promising are
// given up, and what they could have come to counts as if it had been found. Shares nothing with packing.
import { byDensity } from './filling.ts';
import { roomPrices } from './fractional.ts';
import { MOST_SUM, RoomBounds } from './room-bounds.ts';
import { CAP_ROOM, States, undominated } from './states.ts';
import { type Knapsack, knapsackOf, MOST_ROOM, reorder, type WholeForm, withDimensions } from './whole-form.ts';

/** What was found out about one offer. */
export interface Verdict {
  /** No filling is worth more than this: a whole number, never too low, and not below the limit. */
  readonly most: number;
  /** The best filling found that is worth more than the limit. */
  readonly filling?: { readonly value: number; readonly rows: readonly number[]; readonly pods: readonly number[] };
  /** States that were looked at. */
  readonly work: number;
}

/**
 * The most that pods of one node are worth by `values` (`[rows of the instance]`, whole numbers), as far as that is above
 * `limit`. `stateLimit` is how many states are kept at a time.
 */
export function mostWorth(form: WholeForm, values: Float64Array, limit: number, stateLimit: number): Verdict {
  const { rows, most } = form;
  const items: number[] = [];
  for (let at = 0; at < rows.length; at++) if (values[rows[at]!]! > 0 && most[at]! > 0) items.push(at);
  const total = items.reduce((sum, at) => sum + values[rows[at]!]! * most[at]!, 0);
  if (total <= limit) return { most: limit, work: 1 };
  // Values that are too large for exact sums are counted in larger units: rounded up, and the limit down.
  let unit = 1;
  while ((total + limit) / unit > MOST_SUM / 32 - items.length * MOST_ROOM) unit *= 2;
  const whole = knapsackOf(form, items, values);
  whole.values.forEach((value, item) => {
    whole.values[item] = Math.ceil(value / unit);
  });
  const prices = roomPrices(whole);
  const order = orderOf(whole, prices);
  const sorted = reorder(whole, order);
  const { most: found, taken, work } = solve(sorted, prices, Math.floor(limit / unit), stateLimit);
  const proven = Math.max(limit, found * unit);
  if (taken === undefined) return { most: proven, work };
  const entries = order.flatMap((item, at) => (taken[at]! > 0 ? [{ row: rows[items[item]!]!, pods: taken[at]! }] : []));
  entries.sort((left, right) => left.row - right.row);
  const filling = {
    value: entries.reduce((sum, { row, pods }) => sum + values[row]! * pods, 0),
    rows: entries.map(({ row }) => row),
    pods: entries.map(({ pods }) => pods),
  };
  return { most: proven, filling, work };
}

/** What a knapsack comes to: a bound, and how many of each item the best has that was found above the limit. */
interface Solved {
  readonly most: number;
  readonly taken: Uint32Array | undefined;
  readonly work: number;
}

function solve(knapsack: Knapsack, prices: Float64Array, limit: number, stateLimit: number): Solved {
  const { rooms, dimensionCount } = knapsack;
  // Room that is worth nothing is hardly ever full: what fits by the rest is a bound, and mostly it fits.
  const scarce = withDimensions(knapsack, (d) => prices[d]! > 0 || rooms[d]! <= CAP_ROOM);
  let work = 0;
  if (scarce.dimensionCount < dimensionCount) {
    const solved = solveScarce(scarce, limit, stateLimit);
    if (solved.taken === undefined || fits(knapsack, solved.taken)) return solved;
    work = solved.work;
  }
  const solved = solveScarce(knapsack, limit, stateLimit);
  return { ...solved, work: work + solved.work };
}

function solveScarce(knapsack: Knapsack, limit: number, stateLimit: number): Solved {
  if (knapsack.dimensionCount > 0) return new Programme(knapsack, limit, stateLimit).run();
  // Where nothing can be full a node holds all there is.
  const total = knapsack.values.reduce((sum, value, item) => sum + value * knapsack.most[item]!, 0);
  return { most: Math.max(limit, total), taken: total > limit ? Uint32Array.from(knapsack.most) : undefined, work: 1 };
}

function fits({ dimensionCount, rooms, sizes }: Knapsack, taken: Uint32Array): boolean {
  return rooms.every((room, d) => {
    let used = 0;
    for (let item = 0; item < taken.length; item++) used += taken[item]! * sizes[item * dimensionCount + d]!;
    return used <= room;
  });
}

/**
 * How much less than another a state may be worth, as a share of the limit, and still stand for it. What it is less is owed
 * to the bound, and it makes states fewer by far.
 */
const CREDIT = 0.0005;

/** Pods under one cap come together, so that it is soon done with; else the most worth for its room first. */
function orderOf(knapsack: Knapsack, prices: Float64Array): number[] {
  const { dimensionCount, rooms, sizes } = knapsack;
  const capOf = (item: number): number => {
    const cap = rooms.findIndex((room, d) => room <= CAP_ROOM && sizes[item * dimensionCount + d]! > 0);
    return cap < 0 ? dimensionCount : cap;
  };
  // Sorting is stable: within a cap the densest first.
  return byDensity(knapsack, prices).sort((left, right) => capOf(left) - capOf(right));
}

/** The best state so far: its stage and its place there; stage -1 where none is above the limit. */
interface Best {
  stage: number;
  place: number;
  value: number;
}

class Programme {
  #work = 0;
  /** Values are multiplied by the scale, a power of two, so that whole prices of room are close. */
  readonly #scale: number;
  readonly #knapsack: Knapsack;
  readonly #bounds: RoomBounds;
  readonly #stateLimit: number;
  readonly #credit: number;
  readonly #best: Best;
  /** Stages with what each state came from. */
  readonly #stages: States[] = [];
  /** The most that states given up could have come to. */
  #givenUp = 0;

  constructor(knapsack: Knapsack, limit: number, stateLimit: number) {
    const total = knapsack.values.reduce((sum, value, item) => sum + value * knapsack.most[item]!, 0);
    let scale = 1;
    while (scale * 2 * 16 * (total + limit) < MOST_SUM) scale *= 2;
    this.#scale = scale;
    this.#knapsack = { ...knapsack, values: knapsack.values.map((value) => value * scale) };
    this.#bounds = new RoomBounds(this.#knapsack);
    this.#stateLimit = stateLimit;
    this.#credit = Math.floor(limit * CREDIT) * scale;
    this.#best = { stage: -1, place: 0, value: limit * scale };
  }

  /** The bound on all fillings, and pods of the best one by item, where it is above the limit. */
  run(): Solved {
    const { itemCount, dimensionCount } = this.#knapsack;
    let states = new States(dimensionCount, 1);
    states.count = 1;
    if (mostIn(this.#knapsack.rooms, this.#bounds.setsFrom(0), 0) > this.#best.value) {
      for (let item = 0; item < itemCount && states.count > 0; item++) {
        states = this.#reduce(item, this.#extend(item, states));
        this.#stages.push(states);
      }
      for (let at = 0; at < states.count; at++) {
        this.#givenUp = Math.max(this.#givenUp, states.values[at]! + states.debts[at]!);
      }
    } else this.#work++;
    const most = Math.ceil(Math.max(this.#best.value, this.#givenUp) / this.#scale);
    return { most, taken: this.#best.stage < 0 ? undefined : this.#trace(), work: this.#work };
  }

  /** Every state with every number of pods of an item that it has room for. */
  #extend(item: number, states: States): States {
    const { dimensionCount: m, itemCount, rooms, sizes, values, most } = this.#knapsack;
    const sets = item + 1 < itemCount ? this.#bounds.setsFrom(item + 1) : [];
    const next = new States(m, Math.max(64, 2 * states.count));
    const best = this.#best;
    const room = new Float64Array(m);
    for (let state = 0; state < states.count; state++) {
      let fitting = most[item]!;
      for (let d = 0; d < m; d++) {
        room[d] = rooms[d]! - states.used[state * m + d]!;
        const size = sizes[item * m + d]!;
        if (size > 0) fitting = Math.min(fitting, Math.floor(room[d]! / size));
      }
      this.#work += fitting + 1;
      for (let take = 0; take <= fitting; take++) {
        const value = states.values[state]! + take * values[item]!;
        const isBest = value > best.value;
        const worth = value + states.debts[state]!;
        const bound = worth + mostIn(room, sets, best.value - worth);
        if (isBest || bound > best.value) {
          if (isBest) Object.assign(best, { stage: item, place: next.count, value });
          next.reserve();
          const at = next.count++;
          for (let d = 0; d < m; d++) next.used[at * m + d] = rooms[d]! - room[d]!;
          next.values[at] = value;
          next.debts[at] = states.debts[state]!;
          next.bounds[at] = bound;
          next.parents[at] = state;
          next.takes[at] = take;
        }
        for (let d = 0; d < m; d++) room[d]! -= sizes[item * m + d]!;
      }
    }
    return next;
  }

  /** Drops what is superfluous, and the least promising where too many are left. */
  #reduce(item: number, states: States): States {
    const best = this.#best;
    const keep = best.stage === item ? best.place : -1;
    let places = undominated(states, this.#knapsack.rooms, this.#openAfter(item), best.value, keep, this.#credit);
    if (places.length > this.#stateLimit) {
      const sorted = Float64Array.from(places, (at) => states.bounds[at]!).sort();
      const least = sorted[places.length - this.#stateLimit]!;
      places = places.filter((at) => {
        if (at === keep || states.bounds[at]! > least) return true;
        this.#givenUp = Math.max(this.#givenUp, states.bounds[at]!);
        return false;
      });
    }
    if (keep >= 0) best.place = places.indexOf(keep);
    return states.select(places);
  }

  /** Dimensions that some later item uses: the others say nothing any more. */
  #openAfter(item: number): number[] {
    const { dimensionCount: m, itemCount, sizes } = this.#knapsack;
    const open: number[] = [];
    for (let d = 0; d < m; d++) {
      for (let later = item + 1; later < itemCount; later++) {
        if (sizes[later * m + d] === 0) continue;
        open.push(d);
        break;
      }
    }
    return open;
  }

  #trace(): Uint32Array {
    const taken = new Uint32Array(this.#knapsack.itemCount);
    let { stage, place } = this.#best;
    for (; stage >= 0; stage--) {
      taken[stage] = this.#stages[stage]!.takes[place]!;
      place = this.#stages[stage]!.parents[place]!;
    }
    return taken;
  }
}

/** What the items to come can add in this room; 0 where there are none. Nobody asks how much it is below `enough`. */
function mostIn(
  room: Float64Array,
  sets: readonly { readonly prices: Float64Array; readonly gain: number }[],
  enough: number,
): number {
  if (sets.length === 0) return 0;
  let least = Number.POSITIVE_INFINITY;
  for (let set = 0; set < sets.length; set++) {
    const { prices, gain } = sets[set]!;
    let bound = gain;
    for (let d = 0; d < room.length; d++) bound += prices[d]! * room[d]!;
    if (bound < least) least = bound;
    if (least <= enough) break;
  }
  return least;
}
