// What the engine is known not to keep yet, taken out of generated situations so that the properties watch the rest. It
// lists gaps, it excuses none: whoever closes one deletes its line here, and the properties then cover it.
import type { NodePoolInput, ResourceList, Taint } from '../index.ts';
import type { Situation } from './generate.ts';
import { GPU } from './situations.ts';

/** The situation without what meets a known gap. */
export function withoutKnownGaps({ market, parts }: Situation): Situation {
  return {
    market,
    parts: {
      ...parts,
      pools: parts.pools.map(withoutGapsOfPools),
      // Existing nodes are filled without regard to priority; below limits, lower priorities don't use room left over.
      groups: parts.groups.map((group) => ({ ...group, shape: { ...group.shape, priority: 0 } })),
    },
  };
}

function withoutGapsOfPools(pool: NodePoolInput): NodePoolInput {
  return {
    ...pool,
    // Pods that bear a soft taint never share a new node with pods that tolerate it.
    taints: pool.taints.map((taint): Taint => (isSoft(taint) ? { ...taint, effect: 'NoSchedule' } : taint)),
    // A limit of zero GPUs keeps pods off types without GPUs.
    limits: pool.limits[GPU] === 0 ? without(pool.limits, GPU) : pool.limits,
  };
}

function isSoft(taint: Taint): boolean {
  return taint.effect === 'PreferNoSchedule';
}

function without(list: ResourceList, name: string): ResourceList {
  return Object.fromEntries(Object.entries(list).filter(([key]) => key !== name));
}

/** Violations without those that come from known gaps. */
export function exceptKnownGaps(violations: readonly string[], cut: boolean): string[] {
  return violations.filter(
    (violation) =>
      // A type that is not on sale is said to hold a pod although it does not once daemonsets are counted.
      !/^reasons: .* left out for no-offering-available/.test(violation) &&
      // A pod that a cut plan never tried on an existing node is not told that the work limit is why.
      !(cut && /^priority: .* would fit onto node-/.test(violation)),
  );
}
