// Deals units to packed nodes: the packing says how many of a kind a node holds, this says which. Units with rules about
// the other pods of their node go first, each to the next node where no rule stands against it, so that the pods of one
// workload come to stand on many nodes; the others take what is left, whole runs of nodes at a time.
import type { HostRules } from '../topology/index.ts';
import type { Kind } from './kinds.ts';
import type { PackedNodes } from './packing.ts';

/** Equal nodes with their units. */
export interface DealtNodes {
  readonly classIndex: number;
  readonly nodeCount: number;
  /** Positions of units, ascending. */
  readonly units: readonly number[];
  /** Units of each of them in one node. */
  readonly unitCounts: readonly number[];
}

/** Nodes that are tried for one unit. */
const TRY_LIMIT = 512;

/**
 * Deals `counts` units (by position) of the kinds to the nodes, and takes what was dealt off the counts. Rules that the
 * packing has kept already need not be among `rules`. Units that no node takes keep their counts.
 */
export function dealUnits(
  packed: readonly PackedNodes[],
  kinds: readonly Kind[],
  counts: Float64Array,
  rules: HostRules | undefined,
): DealtNodes[] {
  const ruled = kinds.map(({ members }) => members.filter((unit) => hasEntries(rules, unit)));
  const single: Slots[] = [];
  const grouped: PackedNodes[] = [];
  for (const nodes of packed) {
    if (rules === undefined || nodes.shapes.every((kind) => ruled[kind]!.length === 0)) grouped.push(nodes);
    else for (let node = 0; node < nodes.nodeCount; node++) single.push(openSlots(nodes));
  }
  if (rules !== undefined) dealRuled(single, ruled, counts, rules);
  const plain = kinds.map(
    ({ members }) =>
      new Run(
        members.filter((unit) => !hasEntries(rules, unit)),
        counts,
      ),
  );
  const dealt = single.map((node) => fillSingle(node, plain));
  for (const nodes of grouped) dealt.push(...fillGroup(nodes, plain));
  return mergeEqual(dealt.filter(({ units }) => units.length > 0));
}

/** One node while it is dealt to. */
interface Slots {
  readonly classIndex: number;
  readonly kinds: readonly number[];
  /** Units of each kind that are still to come. */
  readonly open: number[];
  readonly units: number[];
  readonly unitCounts: number[];
}

function openSlots({ classIndex, shapes, pods }: PackedNodes): Slots {
  return { classIndex, kinds: shapes, open: [...pods], units: [], unitCounts: [] };
}

function put(node: Slots, unit: number, unitCount: number): void {
  const place = node.units.indexOf(unit);
  if (place >= 0) node.unitCounts[place]! += unitCount;
  else {
    node.units.push(unit);
    node.unitCounts.push(unitCount);
  }
}

function hasEntries(rules: HostRules | undefined, unit: number): boolean {
  return rules !== undefined && rules.starts[unit]! < rules.starts[unit + 1]!;
}

function dealRuled(
  nodes: readonly Slots[],
  ruled: readonly (readonly number[])[],
  counts: Float64Array,
  rules: HostRules,
): void {
  const board = new GroupBoard(rules, nodes.length);
  /** For each kind, nodes with room for one of it and the place of the kind there. */
  const openings: { node: number; place: number }[][] = ruled.map(() => []);
  nodes.forEach(({ kinds }, node) => {
    kinds.forEach((kind, place) => {
      if (ruled[kind]!.length > 0) openings[kind]!.push({ node, place });
    });
  });
  ruled.forEach((units, kind) => {
    const list = openings[kind]!;
    let next = 0;
    for (const unit of units) {
      while (counts[unit]! > 0) {
        const found = board.findNode(unit, list, next);
        if (found < 0) break;
        const { node, place } = list[found]!;
        put(nodes[node]!, unit, 1);
        board.take(unit, node);
        counts[unit]!--;
        nodes[node]!.open[place]!--;
        if (nodes[node]!.open[place] === 0) {
          // The last one takes the place of the one that is full.
          list[found] = list[list.length - 1]!;
          list.pop();
          next = found;
        } else next = found + 1;
        if (next >= list.length) next = 0;
      }
    }
  });
}

/** What the groups have on each node: a list of entries a node, since a node meets few groups. */
class GroupBoard {
  readonly #rules: HostRules;
  readonly #groupsOf: number[][];
  /** Counted pods and owners, for each group of `#groupsOf`. */
  readonly #countsOf: number[][];
  readonly #ownersOf: number[][];

  constructor(rules: HostRules, nodeCount: number) {
    this.#rules = rules;
    this.#groupsOf = Array.from({ length: nodeCount }, () => []);
    this.#countsOf = Array.from({ length: nodeCount }, () => []);
    this.#ownersOf = Array.from({ length: nodeCount }, () => []);
  }

