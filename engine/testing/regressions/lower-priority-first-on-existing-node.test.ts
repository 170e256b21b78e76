// A free place on an existing node went to a pod of lower priority.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import { market, node, openMarket, pool, problemOf, resources, shape, solveCase, typeOnSale } from '../situations.ts';

test('a free place on an existing node goes to the pod of higher priority', () => {
  const subject = solveCase(
    openMarket(market(typeOnSale('any', resources(8000, 32), [{ priceNanoUsdPerHour: 1 }]))),
    problemOf({
      pools: [pool('full', { limits: { nodes: 0 } })],
      groups: [
        { shape: shape(resources(0, 3)), count: 1 },
        { shape: shape(resources(0, 2), { priority: 10 }), count: 1 },
      ],
      nodes: [node('only', resources(1000, 4))],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(
    subject.plan.unplaced.map((one) => subject.problem.shapes[one.shapeIndex]?.shape.priority),
    [0],
  );
});
