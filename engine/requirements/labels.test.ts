// Keys of labels: spellings, and which ones a NodePool may use.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isWellKnownLabel, normalizeLabelKey, restrictedLabelReason, WELL_KNOWN_LABELS } from './index.ts';

const SPELLINGS: readonly (readonly [string, string])[] = [
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['beta.kubernetes.io/arch', 'kubernetes.io/arch'],
  ['beta.kubernetes.io/os', 'kubernetes.io/os'],
  ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'],
  ['topology.ebs.csi.aws.com/zone', 'topology.kubernetes.io/zone'],
];

describe('the key of a label', () => {
  for (const [old, known] of SPELLINGS) {
    it(`${old} means ${known}`, () => {
      assert.equal(normalizeLabelKey(old), known);
      assert.equal(isWellKnownLabel(old), true);
    });
  }

  it('stays as it is where it has one spelling', () => {
    for (const key of ['topology.kubernetes.io/zone', 'example.com/team', 'constructor', '']) {
      assert.equal(normalizeLabelKey(key), key);
    }
  });

  it('is well known where its values follow from type, offering or pool', () => {
    assert.equal(isWellKnownLabel('karpenter.k8s.aws/instance-generation'), true);
    assert.equal(isWellKnownLabel('kubernetes.io/hostname'), false);
    assert.equal(isWellKnownLabel('example.com/team'), false);
    assert.equal(new Set(WELL_KNOWN_LABELS).size, WELL_KNOWN_LABELS.length);
  });
});

/** Keys and what a refusal says; undefined where a pool may use the key. */
const POOL_KEYS: readonly (readonly [string, RegExp | undefined])[] = [
  ['karpenter.sh/capacity-type', undefined],
  ['karpenter.sh/nodepool', /the pool's name/],
  ['karpenter.sh/initialized', /karpenter\.sh is reserved/],
  ['sub.karpenter.sh/x', /karpenter\.sh is reserved/],
  ['notkarpenter.sh/x', undefined],
  ['karpenter.k8s.aws/instance-cpu', undefined],
  ['karpenter.k8s.aws/instance-colour', /karpenter\.k8s\.aws is reserved/],
  ['kubernetes.io/hostname', /names one node/],
  ['kubernetes.io/role', undefined],
  ['node.kubernetes.io/anything', undefined],
  ['beta.kubernetes.io/arch', undefined],
  ['example.com/team', undefined],
  ['team', undefined],
  ['karpenter.sh', undefined],
];

describe('a NodePool', () => {
  for (const [key, reason] of POOL_KEYS) {
    it(`${reason === undefined ? 'may' : 'may not'} use the label ${key}`, () => {
      const actual = restrictedLabelReason(key);
      if (reason === undefined) assert.equal(actual, undefined);
      else assert.match(actual ?? '', reason);
    });
  }
});
