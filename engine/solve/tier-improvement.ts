// Improves the nodes that one tier of pools is to get: the same units on nodes that cost less. Works on kinds, as packing
// does, and deals the units anew whenever a cheaper packing was found; only what is cheaper once it is dealt is kept.
import type { CompiledProblem, CompiledTemplate, TemplateFilter, Unit } from '../compile/index.ts';
import { Improver } from '../improve/index.ts';
import {
  isBetterPacking,
  LimitBook,
  type LimitTable,
  type PackedNodes,
  type Packing,
  type PackWork,
} from '../pack/index.ts';
import { buildHostRules, type HostPod } from '../topology/index.ts';
import { bindingGroups, KindPacking, packUnits, type UnitQuestion } from './kind-packing.ts';
import { candidatesFor, type NewNodes, unitsOn } from './placing.ts';
import { compareUnits, type UnitCount } from './waiting.ts';

/** What is to be improved. */
export interface TierInput {
  readonly compiled: CompiledProblem;
  readonly filter: TemplateFilter;
  readonly templates: readonly CompiledTemplate[];
  /** Nodes whose units may be packed anew; all of them have templates of the tier. */
  readonly nodes: readonly NewNodes[];
  /** What there is of limits beside all nodes of the plan. */
  readonly limits: LimitTable;
  readonly seed: number;
  /** For the search, and for dealing what it found: a search that is at its end has still to be dealt. */
  readonly work: PackWork;
  readonly dealing: PackWork;
  readonly idleTurns: number;
  /** Kinds up to which every rule on hosts is kept by the packing itself. */
  readonly fewKinds: number;
  /** As in buildHostRules. */
  readonly comesLast: ((pod: HostPod) => boolean) | undefined;
}

/** Units that could be packed anew, with the packing that they have. */
interface Opened {
  readonly question: UnitQuestion;
  readonly packing: KindPacking;
  readonly packed: readonly PackedNodes[];
  /** Nodes that packing has no form for: they stay as they are. */
  readonly fixed: readonly NewNodes[];
}

/** The improvement of one tier, turn by turn. */
export class TierImprovement {
  readonly #opened: Opened;
  readonly #dealing: PackWork;
  readonly #improver: Improver;
  readonly #first: Packing;
  /** The packing that was dealt last, whatever came of it. */
  #dealt: Packing;
  #best: Packing;
  #nodes: readonly NewNodes[] | undefined;

  private constructor(opened: Opened, { seed, work, dealing, idleTurns }: TierInput) {
    const { question, packing, packed } = opened;
    const first = packingOf(opened, packed);
    this.#opened = opened;
    this.#dealing = dealing;
    this.#first = first;
    this.#dealt = first;
    this.#best = first;
    const { instance, counts } = packing;
    this.#improver = new Improver({ instance, counts, limits: question.limits, first, seed, work, idleTurns });
  }

  /** Undefined where there is nothing that could be packed another way. */
  static open(input: TierInput): TierImprovement | undefined {
    const opened = openUnits(input);
    return opened === undefined ? undefined : new TierImprovement(opened, input);
  }

  /** One turn; whether another may gain something. */
  turn(): boolean {
    const more = this.#improver.turn();
    const packing = this.#improver.best;
    if (packing !== this.#dealt) {
      this.#dealt = packing;
      const { instance } = this.#opened.packing;
      this.#deal(packing, (dealt) => isBetterPacking(instance, dealt, this.#best));
    }
    return more;
  }

