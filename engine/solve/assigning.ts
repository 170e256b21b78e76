// Gives pods with topology rules their places: existing nodes first, then, for new nodes, a zone, a capacity type or
// whatever label the rules speak of. One pod at a time against the counts as they stand, so that the order in which they
// are placed is an order in which kube-scheduler would let them in; where the same places come round again, as many
// rounds at a time as there are pods for. What nodes they get there is left to the packer.
import type { CompiledProblem, Demand, Unit } from '../compile/index.ts';
import { makeUnit } from '../compile/index.ts';
import type { Counter, DomainRules, DomainState, Location } from '../topology/index.ts';
import { isOnHostname, type Obstacle, type TopologyRules } from '../topology/index.ts';
import { bestPlace } from './best-place.ts';
import { type Candidate, labelsThatMatter } from './candidates.ts';
import { groupStarts } from './group-start.ts';
import { placeWithMates } from './mates.ts';
import { nodeTakes, type OpenNode } from './node-board.ts';
import type { NodeMaker } from './node-maker.ts';
import { domainOf, type Place, type PlaceFinder } from './places.ts';
import { RoundFinder } from './rounds.ts';
import { leavesStranded } from './stranded.ts';
import { compareDemands, type Waiting } from './waiting.ts';

/** What assigning works on. */
export interface AssigningContext {
  readonly compiled: CompiledProblem;
  readonly domains: DomainState;
  readonly places: PlaceFinder;
  readonly nodes: readonly OpenNode[];
  /** Rules against the counts, made once for the demands of a profile, which share theirs. */
  readonly domainRules: Map<TopologyRules, DomainRules>;
  /** Chains of pods that were grown in vain, with how far rules had opened then: see mates.ts. */
  readonly vainChains: Map<string, number>;
  /** Where units that were given a place on new nodes are counted. */
  readonly pinnedAt: Map<Unit, Location>;
}

/** The rules of a demand against the counts, made where they are not there yet. */
export function domainRulesOf({ domains, compiled, domainRules }: AssigningContext, demand: Demand): DomainRules {
  let rules = domainRules.get(demand.rules);
  if (rules === undefined) {
    rules = domains.rulesOf(demand.rules, demand.counting, compiled.spreadsOf);
    domainRules.set(demand.rules, rules);
  }
  return rules;
}

/**
 * Places what can be placed, on existing nodes or through `maker`, and takes it off `waiting`. Counts of domains hold what
 * was placed and nothing else.
 */
export function assignPlaces(context: AssigningContext, waiting: readonly Waiting[], maker: NodeMaker): void {
  new Assigner(context, waiting, maker).run();
}

/**
 * Places pods that must be on a node with others where the others are: on existing nodes, or on those that `maker` knows.
 * Returns whether it placed any.
 */
export function placeFollowers(context: AssigningContext, waiting: readonly Waiting[], maker: NodeMaker): boolean {
  return new Assigner(context, waiting, maker).runFollowers();
}

/** Pods left from which on it pays to look for places that come round again. */
const REPEATING_POD_COUNT = 8;

/** Places units one after the other. */
export class Assigner {
  readonly context: AssigningContext;
  /** In the order in which they are placed. */
  readonly candidates: readonly Candidate[];
  readonly #maker: NodeMaker;
  readonly #followers = new Map<Counter, Candidate[]>();
  /** Candidates that look at a counter and were kept out. */
  readonly #keptOut = new Map<number, Set<Candidate>>();
  readonly #locations = new Map<readonly Place[], readonly Location[]>();

