// Merging: whatever the caller grouped, equal pods are one shape, and labels that nobody reads make no difference.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LabelSelectorInput, PodShape, ShapeCount } from '../model/index.ts';
import { mergeShapes, readLabelKeys, shapeKey } from './index.ts';
import { podShape, requirement } from './testing/index.ts';

const KINDS: readonly PodShape[] = [
  podShape({ requests: { cpu: 100 } }),
  podShape({ requests: { cpu: 200 } }),
  podShape({ requests: { cpu: 200 }, priority: 1 }),
  podShape({ namespace: 'other', requests: { cpu: 100 } }),
];

const groups = fc.array(
  fc.record({ kind: fc.nat(KINDS.length - 1), app: fc.nat(3), count: fc.integer({ min: 1, max: 9 }) }),
  {
    maxLength: 30,
  },
);

function shapesOf(
  rows: readonly { readonly kind: number; readonly app: number; readonly count: number }[],
): ShapeCount[] {
  return rows.map(({ kind, app, count }) => ({ shape: { ...KINDS[kind]!, labels: { app: `app-${app}` } }, count }));
}

function selecting(labelSelector: LabelSelectorInput): PodShape {
  return podShape({
    podAntiAffinity: [
      { topologyKey: 'host', labelSelector, namespaces: [], matchLabelKeys: [], mismatchLabelKeys: [] },
    ],
  });
}

describe('merging shapes', () => {
  test('gives the same shapes and counts whatever the order and the grouping', () => {
    fc.assert(
      fc.property(groups, fc.func(fc.nat()), fc.constantFrom<readonly string[]>([], ['app']), (rows, sortKey, read) => {
        const keys = new Set(read);
        const merged = mergeShapes(shapesOf(rows), keys);
        const onePodEach = rows.flatMap((row) => Array.from({ length: row.count }, () => ({ ...row, count: 1 })));
        const shuffled = onePodEach
          .map((row, index) => ({ row, at: sortKey(index) }))
          .sort((left, right) => left.at - right.at)
          .map(({ row }) => row);
        assert.deepEqual(mergeShapes(shapesOf(shuffled), keys).shapes, merged.shapes);
        const total = rows.reduce((sum, row) => sum + row.count, 0);
        assert.equal(
          merged.shapes.reduce((sum, shape) => sum + shape.count, 0),
          total,
        );
      }),
    );
  });

  test('says for each group which shape it became, in ascending order of keys', () => {
    fc.assert(
      fc.property(groups, (rows) => {
        const input = shapesOf(rows);
        const merged = mergeShapes(input, new Set(['app']));
        const keys = merged.shapes.map((shape) => shape.key);
        assert.deepEqual(keys, [...new Set(keys)].sort());
        const counts = new Array<number>(keys.length).fill(0);
        input.forEach((group, index) => {
          const shape = merged.shapeOfGroup[index]!;
          assert.equal(keys[shape], shapeKey(group.shape));
          counts[shape]! += group.count;
        });
        assert.deepEqual(
          merged.shapes.map((shape) => shape.count),
          counts,
        );
      }),
    );
  });

  test('gives shapes that differ only in their requests one profile, and equal requests one list', () => {
    const of = (app: string, cpu: number): ShapeCount => ({
      shape: podShape({ labels: { app }, requests: { cpu }, nodeSelector: { zone: app } }),
      count: 1,
    });
    const { shapes } = mergeShapes([of('a', 1), of('b', 1), of('a', 2), of('b', 1)], new Set(['app']));
    const rows = shapes.map(({ shape, profile, count }) => [shape.labels.app, shape.requests.cpu, profile, count]);
    assert.deepEqual(rows, [
      ['a', 1, 0, 1],
      ['a', 2, 0, 1],
      ['b', 1, 1, 2],
    ]);
    const [first, second, other] = shapes;
    assert.equal(first!.shape.nodeSelector, second!.shape.nodeSelector);
    assert.equal(first!.shape.requests, other!.shape.requests);
  });

  test('drops labels that nobody reads and keeps those that somebody does', () => {
    const labelled = (app: string): ShapeCount => ({ shape: podShape({ labels: { app, hash: 'x' } }), count: 1 });
    const input = [labelled('a'), labelled('b')];
    assert.deepEqual(
      mergeShapes(input, new Set()).shapes.map(({ shape, count }) => [shape.labels, count]),
      [[{}, 2]],
    );
    assert.deepEqual(
      mergeShapes(input, new Set(['app'])).shapes.map(({ shape, count }) => [shape.labels, count]),
      [
        [{ app: 'a' }, 1],
        [{ app: 'b' }, 1],
      ],
    );
    assert.deepEqual(input[0]!.shape.labels, { app: 'a', hash: 'x' }, "the caller's shapes stay as they are");
  });
});

describe('labels that are read', () => {
  test('are those of selectors and label keys, wherever they stand', () => {
    const selector = { matchLabels: { a: '1' }, matchExpressions: [requirement('b', 'Exists')] };
    const affinity = {
      topologyKey: 'host',
      namespaces: [],
      namespaceSelector: { matchLabels: { namespace: 'not a label of pods' }, matchExpressions: [] },
      matchLabelKeys: ['d'],
      mismatchLabelKeys: ['e'],
    };
    const shape = podShape({
      labels: { own: 'x' },
      nodeSelector: { node: 'x' },
      topologySpread: [
        {
          topologyKey: 'zone',
          maxSkew: 1,
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: selector,
          nodeAffinityPolicy: 'Honor',
          nodeTaintsPolicy: 'Ignore',
          matchLabelKeys: ['c'],
        },
      ],
      podAffinity: [affinity],
    });
    const anti = selecting({ matchLabels: { f: '1' }, matchExpressions: [] });
    assert.deepEqual([...readLabelKeys([shape, anti])].sort(), ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual([...readLabelKeys([podShape({ labels: { own: 'x' } })])], []);
  });
});
