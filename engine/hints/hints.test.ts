// What was probably meant by misspelt texts and by labels that nothing has.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildCatalogue, openCatalogue } from '../catalogue/index.ts';
import { requirementOf } from '../requirements/index.ts';
import { HintFinder, nearTexts } from './index.ts';

const NEAR: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['amd46', ['amd64', 'arm64'], ['amd64']],
  ['arm46', ['amd64', 'arm64'], ['arm64']],
  ['AMD64', ['amd64', 'arm64'], ['amd64']],
  ['on_demand', ['on-demand', 'spot', 'reserved'], ['on-demand']],
  ['instance-catgeory', ['instance-category', 'instance-cpu'], ['instance-category']],
  ['spot', ['spot'], []],
  ['c5', ['c6', 'm5'], []],
  ['us-east-1', ['us-east-1a', 'eu-west-1a'], ['us-east-1a']],
  ['something', ['different'], []],
];

describe('a text', () => {
  for (const [written, known, near] of NEAR) {
    it(`${written} among ${known.join(', ')} is near to ${near.length === 0 ? 'none' : near.join(', ')}`, () => {
      assert.deepEqual(nearTexts(written, known, 3), near);
    });
  }

  it('of any length is compared in bounded time', () => {
    const long = 'a'.repeat(100_000);
    assert.deepEqual(nearTexts(long, [`${long}b`], 3), []);
  });
});

const FAMILY = 'karpenter.k8s.aws/instance-family';
const CATEGORY = 'karpenter.k8s.aws/instance-category';
const form = (family: string, category: string) => ({
  kind: 'explicit' as const,
  labels: { [FAMILY]: family, [CATEGORY]: category, 'kubernetes.io/arch': 'amd64', cpus: '4' },
  capacity: { cpu: 4000 },
  overhead: {},
});
const catalogue = openCatalogue(
  buildCatalogue({
    region: '',
    types: [
      {
        name: 't3.small',
        form: form('t3', 't'),
        offerings: [{ zone: 'zone-a', zoneId: '', capacityType: 'spot', reservationId: '' }],
      },
      {
        name: 'm5.large',
        form: form('m5', 'm'),
        offerings: [{ zone: 'zone-b', zoneId: '', capacityType: 'spot', reservationId: '' }],
      },
    ],
  }),
);
const ofPools = [
  requirementOf({ key: 'example.com/team', operator: 'In', values: ['payments', 'search'] }),
  requirementOf({ key: 'karpenter.sh/nodepool', operator: 'In', values: ['t3'] }),
  requirementOf({ key: 'example.com/free', operator: 'Exists', values: [] }),
];

const HINTS: readonly (readonly [string, Parameters<typeof requirementOf>[0], readonly object[]])[] = [
  ['a family as a category', { key: CATEGORY, operator: 'In', values: ['t3'] }, [{ key: FAMILY }]],
  [
    'a value with letters swapped',
    { key: 'kubernetes.io/arch', operator: 'In', values: ['amd46'] },
    [{ key: 'kubernetes.io/arch', value: 'amd64', instead: 'amd46' }],
  ],
  ['a key without its prefix', { key: 'instance-family', operator: 'In', values: ['m5'] }, [{ key: FAMILY }]],
  [
    'a key under another prefix',
    { key: 'karpenter.sh/instance-family', operator: 'In', values: ['m5'] },
    [{ key: FAMILY }],
  ],
  [
    'a misspelt key with a value',
    { key: 'topology.kubernetes.io/zones', operator: 'In', values: ['zone-a'] },
    [{ key: 'topology.kubernetes.io/zone' }],
  ],
  [
    "a misspelt value of a pool's label",
    { key: 'example.com/team', operator: 'In', values: ['payment'] },
    [{ key: 'example.com/team', value: 'payments', instead: 'payment' }],
  ],
  ['a value that is there', { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64', 'amd46'] }, []],
  ['any value of a label that a pool leaves open', { key: 'example.com/free', operator: 'In', values: ['x'] }, []],
  ['a number of another label', { key: CATEGORY, operator: 'In', values: ['4'] }, []],
  ['what must be absent', { key: 'kubernetes.io/arch', operator: 'DoesNotExist', values: [] }, []],
  ['a key like no other', { key: 'example.org/colour', operator: 'In', values: ['blue'] }, []],
];

describe('a requirement on', () => {
  const finder = new HintFinder(catalogue, () => ofPools);
  const columns = catalogue.columnSets.for();
  for (const [name, input, expected] of HINTS) {
    it(`${name} gets ${expected.length === 0 ? 'no hint' : 'a hint'}`, () => {
      const found = finder.hints(columns, requirementOf(input));
      assert.deepEqual(found.slice(0, Math.max(1, expected.length)), expected);
    });
  }
});
