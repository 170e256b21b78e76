// Pools at their limits: where price alone would leave pods out, nodes are chosen that make more of what the limit leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceList } from '../../model/index.ts';
import { planViolations } from '../../testing/checker.ts';
import {
  market,
  milliDollars,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  typeOnSale,
} from '../../testing/situations.ts';

const sale = (price: number) => [{ priceNanoUsdPerHour: milliDollars(price) }];

/** Large nodes are dearer for what they hold; wide ones waste memory. */
const OPEN = openMarket(
  market(
    typeOnSale('small', resources(4000, 8), sale(100)),
    typeOnSale('large', resources(16_000, 32), sale(600)),
    typeOnSale('wide', resources(4000, 64), sale(90)),
  ),
);

function placedUnder(limits: ResourceList, count: number): { placed: number; nodes: number } {
  const groups = [{ shape: shape(resources(3000, 4)), count }];
  const subject = solveCase(OPEN, problemOf({ pools: [pool('limited', { limits })], groups }));
  assert.deepEqual(planViolations(subject), []);
  const { nodes, unplaced } = subject.plan;
  const left = unplaced.reduce((sum, one) => sum + one.count, 0);
  return { placed: count - left, nodes: nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0) };
}

test('nodes are as large as they must be where their number is limited', () => {
  assert.deepEqual(placedUnder({ nodes: 2 }, 10), { placed: 10, nodes: 2 });
});

test('nodes are cheap where the limit is not reached', () => {
  assert.deepEqual(placedUnder({ nodes: 10 }, 10), { placed: 10, nodes: 10 });
});

test('nodes waste little of a resource that is limited, though others are cheaper', () => {
  const gib = 1024 ** 3;
  assert.deepEqual(placedUnder({ memory: 64 * gib }, 8).placed, 8);
});

test('of few pods as many are placed as the limit lets in, though larger nodes are dearer for each of them', () => {
  const open = openMarket(
    market(typeOnSale('wide', resources(7000, 11), sale(236)), typeOnSale('narrow', resources(1000, 4), sale(69))),
  );
  const groups = [
    { shape: shape(resources(1500, 3)), count: 2 },
    { shape: shape(resources(1000, 6)), count: 1 },
    { shape: shape(resources(1000, 3)), count: 1 },
  ];
  // The pod that fits the narrow node would take the limit's room for the wide one, which holds three.
  const { plan } = solveCase(open, problemOf({ pools: [pool('limited', { limits: { cpu: 7000 } })], groups }));
  assert.deepEqual(
    plan.unplaced.map(({ count }) => count),
    [1],
  );
});

test('pods that no choice of nodes could let in stay out', () => {
  assert.deepEqual(placedUnder({ nodes: 1 }, 10), { placed: 5, nodes: 1 });
});
