// Where a limit on nodes was used up by small ones, so that a pod had to go to a dear pool, no larger node was found for the
// pods of two: the search took the two cheapest nodes that hold them, and gave up because the limit has room for one. Pods
// of one kind were not improved at all.
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
  TYPE_KEY,
  term,
  typeOnSale,
} from '../situations.ts';

const open = openMarket(
  market(
    typeOnSale('four', resources(3900, 8), [{ priceNanoUsdPerHour: 80_000_000 }]),
    typeOnSale('sixteen', resources(15_780, 32), [{ priceNanoUsdPerHour: 258_000_000 }]),
    typeOnSale('huge', resources(32_000, 256), [{ priceNanoUsdPerHour: 4_600_000_000 }]),
    typeOnSale('dear', resources(32_000, 64), [{ priceNanoUsdPerHour: 3_300_000_000 }]),
  ),
);

/** Pools of which the first may have three nodes, and the other has dear ones only. */
const pools = [
  pool('limited', { limits: { nodes: 3 }, requirements: [requirement(TYPE_KEY, 'In', 'four', 'sixteen')] }),
  pool('dear', { requirements: [requirement(TYPE_KEY, 'In', 'huge', 'dear')] }),
];

const small = shape(resources(3800, 3), { requiredNodeTerms: [term(requirement(TYPE_KEY, 'NotIn', 'huge'))] });
const large = shape(resources(2500, 20), { requiredNodeTerms: [term(requirement(TYPE_KEY, 'In', 'huge'))] });

for (const largeCount of [0, 9]) {
  test(`ten pods get larger nodes of a limited pool before one of them gets a dear one, beside ${largeCount} others`, () => {
    const groups = [{ shape: small, count: 10 }, ...(largeCount > 0 ? [{ shape: large, count: largeCount }] : [])];
    const subject = solveCase(open, problemOf({ pools, groups, effort: 'balanced' }));
    assert.deepEqual(planViolations(subject), []);
    assert.deepEqual(subject.plan.unplaced, []);
    const others = largeCount > 0 ? 4_600_000_000 : 0;
    assert.equal(subject.plan.totalPriceNanoUsdPerHour, 3 * 258_000_000 + others);
  });
}
