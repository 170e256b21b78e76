// The best plan of a tiny problem whose market has reservations: every way to share the pods out, to leave pods out, and
// to launch nodes from reservations while something is free of them. One pool without limits and without minValues, no
// existing nodes. Equal pods are told apart by nothing, so blocks are multisets of shapes.
import type { Problem } from '../index.ts';
import { BRUTE_FORCE_POD_LIMIT, blocksWith } from './brute-force.ts';
import { type Candidate, holdsTogether, isOnSale, type Market, openPools, type PoolView } from './market.ts';

/** What brute force found: as many pods as can be, from the highest priority down, then the least price. */
export interface ReservedOptimum {
  /** Pods placed by priority, the highest first. */
  readonly placed: readonly number[];
  readonly priceNanoUsdPerHour: number;
}

/** What a node for a block may be: from no reservation, or from one, each at its least price. */
interface Launch {
  /** Empty where it draws on none. */
  readonly reservationId: string;
  readonly priceNanoUsdPerHour: number;
}

/** The priorities of a problem's pods, the highest first. */
export function prioritiesOf(problem: Problem): number[] {
  return [...new Set(problem.shapes.map(({ shape }) => shape.priority))].sort((left, right) => right - left);
}

/** Whether one count of pods by priority is more than another; below zero where it is less. */
export function comparePlaced(left: readonly number[], right: readonly number[]): number {
  const differing = left.findIndex((count, at) => count !== right[at]);
  return differing < 0 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
}

/** The best there is; `generous` as for brute force without reservations. */
export function bruteForceReserved(market: Market, problem: Problem, generous: boolean): ReservedOptimum {
  const [view] = openPools(market, problem);
  if (view === undefined || problem.pools.length !== 1) throw new Error('brute force takes one pool');
  const podCount = problem.shapes.reduce((sum, one) => sum + one.count, 0);
  if (podCount > BRUTE_FORCE_POD_LIMIT) throw new Error(`brute force takes ${BRUTE_FORCE_POD_LIMIT} pods`);
  const onSale = view.candidates.filter(isOnSale);
  const reserved = onSale.filter(isReserved);
  const ids = [...new Set(reserved.map(({ offering }) => offering.reservationId))].sort();
  const free = ids.map((id) => {
    const counts = reserved.filter(({ offering }) => offering.reservationId === id).map(({ state }) => state.freeCount);
    return Math.min(podCount, ...counts.map((count) => count ?? 0));
  });
  return new Search(view, problem, onSale, ids, generous).best(
    problem.shapes.map(({ count }) => count),
    free,
  );
}

function isReserved({ offering }: Candidate): boolean {
  return offering.capacityType === 'reserved';
}

class Search {
  readonly #view: PoolView;
  readonly #problem: Problem;
  readonly #onSale: readonly Candidate[];
  readonly #ids: readonly string[];
  readonly #generous: boolean;
  readonly #priorities: readonly number[];
  readonly #launches = new Map<string, readonly Launch[]>();
  readonly #known = new Map<string, ReservedOptimum>();

  constructor(
    view: PoolView,
    problem: Problem,
    onSale: readonly Candidate[],
    ids: readonly string[],
    generous: boolean,
  ) {
    this.#view = view;
    this.#problem = problem;
    this.#onSale = onSale;
    this.#ids = ids;
    this.#generous = generous;
    this.#priorities = prioritiesOf(problem);
  }

  /** The best for pods that are left, with what is still free of each reservation. */
  best(left: readonly number[], free: readonly number[]): ReservedOptimum {
    const first = left.findIndex((count) => count > 0);
    if (first === -1) return { placed: this.#priorities.map(() => 0), priceNanoUsdPerHour: 0 };
    const name = `${left.join()}|${free.join()}`;
    const before = this.#known.get(name);
    if (before !== undefined) return before;
    // The first pod stays out, or it is in some block: every such block is tried.
    let best = this.best(
      left.map((count, at) => (at === first ? count - 1 : count)),
      free,
    );
    for (const block of blocksWith(left, first)) {
      for (const { reservationId, priceNanoUsdPerHour } of this.#launchesOf(block)) {
        const at = this.#ids.indexOf(reservationId);
        if (at >= 0 && free[at] === 0) continue;
        const rest = this.best(
          left.map((count, index) => count - (block[index] ?? 0)),
          free.map((count, index) => (index === at ? count - 1 : count)),
        );
        const found = {
          placed: this.#priorities.map((priority, index) => (rest.placed[index] ?? 0) + this.#podsOf(block, priority)),
          priceNanoUsdPerHour: rest.priceNanoUsdPerHour + priceNanoUsdPerHour,
        };
        const more = comparePlaced(found.placed, best.placed);
        if (more > 0 || (more === 0 && found.priceNanoUsdPerHour < best.priceNanoUsdPerHour)) best = found;
      }
    }
    this.#known.set(name, best);
    return best;
  }

  #podsOf(block: readonly number[], priority: number): number {
    return this.#problem.shapes.reduce(
      (sum, { shape }, index) => sum + (shape.priority === priority ? (block[index] ?? 0) : 0),
      0,
    );
  }

  #launchesOf(block: readonly number[]): readonly Launch[] {
    const name = block.join();
    const known = this.#launches.get(name);
    if (known !== undefined) return known;
    const pods = this.#problem.shapes.flatMap(({ shape }, index) => {
      const count = block[index] ?? 0;
      return count === 0 ? [] : [{ shape, count }];
    });
    const cheapest = new Map<string, number>();
    for (const candidate of this.#onSale) {
      if (!holdsTogether(this.#view, candidate, pods, this.#generous)) continue;
      const id = isReserved(candidate) ? candidate.offering.reservationId : '';
      cheapest.set(id, Math.min(cheapest.get(id) ?? Number.POSITIVE_INFINITY, candidate.priceNanoUsdPerHour ?? 0));
    }
    const launches = [...cheapest].map(([reservationId, price]) => ({ reservationId, priceNanoUsdPerHour: price }));
    this.#launches.set(name, launches);
    return launches;
  }
}
