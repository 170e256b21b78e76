// Pods that must be on a node with others (affinity over hosts). A group is grown as one unit from the pods that nothing
// stands before: a pod that is free, those that must be beside it, those that must be beside them, and as many of each as
// one node takes. Units of several pods are made here; where they go is assigning.ts's matter, and who finds room beside
// them on the nodes that come of it is followers.ts's.
import { type Demand, makeUnit, type Unit } from '../compile/index.ts';
import { hostObstacle } from '../topology/index.ts';
import { type Assigner, type AssigningContext, domainRulesOf } from './assigning.ts';
import type { Candidate } from './candidates.ts';

/** Pods that stand one on the other: the first of the chain needs none of them, each other one needs the one before it. */
type Chain = readonly Candidate[];

/** Longest chain that is looked for: a, beside b, beside c, and so on. */
const CHAIN_LENGTH_LIMIT = 8;

/** Chains tried in vain for the pods of one candidate before the rest are left alone. */
const VAIN_CHAIN_LIMIT = 8;

/** Places the pods of a candidate together with mates that wait as well, or by themselves where they mean themselves. */
export function placeWithMates(assigner: Assigner, candidate: Candidate): void {
  const { domains } = assigner.context;
  if (candidate.waiting.left === 0) return;
  // Room beside mates that are there already costs nothing.
  if (!domains.mayBootstrap(candidate.rules)) assigner.placeSingles(candidate);
  let vain = 0;
  for (const chain of chainsTo(assigner, candidate)) {
    if (candidate.waiting.left === 0 || vain === VAIN_CHAIN_LIMIT) break;
    const demands = chain.map(({ waiting }) => waiting.demand);
    if (isVain(assigner.context, demands)) continue;
    if (new Grower(assigner, chain).placeAll() > 0) continue;
    noteVain(assigner.context, demands);
    vain++;
  }
  if (candidate.waiting.left > 0 && domains.mayBootstrap(candidate.rules)) new Grower(assigner, [candidate]).placeOne();
}

/**
 * Remembers that a chain found no place. Limits and rooms only shrink, so it finds one later only where a rule has opened
 * since.
 */
export function noteVain(context: AssigningContext, demands: readonly Demand[]): void {
  context.vainChains.set(chainKey(demands), openingsOf(context, demands));
}

function isVain(context: AssigningContext, demands: readonly Demand[]): boolean {
  return context.vainChains.get(chainKey(demands)) === openingsOf(context, demands);
}

function chainKey(demands: readonly Demand[]): string {
  return demands.map(({ of, step }) => `${of.index}.${step}`).join(' ');
}

function openingsOf(context: AssigningContext, demands: readonly Demand[]): number {
  return demands.reduce((sum, demand) => sum + context.domains.openingsFor(domainRulesOf(context, demand)), 0);
}

/** Chains that end with the candidate, shortest first, one for each pod that may begin one. O(candidates²). */
function* chainsTo(assigner: Assigner, candidate: Candidate): Generator<Chain> {
  const seen = new Set([candidate]);
  let chains: Chain[] = [[candidate]];
  for (let length = 1; length < CHAIN_LENGTH_LIMIT && chains.length > 0; length++) {
    const longer: Chain[] = [];
    for (const chain of chains) {
      for (const mate of assigner.candidates) {
        if (seen.has(mate) || mate.waiting.left === 0 || !isMeantBy(chain[0]!, mate)) continue;
        seen.add(mate);
        const grown = [mate, ...chain];
        if (startsChain(assigner, mate)) yield grown;
        else longer.push(grown);
      }
    }
    chains = longer;
  }
}

/** Whether a pod needs no other before it. */
function startsChain({ context }: Assigner, { needsHostMate, rules }: Candidate): boolean {
  return !needsHostMate || context.domains.mayBootstrap(rules);
}

/** Whether all that a candidate must be on a node with is there with a pod of `mate`. */
function isMeantBy({ hostCounters }: Candidate, mate: Candidate): boolean {
  const { counting } = mate.waiting.demand;
  return hostCounters.every((counter) => counting.has(counter));
}

/** Grows units over a chain and places them. */
class Grower {
  readonly #assigner: Assigner;
  readonly #chain: Chain;
  /** The chain, then all that can stand on a node only with pods of it. */
  readonly #members: readonly Candidate[];
  /** The candidate as which units look for their place. */
  readonly #merged: Candidate;
  readonly #startsItself: boolean;
  readonly #units = new Map<string, Unit>();
  /** Pods of each member in the unit before: the next one is mostly the same. */
  #last: readonly number[];

