// Under a limit, pods of lower priority could not use the room beside pods of higher priority.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import { market, openMarket, pool, problemOf, resources, shape, solveCase, typeOnSale } from '../situations.ts';

test('under a limit, a pod of lower priority uses the room that a planned node has left', () => {
  const subject = solveCase(
    openMarket(
      market(
        typeOnSale('one', resources(1000, 4), [{ priceNanoUsdPerHour: 400 }]),
        typeOnSale('four', resources(4000, 16), [{ priceNanoUsdPerHour: 350 }]),
        typeOnSale('ten-pods', resources(16_000, 64, { pods: 10 }), [{ priceNanoUsdPerHour: 500 }]),
      ),
    ),
    problemOf({
      pools: [pool('sixteen-cores', { limits: { cpu: 16_000 } })],
      groups: [
        { shape: shape(resources(1000, 0), { priority: 10 }), count: 13 },
        { shape: shape(resources(1500, 0)), count: 1 },
      ],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(subject.plan.unplaced, []);
});
