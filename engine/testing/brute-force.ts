// The best plan of a tiny problem by trying every way to share the pods out: one pool without limits on resources, no
// existing nodes. Equal pods are told apart by nothing, so blocks are multisets of shapes.
import type { PodShape, Problem } from '../index.ts';
import { keepsMinValues } from './check-variety.ts';
import { holdsTogether, isOnSale, type Market, openPools, type PoolView } from './market.ts';

/** What brute force found. */
export interface Optimum {
  readonly placedCount: number;
  readonly priceNanoUsdPerHour: number;
}

/** More pods than this and the partitions get out of hand. */
export const BRUTE_FORCE_POD_LIMIT = 8;

/**
 * The most pods that can be placed and the least they cost. `generous` lets a node settle labels that only daemonsets read:
 * no plan can be cheaper than that; without it no plan needs to be dearer.
 */
export function bruteForce(market: Market, problem: Problem, generous: boolean): Optimum {
  const [view] = openPools(market, problem);
  if (view === undefined || problem.pools.length !== 1) throw new Error('brute force takes one pool');
  const podCount = problem.shapes.reduce((sum, one) => sum + one.count, 0);
  if (podCount > BRUTE_FORCE_POD_LIMIT) throw new Error(`brute force takes ${BRUTE_FORCE_POD_LIMIT} pods`);
  const shapes = problem.shapes.map((one) => one.shape);
  const blockPrice = blockPrices(view, shapes, generous);
  const counts = problem.shapes.map((one, index) => {
    const alone = shapes.map((_, at) => (at === index ? 1 : 0));
    return blockPrice(alone) === undefined ? 0 : one.count;
  });
  const best = cheapestPartition(counts, blockPrice);
  return { placedCount: counts.reduce((sum, count) => sum + count, 0), priceNanoUsdPerHour: best };
}

/** The price of the cheapest offering that holds a block; undefined when none does. Remembers what it worked out. */
function blockPrices(view: PoolView, shapes: readonly PodShape[], generous: boolean) {
  const known = new Map<string, number | undefined>();
  const onSale = view.candidates.filter(isOnSale);
  return (block: readonly number[]): number | undefined => {
    const name = block.join();
    if (known.has(name)) return known.get(name);
    const pods = block.flatMap((count, index) => {
      const shape = shapes[index];
      return count === 0 || shape === undefined ? [] : [{ shape, count }];
    });
    const holding = onSale.filter((candidate) => holdsTogether(view, candidate, pods, generous));
    const prices = holding.map((candidate) => candidate.priceNanoUsdPerHour ?? 0);
    const least = prices.length > 0 && keepsMinValues(view.pool, holding) ? Math.min(...prices) : undefined;
    known.set(name, least);
    return least;
  };
}

/** The cheapest way to cut the multiset into blocks: the first pod left is in some block, and every such block is tried. */
function cheapestPartition(
  counts: readonly number[],
  blockPrice: (block: readonly number[]) => number | undefined,
): number {
  const known = new Map<string, number>();
  const best = (left: readonly number[]): number => {
    const first = left.findIndex((count) => count > 0);
    if (first === -1) return 0;
    const name = left.join();
    const before = known.get(name);
    if (before !== undefined) return before;
    let least = Number.POSITIVE_INFINITY;
    for (const block of blocksWith(left, first)) {
      const price = blockPrice(block);
      if (price === undefined) continue;
      least = Math.min(least, price + best(left.map((count, index) => count - (block[index] ?? 0))));
    }
    known.set(name, least);
    return least;
  };
  return best(counts);
}

/** Every multiset within `left` that has at least one pod of the shape `first`. */
export function blocksWith(left: readonly number[], first: number): number[][] {
  let blocks: number[][] = [[]];
  left.forEach((count, index) => {
    const from = index === first ? 1 : 0;
    blocks = blocks.flatMap((block) => Array.from({ length: count - from + 1 }, (_, more) => [...block, from + more]));
  });
  return blocks;
}
