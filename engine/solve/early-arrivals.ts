// Pods that only the order of arrival keeps out. A spread looks at a pod that holds it when the pod comes: others that it
// counts but that do not hold it may come later, and then there is room beside them. Whether there is such an order, with
// all others where they are, is found out by letting everybody come anew: the pod as soon as it may. Nobody of a higher
// priority waits for it.
import { type Demand, makeUnit, type Unit } from '../compile/index.ts';
import { type DomainRules, isOnHostname, type Location } from '../topology/index.ts';
import { domainRulesOf } from './assigning.ts';
import { countRunning, type PlacingWork } from './attempt.ts';
import { labelsThatMatter } from './candidates.ts';
import { nodeTakes, type OpenNode } from './node-board.ts';
import type { NodeMaker } from './node-maker.ts';
import { type Arrivals, arrivalsOf, countIn, letOneIn } from './taking-back.ts';
import { compareDemands, type Waiting } from './waiting.ts';

/** Arrivals, and tries of them, in all orders of one round together. */
const STEP_LIMIT = 50_000;

/** Pods with rules over domains up to which they are let come anew. */
const ARRIVAL_LIMIT = 1000;

/**
 * Places what can be placed so and takes it off `waiting`. `settle` adds the nodes that `maker` opened to the plan: whoever
 * comes next has to come beside their pods. O(pods × kinds of places) for each order.
 */
export function placeEarlier(
  work: PlacingWork,
  waiting: readonly Waiting[],
  maker: NodeMaker,
  settle: () => void,
): void {
  const candidates = waiting
    .filter(({ demand, left }) => left > 0 && mayWaitForOrder(demand))
    .sort((left, right) => compareDemands(left.demand, right.demand));
  if (candidates.length === 0 || arrivalCount(arrivalsOf(work)) > ARRIVAL_LIMIT) return;
  const replays = new Replays(work);
  for (const entry of candidates) {
    while (entry.left > 0 && placeOne(work, entry, replays, maker)) {
      entry.left--;
      settle();
    }
  }
}

/** Whether order matters to a pod: it has a spread over domains. Who must be on a node with others is left as it is. */
function mayWaitForOrder({ rules }: Demand): boolean {
  return rules.spreads.some((rule) => !isOnHostname(rule)) && !rules.affinities.some(isOnHostname);
}

/** Where a pod could be. */
interface Position {
  readonly location: Location;
  /** Puts the pod there; false where there is no room after all. */
  readonly settle: () => boolean;
}

function placeOne(work: PlacingWork, { demand }: Waiting, replays: Replays, maker: NodeMaker): boolean {
  const inVain = new Set<string>();
  for (const { location, settle } of positionsOf(work, demand, maker)) {
    const key = keyOf(domainRulesOf(work, demand), location);
    if (inVain.has(key)) continue;
    if (replays.comes(demand, location)) {
      if (settle()) return true;
      replays.undo();
    }
    inVain.add(key);
  }
  return false;
}

/** Places that are the same to all counters. */
function keyOf({ counting }: DomainRules, { spot, ignores }: Location): string {
  return `${spot.join(' ')}|${counting.map(({ source }) => Number(ignores(source))).join('')}`;
}

/** Nodes that exist in their order, then places on nodes to be made as they come. */
function* positionsOf(work: PlacingWork, demand: Demand, maker: NodeMaker): Generator<Position> {
  const { compiled, nodes, places, domains, pinnedAt } = work;
  const unit = makeUnit(compiled, [{ pod: demand, podCount: 1 }]);
  const putOn = (node: OpenNode): boolean => {
    node.put(unit, 1);
    return true;
  };
  const mayStart = domains.mayBootstrap(domainRulesOf(work, demand));
  for (const node of nodes) {
    if (nodeTakes(node, unit, mayStart)) yield { location: node.location, settle: () => putOn(node) };
  }
  const keys = labelsThatMatter(demand);
  for (const { values, pins, ignoredBy } of places.placesOf(unit, keys)) {
    const location: Location = {
      spot: domains.spotOf((key) => values[keys.indexOf(key)]),
      ignores: (counter) => ignoredBy.includes(counter),
    };
    const pinned: Unit = makeUnit(compiled, unit.members, pins);
    const settle = (): boolean => {
      pinnedAt.set(pinned, location);
      return maker.take(pinned, 1) === 1;
    };
    yield { location, settle };
  }
}

/** Lets all pods of a plan come anew. */
class Replays {
  readonly #work: PlacingWork;
  #stepsLeft = STEP_LIMIT;

  constructor(work: PlacingWork) {
    this.#work = work;
  }

