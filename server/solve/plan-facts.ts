// What telemetry is told of a plan: counts, no names.
import type { EnginePlan } from '../../engine/index.ts';
import type { PlanFacts } from '../call-context/index.ts';

/** Counts a plan for `podCount` pods of `shapeCount` shapes. O(nodes + shapes of the plan). */
export function planFacts(plan: EnginePlan, podCount: number, shapeCount: number): PlanFacts {
  return {
    podCount,
    shapeCount,
    unplacedCount: sum(plan.unplaced, ({ count }) => count),
    placedOnExistingCount: sum(plan.existing, ({ pods }) => sum(pods, ({ count }) => count)),
    newNodeCount: sum(plan.nodes, ({ nodeCount }) => nodeCount),
    workUnits: plan.workUnits,
    cut: plan.cut,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
