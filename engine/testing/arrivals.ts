// The most pods that can be placed when they come one after the other in any order, each wherever kube-scheduler would let it
// in: small worlds of one type with room for all, a few zones, pools without limits, in which only rules about other pods
// are in question. Written from Kubernetes' documentation of its filters, without a line of the solver.
import type { PodShape, Problem } from '../index.ts';
import { isOnSale, type Market, openPools } from './market.ts';
import { affinityMeans, spreadCounts } from './pod-selection.ts';
import { zonesOnSale } from './preferences.ts';
import { HOSTNAME_KEY } from './topology-state.ts';

/** One pod with its node's number and zone. */
interface Arrived {
  readonly shape: PodShape;
  readonly host: number;
  readonly zone: string;
}

/** Pods placed of each priority, the highest priority first. */
export type PlacedByPriority = readonly number[];

/** The most that any order of arrival and any choice of nodes comes to, compared from the highest priority down. */
export function mostArrivals(market: Market, problem: Problem): PlacedByPriority {
  const world = new World(market, problem);
  const shapes = problem.shapes.flatMap(({ shape, count }) => Array.from({ length: count }, () => shape));
  let best = world.countsOf([]);
  const seen = new Set<string>();
  const go = (arrived: readonly Arrived[], waiting: readonly PodShape[]): void => {
    const counts = world.countsOf(arrived);
    if (comparePlacedCounts(counts, best) > 0) best = counts;
    for (const shape of new Set(waiting)) {
      const rest = waiting.toSpliced(waiting.indexOf(shape), 1);
      for (const next of world.placesFor(shape, arrived)) {
        const all = [...arrived, next];
        const key = world.keyOf(all);
        if (seen.has(key)) continue;
        seen.add(key);
        go(all, rest);
      }
    }
  };
  go([], shapes);
  return best;
}

/** Below 0 where the left one places less of the highest priority in which the two differ. */
export function comparePlacedCounts(left: PlacedByPriority, right: PlacedByPriority): number {
  const index = left.findIndex((count, place) => count !== right[place]);
  return index < 0 ? 0 : left[index]! - right[index]!;
}

/** Priorities of a problem's pods, the highest first. */
export function prioritiesIn(problem: Problem): number[] {
  return [...new Set(problem.shapes.map(({ shape }) => shape.priority))].sort((left, right) => right - left);
}

class World {
  readonly #problem: Problem;
  readonly #zones: readonly string[];
  readonly #poolZones: readonly string[];

  constructor(market: Market, problem: Problem) {
    this.#problem = problem;
    this.#zones = zonesOnSale(market, problem);
    const sold = openPools(market, problem).flatMap(({ candidates }) => candidates.filter(isOnSale));
    this.#poolZones = [...new Set(sold.map(({ offering }) => offering.zone))].sort();
  }

  countsOf(arrived: readonly Arrived[]): number[] {
    return prioritiesIn(this.#problem).map(
      (priority) => arrived.filter(({ shape }) => shape.priority === priority).length,
    );
  }

  /** Where kube-scheduler would let the pod in: nodes that have pods, and a fresh one in each zone. */
  placesFor(shape: PodShape, arrived: readonly Arrived[]): Arrived[] {
    const hosts = new Map(arrived.map(({ host, zone }) => [host, zone]));
    for (const [index, zone] of this.#poolZones.entries()) hosts.set(arrived.length * 10 + index, zone);
    return [...hosts].map(([host, zone]) => ({ shape, host, zone })).filter((pod) => this.#isLetIn(pod, arrived));
  }

  /** The same text for arrangements that differ only in the numbers of nodes. */
  keyOf(arrived: readonly Arrived[]): string {
    const hosts = new Map<number, string[]>();
    for (const { shape, host, zone } of arrived) {
      const index = this.#problem.shapes.findIndex((entry) => entry.shape === shape);
      hosts.set(host, [...(hosts.get(host) ?? [zone]), String(index)]);
    }
    return [...hosts.values()]
      .map(([zone, ...pods]) => `${zone} ${pods.sort().join(' ')}`)
      .sort()
      .join('|');
  }

  #isLetIn(pod: Arrived, others: readonly Arrived[]): boolean {
    const { shape } = pod;
    const isNear = (other: Arrived, topologyKey: string): boolean =>
      topologyKey === HOSTNAME_KEY ? other.host === pod.host : other.zone === pod.zone;
    // A pod is meant only where it is meant by all required terms.
    const terms = shape.podAffinity.filter(({ weight }) => weight === undefined);
    const isMeant = (other: PodShape): boolean =>
      terms.every((term) => affinityMeans(term, shape, other, this.#problem));
    const meant = others.filter((other) => isMeant(other.shape));
    const near =
      meant.length === 0
        ? isMeant(shape)
        : terms.every(({ topologyKey }) => meant.some((other) => isNear(other, topologyKey)));
    const apart = others.every((other) => {
      const keeps = (owner: PodShape, meant: PodShape): boolean =>
        owner.podAntiAffinity.some(
          (term) =>
            term.weight === undefined &&
            isNear(other, term.topologyKey) &&
            affinityMeans(term, owner, meant, this.#problem),
        );
      return !keeps(shape, other.shape) && !keeps(other.shape, shape);
    });
    const spreads = shape.topologySpread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule');
    return near && apart && spreads.every((spread) => this.#isEven(spread, pod, others));
  }

  #isEven(spread: PodShape['topologySpread'][number], pod: Arrived, others: readonly Arrived[]): boolean {
    const counted = others.filter((other) => spreadCounts(spread, pod.shape, other.shape));
    const self = Number(spreadCounts(spread, pod.shape, pod.shape));
    if (spread.topologyKey === HOSTNAME_KEY) {
      return counted.filter(({ host }) => host === pod.host).length + self <= spread.maxSkew;
    }
    const counts = this.#zones.map((zone) => counted.filter((other) => other.zone === zone).length);
    return counts[this.#zones.indexOf(pod.zone)]! + self - Math.min(...counts) <= spread.maxSkew;
  }
}
