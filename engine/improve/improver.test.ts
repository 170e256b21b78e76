// Improving one instance: whatever comes out is a packing of all pods within rooms, rules and limits, never dearer than what
// went in, the same every time, and better with more work.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Budget, type LimitTable, type Packing, packGreedily, packingGoals } from '../pack/index.ts';
import { hostRulesOf } from '../pack/testing/host-rules.ts';
import {
  assertValid,
  instanceOf,
  limitsOf,
  NO_LIMITS,
  type NodeKind,
  type PodKind,
  type TestInstance,
} from '../pack/testing/index.ts';
import { HostTracker } from '../topology/index.ts';
import { Improver } from './index.ts';

const nodeKinds: fc.Arbitrary<NodeKind[]> = fc.array(
  fc.record({
    cpu: fc.integer({ min: 8, max: 64 }),
    memory: fc.integer({ min: 8, max: 64 }),
    price: fc.integer({ min: 1, max: 100 }),
  }),
  { minLength: 2, maxLength: 8 },
);

/** Every pod fits every node. */
const podKinds: fc.Arbitrary<PodKind[]> = fc.array(
  fc.record({
    cpu: fc.integer({ min: 1, max: 8 }),
    memory: fc.integer({ min: 0, max: 8 }),
    count: fc.integer({ min: 1, max: 30 }),
  }),
  { minLength: 2, maxLength: 8 },
);

function greedy({ instance, counts }: TestInstance, limits: LimitTable): Packing {
  const goal = { ...packingGoals(instance).usual, roundCount: 1 };
  return packGreedily(instance, counts, limits, goal, new Budget(undefined, undefined));
}

function improver(made: TestInstance, first: Packing, limits: LimitTable, unitCount: number, seed = 1): Improver {
  const { instance, counts } = made;
  return new Improver({ instance, counts, limits, first, seed, work: new Budget(unitCount, undefined), idleTurns: 4 });
}

function improved(made: TestInstance, first: Packing, limits: LimitTable, unitCount: number, seed = 1): Packing {
  const running = improver(made, first, limits, unitCount, seed);
  while (running.turn());
  return running.best;
}

describe('an improved packing', () => {
  test('places every pod within its node, and is never dearer and seldom the same', (context) => {
    const seen = { cheaper: 0, fewer: 0, same: 0 };
    fc.assert(
      fc.property(nodeKinds, podKinds, (nodes, pods) => {
        const made = instanceOf(nodes, pods);
        const first = greedy(made, NO_LIMITS);
        const best = improved(made, first, NO_LIMITS, 2_000);
        assertValid(made, NO_LIMITS, best);
        assert.ok(best.left.every((left) => left === 0));
        assert.ok(best.priceNanoUsdPerHour <= first.priceNanoUsdPerHour);
        if (best.priceNanoUsdPerHour < first.priceNanoUsdPerHour) seen.cheaper += 1;
        else if (best.nodeCount < first.nodeCount) seen.fewer += 1;
        else seen.same += 1;
      }),
      { numRuns: 150, seed: 1 },
    );
    context.diagnostic(JSON.stringify(seen));
    assert.ok(seen.cheaper > 60, JSON.stringify(seen));
  });

  test('keeps limits that bind', () => {
    let bound = 0;
    fc.assert(
      fc.property(nodeKinds, podKinds, fc.integer({ min: 0, max: 3 }), (nodes, pods, slack) => {
        const open = instanceOf(nodes, pods);
        const { nodeCount } = greedy(open, NO_LIMITS);
        const limits = limitsOf({ nodes: nodeCount + slack });
        const made = instanceOf(nodes, pods, limits);
        const first = greedy(made, limits);
        if (first.left.some((left) => left > 0)) return;
        const best = improved(made, first, limits, 2_000);
        assertValid(made, limits, best);
        assert.ok(best.left.every((left) => left === 0));
        assert.ok(best.priceNanoUsdPerHour <= first.priceNanoUsdPerHour);
        if (best.nodeCount === nodeCount + slack) bound += 1;
      }),
      { numRuns: 120, seed: 2 },
    );
    assert.ok(bound > 20, `bound ${bound} times`);
  });

  test('keeps the rules of hosts', () => {
    fc.assert(
      fc.property(nodeKinds, podKinds, fc.integer({ min: 1, max: 3 }), (nodes, pods, cap) => {
        const plain = instanceOf(nodes, pods);
        // The first kind spreads over hosts, the second keeps off the first.
        const rules = hostRulesOf(
          plain.instance.shapes.map((_, shape) =>
            shape === 0 ? { 0: 'owner', 1: 'counted' } : shape === 1 ? { 1: 'owner' } : {},
          ),
          [{ cap }, { apart: true }],
        );
        const made = { ...plain, instance: { ...plain.instance, hostRules: rules } };
        const best = improved(made, greedy(made, NO_LIMITS), NO_LIMITS, 2_000);
        assertValid(made, NO_LIMITS, best);
        const tracker = new HostTracker(rules);
        for (const node of best.nodes) {
          tracker.reset();
          node.shapes.forEach((shape, entry) => {
            assert.equal(tracker.most(shape, node.pods[entry]!), node.pods[entry]);
            tracker.take(shape, node.pods[entry]!);
          });
        }
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  test('is the same every time, and as good or better with more work', () => {
    let gained = 0;
    fc.assert(
      fc.property(nodeKinds, podKinds, fc.nat(), (nodes, pods, seed) => {
        const made = instanceOf(nodes, pods);
        const first = greedy(made, NO_LIMITS);
        let before = first.priceNanoUsdPerHour;
        for (const unitCount of [20, 100, 500, 2_000]) {
          const best = improved(made, first, NO_LIMITS, unitCount, seed);
          assert.deepEqual(improved(made, first, NO_LIMITS, unitCount, seed), best);
          assert.ok(best.priceNanoUsdPerHour <= before, `dearer with ${unitCount} units`);
          if (best.priceNanoUsdPerHour < before) gained += 1;
          before = best.priceNanoUsdPerHour;
        }
      }),
      { numRuns: 60, seed: 4 },
    );
    assert.ok(gained > 40, `gained ${gained} times`);
  });

  test('is the packing that went in where there is no work for it, or nothing to gain', () => {
    const made = instanceOf(
      [{ cpu: 4, memory: 4, price: 4 }],
      [
        { cpu: 1, memory: 1, count: 9 },
        { cpu: 2, memory: 2, count: 3 },
      ],
    );
    const first = greedy(made, NO_LIMITS);
    assert.equal(improved(made, first, NO_LIMITS, 0), first);
    const running = improver(made, first, NO_LIMITS, 50_000);
    let turns = 0;
    while (running.turn()) turns += 1;
    assert.ok(turns <= 8, `${turns} turns`);
    assert.equal(running.best.priceNanoUsdPerHour, first.priceNanoUsdPerHour);
  });

  test('mixes sizes where a greedy takes the densest first: nodes for 6 and 10 of pods of 3 and 5', () => {
    // One pod of 3 and one of 5 fill a node of 8 exactly; two of 5 leave nothing for those of 3.
    const made = instanceOf(
      [
        { cpu: 8, memory: 0, price: 80 },
        { cpu: 10, memory: 0, price: 99 },
        { cpu: 6, memory: 0, price: 70 },
      ],
      [
        { cpu: 3, memory: 0, count: 40 },
        { cpu: 5, memory: 0, count: 40 },
      ],
    );
    assert.equal(improved(made, greedy(made, NO_LIMITS), NO_LIMITS, 20_000).priceNanoUsdPerHour, 40 * 80);
  });
});