  constructor(assigner: Assigner, chain: Chain) {
    this.#assigner = assigner;
    this.#chain = chain;
    const [root] = chain;
    const last = chain.at(-1)!;
    this.#startsItself = root!.needsHostMate;
    this.#members = [...chain, ...dependentsOf(assigner, chain)];
    this.#last = this.#members.map(() => 0);
    this.#merged = {
      ...last,
      rules: this.#startsItself ? root!.rules : last.rules,
      keys: [...new Set(this.#members.flatMap(({ keys }) => keys))].sort(),
      pinned: new Map(),
    };
  }

  /** Places units for as long as they find a place; returns how many. */
  placeAll(): number {
    let placed = 0;
    while (this.#chain.every(({ waiting }) => waiting.left > 0) && this.placeOne()) {
      placed++;
      // What started without a mate was alone in the cluster: nothing starts beside it.
      if (this.#startsItself) break;
    }
    return placed;
  }

  /** Places the largest unit that goes anywhere: the last of the chain first, then what must stand beside it. */
  placeOne(): boolean {
    const end = this.#chain.length - 1;
    const least = this.#members.map((_, index) => (index <= end ? 1 : 0));
    if (!this.#fits(least)) return false;
    const counts = [...least];
    this.#growMember(counts, end);
    const usedUp = counts[end] === this.#members[end]!.waiting.left;
    for (let index = end - 1; index >= 0; index--) {
      // Mates that could carry further pods elsewhere are kept for them; those that stand nowhere else come along.
      const mate = this.#members[index]!;
      if (mate.needsHostMate && (usedUp || this.#startsItself)) this.#growMember(counts, index);
    }
    for (let index = end + 1; index < counts.length; index++) this.#growMember(counts, index);
    return this.#place(counts) || this.#placeFewer(least, counts);
  }

  /** Where limits let in less than the rules: as few as can be, else half as many of those that may come in numbers. */
  #placeFewer(least: readonly number[], counts: readonly number[]): boolean {
    for (let fewer = counts; fewer.some((count, index) => count > least[index]!); ) {
      fewer = fewer.map((count, index) => Math.max(least[index]!, count >>> 1));
      if (this.#place(fewer)) return true;
    }
    return false;
  }

  #place(counts: readonly number[]): boolean {
    const unit = this.#unitOf(counts);
    const assigner = this.#assigner;
    if (!assigner.placeOnNode(this.#merged, unit) && assigner.placeAnew(this.#merged, unit) === undefined) return false;
    this.#members.forEach(({ waiting }, index) => {
      waiting.left -= counts[index]!;
    });
    this.#last = counts;
    return true;
  }

  /**
   * Takes as many pods of a member as fit. Whether a unit fits only gets harder as it grows, so the largest number is
   * found by halving. O(log of what is left) tries, two where it is the number of the unit before.
   */
  #growMember(counts: number[], index: number): void {
    let low = counts[index]! + 1;
    let high = this.#members[index]!.waiting.left;
    let next = this.#last[index]!;
    while (low <= high) {
      const tried = next >= low && next <= high ? next : (low + high) >>> 1;
      if (this.#fits(counts.with(index, tried))) {
        counts[index] = tried;
        low = tried + 1;
        next = tried === next ? tried + 1 : 0;
      } else {
        high = tried - 1;
        next = 0;
      }
    }
  }

  #fits(counts: readonly number[]): boolean {
    const unit = this.#unitOf(counts);
    return this.#assigner.wouldFit(this.#merged, unit, fitsTogether(unit));
  }

  #unitOf(counts: readonly number[]): Unit {
    const key = counts.join(' ');
    let unit = this.#units.get(key);
    if (unit === undefined) {
      const members = this.#members.flatMap(({ waiting }, index) =>
        counts[index] === 0 ? [] : [{ pod: waiting.demand, podCount: counts[index]! }],
      );
      unit = makeUnit(this.#assigner.context.compiled, members);
      this.#units.set(key, unit);
    }
    return unit;
  }
}

/** Pods that must be beside pods of the chain and could be beside no others that wait and are free. O(candidates²). */
function dependentsOf(assigner: Assigner, chain: Chain): Candidate[] {
  const { candidates } = assigner;
  const { domains } = assigner.context;
  const members = new Set(chain);
  const dependents: Candidate[] = [];
  for (let grown = true; grown; ) {
    grown = false;
    for (const other of candidates) {
      if (!other.needsHostMate || other.waiting.left === 0 || members.has(other)) continue;
      if (other.hostCounters.some((counter) => domains.total(counter) > 0)) continue;
      if (![...members].some((member) => isMeantBy(other, member))) continue;
      if (candidates.some((mate) => mate.waiting.left > 0 && !mate.needsHostMate && isMeantBy(other, mate))) continue;
      members.add(other);
      dependents.push(other);
      grown = true;
    }
  }
  return dependents;
}

/** Whether a unit's own pods may be on one node. */
function fitsTogether(unit: Unit): boolean {
  const present = new Map<Demand, number>();
  for (const { pod, podCount } of unit.members) {
    for (let copy = 0; copy < podCount; copy++) {
      if (hostObstacle(pod, present, true) !== undefined) return false;
      present.set(pod, (present.get(pod) ?? 0) + 1);
    }
  }
  return true;
}
