// What must hold for every problem: generated ones, seeds fixed, so that a failure is the same failure tomorrow. What a
// valid plan is says checker.ts; what is asked says generate.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Case } from './case.ts';
import { planViolations } from './checker.ts';
import { anySituation, type Situation } from './generate.ts';
import { topologySituation } from './generate-topology.ts';
import { permuted } from './permute.ts';
import { openMarket, problemOf, solveCase } from './situations.ts';

/** Half of them with pods that look at each other. */
const mixedSituation = fc.oneof(anySituation, topologySituation);

/** Runs of each property: about a second each on a quiet machine. */
const RUNS = { numRuns: 250 };

function solved({ market, parts }: Situation): Case {
  return solveCase(openMarket(market), problemOf(parts));
}

function placedCount({ plan }: Case): number {
  const counts = [
    ...plan.nodes.flatMap((nodes) => nodes.pods.map((pod) => pod.count * nodes.nodeCount)),
    ...plan.existing.flatMap((one) => one.pods.map((pod) => pod.count)),
  ];
  return counts.reduce((sum, count) => sum + count, 0);
}

test('every plan passes the checker, and the problems are such that most of its rules are at work', () => {
  const seen = { placed: 0, onExisting: 0, unplaced: 0, codes: new Set<string>(), pools: 0, lists: 0, fixed: 0 };
  fc.assert(
    fc.property(anySituation, (situation) => {
      const subject = solved(situation);
      assert.deepEqual(planViolations(subject), []);
      const { plan } = subject;
      seen.placed += placedCount(subject);
      seen.onExisting += plan.existing.length;
      seen.unplaced += plan.unplaced.length;
      seen.pools += new Set(plan.nodes.map((nodes) => nodes.poolIndex)).size > 1 ? 1 : 0;
      seen.lists += plan.offeringLists.some((list) => list.length > 1) ? 1 : 0;
      seen.fixed += plan.nodes.some((nodes) => Object.keys(nodes.labels).length > 0) ? 1 : 0;
      for (const { reasons } of plan.unplaced) for (const reason of reasons) seen.codes.add(reason.code);
    }),
    { numRuns: 600, seed: 20_261_122 },
  );
  assert.ok(seen.placed > 2000 && seen.onExisting > 50 && seen.unplaced > 200, JSON.stringify(seen));
  assert.ok(seen.pools > 10 && seen.lists > 100 && seen.fixed > 10, JSON.stringify(seen));
  assert.deepEqual([...seen.codes].sort(), [
    'label-not-provided',
    'limit-reached',
    'no-offering-available',
    'requirements-not-met',
    'resources-too-large',
    'taint-not-tolerated',
  ]);
});

test('every plan for pods that look at each other passes the checker, and every rule is at work', () => {
  const seen = { spread: 0, affinity: 0, antiAffinity: 0, preferred: 0, ports: 0, volumes: 0, onExisting: 0 };
  const codes = new Set<string>();
  fc.assert(
    fc.property(topologySituation, (situation) => {
      const subject = solved(situation);
      assert.deepEqual(planViolations(subject), []);
      const { plan, problem } = subject;
      seen.onExisting += plan.existing.length;
      for (const { pods } of [...plan.nodes, ...plan.existing]) {
        for (const { shapeIndex } of pods) {
          const shape = problem.shapes[shapeIndex]?.shape ?? assert.fail('structure says otherwise');
          seen.spread += Number(shape.topologySpread.length > 0);
          seen.affinity += Number(shape.podAffinity.length > 0);
          seen.antiAffinity += Number(shape.podAntiAffinity.length > 0);
          seen.preferred += Number(shape.preferredNodeTerms.length > 0);
          seen.ports += Number(shape.hostPorts.length > 0);
          seen.volumes += Number(shape.volumes.length > 0);
        }
      }
      for (const { reasons } of plan.unplaced) for (const reason of reasons) codes.add(reason.code);
    }),
    { numRuns: 600, seed: 20_261_123 },
  );
  for (const [rule, count] of Object.entries(seen))
    assert.ok(count > 50, `${rule}: ${count} of ${JSON.stringify(seen)}`);
  for (const code of ['topology-spread', 'pod-affinity', 'pod-anti-affinity']) assert.ok(codes.has(code), code);
});

