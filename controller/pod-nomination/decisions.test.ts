// What may be nominated, and what has to be taken back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeClaimView, NodeView } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { canBePrepared, endOfNomination, isOpenButForRegistration, mayBeNominated } from './decisions.ts';

const UNREGISTERED = { key: 'karpenter.sh/unregistered', effect: 'NoExecute' };
const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
const TEAM = { key: 'team', value: 'a', effect: 'NoSchedule' };

function node(taints: readonly object[], ready = 'True'): NodeView {
  return {
    metadata: { name: 'n' },
    spec: { taints },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  } as unknown as NodeView;
}

function claim(startupTaints?: readonly object[]): NodeClaimView {
  return { metadata: { name: 'c' }, spec: { startupTaints } } as unknown as NodeClaimView;
}

function pod(status: object, annotation?: string, spec: object = {}): ApiObject {
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }];
  const annotations = annotation === undefined ? {} : { 'dovetail/nominated': annotation };
  return { metadata: { name: 'p', annotations }, spec, status: { conditions, ...status } } as ApiObject;
}

test('a node is open but for its registration once it is ready and only the taint of that is left to go', () => {
  assert.equal(isOpenButForRegistration(node([UNREGISTERED, TEAM])), true);
  assert.equal(isOpenButForRegistration(node([UNREGISTERED, NOT_READY])), false);
  assert.equal(isOpenButForRegistration(node([UNREGISTERED], 'False')), false);
});

test('nothing is prepared on a node that takes pods already, or that startup taints keep closed for longer', () => {
  assert.equal(canBePrepared(claim(), node([UNREGISTERED])), true);
  assert.equal(canBePrepared(claim([]), node([UNREGISTERED])), true);
  assert.equal(canBePrepared(claim(), node([])), false);
  assert.equal(canBePrepared(claim([TEAM]), node([UNREGISTERED])), false);
});

test('only pods that wait and that nobody has nominated are nominated', () => {
  assert.equal(mayBeNominated(pod({})), true);
  assert.equal(mayBeNominated(pod({ nominatedNodeName: 'other' })), false);
  assert.equal(mayBeNominated(pod({}, undefined, { nodeName: 'n' })), false);
  assert.equal(mayBeNominated(pod({ conditions: [] })), false);
});

test('a nomination of ours ends with its node, and when the pod outstays it; those of the scheduler are left alone', () => {
  const there = { isThere: true, isLeaving: false };
  const ours = pod({ nominatedNodeName: 'n' }, 'n');
  assert.equal(endOfNomination(ours, there, 59_999, 60_000), undefined);
  assert.equal(endOfNomination(ours, there, 60_000, 60_000), 'it still waits');
  assert.equal(endOfNomination(ours, { ...there, isLeaving: true }, 0, 60_000), 'its node is leaving');
  assert.equal(endOfNomination(ours, { isThere: false, isLeaving: false }, 0, 60_000), 'its node is gone');
  for (const other of [pod({ nominatedNodeName: 'n' }), pod({ nominatedNodeName: 'n' }, 'earlier'), pod({}, 'n')]) {
    assert.equal(endOfNomination(other, { isThere: false, isLeaving: false }, 60_000, 60_000), undefined);
  }
});
