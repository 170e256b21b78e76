// Where a limit lets in one node only, a group that must share a zone got it in the cheapest zone; pods that could run in
// another zone only went first in a second try, and the group, which then had to join their node, counted as left out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape } from '../../index.ts';
import { planViolations } from '../checker.ts';
import {
  market,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  termOver,
  typeOnSale,
  ZONE_KEY,
} from '../situations.ts';

const together: PodShape = {
  ...shape(resources(1000, 1)),
  labels: { app: 'web' },
  podAffinity: [termOver(ZONE_KEY, 'web')],
};
const groups = [
  { shape: together, count: 9 },
  { shape: shape(resources(1000, 1), { nodeSelector: { [ZONE_KEY]: 'zone-b' } }), count: 3 },
];
const open = openMarket(
  market(
    typeOnSale('sixteen', resources(16_000, 64), [
      { zone: 'zone-a', priceNanoUsdPerHour: 500_000_000 },
      { zone: 'zone-b', priceNanoUsdPerHour: 900_000_000 },
    ]),
  ),
);

test('a group joins the one node that a limit lets in, where others can only be in its zone', () => {
  const subject = solveCase(open, problemOf({ pools: [pool('one', { limits: { nodes: 1 } })], groups }));
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual([subject.plan.nodes.length, subject.plan.unplaced], [1, []]);
});
