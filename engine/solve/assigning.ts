// Gives pods with topology rules their places: existing nodes first, then, for new nodes, a zone, a capacity type or
// whatever label the rules speak of. One pod at a time against the counts as they stand, so that the order in which they
// are placed is an order in which kube-scheduler would let them in. What nodes they get there is left to the packer.
import { type CompiledProblem, type Demand, makeUnit, type Unit, type UnitMember } from '../compile/index.ts';
import {
  type DomainOf,
  type DomainState,
  HOSTNAME_LABEL,
  hostObstacle,
  isOnHostname,
  type Obstacle,
} from '../topology/index.ts';
import { nodeTakes, type OpenNode, putOnNode } from './node-board.ts';
import type { Place, PlaceFinder } from './places.ts';

/** Pods with one demand that still look for a place. */
export interface Waiting {
  readonly demand: Demand;
  left: number;
  /** What kept the last of them out. */
  obstacle?: Obstacle;
}

/** Units that the packer is to put on new nodes. */
export interface UnitCount {
  readonly unit: Unit;
  count: number;
}

/** What assigning works on. */
export interface AssigningContext {
  readonly compiled: CompiledProblem;
  readonly domains: DomainState;
  readonly places: PlaceFinder;
  readonly nodes: readonly OpenNode[];
}

/** Whether a demand's place matters to itself or to others: rules over domains, or on whose pods others count. */
export function isTopological(compiled: CompiledProblem, demand: Demand): boolean {
  const { spreads, affinities, antiAffinities } = demand.rules;
  return (
    affinities.length > 0 ||
    [...spreads, ...antiAffinities].some((rule) => !isOnHostname(rule)) ||
    [...demand.counting].some((counter) => counter.topologyKey !== HOSTNAME_LABEL || compiled.mateCounters.has(counter))
  );
}

/** Takes a unit that has been given a place on new nodes, pinned to it; false where no node can be had there. */
export type TakeUnit = (unit: Unit) => boolean;

/**
 * Places what can be placed, on existing nodes or through `take`, and takes it off `waiting`. Counts of domains hold what
 * was placed and nothing else.
 */
export function assignPlaces(context: AssigningContext, waiting: readonly Waiting[], take: TakeUnit): void {
  new Assigner(context, waiting, take).run();
}

/** Collects units for the packer, equal ones together. */
export class UnitCollector {
  readonly #units = new Map<string, { readonly unit: Unit; count: number }>();

  /** Takes any unit: whether there are nodes for it is found out by the packer. */
  readonly take: TakeUnit = (unit) => {
    const key = unitKey(unit);
    const known = this.#units.get(key);
    if (known === undefined) this.#units.set(key, { unit, count: 1 });
    else known.count++;
    return true;
  };

  /** The units with their counts. */
  get units(): UnitCount[] {
    return [...this.#units.values()];
  }
}

function unitKey(unit: Unit): string {
  return `${membersKey(unit.members)} ${unit.constraints.map(({ index }) => index).join(' ')}`;
}

function membersKey(members: readonly UnitMember[]): string {
  return members.map(({ pod, podCount }) => `${pod.of.index}.${pod.step}x${podCount}`).join('+');
}

interface Candidate {
  readonly waiting: Waiting;
  readonly keys: readonly string[];
  /** Nodes that may still take one of its pods. */
  nodes: OpenNode[];
  readonly needsHostMate: boolean;
  readonly places: Map<string, Place[]>;
  readonly pinned: Map<string, Map<Place, Unit>>;
}

class Assigner {
  readonly #context: AssigningContext;
  readonly #candidates: Candidate[];
  readonly #take: TakeUnit;

  constructor(context: AssigningContext, waiting: readonly Waiting[], take: TakeUnit) {
    this.#context = context;
    this.#take = take;
    this.#candidates = waiting
      .filter(({ left }) => left > 0)
      .map((entry) => ({
        waiting: entry,
        keys: labelsThatMatter(entry.demand),
        nodes: [...context.nodes],
        needsHostMate: entry.demand.rules.affinities.some(isOnHostname),
        places: new Map<string, Place[]>(),
        pinned: new Map<string, Map<Place, Unit>>(),
      }))
      .sort((left, right) => compareDemands(left.waiting.demand, right.waiting.demand));
  }

