// Packing pods of many kinds: everything is placed where nothing limits, nothing is exceeded where something does, and
// the work asked for is the work done.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  Budget,
  isBetterPacking,
  type LimitTable,
  type Packing,
  type PackingGoal,
  packGreedily,
  packingGoals,
} from './index.ts';
import {
  assertValid,
  instanceOf,
  limitsOf,
  NO_LIMITS,
  type NodeKind,
  type PodKind,
  type TestInstance,
} from './testing/index.ts';

const nodeKinds: fc.Arbitrary<NodeKind[]> = fc.array(
  fc.record({
    cpu: fc.integer({ min: 4, max: 64 }),
    memory: fc.integer({ min: 4, max: 64 }),
    pods: fc.integer({ min: 1, max: 20 }),
    price: fc.nat(100),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Every pod fits every node. */
const podKinds: fc.Arbitrary<PodKind[]> = fc.array(
  fc.record({
    cpu: fc.nat(4),
    memory: fc.nat(4),
    count: fc.integer({ min: 1, max: 30 }),
    priority: fc.constantFrom(0, 0, 10),
  }),
  { minLength: 1, maxLength: 6 },
);

const limits: fc.Arbitrary<LimitTable> = fc
  .record({ cpu: fc.nat(200), memory: fc.nat(200), nodes: fc.nat(8) }, { requiredKeys: [] })
  .filter((names) => Object.keys(names).length > 0)
  .map((names) => limitsOf(names));

const goals: fc.Arbitrary<PackingGoal> = fc.record({
  limitWeight: fc.constantFrom(0, 0.5, 1),
  worth: fc.constantFrom('share', 'count'),
  roundCount: fc.integer({ min: 1, max: 4 }),
});

const USUAL: PackingGoal = { limitWeight: 0, worth: 'share', roundCount: 3 };

function pack(
  { instance, counts }: TestInstance,
  table: LimitTable,
  goal: PackingGoal,
  budget = new Budget(undefined, undefined),
): Packing {
  return packGreedily(instance, counts, table, goal, budget);
}

describe('packing pods of many kinds', () => {
  test('places every pod where nothing limits', () => {
    fc.assert(
      fc.property(nodeKinds, podKinds, goals, (nodes, pods, goal) => {
        const made = instanceOf(nodes, pods);
        const packing = pack(made, NO_LIMITS, goal);
        assertValid(made, NO_LIMITS, packing);
        assert.ok(packing.left.every((left) => left === 0));
      }),
      { numRuns: 200 },
    );
  });

  test('never exceeds a limit, and is right about what is left of it', () => {
    fc.assert(
      fc.property(nodeKinds, podKinds, goals, limits, (nodes, pods, goal, table) => {
        const made = instanceOf(nodes, pods, table);
        const before = table.remaining.slice();
        assertValid(made, table, pack(made, table, goal));
        assert.deepEqual(table.remaining, before);
      }),
      { numRuns: 300 },
    );
  });

  test('lets in another node where a smaller one takes so much less of the limits', () => {
    // Three large nodes hold 15 pods and use up the limit of CPU; the small one that each may be instead leaves room.
    const nodes = [
      { cpu: 5, memory: 39, pods: 5, price: 0 },
      { cpu: 32, memory: 4, pods: 5, price: 1 },
    ];
    const table = limitsOf({ cpu: 100, memory: 121 });
    const made = instanceOf(nodes, [{ cpu: 0, memory: 0, count: 16, priority: 0 }], table);
    const packing = pack(made, table, { limitWeight: 0.5, worth: 'share', roundCount: 1 });
    assert.deepEqual([...packing.left], [0]);
  });

  test('leaves a pod out only where no further node is within the limits', () => {
    fc.assert(
      fc.property(nodeKinds, podKinds, goals, limits, (nodes, pods, goal, table) => {
        const made = instanceOf(nodes, pods, table);
        const packing = pack(made, table, goal);
        if (packing.left.every((left) => left === 0)) return;
        const { instance } = made;
        for (let index = 0; index < instance.classCount; index++) {
          const suits = instance.suits.subarray(instance.suitStarts[index], instance.suitStarts[index + 1]);
          if (!suits.some((shape) => packing.left[shape]! > 0)) continue;
          const isWithin = table.names.every(
            (_, name) => instance.limitTakes[index * table.names.length + name]! <= packing.limitsLeft[name]!,
          );
          assert.equal(isWithin, false, `a node of class ${index} is within the limits`);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('is the same again, and spends the same', () => {
    fc.assert(
      fc.property(nodeKinds, podKinds, goals, limits, (nodes, pods, goal, table) => {
        const budgets = [new Budget(undefined, undefined), new Budget(undefined, undefined)];
        const [first, second] = budgets.map((budget) => pack(instanceOf(nodes, pods, table), table, goal, budget));
        assert.deepEqual(first, second);
        assert.equal(budgets[0]!.spent, budgets[1]!.spent);
      }),
      { numRuns: 100 },
    );
  });

  test('spends at most its budget, is valid wherever it is cut, and is the whole answer where the budget just lasts', () => {
    fc.assert(
      fc.property(nodeKinds, podKinds, limits, fc.nat(40), (nodes, pods, table, limit) => {
        const made = instanceOf(nodes, pods, table);
        const free = new Budget(undefined, undefined);
        const whole = pack(made, table, USUAL, free);
        const cut = new Budget(limit, undefined);
        assertValid(made, table, pack(made, table, USUAL, cut));
        assert.ok(cut.spent <= limit);
        assert.equal(cut.cut, limit < free.spent);
        const just = new Budget(free.spent, undefined);
        assert.deepEqual(pack(made, table, USUAL, just), whole);
        assert.deepEqual([just.spent, just.cut], [free.spent, false]);
      }),
      { numRuns: 150 },
    );
  });

  test('is no dearer after more rounds', () => {
    fc.assert(
      fc.property(nodeKinds, podKinds, (nodes, pods) => {
        const made = instanceOf(nodes, pods);
        const one = pack(made, NO_LIMITS, { ...USUAL, roundCount: 1 });
        const many = pack(made, NO_LIMITS, { ...USUAL, roundCount: 6 });
        assert.ok(many.priceNanoUsdPerHour <= one.priceNanoUsdPerHour);
      }),
      { numRuns: 100 },
    );
  });

  test('spends one unit for each look at a class', () => {
    // One class: a look at it, the look that takes the three nodes, and the look that finds nothing left; in each round.
    const made = instanceOf([{ cpu: 1, memory: 0, price: 5 }], [{ cpu: 1, memory: 0, count: 3 }]);
    const spentFor = (limit?: number): [number, number] => {
      const budget = new Budget(limit, undefined);
      return [pack(made, NO_LIMITS, USUAL, budget).nodeCount, budget.spent];
    };
    assert.deepEqual(spentFor(), [3, 3 * USUAL.roundCount]);
    assert.deepEqual(spentFor(2), [3, 2]);
    assert.deepEqual(spentFor(1), [0, 1]);
  });

  test('moves nodes to the cheapest class that holds their pods, where it looked at limits before', () => {
    // By its share of the memory that is left the first kind is the better one; there is enough for the other as well.
    const table = limitsOf({ memory: 50 });
    const made = instanceOf(
      [
        { cpu: 2, memory: 10, price: 9 },
        { cpu: 2, memory: 20, price: 1 },
      ],
      [{ cpu: 1, memory: 1, count: 1 }],
      table,
    );
    const packing = pack(made, table, { limitWeight: 1, worth: 'share', roundCount: 1 });
    assertValid(made, table, packing);
    assert.equal(packing.priceNanoUsdPerHour, 1);
    assert.deepEqual([...packing.limitsLeft], [30]);
  });

  test('keeps to the limits also when it moves a node to a cheaper class', () => {
    // The cheaper class holds the pod as well but takes more memory of the limit than there is.
    const made = instanceOf(
      [
        { cpu: 1, memory: 100, price: 1 },
        { cpu: 2, memory: 10, price: 9 },
      ],
      [{ cpu: 1, memory: 1, count: 1 }],
      limitsOf({ memory: 50 }),
    );
    const packing = pack(made, limitsOf({ memory: 50 }), USUAL);
    assertValid(made, limitsOf({ memory: 50 }), packing);
    assert.deepEqual([packing.priceNanoUsdPerHour, [...packing.left]], [9, [0]]);
  });

  test('prefers pods of the higher priority where a limit leaves some out', () => {
    const table = limitsOf({ nodes: 1 });
    const made = instanceOf(
      [{ cpu: 10, memory: 10, price: 5 }],
      [
        { cpu: 1, memory: 1, count: 10, priority: 0 },
        { cpu: 10, memory: 10, count: 1, priority: 100 },
      ],
      table,
    );
    const packings = packingGoals(made.instance).whenLimited.map((goal) => pack(made, table, goal));
    const important = made.instance.shapes.findIndex((shape) => shape.priority === 100);
    for (const packing of packings) assert.equal(packing.left[important], 0);
  });
});

describe('the better of two packings', () => {
  const { instance } = instanceOf(
    [{ cpu: 10, memory: 10, price: 1 }],
    [
      { cpu: 1, memory: 0, count: 9, priority: 0 },
      { cpu: 2, memory: 0, count: 9, priority: 0 },
      { cpu: 3, memory: 0, count: 9, priority: 7 },
    ],
  );
  /** A packing that leaves out so many pods of the three kinds. */
  const packing = (left: readonly number[], price: number, nodeCount: number): Packing => ({
    nodes: [],
    left: Float64Array.from(instance.shapes, ({ request }) => left[request[0]! - 1]!),
    priceNanoUsdPerHour: price,
    nodeCount,
    limitsLeft: new Float64Array(0),
    freeLeft: new Float64Array(0),
  });
  const cases: readonly (readonly [string, Packing, Packing])[] = [
    ['places more pods of the highest priority', packing([9, 9, 0], 9, 9), packing([0, 0, 1], 1, 1)],
    ['places more pods in all where priorities are equal', packing([0, 3, 0], 9, 9), packing([4, 0, 0], 1, 1)],
    ['is cheaper where as many pods are placed', packing([1, 0, 0], 1, 9), packing([0, 1, 0], 2, 1)],
    ['has fewer nodes where prices are equal', packing([0, 0, 0], 1, 1), packing([0, 0, 0], 1, 2)],
  ];
  for (const [name, better, worse] of cases) {
    test(name, () => {
      assert.equal(isBetterPacking(instance, better, worse), true);
      assert.equal(isBetterPacking(instance, worse, better), false);
    });
  }

  test('is neither of two that are equal', () => {
    assert.equal(isBetterPacking(instance, packing([0, 1, 0], 1, 1), packing([1, 0, 0], 1, 1)), false);
  });
});
