// Any thirty seeds in a row have every rule in play: of the generated cases alone, and once the real service has planned
// them. No control plane is asked, so this needs nothing but Node.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLocalSolver, type LocalSolver } from '../../server/index.ts';
import { type GeneratedCase, generateCase } from './generate/index.ts';
import { leftOutTrials } from './left-out.ts';
import { LIMITS } from './limits.ts';
import { planCase } from './plan.ts';
import { addRuleCounts, countRules, noRuleCounts, type RuleCounts } from './rules-in-play.ts';

/** First seeds of ranges; the fixed one of CI is the first. */
const RANGES = [1, 31, 500, 4_567, 45_200, 51_700, 99_970, 123_456, 7_000_001, 999_999_970] as const;

/** Ranges that are planned as well. In that of 45200 no pod with volumes came onto a node that attaches only so many. */
const PLANNED_RANGES = [45_200, 88_001] as const;

/** Rules by where a plan has the pods: without one nothing can be said of them. */
const ABOUT_PLACES: ReadonlySet<string> = new Set([
  'node that is there',
  'node that starts',
  'capacity on its way',
  'new node',
  'volumes: limit of an existing node',
]);

let solver: LocalSolver;

before(async () => {
  solver = await createLocalSolver({ workerCount: 1 });
});

after(() => solver.close());

test('thirty seeds in a row have cases for every rule that is not about places', () => {
  for (const from of RANGES) {
    const counts = noRuleCounts();
    for (const generated of casesFrom(from)) addRuleCounts(counts, rulesOfPods(generated));
    assert.deepEqual(
      rulesWithout(counts).filter((name) => !ABOUT_PLACES.has(name)),
      [],
      `seeds from ${from}`,
    );
  }
});

for (const from of PLANNED_RANGES) {
  test(`thirty seeds from ${from} on have every rule in play in their plans`, async () => {
    const counts = noRuleCounts();
    for (const generated of casesFrom(from)) {
      const plan = await planCase(solver, generated);
      const tried = leftOutTrials(generated, plan).claims.map(({ pod }) => pod);
      addRuleCounts(counts, countRules(generated, plan, tried));
    }
    assert.deepEqual(rulesWithout(counts), []);
  });
}

function casesFrom(from: number): GeneratedCase[] {
  return Array.from({ length: LIMITS.casesWithEveryRule }, (_, index) => generateCase(from + index));
}

/** The rules that have a say about the pods of a case, wherever those may go. */
function rulesOfPods(generated: GeneratedCase): RuleCounts {
  const leftOut = generated.pods.map((pod) => ({ pod, reasons: [] }));
  return countRules(generated, { nodes: [], placements: [], leftOut }, generated.pods);
}

function rulesWithout(counts: RuleCounts): string[] {
  return [...counts].filter(([, { placed, leftOut }]) => placed + leftOut === 0).map(([name]) => name);
}
