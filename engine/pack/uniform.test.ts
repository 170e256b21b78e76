// Pods of one kind: the least price, then the fewest nodes, as trying everything finds them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Budget, type Packing, packUniformly } from './index.ts';
import { instanceOf, limitsOf, NO_LIMITS, type NodeKind, type TestInstance } from './testing/index.ts';

/** Kinds of nodes by how many of the pods (one core each) they hold. */
const kinds = (mostPods: number): fc.Arbitrary<NodeKind[]> =>
  fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: mostPods }),
      memory: fc.constant(0),
      price: fc.integer({ min: 0, max: 40 }),
    }),
    { minLength: 1, maxLength: 4 },
  );

function uniform(nodes: readonly NodeKind[], count: number, limits = NO_LIMITS): TestInstance & { packing?: Packing } {
  const made = instanceOf(nodes, [{ cpu: 1, memory: 0, count }], limits);
  const packing = packUniformly(made.instance, made.counts, limits, new Budget(undefined, undefined));
  return { ...made, ...(packing === undefined ? {} : { packing }) };
}

/** Asserts that the packing holds `count` pods, each node within its class, and that its sums are right. */
function assertValid({ instance, packing }: ReturnType<typeof uniform>, count: number): Packing {
  assert.ok(packing !== undefined);
  let pods = 0;
  let price = 0;
  let nodeCount = 0;
  const cpu = 0;
  for (const node of packing.nodes) {
    assert.deepEqual(node.shapes, [0]);
    assert.ok(node.pods[0]! > 0 && node.nodeCount > 0);
    assert.ok(node.pods[0]! <= instance.rooms[node.classIndex * instance.dimensionCount + cpu]!);
    pods += node.pods[0]! * node.nodeCount;
    price += instance.prices[node.classIndex]! * node.nodeCount;
    nodeCount += node.nodeCount;
  }
  assert.equal(pods, count);
  assert.equal(packing.priceNanoUsdPerHour, price);
  assert.equal(packing.nodeCount, nodeCount);
  assert.deepEqual([...packing.left], [0]);
  return packing;
}

/** The least price and the fewest nodes at that price, over every number of nodes of every kind. */
function bruteForce(nodes: readonly NodeKind[], count: number): { readonly price: number; readonly nodeCount: number } {
  let best = { price: Number.POSITIVE_INFINITY, nodeCount: Number.POSITIVE_INFINITY };
  const walk = (kind: number, left: number, price: number, nodeCount: number): void => {
    if (left <= 0) {
      if (price < best.price || (price === best.price && nodeCount < best.nodeCount)) best = { price, nodeCount };
      return;
    }
    const node = nodes[kind];
    if (node === undefined) return;
    for (let used = 0; used <= Math.ceil(left / node.cpu); used++) {
      walk(kind + 1, left - used * node.cpu, price + used * node.price, nodeCount + used);
    }
  };
  walk(0, count, 0, 0);
  return best;
}

/** The least price for every number of pods up to `count`, node by node. */
function leastPrice(nodes: readonly NodeKind[], count: number): number {
  const prices = new Float64Array(count + 1);
  for (let pods = 1; pods <= count; pods++) {
    prices[pods] = Math.min(...nodes.map((node) => prices[Math.max(0, pods - node.cpu)]! + node.price));
  }
  return prices[count]!;
}

