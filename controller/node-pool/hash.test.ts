// Hashes of NodePools. What is expected was printed by NodePool.Hash() of sigs.k8s.io/karpenter v1.14.1 for the same objects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveNodePoolSpec } from '../resources/index.ts';
import { nodePoolHash } from './index.ts';

const CASES: readonly (readonly [name: string, template: object, hash: string])[] = [
  ['nothing but a class', { spec: { requirements: [] } }, '6821555240594823858'],
  [
    'labels, and nodes that never expire',
    {
      metadata: { labels: { team: 'a', x: 'y' } },
      spec: { requirements: [{ key: 'a', operator: 'Exists' }], expireAfter: 'Never' },
    },
    '13604162120146633845',
  ],
  [
    'taints, an empty list and an empty map, annotations, both durations',
    {
      metadata: { labels: {}, annotations: { k: 'v' } },
      spec: {
        taints: [
          { key: 'gpu', value: 'true', effect: 'NoSchedule' },
          { key: 'b', effect: 'NoExecute' },
        ],
        startupTaints: [],
        nodeClassRef: { group: 'g', kind: 'K', name: 'other' },
        terminationGracePeriod: '1h30m',
        expireAfter: '48h',
      },
    },
    '5845596900802241768',
  ],
];

for (const [name, template, hash] of CASES) {
  test(`the hash is Karpenter's: ${name}`, () => {
    assert.equal(nodePoolHash(effectiveNodePoolSpec({ spec: { template } })), hash);
  });
}

test('requirements and the order of taints are not in the hash, and everything else of the template is', () => {
  const hash = (template: object) => nodePoolHash(effectiveNodePoolSpec({ spec: { template } }));
  const taints = [
    { key: 'a', effect: 'NoSchedule' },
    { key: 'b', effect: 'NoSchedule' },
  ];
  assert.equal(hash({ spec: { taints } }), hash({ spec: { taints: taints.toReversed() } }));
  const some = { requirements: [{ key: 'x', operator: 'Exists' }] };
  assert.equal(hash({ spec: {} }), hash({ spec: some }));
  const plain = hash({});
  for (const other of [
    { metadata: { labels: { a: 'b' } } },
    { metadata: { annotations: { a: 'b' } } },
    { spec: { taints } },
    { spec: { startupTaints: taints } },
    { spec: { expireAfter: '1h' } },
    { spec: { terminationGracePeriod: '1h' } },
    { spec: { nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'x' } } },
  ]) {
    assert.notEqual(hash(other), plain, JSON.stringify(other));
  }
});