  /** Position of the first node from `start` on, going round, that may take the unit; -1 where none of those tried may. */
  findNode(unit: number, list: readonly { readonly node: number }[], start: number): number {
    const tries = Math.min(list.length, TRY_LIMIT);
    for (let step = 0; step < tries; step++) {
      const position = start + step < list.length ? start + step : start + step - list.length;
      if (this.#mayTake(unit, list[position]!.node)) return position;
    }
    return -1;
  }

  take(unit: number, node: number): void {
    const { starts, groups, amounts, owners } = this.#rules;
    const known = this.#groupsOf[node]!;
    for (let entry = starts[unit]!; entry < starts[unit + 1]!; entry++) {
      let place = known.indexOf(groups[entry]!);
      if (place < 0) {
        place = known.length;
        known.push(groups[entry]!);
        this.#countsOf[node]!.push(0);
        this.#ownersOf[node]!.push(0);
      }
      this.#countsOf[node]![place]! += amounts[entry]!;
      this.#ownersOf[node]![place]! += owners[entry]!;
    }
  }

  #mayTake(unit: number, node: number): boolean {
    const { starts, groups, amounts, owners, caps, apart } = this.#rules;
    const known = this.#groupsOf[node]!;
    for (let entry = starts[unit]!; entry < starts[unit + 1]!; entry++) {
      const group = groups[entry]!;
      const place = known.indexOf(group);
      const count = place < 0 ? 0 : this.#countsOf[node]![place]!;
      const ownerCount = place < 0 ? 0 : this.#ownersOf[node]![place]!;
      if (apart[group] === 1) {
        if ((owners[entry] === 1 && count > 0) || (amounts[entry]! > 0 && ownerCount > 0)) return false;
      } else if ((owners[entry] === 1 || ownerCount > 0) && count + amounts[entry]! > caps[group]!) return false;
    }
    return true;
  }
}

/** Units of one kind without rules, taken one after the other. */
class Run {
  readonly #units: readonly number[];
  readonly #counts: Float64Array;
  #at = 0;

  constructor(units: readonly number[], counts: Float64Array) {
    this.#units = units;
    this.#counts = counts;
  }

  /** The unit whose turn it is and how many of it are left; undefined where none are. */
  get next(): { readonly unit: number; readonly count: number } | undefined {
    while (this.#at < this.#units.length && this.#counts[this.#units[this.#at]!] === 0) this.#at++;
    const unit = this.#units[this.#at];
    return unit === undefined ? undefined : { unit, count: this.#counts[unit]! };
  }

  take(unit: number, count: number): void {
    this.#counts[unit]! -= count;
  }
}

function fillSingle(node: Slots, plain: readonly Run[]): DealtNodes {
  node.kinds.forEach((kind, place) => {
    let open = node.open[place]!;
    for (let next = plain[kind]!.next; open > 0 && next !== undefined; next = plain[kind]!.next) {
      const taken = Math.min(open, next.count);
      plain[kind]!.take(next.unit, taken);
      put(node, next.unit, taken);
      open -= taken;
    }
  });
  return { classIndex: node.classIndex, nodeCount: 1, ...inOrder(node.units, node.unitCounts) };
}

/** Fills equal nodes, as many at a time as take the same units. */
function fillGroup({ classIndex, nodeCount, shapes, pods }: PackedNodes, plain: readonly Run[]): DealtNodes[] {
  const dealt: DealtNodes[] = [];
  let left = nodeCount;
  while (left > 0) {
    // Whole nodes for which the unit whose turn it is suffices, over all kinds; a node between two units is single.
    let most = left;
    shapes.forEach((kind, place) => {
      const count = plain[kind]!.next?.count ?? 0;
      most = Math.min(most, Math.floor(count / pods[place]!));
    });
    if (most === 0) {
      const node = openSlots({ classIndex, nodeCount: 1, shapes, pods });
      dealt.push(fillSingle(node, plain));
      left--;
      continue;
    }
    const units: number[] = [];
    shapes.forEach((kind, place) => {
      const { unit } = plain[kind]!.next!;
      plain[kind]!.take(unit, most * pods[place]!);
      units.push(unit);
    });
    dealt.push({ classIndex, nodeCount: most, ...inOrder(units, [...pods]) });
    left -= most;
  }
  return dealt;
}

function inOrder(
  units: readonly number[],
  unitCounts: readonly number[],
): { readonly units: readonly number[]; readonly unitCounts: readonly number[] } {
  const order = units.map((_, index) => index).sort((left, right) => units[left]! - units[right]!);
  return { units: order.map((index) => units[index]!), unitCounts: order.map((index) => unitCounts[index]!) };
}

function mergeEqual(nodes: readonly DealtNodes[]): DealtNodes[] {
  const merged = new Map<string, DealtNodes>();
  for (const node of nodes) {
    const key = `${node.classIndex}|${node.units.join(' ')}|${node.unitCounts.join(' ')}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? node : { ...known, nodeCount: known.nodeCount + node.nodeCount });
  }
  return [...merged.values()];
}
