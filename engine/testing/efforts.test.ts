// What must hold of plans that were improved, over generated problems of every kind: they are valid, place the pods that the
// first plan places, never cost more, and do not depend on orders; more work is never worse. What improving does to one
// instance is in engine/improve.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_OBJECTIVE, type Effort, type EnginePlan, LIST_PRICE_OBJECTIVE } from '../index.ts';
import { BRUTE_FORCE_POD_LIMIT, bruteForce } from './brute-force.ts';
import { planViolations } from './checker.ts';
import { anySituation, type Situation, tinySituation } from './generate.ts';
import { preferringSituation } from './generate-preferences.ts';
import { withReserved } from './generate-reserved.ts';
import { topologySituation } from './generate-topology.ts';
import { variedSituation, withVariety } from './generate-variety.ts';
import { permuted } from './permute.ts';
import { settledPods, stepsGivenUp, zonesOnSale } from './preferences.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

/** Units for BEST, which has no end of its own that a test could wait for. */
const BEST_WORK_UNITS = 8_000;

/** The same problem with more pods: where there are few, the first plan is often the best. */
const withMorePods = (situation: fc.Arbitrary<Situation>): fc.Arbitrary<Situation> =>
  fc.tuple(situation, fc.constantFrom(1, 2, 5, 12)).map(([drawn, times]) => {
    const groups = drawn.parts.groups.map((group, index) => ({
      ...group,
      count: group.count * times + (index % times),
    }));
    return { ...drawn, parts: { ...drawn.parts, groups } };
  });

/** Every kind of problem that there is a generator for. */
const everySituation: fc.Arbitrary<Situation> = withMorePods(
  fc.oneof(
    anySituation,
    topologySituation,
    topologySituation,
    variedSituation,
    withVariety(topologySituation),
    withReserved(anySituation),
    withReserved(topologySituation),
  ),
);

function solveAt({ market, parts }: Situation, effort: Effort, more: { workLimit?: number; seed?: number } = {}) {
  const workLimit = effort === 'best' ? BEST_WORK_UNITS : undefined;
  const limited = workLimit === undefined ? {} : { workLimit };
  return solveCase(openMarket(market), problemOf({ ...parts, effort, ...limited, ...more }));
}

/** Pods left out, by shape. */
function leftOut({ unplaced }: EnginePlan): [shape: number, count: number][] {
  return unplaced.map(({ shapeIndex, count }) => [shapeIndex, count]);
}

for (const [effort, numRuns] of [
  ['balanced', 400],
  ['best', 100],
] as const) {
  test(`plans at ${effort} are valid, place the same pods as at fast, and are never dearer`, (context) => {
    const seen = { cheaper: 0, fewer: 0, same: 0, dollars: 0, fastDollars: 0 };
    fc.assert(
      fc.property(everySituation, (situation) => {
        const fast = solveAt(situation, 'fast').plan;
        const subject = solveAt(situation, effort);
        const { plan } = subject;
        assert.deepEqual(planViolations(subject), []);
        assert.deepEqual(leftOut(plan), leftOut(fast));
        for (const { reasons } of plan.unplaced) {
          assert.ok(reasons.every(({ code }) => code !== 'work-limit-reached'));
        }
        const difference = plan.totalPriceNanoUsdPerHour - fast.totalPriceNanoUsdPerHour;
        assert.ok(difference <= 0, `dearer by ${difference} than ${fast.totalPriceNanoUsdPerHour}`);
        const nodes = (one: EnginePlan): number => one.nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0);
        if (difference < 0) seen.cheaper += 1;
        else if (nodes(plan) < nodes(fast)) seen.fewer += 1;
        else seen.same += 1;
        seen.dollars += plan.totalPriceNanoUsdPerHour / 1e9;
        seen.fastDollars += fast.totalPriceNanoUsdPerHour / 1e9;
      }),
      { numRuns, seed: 20_261_210 },
    );
    context.diagnostic(JSON.stringify(seen));
    assert.ok(seen.cheaper > numRuns / 50 && seen.cheaper + seen.fewer > numRuns / 30, JSON.stringify(seen));
  });
}

