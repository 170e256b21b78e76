// The budget: exact to the unit, cut for good, and a look at the interrupt every so many units.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Budget } from './index.ts';

/** Spends until the budget says no, at most `most` times; returns how often it said yes. */
function spendAll(budget: Budget, most = 1000): number {
  let spent = 0;
  while (spent < most && budget.spend()) spent++;
  return spent;
}

describe('a budget', () => {
  test('gives exactly its limit and is cut by the unit after it', () => {
    fc.assert(
      fc.property(fc.nat(300), (limit) => {
        const budget = new Budget(limit, undefined);
        assert.equal(spendAll(budget, limit), limit);
        assert.equal(budget.cut, false, 'what was allowed is no cut');
        assert.equal(budget.spend(), false);
        assert.equal(budget.spent, limit);
        assert.equal(budget.cut, true);
      }),
    );
  });

  test('without a limit has no end', () => {
    const budget = new Budget(undefined, undefined);
    assert.equal(spendAll(budget, 100_000), 100_000);
    assert.equal(budget.cut, false);
  });

  test('looks at the interrupt before the first unit and then every 32', () => {
    const looks: number[] = [];
    const budget = new Budget(undefined, () => {
      looks.push(budget.spent);
      return false;
    });
    spendAll(budget, 100);
    assert.deepEqual(looks, [0, 32, 64, 96]);
  });

  test('stays cut once the interrupt has said so, and does not ask it again', () => {
    let looks = 0;
    const budget = new Budget(undefined, () => {
      looks++;
      return looks === 3;
    });
    assert.equal(spendAll(budget), 64);
    assert.equal(budget.cut, true);
    assert.equal(spendAll(budget), 0);
    assert.equal(looks, 3);
    assert.equal(budget.spent, 64);
  });

  test('cut by the interrupt is repeated exactly by the limit of what was spent', () => {
    let looks = 0;
    const interrupted = new Budget(undefined, () => ++looks > 5);
    const spent = spendAll(interrupted);
    const repeated = new Budget(interrupted.spent, undefined);
    assert.equal(spendAll(repeated), spent);
    assert.equal(repeated.cut, interrupted.cut);
  });
});
