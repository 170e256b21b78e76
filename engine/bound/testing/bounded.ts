// Plans with their bounds, for the tests of this folder.
import assert from 'node:assert/strict';
import type { EnginePlan, PlanBound, Problem } from '../../index.ts';
import { type OpenMarket, solveCase } from '../../testing/situations.ts';

/** Solves, and answers the plan with its bound, the parts of whose certificate make it up. */
export function boundedPlan(
  open: OpenMarket,
  problem: Problem,
): { readonly plan: EnginePlan; readonly bound: PlanBound } {
  const { plan } = solveCase(open, { ...problem, wantsBound: true });
  assert.ok(plan.bound !== undefined, 'a plan without a bound');
  assertSum(plan.bound);
  return { plan, bound: plan.bound };
}

/** Asserts that the parts of a certificate make its bound. */
export function assertSum({ lowerBoundNanoUsdPerHour, podWorths, charges }: PlanBound): void {
  const worth = podWorths.reduce((sum, one) => sum + one.podCount * one.priceNanoUsdPerHour, 0);
  const charged = charges.reduce((sum, one) => sum + one.nodeCount * one.priceNanoUsdPerHour, 0);
  assert.equal(Math.max(0, worth - charged), lowerBoundNanoUsdPerHour);
}

/** Pods that have a place in a plan. */
export function placedCount({ nodes, existing }: EnginePlan): number {
  const count = (pods: readonly { readonly count: number }[]): number => pods.reduce((sum, one) => sum + one.count, 0);
  return (
    nodes.reduce((sum, one) => sum + one.nodeCount * count(one.pods), 0) +
    existing.reduce((sum, one) => sum + count(one.pods), 0)
  );
}
