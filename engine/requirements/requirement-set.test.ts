// Sets of requirements: how they are built from what a cluster says, and where nodes and pods disagree.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequirementInput, RequirementOperator } from '../model/index.ts';
import {
  describeRequirement,
  firstConflict,
  isContradiction,
  isWellKnownLabel,
  RequirementSet,
  requirementOf,
} from './index.ts';

const ZONE = 'topology.kubernetes.io/zone';

function input(key: string, operator: RequirementOperator, ...values: readonly string[]): RequirementInput {
  return { key, operator, values };
}

function setOf(...inputs: readonly RequirementInput[]): RequirementSet {
  return RequirementSet.ofInputs(inputs);
}

function texts(set: RequirementSet): readonly string[] {
  return set.requirements().map(describeRequirement);
}

describe('a set of requirements', () => {
  it('intersects what is said of one key, in whatever spelling', () => {
    const set = setOf(
      input('failure-domain.beta.kubernetes.io/zone', 'In', 'a', 'b'),
      input(ZONE, 'In', 'b', 'c'),
      input('topology.ebs.csi.aws.com/zone', 'NotIn', 'c'),
      input('team', 'Exists'),
    );
    assert.deepEqual(set.keys(), ['team', ZONE]);
    assert.deepEqual(texts(set), ['team Exists', `${ZONE} In [b]`]);
    assert.equal(set.size, 2);
    assert.equal(set.get('failure-domain.beta.kubernetes.io/zone'), set.get(ZONE));
    assert.equal(set.get('other'), undefined);
  });

  it('does not change when something is added to it', () => {
    const set = setOf(input('a', 'In', '1', '2'));
    const more = set.add(requirementOf(input('a', 'Gt', '1'))).add(requirementOf(input('b', 'Exists')));
    assert.deepEqual(texts(set), ['a In [1, 2]']);
    assert.deepEqual(texts(more), ['a In [2]', 'b Exists']);
    assert.deepEqual(texts(set.and(more)), ['a In [2]', 'b Exists']);
  });

  it('is built from a selector, whose labels must all hold', () => {
    const set = RequirementSet.ofSelector({ 'beta.kubernetes.io/arch': 'arm64', 'kubernetes.io/arch': 'amd64' });
    assert.deepEqual(texts(set), ['kubernetes.io/arch admits no value']);
    assert.deepEqual(set.contradiction(), set.get('kubernetes.io/arch'));
    assert.equal(RequirementSet.ofSelector({ a: '1' }).contradiction(), undefined);
  });

  it('is built from labels, of which today’s spelling counts', () => {
    for (const labels of [
      { 'beta.kubernetes.io/arch': 'arm64', 'kubernetes.io/arch': 'amd64', a: '' },
      { a: '', 'kubernetes.io/arch': 'amd64', 'beta.kubernetes.io/arch': 'arm64' },
    ]) {
      assert.deepEqual(texts(RequirementSet.ofLabels(labels)), ['a In []', 'kubernetes.io/arch In [amd64]']);
    }
    for (const labels of [
      { [ZONE]: 'a', 'failure-domain.beta.kubernetes.io/zone': 'b', 'topology.ebs.csi.aws.com/zone': 'c' },
      { 'topology.ebs.csi.aws.com/zone': 'c', 'failure-domain.beta.kubernetes.io/zone': 'b', [ZONE]: 'a' },
    ]) {
      assert.deepEqual(texts(RequirementSet.ofLabels(labels)), [`${ZONE} In [a]`]);
    }
    const twoOld = { 'topology.ebs.csi.aws.com/zone': 'c', 'failure-domain.beta.kubernetes.io/zone': 'b' };
    assert.deepEqual(texts(RequirementSet.ofLabels(twoOld)), [`${ZONE} In [b]`]);
    const old = RequirementSet.ofLabels({ 'beta.kubernetes.io/os': 'linux' });
    assert.deepEqual(texts(old), ['kubernetes.io/os In [linux]']);
  });

  it('names its first contradiction by key', () => {
    const set = setOf(input('b', 'In', '1'), input('b', 'In', '2'), input('a', 'Gt', '5'), input('a', 'Lt', '5'));
    assert.equal(set.contradiction()?.key, 'a');
  });

  it('comes back the same after being written as inputs', () => {
    const set = setOf(
      input('b', 'NotIn', '7'),
      input('b', 'Gt', '5'),
      input('a', 'DoesNotExist'),
      input('c', 'In', 'x'),
    );
    assert.deepEqual(RequirementSet.ofInputs(set.toInputs()).requirements(), set.requirements());
  });

  it('takes keys that are names of object members', () => {
    const set = RequirementSet.ofLabels(JSON.parse('{"constructor": "x", "__proto__": "y"}'));
    assert.deepEqual(texts(set), ['__proto__ In [y]', 'constructor In [x]']);
    assert.equal(setOf().get('constructor'), undefined);
  });
});

/** What nodes provide, what a pod wants, and the conflict: kind and key. */
const CONFLICTS: readonly (readonly [string, RequirementInput[], RequirementInput[], string | undefined])[] = [
  ['a value that nodes provide', [input('team', 'In', 'a', 'b')], [input('team', 'In', 'b')], undefined],
  ['a value that nodes lack', [input('team', 'In', 'a')], [input('team', 'In', 'b')], 'disjoint team'],
  ['a label that nodes lack', [], [input('team', 'In', 'b')], 'not-provided team'],
  ['any value of a label that nodes lack', [], [input('team', 'Exists')], 'not-provided team'],
  ['that a label is missing, and it is', [], [input('team', 'DoesNotExist')], undefined],
  ['not one value of a label that nodes lack', [], [input('team', 'NotIn', 'a')], undefined],
  [
    'that a label is missing, and it is not',
    [input('team', 'In', 'a')],
    [input('team', 'DoesNotExist')],
    'disjoint team',
  ],
  [
    'not this value, and nodes exclude another',
    [input('team', 'NotIn', 'a')],
    [input('team', 'NotIn', 'b')],
    undefined,
  ],
  [
    'that a label is missing where it may be',
    [input('team', 'NotIn', 'a')],
    [input('team', 'DoesNotExist')],
    undefined,
  ],
  ['a value that nodes are free to take', [input('team', 'Exists')], [input('team', 'In', 'x')], undefined],
  [
    'a well-known label that nodes do not name',
    [],
    [input('failure-domain.beta.kubernetes.io/zone', 'In', 'a')],
    undefined,
  ],
  ['two things, the first by key is told', [], [input('b', 'Exists'), input('a', 'Exists')], 'not-provided a'],
];

describe('a pod that wants', () => {
  for (const [name, provided, wanted, expected] of CONFLICTS) {
    it(`${name}: ${expected ?? 'no conflict'}`, () => {
      const conflict = firstConflict(setOf(...provided), setOf(...wanted), isWellKnownLabel);
      assert.equal(conflict && `${conflict.kind} ${conflict.wanted.key}`, expected);
    });
  }

  it('a well-known label of an existing node finds it missing', () => {
    const conflict = firstConflict(setOf(), setOf(input(ZONE, 'In', 'a')), () => false);
    assert.equal(conflict?.kind, 'not-provided');
    assert.equal(conflict && isContradiction(conflict.wanted), false);
  });
});
