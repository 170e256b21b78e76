// What a pool's status says: sums, readiness, health.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeClaimView, NodeView } from '../objects/index.ts';
import { countPool } from './counter.ts';
import { nodeClassReadiness, validation } from './readiness.ts';
import { RegistrationHealth } from './registration-health.ts';

const claim = (capacity: object | undefined, metadata: object = {}): NodeClaimView =>
  ({
    metadata: { name: 'c', ...metadata },
    spec: {},
    ...(capacity === undefined ? {} : { status: { capacity } }),
  }) as never;
const node = (capacity: object | undefined, metadata: object = {}): NodeView =>
  ({ metadata: { name: 'n', ...metadata }, ...(capacity === undefined ? {} : { status: { capacity } }) }) as never;

test('a pool without nodes has nothing of everything', () => {
  assert.deepEqual(countPool([]), {
    nodes: 0,
    resources: { cpu: '0', 'ephemeral-storage': '0', memory: '0', pods: '0', nodes: '0' },
  });
});

test('nodes count with what they have, those on their way with what was promised, leaving ones not at all', () => {
  const promised = { cpu: '2', memory: '4Gi', pods: '10', 'nvidia.com/gpu': '1' };
  const { nodes, resources } = countPool([
    { claim: claim(promised), node: undefined },
    { claim: claim(promised), node: node({ cpu: '1900m', memory: '3Gi', pods: '8' }) },
    { claim: claim(promised), node: node(undefined) },
    { claim: claim(undefined), node: undefined },
    { claim: claim(promised, { deletionTimestamp: 'x' }), node: undefined },
    { claim: claim(promised), node: node(promised, { deletionTimestamp: 'x' }) },
  ]);
  assert.equal(nodes, 3);
  assert.deepEqual(resources, {
    cpu: '5900m',
    'ephemeral-storage': '0',
    memory: '11Gi',
    pods: '28',
    nodes: '3',
    'nvidia.com/gpu': '3',
  });
});

const CLASSES: readonly (readonly [string, object | undefined, string, string])[] = [
  ['no class', undefined, 'False', 'NodeClassNotFound'],
  ['a class that is being deleted', { metadata: { deletionTimestamp: 'x' } }, 'False', 'NodeClassTerminating'],
  ['a class that nobody has looked at', { metadata: {} }, 'Unknown', 'NodeClassReadinessUnknown'],
  [
    'a class that is not ready',
    { metadata: {}, status: { conditions: [{ type: 'Ready', status: 'False', reason: 'SubnetsNotFound' }] } },
    'False',
    'SubnetsNotFound',
  ],
  ['a class that is ready', { metadata: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } }, 'True', ''],
];

for (const [what, nodeClass, status, reason] of CLASSES) {
  test(`a pool with ${what}: ${status}`, () => {
    const condition = nodeClassReadiness(nodeClass as never);
    assert.equal(condition.status, status);
    assert.equal(condition.reason ?? '', reason);
  });
}

test('a spec that does not hold together is named', () => {
  const requirements = [{ key: 'kubernetes.io/hostname', operator: 'Exists' }];
  const wrong = validation({ metadata: { name: 'p' }, spec: { template: { spec: { requirements } } } });
  assert.equal(wrong.status, 'False');
  assert.match(wrong.message ?? '', /^spec\.template\.spec\.requirements\.0\.key: /);
  assert.equal(validation({ metadata: { name: 'p' }, spec: {} }).status, 'True');
});

test('two failures among the last four make a pool unhealthy', () => {
  const health = new RegistrationHealth();
  assert.equal(health.of('p'), 'unknown');
  health.note('p', false);
  assert.equal(health.of('p'), 'healthy');
  health.note('p', false);
  assert.equal(health.of('p'), 'unhealthy');
  for (let index = 0; index < 3; index += 1) health.note('p', true);
  assert.equal(health.of('p'), 'healthy');
  health.forget('p');
  assert.equal(health.of('p'), 'unknown');
  health.takeUp('p', false);
  assert.equal(health.of('p'), 'unhealthy');
});
