// Nodes of one pool were counted against the limits of another while a plan was made cheaper: the other's limits came out
// below zero, and no offering was left for its nodes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
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
} from '../situations.ts';

const type = (name: string, cpuMilli: number, price: number) =>
  typeOnSale(name, resources(cpuMilli, 32), [{ priceNanoUsdPerHour: milliDollars(price) }]);

test('a plan over two pools with limits of their own can be made cheaper', () => {
  const open = openMarket(market(type('two', 2000, 50), type('four', 4000, 129), type('eight', 8000, 217)));
  const pods = (cpuMilli: number) => ({ shape: shape(resources(cpuMilli, 0.1)), count: 10 });
  const subject = solveCase(
    open,
    problemOf({
      effort: 'balanced',
      pools: [pool('a', { limits: { cpu: 12_000 } }), pool('b', { limits: { cpu: 8000 } })],
      groups: [pods(1400), pods(1100), pods(1300)],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
});
