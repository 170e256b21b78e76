// A limit of zero GPUs kept pods off types without any.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import { GPU, market, openMarket, pool, problemOf, resources, shape, solveCase, typeOnSale } from '../situations.ts';

test('a limit of zero GPUs leaves types without GPUs to be launched', () => {
  const subject = solveCase(
    openMarket(
      market(
        typeOnSale('gpu', resources(8000, 32, { [GPU]: 4 }), [{ priceNanoUsdPerHour: 50 }]),
        typeOnSale('plain', resources(8000, 32), [{ priceNanoUsdPerHour: 100 }]),
      ),
    ),
    problemOf({
      pools: [pool('no-gpus', { limits: { [GPU]: 0 } })],
      groups: [{ shape: shape(resources(7000, 1)), count: 1 }],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  assert.equal(subject.plan.totalPriceNanoUsdPerHour, 100);
});