  run(): void {
    for (const candidate of this.#candidates) if (candidate.needsHostMate) this.#placeWithMates(candidate);
    // A pod may wait for another that comes later in the order: go round until nothing moves.
    for (let moved = true; moved; ) {
      moved = false;
      for (const candidate of this.#candidates) if (this.#placeSingles(candidate)) moved = true;
    }
  }

  #placeSingles(candidate: Candidate): boolean {
    let moved = false;
    const { waiting } = candidate;
    const unit = makeUnit(this.#context.compiled, [{ pod: waiting.demand, podCount: 1 }]);
    while (waiting.left > 0) {
      if (!this.#placeOnNode(candidate, unit) && (candidate.needsHostMate || !this.#placeAnew(candidate, unit))) break;
      waiting.left--;
      moved = true;
    }
    return moved;
  }

  /** Puts a unit on the first node that takes it and, if there is one, does not stand in others' way. */
  #placeOnNode(candidate: Candidate, unit: Unit): boolean {
    const { domains } = this.#context;
    const mayStart = domains.mayBootstrap(candidate.waiting.demand.rules);
    let second: OpenNode | undefined;
    for (let position = 0; position < candidate.nodes.length; position++) {
      const node = candidate.nodes[position]!;
      if (!nodeTakes(node, unit, mayStart)) {
        // Nodes that never will again are forgotten.
        if (!candidate.needsHostMate) candidate.nodes.splice(position--, 1);
        continue;
      }
      if (this.#obstacle(unit, node.domainOf) !== undefined) continue;
      if (!this.#disturbs(unit, node.domainOf)) return this.#putOn(node, unit);
      second ??= node;
    }
    return second !== undefined && this.#putOn(second, unit);
  }

  #putOn(node: OpenNode, unit: Unit): boolean {
    this.#enter(unit, node.domainOf);
    putOnNode(node, unit, 1);
    return true;
  }

  #disturbs(unit: Unit, at: DomainOf): boolean {
    const { compiled, domains } = this.#context;
    if (compiled.spreadsOf.size === 0) return false;
    return unit.members.some(({ pod }) => domains.disturbs([...pod.counting], compiled.spreadsOf, at));
  }

  /** Gives a unit the best place on new nodes where one can be had. */
  #placeAnew(candidate: Candidate, unit: Unit): boolean {
    const options: { readonly place: Place; readonly score: readonly number[] }[] = [];
    for (const place of this.#placesOf(candidate, unit)) {
      const obstacle = this.#obstacle(unit, domainOf(candidate.keys, place));
      if (obstacle !== undefined) candidate.waiting.obstacle = obstacle;
      else {
        const disturbs = this.#disturbs(unit, domainOf(candidate.keys, place)) ? 1 : 0;
        const score = [place.tier, disturbs, ...this.#score(candidate, place)];
        if (score.every(Number.isFinite)) options.push({ place, score });
      }
    }
    options.sort((left, right) => compareScores(left.score, right.score));
    for (const { place } of options) {
      const pinned = this.#pinned(candidate, unit, place);
      if (!this.#take(pinned)) continue;
      this.#enter(unit, domainOf(candidate.keys, place));
      return true;
    }
    return false;
  }

  #pinned(candidate: Candidate, unit: Unit, place: Place): Unit {
    const key = membersKey(unit.members);
    let byPlace = candidate.pinned.get(key);
    if (byPlace === undefined) {
      byPlace = new Map();
      candidate.pinned.set(key, byPlace);
    }
    let pinned = byPlace.get(place);
    if (pinned === undefined) {
      pinned = makeUnit(this.#context.compiled, unit.members, place.pin);
      byPlace.set(place, pinned);
    }
    return pinned;
  }

  #placesOf(candidate: Candidate, unit: Unit): readonly Place[] {
    const key = membersKey(unit.members);
    let places = candidate.places.get(key);
    if (places === undefined) {
      places = this.#context.places.placesOf(unit, candidate.keys);
      candidate.places.set(key, places);
    }
    return places;
  }

  /** The price, then the emptier domain. A group that starts looks at the price of all of it. */
  #score(candidate: Candidate, place: Place): readonly number[] {
    const { domains } = this.#context;
    const { rules } = candidate.waiting.demand;
    const starts = rules.affinities.length > 0 && domains.mayBootstrap(rules);
    const price = starts ? this.#groupPrice(candidate, place) : place.share;
    const at = domainOf(candidate.keys, place);
    let fullness = 0;
    for (const rule of rules.spreads) {
      if (!isOnHostname(rule)) fullness += domains.spreadCount(rule, at(rule.counter.topologyKey));
    }
    return [price, fullness];
  }

  /** What all pods that must follow into the domain cost there; Infinity where some of them can't. */
  #groupPrice(candidate: Candidate, place: Place): number {
    const at = domainOf(candidate.keys, place);
    let price = 0;
    for (const other of this.#candidates) {
      const shared = other.waiting.demand.rules.affinities.filter(
        (rule) =>
          !isOnHostname(rule) &&
          candidate.waiting.demand.rules.affinities.some(({ counter }) => counter === rule.counter),
      );
      if (shared.length === 0 || other.waiting.left === 0) continue;
      const unit = makeUnit(this.#context.compiled, [{ pod: other.waiting.demand, podCount: 1 }]);
      const shares = this.#placesOf(other, unit)
        .filter((there) =>
          shared.every(({ counter }) => domainOf(other.keys, there)(counter.topologyKey) === at(counter.topologyKey)),
        )
        .map(({ share }) => share);
      if (shares.length > 0) price += other.waiting.left * Math.min(...shares);
      else if (other === candidate) return Number.POSITIVE_INFINITY;
      else price += other.waiting.left * UNREACHABLE_SHARE;
    }
    return price;
  }

  /**
   * Pods that must be on a node with others: the whole group as one unit where it means its own pods, else each mate with
   * as many of them as fit.
   */
  #placeWithMates(candidate: Candidate): void {
    const { domains } = this.#context;
    const { demand } = candidate.waiting;
    const rules = demand.rules.affinities.filter(isOnHostname);
    if (rules.every((rule) => domains.total(rule.counter) > 0)) return;
    if (domains.mayBootstrap(demand.rules)) {
      this.#placeLargest(
        candidate,
        (podCount) => [{ pod: demand, podCount }],
        candidate.waiting.left,
        (podCount) => {
          candidate.waiting.left -= podCount;
        },
      );
      return;
    }
    const mates = this.#candidates.filter(
      (other) =>
        other !== candidate &&
        other.waiting.left > 0 &&
        !other.needsHostMate &&
        rules.every((rule) => other.waiting.demand.counting.has(rule.counter)),
    );
    for (const mate of mates) {
      while (mate.waiting.left > 0 && candidate.waiting.left > 0) {
        const merged: Candidate = {
          ...candidate,
          keys: [...new Set([...candidate.keys, ...mate.keys])].sort(),
          places: new Map(),
          pinned: new Map(),
        };
        const placed = this.#placeLargest(
          merged,
          (podCount) => [
            { pod: mate.waiting.demand, podCount: 1 },
            { pod: demand, podCount },
          ],
          candidate.waiting.left,
          (podCount) => {
            candidate.waiting.left -= podCount;
            mate.waiting.left--;
          },
        );
        if (!placed) break;
      }
    }
  }

  /** Places the largest unit of up to `most` pods that goes anywhere. O(log most) tries. */
  #placeLargest(
    candidate: Candidate,
    members: (podCount: number) => readonly UnitMember[],
    most: number,
    onPlaced: (podCount: number) => void,
  ): boolean {
    const place = (podCount: number): boolean => {
      const unit = makeUnit(this.#context.compiled, members(podCount));
      return this.#placeOnNode(candidate, unit) || this.#placeAnew(candidate, unit);
    };
    // Whether a unit fits only gets harder as it grows, so the largest is found by halving; each try that succeeds counts.
    let low = 1;
    let high = most;
    let fitting = 0;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const unit = makeUnit(this.#context.compiled, members(middle));
      if (this.#wouldFit(candidate, unit)) {
        fitting = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    if (fitting === 0 || !place(fitting)) return false;
    onPlaced(fitting);
    return true;
  }

  #wouldFit(candidate: Candidate, unit: Unit): boolean {
    const { domains } = this.#context;
    const mayStart = domains.mayBootstrap(candidate.waiting.demand.rules);
    const onNode = this.#context.nodes.some(
      (node) => nodeTakes(node, unit, mayStart) && this.#obstacle(unit, node.domainOf) === undefined,
    );
    if (onNode) return true;
    return (
      fitsTogether(unit) &&
      this.#placesOf(candidate, unit).some(
        (place) => this.#obstacle(unit, domainOf(candidate.keys, place)) === undefined,
      )
    );
  }

  /** What keeps a unit out of a place, its own pods counted one after the other. Leaves the counts as they are. */
  #obstacle(unit: Unit, at: DomainOf): Obstacle | undefined {
    const [first] = unit.members;
    if (unit.members.length === 1 && first!.podCount === 1) {
      return this.#context.domains.obstacle([...first!.pod.counting], first!.pod.rules, at);
    }
    const obstacle = this.#enter(unit, at);
    if (obstacle === undefined) this.#leave(unit.members, at);
    return obstacle;
  }

  /** Counts a unit into a place; where a rule forbids it nothing is counted and the obstacle is returned. */
  #enter(unit: Unit, at: DomainOf): Obstacle | undefined {
    const { domains } = this.#context;
    const entered: UnitMember[] = [];
    for (const { pod, podCount } of unit.members) {
      const counting = [...pod.counting];
      for (let copy = 0; copy < podCount; copy++) {
        const obstacle = domains.obstacle(counting, pod.rules, at);
        if (obstacle !== undefined) {
          this.#leave(entered, at);
          return obstacle;
        }
        domains.add(counting, pod.rules, at, 1);
        entered.push({ pod, podCount: 1 });
      }
    }
    return undefined;
  }

  #leave(members: readonly UnitMember[], at: DomainOf): void {
    for (const { pod, podCount } of members) this.#context.domains.add([...pod.counting], pod.rules, at, -podCount);
  }
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

