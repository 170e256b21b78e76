// What the narrator says of changes, on overviews made by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Decision, Narrator, type NodeView, type Overview, type WorkloadView } from './index.ts';

const EMPTY: Overview = {
  cluster: 'test',
  timeMs: 0,
  isSynced: true,
  totals: {
    nodes: 0,
    ready: 0,
    running: 0,
    waiting: 0,
    pricePerHour: 0,
    hasEstimates: false,
    withoutPrice: 0,
    cpu: { used: 0, of: 0 },
    memory: { used: 0, of: 0 },
  },
  workloads: [],
  waiting: [],
  nodes: [],
  decisions: [],
};

function workload(counts: Partial<WorkloadView>): WorkloadView {
  return {
    workload: 'deployment/web',
    namespace: 'default',
    running: 0,
    starting: 0,
    waiting: 0,
    ending: 0,
    ...counts,
  };
}

function node(id: string, state: NodeView['state']): NodeView {
  return {
    id,
    nodeName: `ip-${id}`,
    instanceId: `i-${id}`,
    state,
    pool: 'default',
    instanceType: 'c7a.large',
    zone: 'us-east-1a',
    capacityType: 'spot',
    pricePerHour: 0.05,
    isEstimate: true,
    sinceMs: 0,
    cpu: { used: 0, of: 0 },
    memory: { used: 0, of: 0 },
    pods: [],
    isExpected: false,
  };
}

const DECISION: Decision = {
  number: 1,
  timeMs: 0,
  podCount: 4,
  onExisting: 0,
  nodes: [
    {
      count: 2,
      pool: 'default',
      instanceType: 'c7a.large',
      zone: 'us-east-1a',
      capacityType: 'spot',
      pricePerHour: 0.05,
      isEstimate: true,
      podCount: 2,
      pods: [{ workload: 'deployment/web', namespace: 'default', count: 2 }],
      nodes: ['a', 'b'],
      typeCount: 60,
      notChosen: [],
    },
  ],
  leftOut: [{ workload: 'pod/giant', namespace: 'default', count: 1, why: 'too large' }],
  pricePerHour: 0.1,
  hasEstimates: true,
  solveMs: 1.25,
  reasons: 'waiting',
};

const texts = (narrator: Narrator, overview: Partial<Overview>): string[] =>
  narrator.tell({ ...EMPTY, ...overview }).map(({ text }) => text);

test('pods that wait are told of when they become more, and not again', () => {
  const narrator = new Narrator();
  assert.deepEqual(texts(narrator, { workloads: [workload({ waiting: 1 })] }), [
    '1 pod of deployment/web waits for a node',
  ]);
  assert.deepEqual(texts(narrator, { workloads: [workload({ waiting: 1 })] }), []);
  assert.deepEqual(texts(narrator, { workloads: [workload({ waiting: 2_000 })] }), [
    '2,000 pods of deployment/web wait for a node',
  ]);
});

test('a plan is told of once, what it leaves out included, and its reasons when they are known', () => {
  const narrator = new Narrator();
  assert.deepEqual(texts(narrator, { decisions: [DECISION] }), [
    'plan 1 (1.3 ms): 2 × c7a.large spot in us-east-1a, ~$0.0500 an hour each, for 2 pods of deployment/web each (or another of 60 types)',
    'plan 1 (1.3 ms): no place for 1 pod of pod/giant: too large',
  ]);
  assert.deepEqual(texts(narrator, { decisions: [DECISION] }), []);
  const explained: Decision = {
    ...DECISION,
    reasons: 'given',
    nodes: DECISION.nodes.map((nodes) => ({ ...nodes, why: 'the cheapest' })),
    leftOut: DECISION.leftOut.map((pods) => ({ ...pods, change: 'ask for less' })),
  };
  assert.deepEqual(texts(narrator, { decisions: [explained] }), [
    'plan 1, why: the cheapest',
    'plan 1, to let pod/giant in: ask for less',
  ]);
  assert.deepEqual(texts(narrator, { decisions: [explained] }), []);
});

test('each step of a node is told of, and many at once as a crowd', () => {
  const narrator = new Narrator();
  assert.deepEqual(texts(narrator, { nodes: [node('a', 'planned')] }), []);
  assert.deepEqual(texts(narrator, { nodes: [node('a', 'launching')] }), [
    'node a is starting: i-a c7a.large spot in us-east-1a',
  ]);
  assert.deepEqual(texts(narrator, { nodes: [node('a', 'registering')] }), ['node a has joined the cluster: ip-a']);
  const crowd = ['a', 'b', 'c', 'd'].map((id) => node(id, 'ready'));
  assert.deepEqual(texts(narrator, { nodes: crowd }), ['4 nodes are ready: 4 c7a.large']);
  assert.deepEqual(texts(narrator, { nodes: crowd.slice(1) }), ['node a is gone: c7a.large spot in us-east-1a']);
});

test('pods that begin to run are told of at most every two seconds until all run', () => {
  const narrator = new Narrator();
  const at = (timeMs: number, running: number) =>
    texts(narrator, { timeMs, workloads: [workload({ running, starting: 10 - running })] });
  assert.deepEqual(at(0, 3), ['3 of 10 pods of deployment/web run']);
  assert.deepEqual(at(1_000, 5), []);
  assert.deepEqual(at(2_000, 7), ['7 of 10 pods of deployment/web run']);
  assert.deepEqual(at(2_250, 10), ['10 pods of deployment/web run']);
  assert.deepEqual(texts(narrator, {}), ['all pods of deployment/web are gone']);
});
