// Pods that look at each other, few enough to try every order of arrival and every choice of nodes: no order places more than
// the plan does, priority by priority from the highest down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { comparePlacedCounts, mostArrivals, prioritiesIn } from './arrivals.ts';
import type { Case } from './case.ts';
import { planViolations } from './checker.ts';
import { entangledSituation } from './generate-preferences.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

/** More pods than this and there are too many orders. */
const POD_LIMIT = 4;

function placedByPriority({ plan, problem }: Case): number[] {
  return prioritiesIn(problem).map((priority) => {
    const ofPriority = problem.shapes.flatMap(({ shape, count }, index) =>
      shape.priority === priority ? [{ index, count }] : [],
    );
    return ofPriority.reduce((sum, { index, count }) => {
      const left = plan.unplaced.find(({ shapeIndex }) => shapeIndex === index)?.count ?? 0;
      return sum + count - left;
    }, 0);
  });
}

test('no order of arrival places more pods, compared from the highest priority down', () => {
  let leftOut = 0;
  fc.assert(
    fc.property(entangledSituation(POD_LIMIT), ({ market, parts }) => {
      const problem = problemOf(parts);
      const subject = solveCase(openMarket(market), problem);
      assert.deepEqual(planViolations(subject), []);
      const ours = placedByPriority(subject);
      const most = mostArrivals(market, problem);
      assert.ok(comparePlacedCounts(ours, most) >= 0, `placed ${ours}, an order of arrival ${most}`);
      if (subject.plan.unplaced.length > 0) leftOut += 1;
    }),
    { numRuns: 400, seed: 20_261_203 },
  );
  assert.ok(leftOut > 50, `${leftOut} problems in which pods are left out`);
});
