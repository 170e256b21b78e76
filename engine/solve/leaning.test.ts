// Pods that a spread keeps out because others, which had the choice, are not in the domains with the fewest. More than eight
// pods, so that not every way to place them is looked at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../testing/checker.ts';
import {
  market,
  openMarket,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  spreadOver,
  term,
  typeOnSale,
  ZONE_KEY,
} from '../testing/situations.ts';

/** The last zone costs least, so that pods go there where they have the choice. */
const ZONES = ['zone-a', 'zone-b', 'zone-c'];
const OPEN = openMarket(
  market(
    typeOnSale(
      'two',
      resources(2000, 32),
      ZONES.map((zone, index) => ({ zone, priceNanoUsdPerHour: 300 - 10 * index })),
    ),
  ),
);

/** Pods of one spread with at most `maxSkew` between zones, so many of each kind, that may be in the zones of the kind. */
function leftOut(maxSkew: number, kinds: Readonly<Record<string, number>>): number {
  const groups = Object.entries(kinds).map(([zones, count]) => ({
    shape: shape(resources(500, 0.1), {
      labels: { app: 'a' },
      topologySpread: [spreadOver(ZONE_KEY, 'a', { maxSkew, nodeAffinityPolicy: 'Ignore' })],
      requiredNodeTerms: [term(requirement(ZONE_KEY, 'In', ...[...zones].map((zone) => `zone-${zone}`)))],
    }),
    count,
  }));
  const subject = solveCase(OPEN, problemOf({ pools: [pool('any')], groups }));
  assert.deepEqual(planViolations(subject), []);
  return subject.plan.unplaced.reduce((sum, { count }) => sum + count, 0);
}

test('pods with the choice go where the fewest are, where others stay out otherwise', () => {
  assert.equal(leftOut(2, { a: 2, b: 5, ac: 1, c: 3 }), 0);
});

test('of two that have to move neither helps by itself', () => {
  assert.equal(leftOut(2, { a: 2, b: 5, ac: 1, bc: 1, c: 2 }), 0);
});

test('nobody moves where that lets in nobody', () => {
  assert.equal(leftOut(2, { a: 2, b: 5, c: 4 }), 1);
});
