// What pods have given up where they are: the first step of each at which all that it still holds is met by where all the
// others are. Rules that more pods can only break are told apart, so that a search can stop early.
import type { Demand } from '../../compile/index.ts';
import { type AffinityRule, type Counter, collidingPort, isOnHostname, type SpreadRule } from '../../topology/index.ts';
import { type Counted, keyIndexOf, type SmallPod, type SmallWorld, type Spot } from './world.ts';

/** A pod that has a place. Pods of one node have the same host: a node's index, or below 0 for a new one. */
export interface Settled {
  readonly pod: SmallPod;
  readonly spot: Spot;
  readonly host: number;
}

/** How much is known: `so-far` looks only at rules that further pods can't mend. */
export type Scope = 'so-far' | 'in-the-end';

/** Judges pods of one world. */
export class Judge {
  readonly #world: SmallWorld;

  constructor(world: SmallWorld) {
    this.#world = world;
  }

  /** The step of a pod among others; undefined where even the last one does not let it be there. */
  stepOf(one: Settled, all: readonly Settled[], scope: Scope): number | undefined {
    const { pod, spot } = one;
    const last = pod.held.length - 1;
    if (this.#isKeptAway(one, all)) return undefined;
    for (let step = spot.firstStep; step >= 0 && step <= last; step++) {
      if (this.#isMet(one, pod.held[step]!, all, scope)) return step;
    }
    return undefined;
  }

  /** Ports, and anti-affinities of pods that run already: nothing that the pod could give up. */
  #isKeptAway({ pod, spot, host }: Settled, all: readonly Settled[]): boolean {
    const [first] = pod.held;
    const { hostPorts } = pod.shape.input.shape;
    for (const other of all) {
      if (other.pod === pod || other.host !== host || hostPorts.length === 0) continue;
      if (collidingPort(hostPorts, other.pod.shape.input.shape.hostPorts) !== undefined) return true;
    }
    return this.#world.running.some((running) =>
      running.pod.rules.antiAffinities.some(
        ({ counter }) => first!.counting.has(counter) && this.#isNear(counter, spot, host, running),
      ),
    );
  }

  #isMet(one: Settled, demand: Demand, all: readonly Settled[], scope: Scope): boolean {
    const { spreads, affinities, antiAffinities } = demand.rules;
    for (const { counter } of antiAffinities) if (this.#near(one, counter, all) > 0) return false;
    for (const rule of spreads) {
      if (isOnHostname(rule)) {
        if (this.#near(one, rule.counter, all) + Number(rule.countsItself) > rule.input.maxSkew) return false;
      } else if (!this.#isEven(one, rule, all, scope)) return false;
    }
    if (scope === 'so-far') return true;
    return affinities.every((rule) => this.#isTogether(one, rule, all));
  }

  #isTogether(one: Settled, { counter, meansItself }: AffinityRule, all: readonly Settled[]): boolean {
    if (this.#near(one, counter, all) > 0) return true;
    if (!meansItself && counter.claim === undefined) return false;
    return !this.#anyOther(one, counter, all) && this.#hasDomain(one, counter);
  }

  #hasDomain({ spot }: Settled, counter: Counter): boolean {
    const key = keyIndexOf(this.#world, counter);
    return key < 0 || spot.values[key] !== undefined;
  }

  #isEven(one: Settled, rule: SpreadRule, all: readonly Settled[], scope: Scope): boolean {
    const universe = this.#world.universeOf(rule);
    const key = keyIndexOf(this.#world, rule.counter);
    const own = one.spot.values[key];
    if (own === undefined || !universe.has(own)) return false;
    // Domains that are behind may still catch up. And a spread that must be kept binds a pod only when it comes: pods without
    // it may come later. Whether there is such an order is looked at once all have their places.
    if (scope === 'so-far' || rule.input.whenUnsatisfiable === 'DoNotSchedule') return true;
    const counts = new Map([...universe].map((domain) => [domain, 0]));
    const count = (domain: string | undefined, pods: number): void => {
      if (domain !== undefined && counts.has(domain)) counts.set(domain, counts.get(domain)! + pods);
    };
    for (const { pod, values, ignores, count: pods } of this.#world.running) {
      if (pod.counting.has(rule.counter) && !ignores(rule.counter)) count(values[key], pods);
    }
    for (const other of all) {
      if (other === one || !isCounted(other, rule.counter)) continue;
      count(other.spot.values[key], 1);
    }
    const least = universe.size < (rule.input.minDomains ?? 0) ? 0 : leastOf(counts, own, Number(rule.countsItself));
    return counts.get(own)! + Number(rule.countsItself) - least <= rule.input.maxSkew;
  }

  /** Other pods that a counter counts in the pod's domain. */
  #near(one: Settled, counter: Counter, all: readonly Settled[]): number {
    let sum = 0;
    for (const running of this.#world.running) {
      if (running.pod.counting.has(counter) && this.#isNear(counter, one.spot, one.host, running)) sum += running.count;
    }
    const key = keyIndexOf(this.#world, counter);
    for (const other of all) {
      if (other === one || !isCounted(other, counter)) continue;
      const near = key < 0 ? other.host === one.host : isSame(other.spot.values[key], one.spot.values[key]);
      if (near || other.host === one.host) sum += Number(key < 0 || one.spot.values[key] !== undefined);
    }
    return sum;
  }

  #isNear(counter: Counter, spot: Spot, host: number, running: Counted): boolean {
    if (running.ignores(counter)) return false;
    const key = keyIndexOf(this.#world, counter);
    return key < 0 ? running.node === host : isSame(running.values[key], spot.values[key]);
  }

  #anyOther(one: Settled, counter: Counter, all: readonly Settled[]): boolean {
    return (
      this.#world.running.some(({ pod }) => pod.counting.has(counter)) ||
      all.some((other) => other !== one && isCounted(other, counter))
    );
  }
}

function isCounted({ pod, spot }: Settled, counter: Counter): boolean {
  return pod.held[0]!.counting.has(counter) && !(counter.countedFor !== undefined && spot.ignores(counter));
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

/** The least of the counts, the pod itself counted. */
function leastOf(counts: ReadonlyMap<string, number>, own: string, self: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const [domain, count] of counts) least = Math.min(least, domain === own ? count + self : count);
  return least;
}