test('at balanced no more preferences are given up than at fast', () => {
  const seen = { given: 0, cheaper: 0 };
  const stepsOf = (situation: Situation, effort: Effort): { steps: number; price: number } => {
    const subject = solveAt(situation, effort);
    assert.deepEqual(planViolations(subject), []);
    const problem = problemOf(situation.parts);
    const steps = stepsGivenUp(problem, settledPods(subject), zonesOnSale(situation.market, problem));
    return { steps: steps.reduce((sum, one) => sum + one, 0), price: subject.plan.totalPriceNanoUsdPerHour };
  };
  fc.assert(
    fc.property(withMorePods(fc.oneof(preferringSituation(8, true), preferringSituation(8, false))), (situation) => {
      const fast = stepsOf(situation, 'fast');
      const balanced = stepsOf(situation, 'balanced');
      assert.ok(balanced.steps <= fast.steps, `gave up ${balanced.steps} steps, at fast ${fast.steps}`);
      if (fast.steps > 0) seen.given += 1;
      if (balanced.price < fast.price) seen.cheaper += 1;
    }),
    { numRuns: 300, seed: 20_261_214 },
  );
  assert.ok(seen.given > 100 && seen.cheaper > 5, JSON.stringify(seen));
});

test('at balanced, orders do not matter and solving twice gives the same plan, work and all', () => {
  let improved = 0;
  fc.assert(
    fc.property(everySituation, fc.nat(), (situation, seed) => {
      const { plan } = solveAt(situation, 'balanced');
      assert.deepEqual(solveAt(structuredClone(situation), 'balanced').plan, plan);
      assert.equal(solveAt(permuted(situation, seed), 'balanced').plan.canonicalForm, plan.canonicalForm);
      if (plan.canonicalForm !== solveAt(situation, 'fast').plan.canonicalForm) improved += 1;
    }),
    { numRuns: 300, seed: 20_261_211 },
  );
  assert.ok(improved > 10, `only ${improved} plans were improved`);
});

test('at best, more work is never worse, and the work that a plan took gives it again', () => {
  let gained = 0;
  fc.assert(
    fc.property(everySituation, (situation) => {
      const fast = solveAt(situation, 'fast').plan;
      let before = fast.totalPriceNanoUsdPerHour;
      for (const more of [100, 1_000, 4_000]) {
        const workLimit = fast.workUnits + more;
        const { plan } = solveAt(situation, 'best', { workLimit });
        assert.ok(plan.totalPriceNanoUsdPerHour <= before, `dearer with ${more} units`);
        if (plan.totalPriceNanoUsdPerHour < before) gained += 1;
        before = plan.totalPriceNanoUsdPerHour;
        assert.ok(plan.workUnits <= workLimit);
        const again = solveAt(situation, 'best', { workLimit: Math.max(1, plan.workUnits) }).plan;
        assert.equal(again.canonicalForm, plan.canonicalForm);
      }
    }),
    { numRuns: 120, seed: 20_261_212 },
  );
  assert.ok(gained > 3, `gained ${gained} times`);
});

test('at best, more work leaves no more pods out and costs no more, from the first unit on and by every objective', () => {
  const seen = { more: 0, cheaper: 0, fewer: 0, whole: 0 };
  const objectives = fc.constantFrom(LIST_PRICE_OBJECTIVE, DEFAULT_OBJECTIVE);
  fc.assert(
    fc.property(everySituation, objectives, (situation, objective) => {
      const parts = { ...situation.parts, objective };
      const market = openMarket(situation.market);
      const solveWith = (workLimit: number): EnginePlan =>
        solveCase(market, problemOf({ ...parts, effort: 'best', workLimit })).plan;
      const { workUnits } = solveCase(market, problemOf({ ...parts, effort: 'fast' })).plan;
      const limits = [0.3, 0.7].map((share) => Math.max(1, Math.floor(workUnits * share)));
      let before: EnginePlan | undefined;
      for (const limit of [...limits, workUnits, workUnits + 300, workUnits + 2_000, workUnits + 6_000]) {
        const plan = solveWith(limit);
        if (before !== undefined) holdAgainst(before, plan, objective.tieShare, limit, seen);
        before = plan;
      }
    }),
    { numRuns: 120, seed: 20_261_215 },
  );
  assert.ok(seen.more > 10 && seen.cheaper > 5 && seen.whole > 100, JSON.stringify(seen));
});

const NOTHING_SEEN = { more: 0, cheaper: 0, fewer: 0, whole: 0 };

