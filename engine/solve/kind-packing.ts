// Packs units as kinds: what packing can't tell apart is packed as one and dealt to the nodes afterwards. Rules on hosts that
// decide how many nodes there are tell kinds apart; the others are kept while units are dealt. What is a kind is in
// engine/pack/kinds.ts, dealing in engine/pack/dealing.ts.
import type { CompiledProblem } from '../compile/index.ts';
import {
  buildInstance,
  type Candidate,
  dealUnits,
  type FloorRule,
  holds,
  isBetterPacking,
  type Kind,
  type LimitTable,
  nodesForGroups,
  type PackedNodes,
  type Packing,
  type PackingInstance,
  type PackWork,
  packGreedily,
  packingGoals,
  packUniformly,
  roughNodeCount,
  sortIntoKinds,
  usedInto,
} from '../pack/index.ts';
import { type HostRules, HostTracker, selectHostRules } from '../topology/index.ts';
import type { NewNodes } from './placing.ts';

/** Units that templates of one tier are to take. */
export interface UnitQuestion {
  readonly compiled: CompiledProblem;
  readonly candidates: readonly Candidate[];
  /** `Float64Array[candidates]`: units that wait; what is placed is taken off. */
  readonly counts: Float64Array;
  readonly rules: HostRules | undefined;
  readonly limits: LimitTable;
  readonly floorRule: FloorRule;
  /** Kinds up to which all rules on hosts are kept by the packing itself. */
  readonly fewKinds: number;
}

/** The same with the work there is for it. */
export interface PackQuestion extends UnitQuestion {
  readonly budget: PackWork;
}

/** Packs what the tier can take off the counts and off the limits, and returns the nodes. */
export function packUnits(question: PackQuestion): NewNodes[] {
  const { binds, plain } = bindingGroups(question);
  return packKinds(question, binds, plain);
}

/**
 * From this share of the nodes on, a rule on hosts decides how many nodes there are, and packing must know it; below it,
 * its pods find nodes enough among those that there are.
 */
const BINDING_SHARE = 0.5;

/** Kinds packed without regard to rules on hosts. */
export interface PlainKinds {
  readonly kindCount: number;
  readonly instance: PackingInstance;
}

/** Which groups the packing keeps itself. `plain` is what was built to find out. */
export function bindingGroups(question: UnitQuestion): {
  readonly binds: (group: number) => boolean;
  readonly plain?: PlainKinds;
} {
  const { candidates, counts, limits, rules, compiled, floorRule, fewKinds } = question;
  const all = { binds: (): boolean => true };
  if (rules === undefined) return all;
  const units = candidates.map(({ unit }) => unit);
  if (limits.free.length > 0) return all;
  const kinds = sortIntoKinds(units, counts, rules, () => false);
  if (kinds.length <= fewKinds && sortIntoKinds(units, counts, rules, () => true).length <= fewKinds) return all;
  const instance = buildInstance(compiled, firstOf(kinds, candidates), limits, floorRule, undefined);
  if (instance.classCount === 0) return all;
  const needed = nodesForGroups(rules, counts);
  // Groups that ask for more nodes than that bring them, and then there are more for the others too.
  const most = Math.max(roughNodeCount(instance, countsOf(kinds)), ...needed);
  // Where limits bind, a slot that nobody takes would be a place lost.
  if (mayExceedLimits(instance, limits, most)) return all;
  return {
    binds: (group) => needed[group]! > BINDING_SHARE * most,
    plain: { kindCount: kinds.length, instance },
  };
}

/** How much more than the rough number of nodes a plan may come to have. */
const ROUGH_FACTOR = 4;

/** Whether so many nodes, each the greediest there is, could come near some limit. */
function mayExceedLimits(instance: PackingInstance, { names, remaining }: LimitTable, nodeCount: number): boolean {
  for (let index = 0; index < instance.classCount; index++) {
    const group = instance.limitGroups[index]!;
    for (let name = 0; group >= 0 && name < names.length; name++) {
      const take = instance.limitTakes[index * names.length + name]!;
      if (take * ROUGH_FACTOR * nodeCount > remaining[group * names.length + name]!) return true;
    }
  }
  return false;
}

/** Units sorted into kinds, with the instance that packs them. */
export class KindPacking {
  readonly instance: PackingInstance;
  /** `Float64Array[kinds]`: units that wait of each. */
  readonly counts: Float64Array;
  readonly #question: UnitQuestion;
  readonly #kinds: readonly Kind[];
  /** Rules that the packing does not keep. */
  readonly #others: HostRules | undefined;

  private constructor(
    question: UnitQuestion,
    kinds: readonly Kind[],
    instance: PackingInstance,
    others: HostRules | undefined,
  ) {
    this.#question = question;
    this.#kinds = kinds;
    this.#others = others;
    this.instance = instance;
    this.counts = countsOf(kinds);
  }

