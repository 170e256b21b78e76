// What spot nodes of a plan could be, and what the fifteenth of their types costs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flexibilityOf } from './flexibility.ts';

test('spot nodes with 15 types or more are priced at the cheapest and at the fifteenth cheapest of them', () => {
  const names = Array.from({ length: 20 }, (_, index) => `type-${index}`);
  const instanceTypes = names.map((name, index) => ({
    name,
    offerings: [
      { zone: 'a', capacityType: 'spot', price: 10 + index },
      { zone: 'b', capacityType: 'spot', price: 50 },
      { zone: 'a', capacityType: 'on-demand', price: 100 },
    ],
  }));
  const node = (typeCount: number, capacityType = 'spot') => {
    const [first, ...rest] = names
      .slice(0, typeCount)
      .flatMap((instanceType) => ['b', 'a'].map((zone) => ({ instanceType, zone, capacityType })));
    return { ...first!, alternatives: rest };
  };
  const onDemand = { instanceType: 'type-0', zone: 'a', capacityType: 'on-demand', alternatives: [] };
  assert.deepEqual(flexibilityOf([node(20), node(15), node(14), onDemand], { instanceTypes }), {
    spotNodeCount: 3,
    wideCount: 2,
    wideUsdPerHour: 20,
    fifteenthUsdPerHour: 48,
  });
});