  constructor(context: AssigningContext, waiting: readonly Waiting[], maker: NodeMaker) {
    this.context = context;
    this.#maker = maker;
    this.candidates = waiting
      .filter(({ left }) => left > 0)
      .map((entry) => this.#candidateOf(entry))
      .sort((left, right) => compareDemands(left.waiting.demand, right.waiting.demand));
    for (const candidate of this.candidates) {
      for (const { counter } of candidate.waiting.demand.rules.affinities) {
        const list = this.#followers.get(counter);
        if (list === undefined) this.#followers.set(counter, [candidate]);
        else list.push(candidate);
      }
    }
  }

  /** Places all that can be placed. */
  run(): void {
    for (const candidate of this.candidates) if (candidate.needsHostMate) placeWithMates(this, candidate);
    this.#goRound(this.candidates);
  }

  /** Places only pods that must be on a node with others, where the others are; returns whether it placed any. */
  runFollowers(): boolean {
    return this.#goRound(this.candidates.filter(({ needsHostMate }) => needsHostMate));
  }

  /** Places one pod after the other for as long as any moves; returns whether any did. */
  #goRound(candidates: readonly Candidate[]): boolean {
    let any = false;
    // A pod may wait for another that comes later in the order: go round until nothing moves.
    for (let moved = true; moved; ) {
      moved = false;
      for (const candidate of candidates) if (this.placeSingles(candidate)) moved = true;
      any ||= moved;
    }
    return any;
  }

  /**
   * Puts a unit on the first node that takes it and, if there is one, does not stand in others' way. A unit that decides
   * where its group will be goes only where no more of the group find room elsewhere: on new nodes too, where `anew`.
   */
  placeOnNode(candidate: Candidate, unit: Unit, anew = true): boolean {
    const { domains } = this.context;
    const nodes = this.#nodesOf(candidate, unit);
    const mayStart = domains.mayBootstrap(candidate.rules);
    const starts = !candidate.needsHostMate && domains.decidesForOthers(candidate.rules);
    const mayBegin = starts ? groupStarts(this, candidate, unit, nodes, anew) : undefined;
    const leaves = leavesStranded(this, candidate, this.followersOf);
    let second: OpenNode | undefined;
    for (let position = candidate.firstNode; position < nodes.length; position++) {
      const node = nodes[position]!;
      if (!nodeTakes(node, unit, mayStart)) {
        // A node that is full now stays full.
        if (position === candidate.firstNode && !candidate.needsHostMate) candidate.firstNode++;
        continue;
      }
      if (this.obstacle(candidate, unit, node.location) !== undefined || mayBegin?.(node.location.spot) === false)
        continue;
      const { spot } = node.location;
      if (!domains.disturbs(candidate.rules, spot) && leaves?.(spot) !== true) return this.#putOn(node, unit);
      second ??= node;
    }
    return second !== undefined && this.#putOn(second, unit);
  }

  /** Gives a unit the best place on new nodes where `take`, by default the maker's, can have one. */
  placeAnew(
    candidate: Candidate,
    unit: Unit,
    take: (unit: Unit) => boolean = (pinned) => this.#maker.take(pinned, 1) === 1,
  ): Place | undefined {
    const places = this.placesOf(candidate, unit);
    const locations = this.locationsOf(candidate, places);
    const refused = new Set<Place>();
    while (true) {
      const position = bestPlace(this, candidate, unit, { places, locations, refused });
      if (position < 0) return undefined;
      const place = places[position]!;
      if (take(this.#pinnedUnit(candidate, unit, place, locations[position]!))) {
        this.#enter(unit, locations[position]!);
        return place;
      }
      refused.add(place);
    }
  }

  /** Places of a unit on new nodes. */
  placesOf({ keys }: Pick<Candidate, 'keys'>, unit: Unit): readonly Place[] {
    return this.context.places.placesOf(unit, keys);
  }

  /** Whether a unit could go anywhere as the counts stand. */
  wouldFit(candidate: Candidate, unit: Unit, fitsOnNewNode: boolean): boolean {
    const mayStart = this.context.domains.mayBootstrap(candidate.rules);
    const onNode = this.context.nodes.some(
      (node) => nodeTakes(node, unit, mayStart) && this.obstacle(candidate, unit, node.location) === undefined,
    );
    if (onNode || !fitsOnNewNode) return onNode;
    const places = this.placesOf(candidate, unit);
    return this.locationsOf(candidate, places).some(
      (location) => this.obstacle(candidate, unit, location) === undefined,
    );
  }

  /** What keeps a unit out of a place, its own pods counted one after the other. Leaves the counts as they are. */
  obstacle(candidate: Candidate, unit: Unit, location: Location): Obstacle | undefined {
    const [first] = unit.members;
    if (unit.members.length === 1 && first!.podCount === 1) {
      return this.context.domains.obstacle(candidate.rules, location.spot);
    }
    const obstacle = this.#enter(unit, location);
    if (obstacle === undefined) for (const { pod, podCount } of unit.members) this.#add(pod, location, -podCount);
    return obstacle;
  }

  /** The rules of a demand against the counts. */
  rulesOf(demand: Demand): DomainRules {
    return domainRulesOf(this.context, demand);
  }

  #candidateOf(waiting: Waiting): Candidate {
    const hostRules = waiting.demand.rules.affinities.filter(isOnHostname);
    return {
      waiting,
      rules: this.rulesOf(waiting.demand),
      keys: labelsThatMatter(waiting.demand),
      needsHostMate: hostRules.length > 0,
      hostCounters: hostRules.map(({ counter }) => counter),
      nodes: undefined,
      firstNode: 0,
      keptOutAt: -1,
      placing: false,
      reach: undefined,
      single: makeUnit(this.context.compiled, [{ pod: waiting.demand, podCount: 1 }]),
      pinned: new Map(),
    };
  }

