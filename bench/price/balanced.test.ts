// BALANCED against FAST on cases of the corpus whose plans take FAST long for reasons that are no work of packing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalSolver } from '../../server/index.ts';
import { priceOfPlan } from '../peers/index.ts';
import { corpusProblem } from '../problems.ts';
import { solveWithDovetail } from '../verify/index.ts';
import { costOf } from './costs.ts';
import { optionsOf } from './efforts.ts';
import type { PriceInput } from './questions.ts';

test('BALANCED has work enough to gain something over 10,000 pods that are given their zones one by one', async () => {
  const problem = corpusProblem('karpenter-mix-10000', 'normal', 1) as unknown as PriceInput;
  const solver = await createLocalSolver({ workerCount: 1 });
  try {
    const costAt = async (effort: 'FAST' | 'BALANCED'): Promise<number> => {
      const { nodes, unplaced } = await solveWithDovetail(solver, problem, optionsOf('default', effort));
      assert.equal(unplaced.size, 0);
      return costOf('default', priceOfPlan(nodes, problem));
    };
    const [fast, balanced] = [await costAt('FAST'), await costAt('BALANCED')];
    assert.ok(balanced < 0.99 * fast, `${balanced} after ${fast}`);
  } finally {
    await solver.close();
  }
});
