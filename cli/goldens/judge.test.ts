// Canaries of the goldens' judge: one plan, and for every kind of demand one that the plan meets and one that it does not.
// A judge that lets anything pass would make every golden worthless.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLocalSolver, type LocalSolver } from '../../server/index.ts';
import { type Expectation, judge, type Outcome, planCase, readCase } from './index.ts';

/** Two pods that must be apart by zone, one that is too large, one on a node that exists; PriorityClass lost is missing. */
const CASE = `
expect: {}
---
kind: Node
metadata: {name: n1, labels: {topology.kubernetes.io/zone: c, kubernetes.io/hostname: n1, example.com/team: blue}}
status: {allocatable: {cpu: "1", memory: 8Gi, pods: "10"}}
---
kind: Pod
metadata: {name: running, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: main, resources: {requests: {cpu: 100m}}}]}
---
kind: Pod
metadata: {name: web-1, labels: {app: web}}
spec:
  containers: [{name: main, resources: {requests: {cpu: "2"}}}]
  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: web}}, topologyKey: topology.kubernetes.io/zone}]}}
---
kind: Pod
metadata: {name: web-2, labels: {app: web}}
spec:
  containers: [{name: main, resources: {requests: {cpu: "2"}}}]
  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: web}}, topologyKey: topology.kubernetes.io/zone}]}}
---
kind: Pod
metadata: {name: large}
spec: {priorityClassName: lost, containers: [{name: main, resources: {requests: {cpu: "9"}}}]}
---
kind: Pod
metadata: {name: little}
spec: {nodeSelector: {example.com/team: blue}, containers: [{name: main, resources: {requests: {cpu: 100m}}}]}
`;

const LEFT_OUT = { large: 'RESOURCES_TOO_LARGE' };

let solver: LocalSolver;
let planned: Outcome;

before(async () => {
  solver = await createLocalSolver({ workerCount: 1 });
  planned = await planCase(solver, readCase('judge.yaml', CASE));
});

after(async () => {
  await solver?.close();
});

const rows: readonly (readonly [what: string, met: Expectation, missed: Expectation])[] = [
  ['left out with a code', { leftOut: LEFT_OUT }, { leftOut: { large: 'TOPOLOGY_SPREAD' } }],
  ['left out at all', { leftOut: LEFT_OUT }, {}],
  ['not left out', { leftOut: LEFT_OUT }, { leftOut: { ...LEFT_OUT, little: 'RESOURCES_TOO_LARGE' } }],
  [
    'how many are left out',
    { leftOut: { large: { count: 1, code: 'RESOURCES_TOO_LARGE' } } },
    { leftOut: { large: { count: 2, code: 'RESOURCES_TOO_LARGE' } } },
  ],
  [
    'the words of a reason',
    { leftOut: { large: { code: 'RESOURCES_TOO_LARGE', message: 'cpu' } } },
    { leftOut: { large: { code: 'RESOURCES_TOO_LARGE', message: 'memory' } } },
  ],
  ['zone', { at: [{ pods: 'web-*', zone: ['a', 'b'] }] }, { at: [{ pods: 'web-*', zone: 'a' }] }],
  ['capacity', { at: [{ pods: 'web-*', capacity: 'on-demand' }] }, { at: [{ pods: 'web-*', capacity: 'spot' }] }],
  ['pool', { at: [{ pods: 'web-*', pool: 'default' }] }, { at: [{ pods: 'web-*', pool: 'other' }] }],
  ['first type', { at: [{ pods: 'web-*', type: 'small' }] }, { at: [{ pods: 'web-*', type: 'large' }] }],
  [
    'listed types',
    { at: [{ pods: 'web-*', types: ['small', 'medium', 'large'] }] },
    { at: [{ pods: 'web-*', types: 'small' }] },
  ],
  ['new node', { at: [{ pods: 'web-*', new: true }] }, { at: [{ pods: 'little', new: true }] }],
  ['existing node', { at: [{ pods: 'little', node: 'n1' }] }, { at: [{ pods: 'web-1', node: 'n1' }] }],
  [
    'label',
    { at: [{ pods: 'little', labels: { 'example.com/team': 'blue' } }] },
    { at: [{ pods: 'little', labels: { 'example.com/team': 'red' } }] },
  ],
  [
    'label that must be absent',
    { at: [{ pods: 'web-1', labels: { 'example.com/team': null } }] },
    { at: [{ pods: 'little', labels: { 'example.com/team': null } }] },
  ],
  [
    'reservation',
    { at: [{ pods: 'web-1', labels: { 'karpenter.k8s.aws/capacity-reservation-id': null } }] },
    { at: [{ pods: 'web-1', reservation: 'cr-1' }] },
  ],
  [
    'values short of minValues',
    { at: [{ pods: 'web-1', fallsShort: {} }] },
    { at: [{ pods: 'web-1', fallsShort: { 'node.kubernetes.io/instance-type': 1 } }] },
  ],
  [
    'together',
    { together: [{ pods: ['little', 'running'], by: 'host' }] },
    { together: [{ pods: 'web-*', by: 'zone' }] },
  ],
  [
    'apart',
    { apart: [{ pods: ['web-*', 'running'], by: 'zone' }] },
    { apart: [{ pods: ['little', 'running'], by: 'zone' }] },
  ],
  ['a domain that is settled', { apart: [{ pods: 'web-*', by: 'zone' }] }, { apart: [{ pods: 'web-*', by: 'type' }] }],
  [
    'counts by name',
    { counts: [{ pods: ['web-*', 'running'], by: 'zone', is: { a: 1, b: 1, c: 1 } }] },
    { counts: [{ pods: ['web-*', 'running'], by: 'zone', is: { a: 2, b: 1 } }] },
  ],
  [
    'counts in any order',
    { counts: [{ pods: ['little', 'running', 'web-1'], by: 'host', is: [2, 1] }] },
    { counts: [{ pods: ['little', 'running', 'web-1'], by: 'host', is: [1, 1, 1] }] },
  ],
  ['nodes', { nodes: 2 }, { nodes: 1 }],
  ['price', { price: 0.2 }, { price: 0.1 }],
  ['warnings', { warnings: ['PriorityClass lost'] }, { warnings: ['PriorityClass found'] }],
  ['pods that there are', { at: [{ pods: 'web-*' }] }, { at: [{ pods: 'wev-*' }] }],
  ['a plan at all', {}, { refused: '.' }],
];

for (const [what, met, missed] of rows) {
  test(`${what}: a demand that is met passes and one that is not is reported`, () => {
    const leftOut = LEFT_OUT;
    assert.deepEqual(judge(planned, { leftOut, ...met }), []);
    const bare = what === 'left out at all';
    assert.equal(judge(planned, bare ? missed : { leftOut, ...missed }).length > 0, true);
  });
}

test('a demand that nobody knows is reported', () => {
  assert.deepEqual(judge(planned, { leftOut: LEFT_OUT, aparts: [] } as Expectation), [
    'nobody knows the demand "aparts"',
  ]);
});

test('input that is refused meets only the demand to be refused with these words', () => {
  const refused: Outcome = { kind: 'refused', messages: ['spec.cpu: is wrong'] };
  assert.deepEqual(judge(refused, { refused: 'cpu: is wrong' }), []);
  assert.equal(judge(refused, { refused: 'memory' }).length, 1);
  assert.equal(judge(refused, { nodes: 0 }).length, 1);
});