test('solving twice gives the same plan, work and all', () => {
  fc.assert(
    fc.property(mixedSituation, (situation) => {
      const open = openMarket(situation.market);
      const problem = problemOf(situation.parts);
      const first = solveCase(open, problem).plan;
      assert.deepEqual(solveCase(open, problem).plan, first);
      assert.deepEqual(solved(structuredClone(situation)).plan, first);
    }),
    { ...RUNS, seed: 2 },
  );
});

test('the order of groups, pools, node classes, daemonsets, nodes, types and offerings leaves the canonical form as it is', () => {
  let differentForms = 0;
  const forms = new Set<string>();
  fc.assert(
    fc.property(mixedSituation, fc.nat(), (situation, seed) => {
      const { canonicalForm } = solved(situation).plan;
      assert.equal(solved(permuted(situation, seed)).plan.canonicalForm, canonicalForm);
      if (!forms.has(canonicalForm)) differentForms += 1;
      forms.add(canonicalForm);
    }),
    { ...RUNS, seed: 3 },
  );
  assert.ok(differentForms > 200, `only ${differentForms} different forms`);
});

test('the canonical form tells plans apart: one pod more gives another', () => {
  fc.assert(
    fc.property(mixedSituation, (situation) => {
      const [first, ...others] = situation.parts.groups;
      assert.ok(first !== undefined);
      const more = { ...situation.parts, groups: [{ ...first, count: first.count + 1 }, ...others] };
      const { canonicalForm } = solved(situation).plan;
      assert.notEqual(solved({ ...situation, parts: more }).plan.canonicalForm, canonicalForm);
    }),
    { numRuns: 100, seed: 4 },
  );
});

test('a work limit gives a valid plan within it, and the work it reports gives that plan again', () => {
  let cutCount = 0;
  fc.assert(
    fc.property(mixedSituation, fc.nat({ max: 400 }), (situation, workLimit) => {
      const open = openMarket(situation.market);
      const limited = solveCase(open, problemOf({ ...situation.parts, workLimit }));
      assert.ok(limited.plan.workUnits <= workLimit, `${limited.plan.workUnits} of ${workLimit} units`);
      assert.deepEqual(planViolations(limited), []);
      const replayed = solveCase(open, problemOf({ ...situation.parts, workLimit: limited.plan.workUnits }));
      assert.equal(replayed.plan.canonicalForm, limited.plan.canonicalForm);
      cutCount += limited.plan.cut ? 1 : 0;
      const free = solveCase(open, problemOf(situation.parts));
      if (!limited.plan.cut) assert.equal(limited.plan.canonicalForm, free.plan.canonicalForm);
      const again = solveCase(open, problemOf({ ...situation.parts, workLimit: free.plan.workUnits }));
      assert.equal(again.plan.canonicalForm, free.plan.canonicalForm);
    }),
    { ...RUNS, seed: 5 },
  );
  assert.ok(cutCount > 30, `only ${cutCount} plans were cut`);
});

test('an interrupt at once gives a valid plan that says it is cut, or the whole plan where there was nothing to cut', () => {
  let cutCount = 0;
  fc.assert(
    fc.property(mixedSituation, (situation) => {
      const open = openMarket(situation.market);
      const problem = problemOf(situation.parts);
      const interrupted = solveCase(open, problem, () => true);
      assert.deepEqual(planViolations(interrupted), []);
      if (interrupted.plan.cut) cutCount += 1;
      else assert.equal(interrupted.plan.canonicalForm, solveCase(open, problem).plan.canonicalForm);
    }),
    { ...RUNS, seed: 6 },
  );
  assert.ok(cutCount > 50, `only ${cutCount} plans were cut`);
});

test('an interrupt after some polls gives a valid plan', () => {
  fc.assert(
    fc.property(mixedSituation, fc.integer({ min: 1, max: 20 }), (situation, polls) => {
      let left = polls;
      const interrupted = solveCase(openMarket(situation.market), problemOf(situation.parts), () => {
        left -= 1;
        return left < 0;
      });
      assert.deepEqual(planViolations(interrupted), []);
    }),
    { numRuns: 120, seed: 7 },
  );
});