  /**
   * The nodes of the tier and what they take of limits beyond those that were there; undefined where those that were there
   * are the best. To be called once, at the end.
   */
  improved(): { readonly nodes: readonly NewNodes[]; readonly limits: LimitTable } | undefined {
    this.#preferFewer();
    if (this.#nodes === undefined) return undefined;
    const { fixed, question } = this.#opened;
    const { limitsLeft, freeLeft } = this.#best;
    return {
      nodes: [...fixed, ...this.#nodes],
      limits: { ...question.limits, remaining: limitsLeft, free: freeLeft },
    };
  }

  /** Takes a packing with fewer nodes where it costs nearly as little. */
  #preferFewer(): void {
    if (this.#dealing.cut) return;
    this.#improver.mergeNodes(this.#dealing);
    const { fewest } = this.#improver;
    if (fewest.nodeCount >= this.#best.nodeCount) return;
    const { tieShare } = this.#opened.packing.instance;
    const most = this.#best.priceNanoUsdPerHour * (1 + tieShare);
    const isFewer = ({ nodeCount, priceNanoUsdPerHour }: Packing): boolean =>
      nodeCount < this.#best.nodeCount && priceNanoUsdPerHour <= most;
    // What was there before anything was packed anew is dealt already.
    if (fewest !== this.#first) this.#deal(fewest, isFewer);
    else if (isFewer(fewest)) {
      this.#best = fewest;
      this.#nodes = undefined;
    }
  }

  /** Deals a packing and keeps what comes of it where `isBetter` says so. */
  #deal(packing: Packing, isBetter: (dealt: Packing) => boolean): void {
    const { question, packing: kinds } = this.#opened;
    const counts = question.counts.slice();
    const nodes = kinds.deal(packing, counts);
    // Units that no node took because of the others there.
    if (counts.some((count) => count > 0)) {
      const limits = { ...question.limits, remaining: packing.limitsLeft.slice(), free: packing.freeLeft.slice() };
      nodes.push(
        ...packUnits({ ...question, counts, limits, fewKinds: Number.POSITIVE_INFINITY, budget: this.#dealing }),
      );
      if (counts.some((count) => count > 0)) return;
    }
    const read = kinds.read(nodes);
    if (!isWhole(read)) return;
    const dealt = packingOf(this.#opened, read);
    if (!isBetter(dealt)) return;
    this.#best = dealt;
    this.#nodes = nodes;
  }
}

/** Sorts the nodes into those that packing has a form for and the others; undefined where there are none of the first. */
function openUnits(input: TierInput): Opened | undefined {
  const { compiled, filter, templates } = input;
  const fixed: NewNodes[] = [];
  let nodes = input.nodes;
  while (nodes.length > 0) {
    const units = unitsOf(nodes);
    // Pods of one kind have been packed exactly, but for limits: one pod is to cost a look-up, and nothing after it.
    if (units.length === 1 && !areLimitsUsedUp(input.limits, nodes)) return undefined;
    const found = candidatesFor(filter, templates, units);
    const candidates = found.map(({ candidate }) => candidate);
    const question: UnitQuestion = {
      compiled,
      candidates,
      counts: Float64Array.from(found, ({ entry }) => entry.count),
      rules: buildHostRules(
        candidates.map(({ unit }) => unit),
        input.comesLast,
      ),
      limits: limitsWith(input.limits, nodes),
      floorRule: 'floors-kept',
      fewKinds: input.fewKinds,
    };
    const { binds, plain } = bindingGroups(question);
    const packing = KindPacking.open(question, binds, plain);
    if (packing === undefined) return undefined;
    const packed = packing.read(nodes);
    if (isWhole(packed)) return { question, packing, packed, fixed };
    fixed.push(...nodes.filter((_, place) => packed[place] === undefined));
    nodes = nodes.filter((_, place) => packed[place] !== undefined);
  }
  return undefined;
}

/** Whether limits have no room for one more of some of the nodes; where all are alike there is nothing to exchange. */
function areLimitsUsedUp({ names, groupOf, remaining }: LimitTable, nodes: readonly NewNodes[]): boolean {
  if (nodes.length === 1) return false;
  return nodes.some(({ template, limitTakes }) => {
    const group = groupOf.get(template.pool.index);
    return group !== undefined && limitTakes.some((take, name) => take > remaining[group * names.length + name]!);
  });
}

function isWhole(packed: readonly (PackedNodes | undefined)[]): packed is readonly PackedNodes[] {
  return packed.every((nodes) => nodes !== undefined);
}

/** The units of nodes with their counts, in the canonical order. */
function unitsOf(nodes: readonly NewNodes[]): UnitCount[] {
  const counts = new Map<Unit, number>();
  for (const { unit, count } of unitsOn(nodes)) counts.set(unit, (counts.get(unit) ?? 0) + count);
  return [...counts].map(([unit, count]) => ({ unit, count })).sort(compareUnits);
}

/** Limits with what nodes take of them given back. */
function limitsWith(limits: LimitTable, nodes: readonly NewNodes[]): LimitTable {
  const remaining = limits.remaining.slice();
  const free = limits.free.slice();
  for (const { template, nodeCount, limitTakes, reservations } of nodes) {
    const group = limits.groupOf.get(template.pool.index);
    limitTakes.forEach((take, name) => {
      if (group !== undefined) remaining[group * limits.names.length + name]! += take * nodeCount;
    });
    for (const reservation of reservations) free[reservation]! += nodeCount;
  }
  return { ...limits, remaining, free };
}

function packingOf({ question, packing: { instance } }: Opened, nodes: readonly PackedNodes[]): Packing {
  const book = new LimitBook(instance, question.limits);
  let price = 0;
  let nodeCount = 0;
  for (const node of nodes) {
    book.take(node.classIndex, node.nodeCount);
    price += instance.prices[node.classIndex]! * node.nodeCount;
    nodeCount += node.nodeCount;
  }
  return {
    nodes,
    left: new Float64Array(instance.shapes.length),
    priceNanoUsdPerHour: price,
    nodeCount,
    limitsLeft: book.remaining,
    freeLeft: book.free,
  };
}
