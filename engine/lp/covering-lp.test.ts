// The linear programme against what proves an optimum: a mixture that covers every row, duals that no column beats, and the
// same price on both sides.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Column, CoveringLp } from './index.ts';

const RELIEF = 1_000;

const always = (): boolean => true;

interface Case {
  readonly demands: readonly number[];
  readonly columns: readonly Column[];
}

/** Programmes with short columns of whole amounts, as patterns are. */
const cases = (leastRows: number, mostRows: number, leastColumns = 1): fc.Arbitrary<Case> =>
  fc.integer({ min: leastRows, max: mostRows }).chain((rowCount) => {
    const column = fc
      .record({
        entries: fc.uniqueArray(fc.tuple(fc.nat(rowCount - 1), fc.integer({ min: 1, max: 9 })), {
          minLength: 1,
          maxLength: 6,
          selector: ([row]) => row,
        }),
        price: fc.integer({ min: 1, max: 60 }),
      })
      .map(({ entries, price }): Column => {
        const sorted = [...entries].sort(([left], [right]) => left - right);
        return { rows: sorted.map(([row]) => row), amounts: sorted.map(([, amount]) => amount), price };
      });
    return fc.record({
      demands: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: rowCount, maxLength: rowCount }),
      columns: fc.array(column, { minLength: leastColumns, maxLength: Math.max(4 * mostRows, leastColumns) }),
    });
  });

function open({ demands }: Pick<Case, 'demands'>): CoveringLp {
  return new CoveringLp(Float64Array.from(demands), new Float64Array(demands.length).fill(RELIEF));
}

function solved({ demands, columns }: Case): CoveringLp {
  const lp = open({ demands });
  for (const column of columns) lp.add(column);
  assert.equal(lp.solve(always), true);
  return lp;
}

/** Asserts that nothing is cheaper: what rows are short of is paid at the price of relief. */
function assertOptimal({ demands, columns }: Case, lp: CoveringLp): void {
  const covered = demands.map(() => 0);
  let price = 0;
  for (const { column, amount } of lp.mixture()) {
    assert.ok(amount > 0);
    const { rows, amounts, price: each } = columns[column]!;
    rows.forEach((row, entry) => {
      covered[row]! += amounts[entry]! * amount;
    });
    price += each * amount;
  }
  demands.forEach((demand, row) => {
    price += Math.max(0, demand - covered[row]!) * RELIEF;
  });
  const worth = demands.reduce((sum, demand, row) => sum + demand * lp.duals[row]!, 0);
  const near = 1e-6 * (1 + price);
  assert.ok(Math.abs(price - worth) <= near, `the mixture costs ${price}, the duals say ${worth}`);
  assert.ok(Math.abs(price - lp.price) <= near, `the mixture costs ${price}, not ${lp.price}`);
  for (const dual of lp.duals) assert.ok(dual >= -1e-6 && dual <= RELIEF + 1e-6, `a dual of ${dual}`);
  for (const { rows, amounts, price: each } of columns) {
    const value = rows.reduce((sum, row, entry) => sum + lp.duals[row]! * amounts[entry]!, 0);
    assert.ok(value <= each * (1 + 1e-6), `a column of ${each} is worth ${value}`);
  }
}

describe('rows that say how much there is', () => {
  test('are kept, and charged for where they bind', () => {
    // Ten pods; a node for one costs 5, and three nodes that hold two each cost nothing.
    const lp = new CoveringLp(Float64Array.of(10, -3), Float64Array.of(RELIEF, 1));
    lp.add({ rows: [0], amounts: [1], price: 5 });
    lp.add({ rows: [0, 1], amounts: [2, -1], price: 0, measure: 1 });
    assert.equal(lp.solve(always), true);
    assert.ok(Math.abs(lp.price - 20) < 1e-9, `${lp.price}`);
    assert.deepEqual([...lp.duals].map(Math.round), [5, 10]);
  });

  test('cost nothing where there is more than enough', () => {
    const lp = new CoveringLp(Float64Array.of(4, -9), Float64Array.of(RELIEF, 1));
    lp.add({ rows: [0], amounts: [1], price: 5 });
    lp.add({ rows: [0, 1], amounts: [2, -1], price: 3 });
    assert.equal(lp.solve(always), true);
    assert.ok(Math.abs(lp.price - 6) < 1e-9, `${lp.price}`);
    assert.ok(Math.abs(lp.duals[1]!) < 1e-9, `${lp.duals[1]}`);
  });
});

describe('the cheapest mixture', () => {
  test('is proven by its duals', () => {
    fc.assert(
      fc.property(cases(1, 12), (drawn) => assertOptimal(drawn, solved(drawn))),
      { numRuns: 400, seed: 1 },
    );
  });

  test('is proven also where the inverse is made anew on the way', () => {
    // Some 200 rows take several hundred pivots.
    for (const drawn of fc.sample(cases(200, 200, 1_200), { numRuns: 3, seed: 9 })) assertOptimal(drawn, solved(drawn));
  });

  test('takes half of a pattern where its second row would be wasted', () => {
    const columns = [
      { rows: [0, 1], amounts: [2, 2], price: 10 },
      { rows: [0], amounts: [1], price: 4 },
      { rows: [1], amounts: [1], price: 2 },
    ];
    const lp = solved({ demands: [3, 1], columns });
    assert.ok(Math.abs(lp.price - 13) < 1e-9, `${lp.price}`);
    assertOptimal({ demands: [3, 1], columns }, lp);
  });

  test('is the same whether columns come at once or between solves', () => {
    fc.assert(
      fc.property(cases(1, 10), fc.nat(), (drawn, cut) => {
        const lp = open(drawn);
        const at = cut % (drawn.columns.length + 1);
        for (const column of drawn.columns.slice(0, at)) lp.add(column);
        assert.equal(lp.solve(always), true);
        const before = lp.price;
        for (const column of drawn.columns.slice(at)) lp.add(column);
        assert.equal(lp.solve(always), true);
        assertOptimal(drawn, lp);
        assert.ok(lp.price <= before + 1e-6);
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  test('costs relief where no column covers a row', () => {
    const lp = solved({ demands: [2, 5], columns: [{ rows: [0], amounts: [1], price: 3 }] });
    assert.equal(lp.price, 6 + 5 * RELIEF);
    assert.equal(lp.duals[1], RELIEF);
  });

  test('where work runs out covers every row all the same, and goes on from there', () => {
    fc.assert(
      fc.property(cases(1, 12), fc.integer({ min: 1, max: 8 }), (drawn, steps) => {
        const lp = open(drawn);
        for (const column of drawn.columns) lp.add(column);
        let left = steps;
        const done = lp.solve(() => --left > 0);
        const full = solved(drawn).price;
        assert.ok(lp.price >= full - 1e-6);
        if (done) assertOptimal(drawn, lp);
        assert.equal(lp.solve(always), true);
        assertOptimal(drawn, lp);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});
