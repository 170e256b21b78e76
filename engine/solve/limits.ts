// What is left of the pools' limits before a plan: limits less the capacity of the nodes that are there or on their way.
import { compareText } from '../catalogue/index.ts';
import type { Problem } from '../model/index.ts';
import type { LimitTable } from '../pack/index.ts';

const NODE_POOL_LABEL = 'karpenter.sh/nodepool';

/**
 * The limits of all pools that have any, and what is free of reservations. A node that is being deleted counts for nothing.
 */
export function remainingLimits(problem: Problem, freeCounts: Float64Array): LimitTable {
  const limited = problem.pools
    .map((pool, index) => ({ pool, index }))
    .filter(({ pool }) => Object.keys(pool.limits).length > 0)
    .sort((left, right) => compareText(left.pool.name, right.pool.name));
  const names = [...new Set(limited.flatMap(({ pool }) => Object.keys(pool.limits)))].sort();
  const remaining = new Float64Array(limited.length * names.length).fill(Number.POSITIVE_INFINITY);
  const groupOf = new Map<number, number>();
  limited.forEach(({ pool, index }, group) => {
    groupOf.set(index, group);
    names.forEach((name, position) => {
      const limit = pool.limits[name];
      if (limit === undefined) return;
      let left = limit;
      for (const node of problem.nodes) {
        if (node.deleting || node.labels[NODE_POOL_LABEL] !== pool.name) continue;
        left -= name === 'nodes' ? 1 : (node.capacity[name] ?? 0);
      }
      remaining[group * names.length + position] = Math.max(0, left);
    });
  });
  return { names, groupOf, remaining, free: freeCounts.slice() };
}