/** Stands for the hostname of any new node. */
const NEW_NODE = '\u0000new';

/** Price of a pod that can't follow its group, in nano US dollars per hour: dearer than any instance. */
const UNREACHABLE_SHARE = 1e15;

function domainOf(keys: readonly string[], place: Place): DomainOf {
  return (key) => {
    // A new node has a name of its own: pods on it are counted, in a domain where no other pod looks.
    if (key === HOSTNAME_LABEL) return NEW_NODE;
    const index = keys.indexOf(key);
    return index < 0 ? undefined : place.values[index];
  };
}

/** Labels over whose domains the demand has rules or is counted. */
function labelsThatMatter(demand: Demand): string[] {
  const { spreads, affinities, antiAffinities } = demand.rules;
  const counters = [
    ...[...spreads, ...affinities, ...antiAffinities].map(({ counter }) => counter),
    ...demand.counting,
  ];
  return [...new Set(counters.map(({ topologyKey }) => topologyKey))].filter((key) => key !== HOSTNAME_LABEL).sort();
}

/** Whether a demand has rules over domains itself, beside being counted by others'. */
function hasOwnRules({ rules }: Demand): boolean {
  return [...rules.spreads, ...rules.affinities, ...rules.antiAffinities].some((rule) => !isOnHostname(rule));
}

/**
 * Higher priority first; then pods with rules before those that are only counted by them, which can stand anywhere; then
 * as Karpenter has it: more cpu, more memory; then the canonical order.
 */
export function compareDemands(left: Demand, right: Demand): number {
  return (
    right.of.input.shape.priority - left.of.input.shape.priority ||
    Number(hasOwnRules(right)) - Number(hasOwnRules(left)) ||
    right.of.request[0]! - left.of.request[0]! ||
    right.of.request[1]! - left.of.request[1]! ||
    left.of.index - right.of.index
  );
}

function compareScores(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return left[index]! - right[index]!;
  }
  return 0;
}
