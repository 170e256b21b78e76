// The states of a dynamic programme over one node: room taken, value, and how they came about. Grows as it is filled; drops
// states that others make superfluous. All numbers are whole.

/** States of one stage. */
export class States {
  count = 0;
  readonly #dimensionCount: number;
  /** `[states × dimensions]`. */
  used: Float64Array;
  values: Float64Array;
  /** By how much more value a state that this one stands for may have: it counts as if this one had it. */
  debts: Float64Array;
  /** What the state can come to at most. */
  bounds: Float64Array;
  /** State of the stage before, and pods taken since. */
  parents: Uint32Array;
  takes: Uint32Array;

  constructor(dimensionCount: number, capacity: number) {
    this.#dimensionCount = dimensionCount;
    this.used = new Float64Array(capacity * dimensionCount);
    this.values = new Float64Array(capacity);
    this.debts = new Float64Array(capacity);
    this.bounds = new Float64Array(capacity);
    this.parents = new Uint32Array(capacity);
    this.takes = new Uint32Array(capacity);
  }

  /** Makes room for one more. */
  reserve(): void {
    if (this.count < this.values.length) return;
    this.used = doubled(this.used);
    this.values = doubled(this.values);
    this.debts = doubled(this.debts);
    this.bounds = doubled(this.bounds);
    const parents = new Uint32Array(2 * this.parents.length);
    parents.set(this.parents);
    this.parents = parents;
    const takes = new Uint32Array(2 * this.takes.length);
    takes.set(this.takes);
    this.takes = takes;
  }

  /** Only these, in this order. */
  select(places: Uint32Array): States {
    const m = this.#dimensionCount;
    const selected = new States(m, Math.max(1, places.length));
    selected.count = places.length;
    for (let at = 0; at < places.length; at++) {
      const from = places[at]!;
      for (let d = 0; d < m; d++) selected.used[at * m + d] = this.used[from * m + d]!;
      selected.values[at] = this.values[from]!;
      selected.debts[at] = this.debts[from]!;
      selected.bounds[at] = this.bounds[from]!;
      selected.parents[at] = this.parents[from]!;
      selected.takes[at] = this.takes[from]!;
    }
    return selected;
  }
}

function doubled(from: Float64Array): Float64Array {
  const larger = new Float64Array(2 * from.length);
  larger.set(from);
  return larger;
}

/** Room up to which a dimension is a cap on some pods. */
export const CAP_ROOM = 64;

/** Kinds of states at most: caps beyond that are compared like room. */
const MOST_KINDS = 2 ** 16;

/** Columns of the tree in which dominating states are looked for. */
const BINS = 512;

/** Above every number of a state, and small enough that room times it is exact. */
const PLACES = 2 ** 26;

/**
 * States that no other one with no more room taken in any of the `open` dimensions and hardly less value makes superfluous
 * (some that one does may stay), and that may come to more than `floor`; `keep` stays whatever it is. A state that stands
 * for one of more value owes the difference, up to `credit`. O(states × log).
 */
export function undominated(
  states: States,
  rooms: Float64Array,
  open: readonly number[],
  floor: number,
  keep: number,
  credit: number,
): Uint32Array {
  const m = rooms.length;
  const { count, used, values, bounds } = states;
  // Sorted by one dimension, looked up by another; the rest is compared one by one, but for caps: states that have taken
  // differently of them are not compared, since they are of different kinds until the cap's last pod has had its turn.
  const [first = 0, second = 0] = [...open].sort((left, right) => rooms[right]! - rooms[left]!);
  let kinds = 1;
  const caps = open.filter((d) => {
    if (d === first || d === second || rooms[d]! > CAP_ROOM || kinds * (rooms[d]! + 1) > MOST_KINDS) return false;
    kinds *= rooms[d]! + 1;
    return true;
  });
  const compared = open.filter((d) => !caps.includes(d));
  const order = new Float64Array(count);
  for (let at = 0; at < count; at++) order[at] = used[at * m + first]! * PLACES + at;
  order.sort();
  const trees = new Map<number, Int32Array>();
  const places = new Uint32Array(count);
  let kept = 0;
  for (let position = 0; position < count; position++) {
    const at = order[position]! % PLACES;
    if (at !== keep && bounds[at]! <= floor) continue;
    const bin = Math.floor((used[at * m + second]! / (rooms[second]! + 1)) * BINS) + 1;
    let kind = 0;
    for (const d of caps) kind = kind * (rooms[d]! + 1) + used[at * m + d]!;
    let tree = trees.get(kind);
    if (tree === undefined) {
      tree = new Int32Array(BINS + 1).fill(-1);
      trees.set(kind, tree);
    }
    if (at !== keep && standsIn(states, tree, bin, at, m, compared, credit)) continue;
    places[kept++] = at;
    for (let node = bin; node <= BINS; node += node & -node) {
      const other = tree[node]!;
      if (other < 0 || values[at]! > values[other]!) tree[node] = at;
    }
  }
  return places.slice(0, kept);
}

/** Whether some state of the tree stands for this one from now on. */
function standsIn(
  { used, values, debts, bounds }: States,
  tree: Int32Array,
  bin: number,
  at: number,
  m: number,
  compared: readonly number[],
  credit: number,
): boolean {
  const worth = values[at]! + debts[at]!;
  for (let node = bin; node > 0; node -= node & -node) {
    const other = tree[node]!;
    if (other < 0 || values[other]! + credit < worth) continue;
    let isBetter = true;
    for (let position = 0; position < compared.length && isBetter; position++) {
      const d = compared[position]!;
      isBetter = used[other * m + d]! <= used[at * m + d]!;
    }
    if (!isBetter) continue;
    const more = worth - values[other]! - debts[other]!;
    if (more > 0) {
      debts[other]! += more;
      bounds[other]! += more;
    }
    return true;
  }
  return false;
}
