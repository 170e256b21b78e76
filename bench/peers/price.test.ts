// Prices of plans of both sides by one rule, on problems small enough to add up by hand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KarpenterClaim, KarpenterResult } from './karpenter.ts';
import { type PricedProblem, priceOf, priceOfPlan } from './price.ts';
import { madeUpAnswer } from './testing/index.ts';

const ZONE = 'topology.kubernetes.io/zone';
const CAPACITY_TYPE = 'karpenter.sh/capacity-type';

const PROBLEM: PricedProblem = {
  instanceTypes: [
    {
      name: 'small',
      offerings: [
        { zone: 'z1', capacityType: 'on-demand', price: 0.1 },
        { zone: 'z2', capacityType: 'on-demand', price: 0.11, available: true },
        { zone: 'z1', capacityType: 'spot', price: 0.04 },
        { zone: 'z2', capacityType: 'spot', price: 0.01, available: false },
      ],
    },
    { name: 'large', offerings: [{ zone: 'z2', capacityType: 'spot', price: 0.07 }] },
  ],
};

function answer(...claims: Partial<KarpenterClaim>[]): KarpenterResult {
  return madeUpAnswer(claims.map((claim) => ({ instanceTypes: ['small', 'large'], ...claim })));
}

const isIn = (key: string, ...values: string[]) => ({ key, operator: 'In', values });

describe("Karpenter's claims", () => {
  test('cost their cheapest offering that is for sale, whatever type and zone', () => {
    assert.deepEqual(priceOf(answer({}, {}), PROBLEM), {
      nodeCount: 2,
      usdPerHour: 0.08,
      onDemandUsdPerHour: 0.2,
      neverOnDemandCount: 0,
      narrowSpotUsdPerHour: 0,
    });
  });

  test('cost what their zone and capacity type leave', () => {
    const price = (...requirements: KarpenterClaim['requirements']) =>
      priceOf(answer({ requirements }), PROBLEM).usdPerHour;
    assert.equal(price(isIn(ZONE, 'z2')), 0.07);
    assert.equal(price(isIn(ZONE, 'z2'), isIn(CAPACITY_TYPE, 'on-demand')), 0.11);
    assert.equal(price({ key: ZONE, operator: 'NotIn', values: ['z2'] }), 0.04);
    assert.equal(price({ key: ZONE, operator: 'Exists', values: [] }), 0.04);
  });

  test('that may not be on demand are counted, and cost their cheapest there too', () => {
    assert.deepEqual(priceOf(answer({ instanceTypes: ['large'] }), PROBLEM), {
      nodeCount: 1,
      usdPerHour: 0.07,
      onDemandUsdPerHour: 0.07,
      neverOnDemandCount: 1,
      narrowSpotUsdPerHour: 0.07,
    });
  });

  test('are narrow on spot that has one type in one zone, unless it is dearer than on demand', () => {
    const narrow = (problem: PricedProblem) => priceOf(answer({}), problem).narrowSpotUsdPerHour;
    const small = (...more: PricedProblem['instanceTypes'][number]['offerings']) => ({
      instanceTypes: [{ name: 'small', offerings: [{ zone: 'z1', capacityType: 'spot', price: 0.04 }, ...more] }],
    });
    assert.equal(narrow(small()), 0.04);
    assert.equal(narrow(small({ zone: 'z1', capacityType: 'on-demand', price: 0.1 })), 0.04);
    assert.equal(narrow(small({ zone: 'z2', capacityType: 'on-demand', price: 0.1 })), 0);
    assert.equal(narrow(small({ zone: 'z2', capacityType: 'spot', price: 0.05 })), 0);
    const dear = { zone: 'z2', capacityType: 'spot', price: 0.2 };
    assert.equal(narrow(small({ zone: 'z1', capacityType: 'on-demand', price: 0.1 }, dear)), 0.04);
  });

  test('without an offering that can be had are an error, not free', () => {
    const soldOut = answer({ instanceTypes: ['large'], requirements: [isIn(ZONE, 'z1')] });
    assert.throws(() => priceOf(soldOut, PROBLEM), /has no offering that can be launched/);
  });
});

describe('planned nodes', () => {
  const first = { instanceType: 'small', zone: 'z1', capacityType: 'on-demand' };

  test('cost the cheapest of their list at the prices of the problem', () => {
    const alternatives = [
      { instanceType: 'large', zone: 'z2', capacityType: 'spot' },
      { instanceType: 'small', zone: 'z2', capacityType: 'on-demand' },
    ];
    assert.deepEqual(priceOfPlan([{ ...first, alternatives }], PROBLEM), {
      nodeCount: 1,
      usdPerHour: 0.07,
      onDemandUsdPerHour: 0.1,
      neverOnDemandCount: 0,
      narrowSpotUsdPerHour: 0,
    });
  });

  test('that the problem does not sell are an error', () => {
    const soldOut = { instanceType: 'small', zone: 'z2', capacityType: 'spot', alternatives: [] };
    assert.throws(() => priceOfPlan([soldOut], PROBLEM), /does not sell small spot in z2/);
  });

  test('add up exactly, as nano-dollars', () => {
    const nodes = Array.from({ length: 10 }, () => ({ ...first, alternatives: [] }));
    assert.equal(priceOfPlan(nodes, PROBLEM).usdPerHour, 1);
  });
});