/** Holds a plan with more work against one with less, as plans are judged; where pods differ, only their number counts. */
function holdAgainst(
  less: EnginePlan,
  more: EnginePlan,
  tieShare: number,
  limit: number,
  seen: { more: number; cheaper: number; fewer: number; whole: number },
): void {
  const podsOf = ({ unplaced }: EnginePlan): number => unplaced.reduce((sum, { count }) => sum + count, 0);
  const nodesOf = ({ nodes }: EnginePlan): number => nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0);
  assert.ok(podsOf(more) <= podsOf(less), `${podsOf(more)} pods left out with ${limit} units, ${podsOf(less)} before`);
  if (podsOf(more) < podsOf(less)) seen.more += 1;
  if (JSON.stringify(leftOut(more)) !== JSON.stringify(leftOut(less))) return;
  seen.whole += 1;
  const [cost, before] = [more.costNanoUsdPerHour, less.costNanoUsdPerHour];
  if (cost < before) seen.cheaper += 1;
  if (cost <= before) return;
  assert.ok(nodesOf(more) < nodesOf(less), `dearer with ${limit} units: ${cost} after ${before}`);
  assert.ok(cost <= before * (1 + tieShare), `dearer than a tie with ${limit} units: ${cost} after ${before}`);
  seen.fewer += 1;
}

test('no plan costs more at balanced than at fast, nor at best than at balanced, by the default objective', () => {
  const RUNS = 100;
  const seen = { balanced: { ...NOTHING_SEEN }, best: { ...NOTHING_SEEN } };
  fc.assert(
    fc.property(everySituation, (situation) => {
      const parts = { ...situation.parts, objective: DEFAULT_OBJECTIVE };
      const market = openMarket(situation.market);
      const solveAtEffort = (effort: Effort, more: { workLimit?: number } = {}): EnginePlan =>
        solveCase(market, problemOf({ ...parts, effort, ...more })).plan;
      const fast = solveAtEffort('fast');
      const balanced = solveAtEffort('balanced');
      const best = solveAtEffort('best', { workLimit: balanced.workUnits + 3_000 });
      assert.deepEqual([leftOut(balanced), leftOut(best)], [leftOut(fast), leftOut(fast)]);
      holdAgainst(fast, balanced, DEFAULT_OBJECTIVE.tieShare, balanced.workUnits, seen.balanced);
      holdAgainst(balanced, best, DEFAULT_OBJECTIVE.tieShare, best.workUnits, seen.best);
    }),
    { numRuns: RUNS, seed: 20_261_216 },
  );
  assert.ok(seen.balanced.cheaper > 5 && seen.best.whole === RUNS, JSON.stringify(seen));
});

test('at best, an interrupt between two units gives a valid plan that is no dearer than the first', () => {
  let cut = 0;
  fc.assert(
    fc.property(everySituation, fc.integer({ min: 1, max: 60 }), (situation, polls) => {
      const fast = solveAt(situation, 'fast').plan;
      if (fast.cut) return;
      let left = polls + Math.ceil(fast.workUnits / 32);
      const problem = problemOf({ ...situation.parts, effort: 'best' });
      const subject = solveCase(openMarket(situation.market), problem, () => --left < 0);
      assert.deepEqual(planViolations(subject), []);
      assert.deepEqual(leftOut(subject.plan), leftOut(fast));
      assert.ok(subject.plan.totalPriceNanoUsdPerHour <= fast.totalPriceNanoUsdPerHour);
      if (subject.plan.cut) cut += 1;
    }),
    { numRuns: 150, seed: 20_261_213 },
  );
  assert.ok(cut > 30, `only ${cut} plans were cut`);
});

test('at balanced small problems cost what the best plan costs, but for few', (context) => {
  const gaps: number[] = [];
  fc.assert(
    fc.property(tinySituation(4, BRUTE_FORCE_POD_LIMIT), (situation) => {
      const { plan } = solveAt(situation, 'balanced');
      const best = bruteForce(situation.market, problemOf(situation.parts), false);
      const left = plan.unplaced.reduce((sum, { count }) => sum + count, 0);
      const podCount = problemOf(situation.parts).shapes.reduce((sum, { count }) => sum + count, 0);
      if (podCount - left !== best.placedCount || best.priceNanoUsdPerHour === 0) return;
      gaps.push(plan.totalPriceNanoUsdPerHour / best.priceNanoUsdPerHour - 1);
    }),
    { numRuns: 700, seed: 12 },
  );
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const worst = Math.max(...gaps);
  const dearer = gaps.filter((gap) => gap > 0).length;
  context.diagnostic(`${gaps.length} problems: mean ${mean}, worst ${worst}, ${dearer} dearer than the best`);
  assert.ok(gaps.length > 200, `only ${gaps.length} were compared`);
  assert.ok(mean <= 0.001 && worst <= 0.1, `mean ${mean}, worst ${worst}`);
});