  /** Sorts the units that wait; undefined where there are none, or no node for any of them. */
  static open(question: UnitQuestion, binds: (group: number) => boolean, plain?: PlainKinds): KindPacking | undefined {
    const { compiled, candidates, counts, limits, rules, floorRule } = question;
    const units = candidates.map(({ unit }) => unit);
    const kinds = sortIntoKinds(units, counts, rules, binds).filter(({ count }) => count > 0);
    if (kinds.length === 0) return undefined;
    const rows = kinds.map(({ members }) => members[0]!);
    const kept = rules === undefined ? undefined : selectHostRules(rules, rows, binds);
    // Rules that tell no kinds apart change nothing about the classes.
    const instance: PackingInstance =
      plain?.kindCount === kinds.length
        ? { ...plain.instance, hostRules: kept }
        : buildInstance(compiled, firstOf(kinds, candidates), limits, floorRule, kept);
    if (instance.classCount === 0) return undefined;
    const others =
      rules === undefined
        ? undefined
        : selectHostRules(
            rules,
            units.map((_, unit) => unit),
            (group) => !binds(group),
          );
    return new KindPacking(question, kinds, instance, others);
  }

  /**
   * Planned nodes as a packing has them: each in the cheapest class that holds its units. Undefined where there is none, or
   * where rules that the packing keeps are not kept on the node. Units are those of the question.
   */
  read(nodes: readonly NewNodes[]): (PackedNodes | undefined)[] {
    const { candidates, limits } = this.#question;
    const { instance } = this;
    const places = new Map(candidates.map(({ unit }, place) => [unit, place]));
    const kindOf = new Map<number, number>();
    this.#kinds.forEach(({ members }, kind) => {
      for (const member of members) kindOf.set(member, kind);
    });
    const host = instance.hostRules === undefined ? undefined : new HostTracker(instance.hostRules);
    const nameCount = limits.names.length;
    const used = new Float64Array(instance.dimensionCount);
    return nodes.map(({ template, units, unitCounts, nodeCount, limitTakes, reservations }) => {
      const counts = new Map<number, number>();
      units.forEach((unit, entry) => {
        const kind = kindOf.get(places.get(unit)!)!;
        counts.set(kind, (counts.get(kind) ?? 0) + unitCounts[entry]!);
      });
      const shapes = [...counts.keys()].sort((left, right) => left - right);
      const pods = shapes.map((shape) => counts.get(shape)!);
      host?.reset();
      for (const shape of host === undefined ? [] : shapes) {
        if (host!.most(shape, counts.get(shape)!) < counts.get(shape)!) return undefined;
        host!.take(shape, counts.get(shape)!);
      }
      usedInto(instance, shapes, pods, used);
      for (let index = 0; index < instance.classCount; index++) {
        // What a node takes is its own pool's.
        if (instance.templates[index] !== template) continue;
        const takes = instance.limitTakes.subarray(index * nameCount, (index + 1) * nameCount);
        if (!takes.every((take, name) => take <= limitTakes[name]!)) continue;
        if (instance.reservations[index]!.join(' ') !== reservations.join(' ')) continue;
        if (holds(instance, index, used, shapes)) return { classIndex: index, nodeCount, shapes, pods };
      }
      return undefined;
    });
  }

  /** Deals units to the packed nodes and takes them off `counts` (`[candidates]`); some may find no node to be on. */
  deal({ nodes }: Packing, counts: Float64Array): NewNodes[] {
    const { candidates, limits, floorRule } = this.#question;
    const { templates, limitTakes, reservations } = this.instance;
    const nameCount = limits.names.length;
    return dealUnits(nodes, this.#kinds, counts, this.#others).map(
      (node): NewNodes => ({
        template: templates[node.classIndex]!,
        nodeCount: node.nodeCount,
        units: node.units.map((unit) => candidates[unit]!.unit),
        unitCounts: node.unitCounts,
        limitTakes: limitTakes.slice(node.classIndex * nameCount, (node.classIndex + 1) * nameCount),
        floorRule,
        reservations: reservations[node.classIndex]!,
      }),
    );
  }
}

function packKinds(question: PackQuestion, binds: (group: number) => boolean, plain?: PlainKinds): NewNodes[] {
  const { counts, limits, budget } = question;
  const packing = KindPacking.open(question, binds, plain);
  if (packing === undefined) return [];
  const packed = packInstance(packing.instance, packing.counts, limits, budget);
  limits.remaining.set(packed.limitsLeft);
  limits.free.set(packed.freeLeft);
  const wanted = sumOf(packed.left);
  const made = packing.deal(packed, counts);
  // Units that no node took because of the others there: few, and packed with every rule in mind.
  if (sumOf(counts) > wanted && !budget.cut) made.push(...packKinds(question, () => true));
  return made;
}

function sumOf(amounts: Float64Array): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

function firstOf(kinds: readonly Kind[], candidates: readonly Candidate[]): Candidate[] {
  return kinds.map(({ members }) => candidates[members[0]!]!);
}

function countsOf(kinds: readonly Kind[]): Float64Array {
  return Float64Array.from(kinds, ({ count }) => count);
}

function packInstance(instance: PackingInstance, wanted: Float64Array, limits: LimitTable, budget: PackWork): Packing {
  const exact = packUniformly(instance, wanted, limits, budget);
  if (exact !== undefined) return exact;
  const goals = packingGoals(instance);
  let best = packGreedily(instance, wanted, limits, goals.usual, budget);
  const limited =
    instance.limitGroups.some((group) => group >= 0) || instance.reservations.some((drawn) => drawn.length > 0);
  if (!limited || budget.cut || best.left.every((left) => left === 0)) return best;
  for (const goal of goals.whenLimited) {
    const packing = packGreedily(instance, wanted, limits, goal, budget);
    if (budget.cut) break;
    if (isBetterPacking(instance, packing, best)) best = packing;
  }
  return best;
}
