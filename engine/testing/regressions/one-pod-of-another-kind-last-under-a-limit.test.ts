// Under a limit on CPUs two pods stayed out where one has to: the kind that stayed out was tried before the others, but
// none of the kinds that had taken its room was tried after them. There are more than eight pods: fewer are looked at in
// every way there is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import { market, openMarket, pool, problemOf, resources, shape, solveCase, typeOnSale } from '../situations.ts';

const sale = (priceNanoUsdPerHour: number) => [{ priceNanoUsdPerHour }];
const open = openMarket(
  market(
    typeOnSale('tall', resources(4000, 32), sale(103)),
    typeOnSale('broad', resources(8000, 16), sale(190)),
    typeOnSale('large', resources(16_000, 64), sale(420)),
  ),
);

test('of pods that ask for 26 CPUs one stays out under a limit of 24', () => {
  const groups = [
    { shape: shape(resources(1000, 16)), count: 6 },
    { shape: shape(resources(4000, 4)), count: 2 },
    { shape: shape(resources(3000, 8)), count: 4 },
  ];
  const subject = solveCase(open, problemOf({ pools: [pool('limited', { limits: { cpu: 24_000 } })], groups }));
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(
    subject.plan.unplaced.map(({ count }) => count),
    [1],
  );
});
