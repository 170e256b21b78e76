// A pod that wants a label absent was refused by a pool that only excludes some of its values.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import {
  market,
  openMarket,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  term,
  typeOnSale,
} from '../situations.ts';

test('a pool that only excludes values of its own label takes a pod that wants the label absent', () => {
  const subject = solveCase(
    openMarket(market(typeOnSale('any', resources(1000, 4), [{ priceNanoUsdPerHour: 1 }]))),
    problemOf({
      pools: [pool('not-blue', { requirements: [requirement('example.com/team', 'NotIn', 'blue')] })],
      groups: [
        {
          shape: shape(resources(1, 0), {
            requiredNodeTerms: [term(requirement('example.com/team', 'DoesNotExist'))],
          }),
          count: 1,
        },
      ],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(subject.plan.unplaced, []);
});
