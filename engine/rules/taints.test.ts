// Taints and tolerations as tables.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeInput, NodeStage, Taint, TaintEffect, Toleration } from '../model/index.ts';
import { describeTaint, effectiveTaints, tolerates, untoleratedTaint } from './index.ts';

/** Reads `key=value:effect` or `key:effect`. */
function taint(text: string): Taint {
  const [pair = '', effect] = text.split(':');
  const [key = '', value = ''] = pair.split('=');
  return { key, value, effect: effect as TaintEffect };
}

/** Reads `key operator value:effect`; `*` is the empty key, the value and the effect may be missing. */
function toleration(text: string): Toleration {
  const [words = '', effect] = text.split(':');
  const [key = '', operator, value = ''] = words.split(' ');
  const base = { key: key === '*' ? '' : key, operator: operator as Toleration['operator'], value };
  return effect === undefined ? base : { ...base, effect: effect as TaintEffect };
}

const TABLE: readonly (readonly [string, string, boolean])[] = [
  ['team Equal a', 'team=a:NoSchedule', true],
  ['team Equal a', 'team=a:NoExecute', true],
  ['team Equal a', 'team=b:NoSchedule', false],
  ['team Equal a', 'other=a:NoSchedule', false],
  ['team Equal', 'team:NoSchedule', true],
  ['team Equal', 'team=a:NoSchedule', false],
  ['team Equal a:NoSchedule', 'team=a:NoSchedule', true],
  ['team Equal a:NoSchedule', 'team=a:NoExecute', false],
  ['team Equal a:NoExecute', 'team=a:PreferNoSchedule', false],
  ['team Exists', 'team=a:NoSchedule', true],
  ['team Exists', 'team:NoExecute', true],
  ['team Exists', 'teams=a:NoSchedule', false],
  ['team Exists:NoExecute', 'team=a:NoSchedule', false],
  ['* Exists', 'team=a:NoSchedule', true],
  ['* Exists', 'node.kubernetes.io/not-ready:NoExecute', true],
  ['* Exists:NoSchedule', 'team=a:NoSchedule', true],
  ['* Exists:NoSchedule', 'team=a:NoExecute', false],
  ['* Equal a', 'team=a:NoSchedule', false],
  ['* Lt 5', 'team=4:NoSchedule', false],
  ['cost Lt 5', 'cost=4:NoSchedule', true],
  ['cost Lt 5', 'cost=5:NoSchedule', false],
  ['cost Lt 10', 'cost=9:NoSchedule', true],
  ['cost Gt 5', 'cost=6:NoSchedule', true],
  ['cost Gt 5', 'cost=5:NoSchedule', false],
  ['cost Gt 9', 'cost=10:NoSchedule', true],
  ['cost Gt -5', 'cost=-4:NoSchedule', true],
  ['cost Lt 5:NoExecute', 'cost=4:NoSchedule', false],
  ['cost Gt 5', 'cost=06:NoSchedule', false],
  ['cost Gt 5', 'cost=+6:NoSchedule', false],
  ['cost Gt 05', 'cost=6:NoSchedule', false],
  ['cost Gt x', 'cost=6:NoSchedule', false],
  ['cost Gt 5', 'cost=x:NoSchedule', false],
  ['cost Gt 5', 'cost:NoSchedule', false],
  ['cost Gt 9223372036854775806', 'cost=9223372036854775807:NoSchedule', true],
  ['cost Gt 5', 'cost=9223372036854775808:NoSchedule', false],
];

describe('a toleration', () => {
  for (const [toleratedText, taintText, expected] of TABLE) {
    it(`'${toleratedText}' ${expected ? 'covers' : 'does not cover'} the taint ${taintText}`, () => {
      assert.equal(tolerates(toleration(toleratedText), taint(taintText)), expected);
    });
  }
});

describe('the taint that keeps a pod away', () => {
  const taints = ['soft:PreferNoSchedule', 'team=a:NoSchedule', 'gpu:NoExecute'].map(taint);
  const first = (scope: 'hard' | 'all', ...tolerations: readonly string[]): string | undefined => {
    const found = untoleratedTaint(taints, tolerations.map(toleration), scope);
    return found && describeTaint(found);
  };

  it('is the first that no toleration covers', () => {
    assert.equal(first('hard'), 'team=a:NoSchedule');
    assert.equal(first('hard', 'gpu Exists'), 'team=a:NoSchedule');
    assert.equal(first('hard', 'team Equal a'), 'gpu:NoExecute');
    assert.equal(first('hard', 'team Equal a', 'gpu Exists'), undefined);
    assert.equal(first('hard', '* Exists'), undefined);
  });

  it('is a preference only where preferences count', () => {
    assert.equal(first('all', 'team Equal a', 'gpu Exists'), 'soft:PreferNoSchedule');
    assert.equal(first('all', 'team Equal a', 'gpu Exists', 'soft Exists'), undefined);
  });

  it('is not there without taints', () => {
    assert.equal(untoleratedTaint([], [], 'all'), undefined);
  });
});

/** A taint of a node whose startup taint is `cni=x:NoSchedule`, and whether it counts before the node is ready. */
const STARTING: readonly (readonly [string, boolean])[] = [
  ['team=a:NoSchedule', true],
  ['team=a:PreferNoSchedule', true],
  ['cni=x:NoSchedule', false],
  ['cni=y:NoSchedule', false],
  ['cni=x:NoExecute', true],
  ['node.kubernetes.io/not-ready:NoSchedule', false],
  ['node.kubernetes.io/not-ready:NoExecute', false],
  ['node.kubernetes.io/unreachable:NoSchedule', false],
  ['node.kubernetes.io/unreachable:NoExecute', true],
  ['node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule', false],
  ['karpenter.sh/unregistered:NoExecute', false],
  ['karpenter.sh/unregistered:NoSchedule', true],
  ['karpenter.sh/disrupted:NoSchedule', true],
  ['readiness.k8s.io/network:NoSchedule', false],
  ['readiness.k8s.io:NoSchedule', true],
  ['node.kubernetes.io/unschedulable:NoSchedule', true],
];

function node(stage: NodeStage, taints: readonly Taint[]): NodeInput {
  return {
    name: 'n',
    labels: {},
    taints,
    capacity: {},
    allocatable: {},
    stage,
    startupTaints: [taint('cni=x:NoSchedule')],
    unschedulable: false,
    deleting: false,
    pods: [],
    daemonPods: [],
  };
}

describe('a taint of a node', () => {
  for (const [text, counts] of STARTING) {
    it(`${text} ${counts ? 'counts' : 'does not count'} before the node is ready, and counts after`, () => {
      const taints = [taint(text)];
      const expected = counts ? taints : [];
      assert.deepEqual(effectiveTaints(node('uninitialized', taints)), expected);
      assert.deepEqual(effectiveTaints(node('in-flight', taints)), expected);
      assert.deepEqual(effectiveTaints(node('ready', taints)), taints);
    });
  }
});