describe('pods of one kind', () => {
  test('cost what trying everything finds, on as few nodes', () => {
    fc.assert(
      fc.property(kinds(12), fc.integer({ min: 1, max: 12 }), (nodes, count) => {
        const packing = assertValid(uniform(nodes, count), count);
        const { price, nodeCount } = bruteForce(nodes, count);
        assert.equal(packing.priceNanoUsdPerHour, price);
        assert.equal(packing.nodeCount, nodeCount);
      }),
      { numRuns: 300 },
    );
  });

  test('cost the least also beyond what the exact programme covers, where nodes are small', () => {
    fc.assert(
      fc.property(kinds(30), fc.integer({ min: 2040, max: 9000 }), (nodes, count) => {
        const packing = assertValid(uniform(nodes, count), count);
        assert.equal(packing.priceNanoUsdPerHour, leastPrice(nodes, count));
      }),
      { numRuns: 40 },
    );
  });

  test('are all placed, within one node of the least price, where a single node holds more than the programme covers', () => {
    fc.assert(
      fc.property(kinds(3000), fc.integer({ min: 2040, max: 9000 }), (nodes, count) => {
        const roomy = nodes.map((node) => ({ ...node, pods: 1_000_000, price: node.price + 1 }));
        const packing = assertValid(uniform(roomy, count), count);
        const least = leastPrice(roomy, count);
        const dearest = Math.max(...roomy.map((node) => node.price));
        assert.ok(packing.priceNanoUsdPerHour >= least);
        assert.ok(packing.priceNanoUsdPerHour <= least + dearest, `${packing.priceNanoUsdPerHour} for ${least}`);
      }),
      { numRuns: 40 },
    );
  });

  test('are limited by whatever resource is used up first', () => {
    const node = { cpu: 100, memory: 90, pods: 80, price: 7 };
    const nodesFor = (pod: { readonly cpu: number; readonly memory: number }): number => {
      const { instance, counts } = instanceOf([node], [{ ...pod, count: 160 }]);
      return packUniformly(instance, counts, NO_LIMITS, new Budget(undefined, undefined))!.nodeCount;
    };
    assert.equal(nodesFor({ cpu: 1, memory: 1 }), 2, 'places among the pods');
    assert.equal(nodesFor({ cpu: 1, memory: 3 }), 6, 'memory');
    assert.equal(nodesFor({ cpu: 5, memory: 1 }), 8, 'cores');
  });

  test('are left to another way where limits could bind, and take off the limits where they do not', () => {
    const nodes = [{ cpu: 4, memory: 0, price: 10 }];
    assert.equal(uniform(nodes, 9, limitsOf({ cpu: 11 })).packing, undefined);
    const limits = limitsOf({ cpu: 13, nodes: 5 });
    const packing = assertValid(uniform(nodes, 9, limits), 9);
    assert.deepEqual([...packing.limitsLeft], [1, 2]);
    assert.deepEqual([...limits.remaining], [13, 5], 'the limits themselves stay as they are');
  });

  test('spend one unit for each node found exactly, and are given up when there are none left', () => {
    const { instance, counts } = instanceOf([{ cpu: 2, memory: 0, price: 1 }], [{ cpu: 1, memory: 0, count: 9 }]);
    const enough = new Budget(5, undefined);
    assert.notEqual(packUniformly(instance, counts, NO_LIMITS, enough), undefined);
    assert.deepEqual([enough.spent, enough.cut], [5, false]);
    const short = new Budget(4, undefined);
    assert.equal(packUniformly(instance, counts, NO_LIMITS, short), undefined);
    assert.deepEqual([short.spent, short.cut], [4, true]);
  });

  test('are packed exactly beside pods that no node holds, and not beside pods of another kind', () => {
    const pods = [
      { cpu: 1, memory: 0, count: 6 },
      { cpu: 50, memory: 0, count: 2 },
    ];
    const nodes = [
      { cpu: 5, memory: 0, price: 50 },
      { cpu: 9, memory: 0, price: 79 },
    ];
    const budget = new Budget(undefined, undefined);
    const made = instanceOf(nodes, pods);
    const packing = packUniformly(made.instance, made.counts, NO_LIMITS, budget);
    assert.equal(packing?.priceNanoUsdPerHour, 79);
    assert.deepEqual([...packing.left].sort(), [0, 2]);
    const mixed = instanceOf(nodes, [pods[0]!, { cpu: 2, memory: 0, count: 2 }]);
    assert.equal(packUniformly(mixed.instance, mixed.counts, NO_LIMITS, budget), undefined);
  });
});