  /**
   * Places a candidate's pods one at a time; those that must be on a node with others only where the others are. Returns
   * whether it placed any.
   */
  placeSingles(candidate: Candidate): boolean {
    const { waiting, single: unit } = candidate;
    if (waiting.left === 0 || candidate.placing) return false;
    const before = waiting.left;
    const rounds = new RoundFinder();
    candidate.placing = true;
    while (waiting.left > 0) {
      if (this.placeOnNode(candidate, unit)) {
        waiting.left--;
        this.#wakeFollowers(candidate);
        continue;
      }
      if (candidate.needsHostMate) {
        if (!this.#joinMates(candidate)) break;
        waiting.left--;
        this.#wakeFollowers(candidate);
        continue;
      }
      const repeats = this.#mayRepeat(candidate, unit);
      const state = repeats ? this.#stateOf(candidate) : '';
      const place = this.placeAnew(candidate, unit);
      if (place === undefined && !this.placeOnNode(candidate, unit, false)) break;
      waiting.left--;
      this.#wakeFollowers(candidate);
      if (!repeats || place === undefined) continue;
      const round = rounds.step(state, place, this.#stateOf(candidate));
      if (round !== undefined) this.#placeRounds(candidate, unit, round);
    }
    candidate.placing = false;
    if (waiting.left > 0) this.#noteKeptOut(candidate);
    return waiting.left < before;
  }

  /** Puts a pod on a node to be made that holds pods which it must be with. */
  #joinMates(candidate: Candidate): boolean {
    const { join } = this.#maker;
    const { rules, waiting, single } = candidate;
    // A pod that may start a group has none to join.
    if (join === undefined || this.context.domains.mayBootstrap(rules)) return false;
    if (this.placeAnew(candidate, single, join) !== undefined) return true;
    // No node with mates has room for it: what stood in the way elsewhere is not why it stays out.
    delete waiting.obstacle;
    return false;
  }

  /** Remembers that pods found no place until something changes for them. */
  #noteKeptOut(candidate: Candidate): void {
    const { rules } = candidate;
    candidate.keptOutAt = this.context.domains.openingsFor(rules);
    for (const list of [rules.spreads, rules.affinities]) {
      for (const { counter } of list) {
        const known = this.#keptOut.get(counter);
        if (known === undefined) this.#keptOut.set(counter, new Set([candidate]));
        else known.add(candidate);
      }
    }
  }

  /** Lets in pods that were kept out as soon as a pod that they look at has made place for them: later may be too late. */
  #wakeFollowers({ rules }: Candidate): void {
    if (this.#keptOut.size === 0) return;
    for (const { counter } of rules.counting) {
      for (const other of this.#keptOut.get(counter) ?? []) {
        if (other.waiting.left === 0) this.#keptOut.get(counter)!.delete(other);
        else if (this.context.domains.openingsFor(other.rules) !== other.keptOutAt) this.placeSingles(other);
      }
    }
  }

