// The same question in another order: every list whose order carries no meaning is shuffled, groups of equal pods are split.
// Seeded, so that a failure can be repeated.
import type { Situation } from './generate.ts';
import type { Market } from './market.ts';

/** A stream of numbers below `bound`, the same for the same seed (a linear congruential generator). */
function numbersFrom(seed: number): (bound: number) => number {
  let state = (seed ^ 0x5deece66) >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function shuffled<T>(list: readonly T[], below: (bound: number) => number): T[] {
  const copy = [...list];
  for (let at = copy.length - 1; at > 0; at -= 1) {
    const other = below(at + 1);
    const held = copy[at] as T;
    copy[at] = copy[other] as T;
    copy[other] = held;
  }
  return copy;
}

function shuffledMarket(market: Market, below: (bound: number) => number): Market {
  const rows = market.catalogue.types.map((type, typeIndex) => {
    const sales = shuffled(
      type.offerings.map((offering, at) => ({ offering, state: market.states[typeIndex]?.[at] })),
      below,
    );
    return {
      type: { ...type, offerings: sales.map((sale) => sale.offering) },
      states: sales.flatMap((sale) => sale.state ?? []),
    };
  });
  const order = shuffled(rows, below);
  return {
    catalogue: { ...market.catalogue, types: order.map((row) => row.type) },
    states: order.map((row) => row.states),
  };
}

/** A situation that means the same. */
export function permuted({ market, parts }: Situation, seed: number): Situation {
  const below = numbersFrom(seed);
  const groups = parts.groups.flatMap(({ shape, count }) => {
    const first = below(count + 1);
    return [first, count - first].filter((part) => part > 0).map((part) => ({ shape, count: part }));
  });
  return {
    market: shuffledMarket(market, below),
    parts: {
      ...parts,
      groups: shuffled(groups, below),
      pools: shuffled(parts.pools, below).map((pool) => ({
        ...pool,
        // Taints keep their order: the reason for a pod left out names the first one, a known gap.
        requirements: shuffled(pool.requirements, below),
      })),
      nodeClasses: shuffled(parts.nodeClasses ?? [], below),
      daemonSets: shuffled(parts.daemonSets ?? [], below),
      nodes: shuffled(parts.nodes ?? [], below).map((node) => ({
        ...node,
        taints: shuffled(node.taints, below),
        pods: shuffled(node.pods, below),
        daemonPods: shuffled(node.daemonPods, below),
      })),
    },
  };
}
