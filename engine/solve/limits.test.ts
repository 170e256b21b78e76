// What is left of the pools' limits: limits less what is there, never below zero.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeInput, NodePoolInput } from '../model/index.ts';
import { existingNode, nodePool, problemOf } from '../shapes/testing/index.ts';
import { remainingLimits } from './limits.ts';

function node(
  name: string,
  pool: string,
  capacity: Record<string, number>,
  changes: Partial<NodeInput> = {},
): NodeInput {
  // What a node can still hold has no part in limits: its capacity counts.
  return existingNode(name, pool, {}, { capacity, ...changes });
}

/** What is left by pool and name. */
function left(pools: readonly NodePoolInput[], nodes: readonly NodeInput[]): Record<string, Record<string, number>> {
  const { names, groupOf, remaining } = remainingLimits(problemOf({ pools, nodes }), new Float64Array(0));
  return Object.fromEntries(
    [...groupOf].map(([poolIndex, group]) => [
      pools[poolIndex]!.name,
      Object.fromEntries(names.map((name, position) => [name, remaining[group * names.length + position]!])),
    ]),
  );
}

describe('what is left of limits', () => {
  test('is the limit less the capacity of the nodes of the pool, those on their way included', () => {
    const pools = [nodePool('p', { limits: { cpu: 10_000, memory: 100 } })];
    const nodes = [
      node('a', 'p', { cpu: 2000, memory: 30 }),
      node('b', 'p', { cpu: 3000 }, { stage: 'in-flight' }),
      node('c', 'p', { cpu: 100 }, { unschedulable: true }),
      node('other', 'q', { cpu: 4000 }),
      node('nobody', '', { cpu: 4000 }, { labels: {} }),
    ];
    assert.deepEqual(left(pools, nodes), { p: { cpu: 4900, memory: 70 } });
  });

  test('does not count nodes that are being deleted', () => {
    const pools = [nodePool('p', { limits: { cpu: 10, nodes: 3 } })];
    assert.deepEqual(left(pools, [node('a', 'p', { cpu: 4 }, { deleting: true }), node('b', 'p', { cpu: 1 })]), {
      p: { cpu: 9, nodes: 2 },
    });
  });

  test('is never below zero', () => {
    const pools = [nodePool('p', { limits: { cpu: 1, nodes: 0 } })];
    assert.deepEqual(left(pools, [node('a', 'p', { cpu: 4 })]), { p: { cpu: 0, nodes: 0 } });
  });

  test('is endless for what the pool does not limit; pools without limits are not in it', () => {
    const pools = [
      nodePool('a', { limits: { cpu: 5 } }),
      nodePool('free'),
      nodePool('b', { limits: { 'nvidia.com/gpu': 2 } }),
    ];
    const endless = Number.POSITIVE_INFINITY;
    assert.deepEqual(left(pools, [node('n', 'b', { cpu: 9, 'nvidia.com/gpu': 1 })]), {
      a: { cpu: 5, 'nvidia.com/gpu': endless },
      b: { cpu: endless, 'nvidia.com/gpu': 1 },
    });
  });

  test('is laid out alike whatever the order of pools and nodes', () => {
    const pools = [nodePool('b', { limits: { cpu: 5, memory: 7 } }), nodePool('a', { limits: { memory: 9 } })];
    const nodes = [node('x', 'a', { memory: 1 }), node('y', 'b', { memory: 2, cpu: 1 })];
    const table = (ordered: readonly NodePoolInput[], list: readonly NodeInput[]): unknown => {
      const { names, groupOf, remaining } = remainingLimits(
        problemOf({ pools: ordered, nodes: list }),
        new Float64Array(0),
      );
      return [names, [...remaining], new Map([...groupOf].map(([index, group]) => [ordered[index]!.name, group]))];
    };
    assert.deepEqual(table(pools, nodes), table([...pools].reverse(), [...nodes].reverse()));
  });
});