  /**
   * Whether the next pods' places follow from the balance of their spreads alone: none of them may hold places against its
   * own kind, and no existing node may still take one.
   */
  #mayRepeat(candidate: Candidate, unit: Unit): boolean {
    return (
      this.#maker.takesAll &&
      candidate.waiting.left >= REPEATING_POD_COUNT &&
      candidate.rules.antiAffinities.length === 0 &&
      candidate.rules.counting.every(({ counter }) => (this.#keptOut.get(counter)?.size ?? 0) === 0) &&
      leavesStranded(this, candidate, this.followersOf) === undefined &&
      candidate.firstNode >= this.#nodesOf(candidate, unit).length
    );
  }

  #stateOf({ rules }: Candidate): string {
    const { domains } = this.context;
    return `${domains.mayBootstrap(rules)} ${domains.decidesForOthers(rules)} ${domains.balance(rules)}`;
  }

  /** Repeats a round of places as often as there are pods for it. */
  #placeRounds(candidate: Candidate, unit: Unit, round: readonly Place[]): void {
    const { waiting } = candidate;
    const times = Math.floor(waiting.left / round.length);
    if (times === 0) return;
    const places = this.placesOf(candidate, unit);
    const locations = this.locationsOf(candidate, places);
    for (const place of round) {
      const location = locations[places.indexOf(place)]!;
      this.#maker.take(this.#pinnedUnit(candidate, unit, place, location), times);
      this.#add(waiting.demand, location, times);
      waiting.left -= times;
    }
  }

  #putOn(node: OpenNode, unit: Unit): boolean {
    this.#enter(unit, node.location);
    node.put(unit, 1);
    return true;
  }

  /** Nodes that may take a unit as far as themselves go, in their order. */
  #nodesOf(candidate: Candidate, unit: Unit): readonly OpenNode[] {
    const { nodes } = this.context;
    if (candidate.needsHostMate) return nodes;
    candidate.nodes ??= nodes.filter((node) => nodeTakes(node, unit, true));
    return candidate.nodes;
  }

  /** Candidates that must be near what a counter counts. */
  readonly followersOf = (counter: Counter): readonly Candidate[] => this.#followers.get(counter) ?? [];

  /** Candidates with pods that must be where the candidate's first one will be, itself among them. */
  groupOf({ rules }: Pick<Candidate, 'rules'>): Candidate[] {
    const group = new Set(rules.affinities.flatMap(({ rule }) => this.#followers.get(rule.counter) ?? []));
    return [...group].filter(({ waiting }) => waiting.left > 0);
  }

  #pinnedUnit(candidate: Candidate, unit: Unit, place: Place, location: Location): Unit {
    let byPlace = candidate.pinned.get(unit);
    if (byPlace === undefined) {
      byPlace = new Map();
      candidate.pinned.set(unit, byPlace);
    }
    let pinned = byPlace.get(place);
    if (pinned === undefined) {
      pinned = makeUnit(this.context.compiled, unit.members, place.pins);
      byPlace.set(place, pinned);
      this.context.pinnedAt.set(pinned, location);
    }
    return pinned;
  }

  /** Where a candidate's pods are counted at each of its places. */
  locationsOf({ keys }: Pick<Candidate, 'keys'>, places: readonly Place[]): readonly Location[] {
    let locations = this.#locations.get(places);
    if (locations === undefined) {
      locations = places.map((place) => ({
        spot: this.context.domains.spotOf(domainOf(keys, place)),
        ignores: (counter) => place.ignoredBy.includes(counter),
      }));
      this.#locations.set(places, locations);
    }
    return locations;
  }

  /** Counts a unit into a place; where a rule forbids it nothing is counted and the obstacle is returned. */
  #enter(unit: Unit, location: Location): Obstacle | undefined {
    const { domains } = this.context;
    const entered: Demand[] = [];
    for (const { pod, podCount } of unit.members) {
      const rules = this.rulesOf(pod);
      for (let copy = 0; copy < podCount; copy++) {
        const obstacle = domains.obstacle(rules, location.spot);
        if (obstacle !== undefined) {
          for (const demand of entered) this.#add(demand, location, -1);
          return obstacle;
        }
        domains.add(rules, location, 1);
        entered.push(pod);
      }
    }
    return undefined;
  }

  #add(demand: Demand, location: Location, podCount: number): void {
    this.context.domains.add(this.rulesOf(demand), location, podCount);
  }
}