  /**
   * Whether one more pod comes to a place, and all others still come. It is counted there then; where it does not come the
   * counts are what they were.
   */
  comes(demand: Demand, location: Location): boolean {
    const work = this.#work;
    const kinds = arrivalsOf(work);
    if (!mayCome(work, kinds, demand, location)) return false;
    work.domains.clear();
    countRunning(work.compiled, work.domains);
    if (new Replay(work, kinds, newcomerAt(demand, location), this.#step).run()) return true;
    this.undo();
    return false;
  }

  /** Counts what the plan has, and nothing else. */
  undo(): void {
    const { domains, compiled } = this.#work;
    domains.clear();
    countRunning(compiled, domains);
    for (const kind of arrivalsOf(this.#work)) countIn(this.#work, kind);
  }

  readonly #step = (): boolean => {
    this.#stepsLeft--;
    return this.#stepsLeft >= 0 && this.#work.budget.spend();
  };
}

function newcomerAt(demand: Demand, location: Location): Arrivals {
  const arrived = (): void => {};
  return {
    members: [{ pod: demand, podCount: 1 }],
    location,
    hasHostMates: false,
    waiting: [{ present: new Map(), count: 1, arrived }],
  };
}

/**
 * Whether a pod could come to a place in some order, at best: what is not a matter of order is met there in the end, and
 * its spreads would be, were all gone that may come after it.
 */
function mayCome(work: PlacingWork, kinds: readonly Arrivals[], demand: Demand, { spot }: Location): boolean {
  const { domains } = work;
  const rules = domainRulesOf(work, demand);
  // Where nothing speaks against it as things are, there was no room.
  if (domains.obstacle(rules, spot)?.kind !== 'spread') return false;
  if (domains.obstacle({ ...rules, spreads: [] }, spot) !== undefined) return false;
  const { priority } = demand.of.input.shape;
  return rules.spreads.every((spread) => {
    const { rule, counter, key, maxSkew } = spread;
    let later = 0;
    for (const kind of kinds) {
      if (kind.location.spot[key] !== spot[key] || priorityOf(kind) > priority) continue;
      for (const { pod, podCount } of kind.members) {
        if (holdsAtMost(pod, counter, rule.input.maxSkew) || !isCountedAt(pod, kind.location, counter)) continue;
        later += podCount * arrivalCount([kind]);
      }
    }
    return domains.skewOf(spread, spot) - later <= maxSkew;
  });
}

/** One order of arrival. */
class Replay {
  readonly #work: PlacingWork;
  readonly #kinds: readonly Arrivals[];
  readonly #newcomer: Arrivals;
  /** The kinds that hold spreads which count a kind's pods where these are. */
  readonly #countedBy: ReadonlyMap<Arrivals, readonly Arrivals[]>;
  readonly #holders: ReadonlySet<Arrivals>;
  readonly #step: () => boolean;

  constructor(work: PlacingWork, kinds: readonly Arrivals[], newcomer: Arrivals, step: () => boolean) {
    this.#work = work;
    this.#kinds = kinds;
    this.#newcomer = newcomer;
    this.#step = step;
    const spreads = new Map<Arrivals, DomainRules['spreads']>();
    for (const kind of [newcomer, ...kinds]) {
      const held = kind.members.flatMap(({ pod }) => domainRulesOf(work, pod.of.demands.at(-1)!).spreads);
      if (held.length > 0) spreads.set(kind, held);
    }
    this.#holders = new Set(spreads.keys());
    const countedBy = (kind: Arrivals) =>
      [...spreads].filter(([holder, held]) => isCountedBeside(held, holder, kind)).map(([holder]) => holder);
    this.#countedBy = new Map(kinds.map((kind) => [kind, countedBy(kind)]));
  }

  /** Lets all come; false where somebody is left. */
  run(): boolean {
    const priority = priorityOf(this.#newcomer);
    const higher = this.#kinds.filter((kind) => priorityOf(kind) > priority);
    while (true) {
      const isOut = this.#newcomer.waiting.length > 0;
      if (isOut && (higher.some(this.#letOneIn) || this.#letOneIn(this.#newcomer))) continue;
      if (!this.#inOrder(isOut).some(this.#letOneIn)) break;
    }
    return [this.#newcomer, ...this.#kinds].every(({ waiting }) => waiting.length === 0);
  }

  readonly #letOneIn = (kind: Arrivals): boolean => this.#step() && letOneIn(this.#work, kind);

  /** Who holds spreads first, and last those whom others count that still wait; until the newcomer is in, whom it counts. */
  #inOrder(isOut: boolean): Arrivals[] {
    const rank = (kind: Arrivals): number => {
      const holders = this.#countedBy.get(kind)!;
      if (isOut && holders.includes(this.#newcomer)) return 3;
      if (this.#holders.has(kind)) return 0;
      return holders.some(({ waiting }) => waiting.length > 0) ? 2 : 1;
    };
    const ranked = this.#kinds.filter(({ waiting }) => waiting.length > 0).map((kind) => ({ kind, rank: rank(kind) }));
    return ranked.sort((left, right) => left.rank - right.rank).map(({ kind }) => kind);
  }
}

/** Whether spreads of pods at one place count those of another. */
function isCountedBeside(spreads: DomainRules['spreads'], holder: Arrivals, { members, location }: Arrivals): boolean {
  return spreads.some(
    ({ key, counter }) =>
      location.spot[key] === holder.location.spot[key] &&
      members.some(({ pod }) => isCountedAt(pod, location, counter)),
  );
}

function priorityOf({ members }: Arrivals): number {
  return members[0]!.pod.of.input.shape.priority;
}

/** Whether a pod keeps a spread of this counter at least as tightly: who comes last of those sees all others. */
function holdsAtMost({ of }: Demand, counter: number, maxSkew: number): boolean {
  return of.demands
    .at(-1)!
    .rules.spreads.some((rule) => rule.counter.index === counter && rule.input.maxSkew <= maxSkew);
}

function isCountedAt(pod: Demand, { ignores }: Location, counter: number): boolean {
  for (const source of pod.counting) {
    if (source.index === counter) return !(source.countedFor !== undefined && ignores(source));
  }
  return false;
}

function arrivalCount(kinds: readonly Arrivals[]): number {
  return kinds.reduce((sum, { waiting }) => waiting.reduce((inner, { count }) => inner + count, sum), 0);
}
