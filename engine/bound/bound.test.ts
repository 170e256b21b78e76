// The bound of whole problems: never above what a plan costs, tight where it can be, and about the pods that the plan
// places. Against optima it is held in optimum.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_OBJECTIVE, LIST_PRICE_OBJECTIVE, type Objective, solve } from '../index.ts';
import { anySituation } from '../testing/generate.ts';
import { withReserved } from '../testing/generate-reserved.ts';
import { topologySituation } from '../testing/generate-topology.ts';
import { variedSituation } from '../testing/generate-variety.ts';
import {
  market,
  milliDollars,
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
} from '../testing/situations.ts';
import { assertSum, boundedPlan, placedCount } from './testing/bounded.ts';

describe('a bound', () => {
  test('comes only where it was asked for, and changes nothing about the plan', () => {
    const open = openMarket(market(typeOnSale('small', resources(2000, 4), [{ priceNanoUsdPerHour: 40 }])));
    const problem = problemOf({ pools: [pool('any')], groups: [{ shape: shape(resources(1000, 1)), count: 3 }] });
    const { plan } = solveCase(open, problem);
    assert.equal(plan.bound, undefined);
    assert.deepEqual({ ...boundedPlan(open, problem).plan, bound: undefined }, { ...plan, bound: undefined });
  });

  test('is what the best plan costs where that is plain', () => {
    const open = openMarket(
      market(typeOnSale('small', resources(2000, 4), [{ priceNanoUsdPerHour: milliDollars(40) }])),
    );
    const problem = problemOf({ pools: [pool('any')], groups: [{ shape: shape(resources(1000, 1)), count: 4 }] });
    const { plan, bound } = boundedPlan(open, problem);
    assert.equal(plan.totalPriceNanoUsdPerHour, milliDollars(80));
    assert.ok(bound.lowerBoundNanoUsdPerHour > milliDollars(79.9), `${bound.lowerBoundNanoUsdPerHour}`);
    assert.equal(bound.converged, true);
    assert.deepEqual(
      bound.podWorths.map(({ shapeIndices, podCount }) => ({ shapeIndices, podCount })),
      [{ shapeIndices: [0], podCount: 4 }],
    );
  });

  test('is on what plans cost by the objective, and on list prices where those are all that counts', () => {
    const open = openMarket(
      market(
        typeOnSale('small', resources(2000, 4), [{ priceNanoUsdPerHour: milliDollars(40) }]),
        typeOnSale('large', resources(8000, 16), [{ priceNanoUsdPerHour: milliDollars(170) }]),
      ),
    );
    const groups = [{ shape: shape(resources(1000, 1)), count: 8 }];
    const boundOf = (changes: Partial<Objective>) => {
      const objective = { ...LIST_PRICE_OBJECTIVE, ...changes };
      const { plan, bound } = boundedPlan(open, { ...problemOf({ pools: [pool('any')], groups }), objective });
      return [plan.costNanoUsdPerHour, bound.lowerBoundNanoUsdPerHour].map((amount) =>
        Math.round(amount / milliDollars(1)),
      );
    };
    assert.deepEqual(boundOf({}), [160, 160]);
    // Four small nodes would cost 200 now.
    assert.deepEqual(boundOf({ nodeChargeNanoUsdPerHour: milliDollars(10) }), [180, 180]);
  });

  test('covers plans that give up what the plan keeps', () => {
    const open = openMarket(
      market(
        typeOnSale('small', resources(2000, 4), [{ priceNanoUsdPerHour: milliDollars(40) }]),
        typeOnSale('dear', resources(2000, 4), [{ priceNanoUsdPerHour: milliDollars(100) }]),
      ),
    );
    const preferredNodeTerms = [{ weight: 1, term: term(requirement(TYPE_KEY, 'In', 'dear')) }];
    const groups = [{ shape: shape(resources(2000, 1), { preferredNodeTerms }), count: 1 }];
    const { plan, bound } = boundedPlan(open, problemOf({ pools: [pool('any')], groups }));
    assert.equal(plan.costNanoUsdPerHour, milliDollars(100));
    assert.ok(bound.lowerBoundNanoUsdPerHour <= milliDollars(40), `${bound.lowerBoundNanoUsdPerHour}`);
  });

  test('is about the pods that have a place only', () => {
    const open = openMarket(
      market(typeOnSale('small', resources(2000, 4), [{ priceNanoUsdPerHour: milliDollars(40) }])),
    );
    const problem = problemOf({
      pools: [pool('few', { limits: { nodes: 1 } })],
      groups: [{ shape: shape(resources(2000, 1)), count: 3 }],
    });
    const { plan, bound } = boundedPlan(open, problem);
    assert.equal(placedCount(plan), 1);
    assert.ok(bound.lowerBoundNanoUsdPerHour <= milliDollars(40) && bound.lowerBoundNanoUsdPerHour > milliDollars(39));
  });

  test('says that it has not converged when it is called off, and holds', () => {
    const types = Array.from({ length: 6 }, (_, size) =>
      typeOnSale(`t${size}`, resources(1000 * (size + 1), 3 * size + 2), [
        { priceNanoUsdPerHour: milliDollars(20 * size + 23) },
      ]),
    );
    const groups = Array.from({ length: 6 }, (_, kind) => ({
      shape: shape(resources(300 + 170 * kind, 0.5 + 0.3 * ((kind * 5) % 7))),
      count: 7,
    }));
    const open = openMarket(market(...types));
    const problem = problemOf({ pools: [pool('any')], groups });
    const whole = boundedPlan(open, problem);
    assert.equal(whole.bound.converged, true);
    for (const steps of [0, 100, 300]) {
      let asked = 0;
      const wanted = { ...problem, wantsBound: true };
      const { bound } = solve(open.catalogue, open.prices, wanted, undefined, () => asked++ >= steps);
      assert.equal(bound!.converged, false, `after ${steps} steps`);
      assert.ok(bound!.lowerBoundNanoUsdPerHour <= whole.plan.totalPriceNanoUsdPerHour);
      assertSum(bound!);
    }
  });
});

describe('the bound is never above what a plan costs', () => {
  const kinds = {
    any: anySituation,
    topology: topologySituation,
    varied: variedSituation,
    reserved: withReserved(anySituation),
  };
  for (const [name, situations] of Object.entries(kinds)) {
    test(`of generated problems: ${name}`, () => {
      let positive = 0;
      fc.assert(
        fc.property(situations, ({ market: sold, parts }) => {
          for (const objective of [LIST_PRICE_OBJECTIVE, DEFAULT_OBJECTIVE]) {
            const problem = { ...problemOf({ ...parts, effort: 'balanced' }), objective };
            const { plan, bound } = boundedPlan(openMarket(sold), problem);
            const { lowerBoundNanoUsdPerHour: proven } = bound;
            const cost = plan.costNanoUsdPerHour;
            assert.ok(proven <= cost, `${proven} is above ${cost}`);
            if (proven > 0) positive += 1;
          }
        }),
        { numRuns: 150, seed: 31 },
      );
      assert.ok(positive > 40, `only ${positive} bounds were above 0`);
    });
  }
});
