// Asserts what holds for every packing, whoever made it. Not for product code.
import assert from 'node:assert/strict';
import type { LimitTable, Packing } from '../index.ts';
import type { TestInstance } from './index.ts';

/** Asserts that every node is within its class, every pod is counted once, and the sums and limits are right. */
export function assertValid(
  { instance, counts }: Pick<TestInstance, 'instance' | 'counts'>,
  table: LimitTable,
  packing: Packing,
): void {
  const { dimensionCount } = instance;
  const placed = new Float64Array(counts.length);
  const taken = new Float64Array(table.remaining.length);
  let price = 0;
  let nodeCount = 0;
  for (const node of packing.nodes) {
    assert.ok(node.nodeCount > 0 && node.shapes.length > 0);
    const suits = instance.suits.subarray(
      instance.suitStarts[node.classIndex],
      instance.suitStarts[node.classIndex + 1],
    );
    for (let dimension = 0; dimension < dimensionCount; dimension++) {
      const used = node.shapes.reduce(
        (sum, shape, entry) => sum + node.pods[entry]! * instance.requests[shape * dimensionCount + dimension]!,
        0,
      );
      assert.ok(used <= instance.rooms[node.classIndex * dimensionCount + dimension]!);
    }
    node.shapes.forEach((shape, entry) => {
      assert.ok(suits.includes(shape) && node.pods[entry]! > 0);
      placed[shape]! += node.pods[entry]! * node.nodeCount;
    });
    table.names.forEach((_, name) => {
      taken[name]! += node.nodeCount * instance.limitTakes[node.classIndex * table.names.length + name]!;
    });
    price += node.nodeCount * instance.prices[node.classIndex]!;
    nodeCount += node.nodeCount;
  }
  counts.forEach((count, shape) => {
    assert.ok(packing.left[shape]! >= 0);
    assert.equal(placed[shape]! + packing.left[shape]!, count);
  });
  taken.forEach((amount, name) => {
    assert.ok(amount <= table.remaining[name]!, `takes ${amount} of ${table.remaining[name]}`);
    assert.equal(packing.limitsLeft[name], table.remaining[name]! - amount);
  });
  assert.equal(packing.priceNanoUsdPerHour, price);
  assert.equal(packing.nodeCount, nodeCount);
}
