// What excuses a dearer plan, and what does not: answers of both sides that are written out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KarpenterClaim } from '../peers/index.ts';
import { madeUpAnswer } from '../peers/testing/index.ts';
import type { DovetailAnswer } from '../verify/index.ts';
import { excuseFor } from './excuses.ts';
import type { PriceInput } from './questions.ts';

const FAMILY = 'example.com/family';
const ZONE = 'topology.kubernetes.io/zone';

const pool = (name: string, weight: number, requirements: readonly object[] = []) => ({
  metadata: { name },
  spec: { weight, template: { spec: { requirements } } },
});
const pod = (name: string, spec: object = {}) => ({
  metadata: { name, namespace: 'default', labels: { app: 'a' } },
  spec,
});

const question = (more: object = {}): PriceInput =>
  ({
    nodePools: [pool('light', 0), pool('heavy', 10)],
    instanceTypes: [
      {
        name: 't',
        labels: {},
        offerings: ['z1', 'z2'].map((zone) => ({ zone, capacityType: 'spot', price: 1, available: true })),
      },
    ],
    pods: ['p', 'q', 'r'].map((name) => pod(name)),
    nodes: [],
    ...more,
  }) as unknown as PriceInput;

type Node = DovetailAnswer['nodes'][number];
const node = (nodePool: string, pods: readonly string[], more: Partial<Node> = {}): Node => ({
  nodePool,
  pods,
  instanceType: 't',
  zone: 'z1',
  capacityType: 'spot',
  alternatives: [],
  ...more,
});
const claim = (
  nodePool: string,
  pods: readonly string[],
  more: Partial<KarpenterClaim> = {},
): Partial<KarpenterClaim> => ({
  nodePool,
  pods: pods.map((name) => `default/${name}`),
  instanceTypes: ['t'],
  ...more,
});
const excuse = (asked: PriceInput, nodes: readonly Node[], claims: readonly Partial<KarpenterClaim>[]) =>
  excuseFor({
    question: asked,
    ours: { groups: [], nodes, existing: [], unplaced: new Map(), solveMs: 0 },
    theirs: madeUpAnswer(claims, []),
  }).excuse;

test('more pods in a heavier pool excuse a plan, and so do fewer in a lighter one', () => {
  const heavier = 'dearer for heavier pools';
  assert.equal(excuse(question(), [node('heavy', ['p'])], [claim('light', ['p'])]), heavier);
  assert.equal(excuse(question(), [node('light', ['p'])], [claim('heavy', ['p'])]), undefined);
  // The third pod is on a node that exists; Karpenter's left it for a pool that is not the heaviest.
  const theirs = [claim('heavy', ['p']), claim('light', ['q'])];
  assert.equal(excuse(question(), [node('heavy', ['p'])], theirs), heavier);
  assert.equal(excuse(question(), [node('heavy', ['p', 'q'])], theirs), heavier);
  assert.equal(excuse(question(), [], theirs), undefined);
  const flat = question({ nodePools: [pool('light', 0), pool('heavy', 0)] });
  assert.equal(excuse(flat, [node('heavy', ['p'])], theirs), undefined);
});

test('a preference to spread counts the zones that pools offer, not only those that a plan uses', () => {
  const topologySpreadConstraints = [
    {
      topologyKey: ZONE,
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { app: 'a' } },
    },
  ];
  const asked = question({ pods: ['p', 'q'].map((name) => pod(name, { topologySpreadConstraints })) });
  const inOneZone = claim('heavy', ['p', 'q'], { requirements: [{ key: ZONE, operator: 'In', values: ['z1'] }] });
  const inBoth = [node('heavy', ['p']), node('heavy', ['q'], { zone: 'z2' })];
  assert.equal(excuse(asked, inBoth, [inOneZone]), 'dearer for preferences');
  assert.equal(excuse(asked, [node('heavy', ['p', 'q'])], [inOneZone]), undefined);
});

test('a plan that keeps minValues is excused where Karpenter’s falls short of them, and not the other way round', () => {
  const floor = { key: FAMILY, operator: 'Exists', minValues: 3 };
  const asked = question({ nodePools: [pool('light', 0, [floor])] });
  const requirements = (minValues: number) => [{ key: FAMILY, operator: 'Exists', values: [], minValues }];
  const short = claim('light', ['p'], { requirements: requirements(2) });
  const whole = claim('light', ['p'], { requirements: requirements(3) });
  const ours = node('light', ['p']);
  const shortOfOurs = node('light', ['p'], { relaxedMinValues: [{ key: FAMILY, wanted: 3, left: 2 }] });
  assert.equal(excuse(asked, [ours], [short]), 'dearer for minValues');
  assert.equal(excuse(asked, [ours], [whole]), undefined);
  assert.equal(excuse(asked, [shortOfOurs], [short]), undefined);
});
