// Every way to place a few pods, cut short where nothing better can come of it (branch and bound: Land & Doig 1960). Better
// is: more pods, from the highest priority down, then fewer steps of preferences given up. Prices are not looked at.
import type { Judge, Scope, Settled } from './judge.ts';
import type { SmallPod, SmallWorld, Spot } from './world.ts';

/** Where each pod of the world is; undefined for those without a place. */
export type Arrangement = readonly (Settled | undefined)[];

/** What an arrangement gives up, as one number: pods by priority first, then steps. */
export class Costs {
  readonly #outCosts: readonly number[];

  constructor({ pods }: SmallWorld) {
    const priorities = [...new Set(pods.map(({ shape }) => shape.input.shape.priority))].sort((a, b) => a - b);
    const mostSteps = pods.reduce((sum, { held }) => sum + held.length, 1);
    // One pod of a priority outweighs all pods of those below it.
    const unit = priorities.map((_, rank) => mostSteps * (pods.length + 1) ** rank);
    this.#outCosts = pods.map(({ shape }) => unit[priorities.indexOf(shape.input.shape.priority)]!);
  }

  /** What leaving out a pod costs. */
  ofLeavingOut(pod: number): number {
    return this.#outCosts[pod]!;
  }

  /** What an arrangement costs; undefined where a pod may not be where it is. */
  of(judge: Judge, arrangement: Arrangement, scope: Scope): number | undefined {
    const settled = arrangement.filter((one) => one !== undefined);
    let cost = 0;
    for (let pod = 0; pod < arrangement.length; pod++) {
      const one = arrangement[pod];
      const step = one === undefined ? this.ofLeavingOut(pod) : judge.stepOf(one, settled, scope);
      if (step === undefined) return undefined;
      cost += step;
    }
    return cost;
  }
}

/** How far to search. */
export interface SearchOptions {
  readonly world: SmallWorld;
  readonly costs: Costs;
  readonly judge: Judge;
  /** Only what costs less is of interest. */
  readonly below: number;
  /** Whether an arrangement can be had; asked for each that would be better than the best so far. */
  readonly accept: (arrangement: Arrangement) => boolean;
  /** Spends a unit of work; false ends the search. */
  readonly spend: () => boolean;
}

/** Searches; `accept` has last been asked, and said yes, for the best that was found. Returns false where it was ended. */
export function searchArrangements(options: SearchOptions): boolean {
  return new Search(options).run();
}

class Search {
  readonly #options: SearchOptions;
  readonly #arrangement: (Settled | undefined)[] = [];
  /** Place among the pod's spots for those that opened a node, -1 for others. */
  readonly #opened: number[] = [];
  /** What pods from a place on cost at least, whatever the others do. */
  readonly #least: Float64Array;
  #below: number;
  #ended = false;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#below = options.below;
    const { pods } = options.world;
    this.#least = new Float64Array(pods.length + 1);
    for (let pod = pods.length - 1; pod >= 0; pod--) {
      const steps = pods[pod]!.spots.map(({ firstStep }) => firstStep);
      this.#least[pod] = this.#least[pod + 1]! + Math.min(options.costs.ofLeavingOut(pod), ...steps);
    }
  }

  run(): boolean {
    this.#place(0);
    return !this.#ended;
  }

  #place(index: number): void {
    const { world, costs, judge, accept, spend } = this.#options;
    if (this.#ended) return;
    if (!spend()) {
      this.#ended = true;
      return;
    }
    const pod = world.pods[index];
    const cost = costs.of(judge, this.#arrangement, pod === undefined ? 'in-the-end' : 'so-far');
    if (cost === undefined || cost + this.#least[index]! >= this.#below) return;
    if (pod === undefined) {
      if (accept([...this.#arrangement])) this.#below = cost;
      return;
    }
    for (const { settled, opened } of this.#optionsFor(pod, index)) {
      this.#arrangement.push(settled);
      this.#opened.push(opened);
      this.#place(index + 1);
      this.#arrangement.pop();
      this.#opened.pop();
      if (this.#ended) return;
    }
  }

  /** Nodes that exist, nodes opened before, new ones, and last no place at all. Equal pods come in one order only. */
  *#optionsFor(pod: SmallPod, index: number): Generator<{ settled: Settled | undefined; opened: number }> {
    const { hostsMatter } = this.#options.world;
    const before = index > 0 && this.#options.world.pods[index - 1]!.kind === pod.kind ? index - 1 : -1;
    const last = before < 0 ? undefined : this.#arrangement[before];
    const isAfter = (settled: Settled, opened: number): boolean => {
      if (before < 0) return true;
      if (last === undefined) return false;
      const order = orderOf(settled.host) - orderOf(last.host);
      return order > 0 ? opened < 0 || this.#opened[before]! < 0 || opened >= this.#opened[before]! : order === 0;
    };
    for (const [place, spot] of pod.spots.entries()) {
      if (spot.node !== undefined) {
        const settled = { pod, spot, host: spot.node.index };
        if (isAfter(settled, -1)) yield { settled, opened: -1 };
        continue;
      }
      const hosts = this.#hostsAt(spot);
      for (const host of hosts) {
        const settled = { pod, spot, host };
        if (isAfter(settled, -1)) yield { settled, opened: -1 };
      }
      if (!hostsMatter && hosts.length > 0) continue;
      const settled = { pod, spot, host: -1 - this.#hostCount() };
      if (isAfter(settled, place)) yield { settled, opened: place };
    }
    yield { settled: undefined, opened: -1 };
  }

  #hostsAt({ key }: Spot): number[] {
    const hosts = this.#arrangement.flatMap((one) => (one !== undefined && one.spot.key === key ? [one.host] : []));
    return [...new Set(hosts)];
  }

  #hostCount(): number {
    return new Set(this.#arrangement.flatMap((one) => (one !== undefined && one.host < 0 ? [one.host] : []))).size;
  }
}

/** Nodes that exist in their order, then new ones in the order in which they were opened. */
function orderOf(host: number): number {
  return host >= 0 ? host : NEW_HOSTS - host;
}

const NEW_HOSTS = 2 ** 32;
