// Pods that must be on a node with others: which groups are grown, and who joins them afterwards.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PodAffinityInput, PodShape } from '../model/index.ts';
import type { Case } from '../testing/case.ts';
import { planViolations } from '../testing/checker.ts';
import {
  market,
  milliDollars,
  node,
  openMarket,
  type ProblemParts,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  typeOnSale,
} from '../testing/situations.ts';
import { HOSTNAME_LABEL } from '../topology/index.ts';

const SALE = (price: number) => [{ priceNanoUsdPerHour: milliDollars(price) }];
const OPEN = openMarket(
  market(typeOnSale('four', resources(4000, 16), SALE(100)), typeOnSale('eight', resources(8000, 32), SALE(200))),
);
const ONLY_FOUR = openMarket(market(typeOnSale('four', resources(4000, 16), SALE(100))));

function beside(...apps: string[]): PodAffinityInput {
  return {
    topologyKey: HOSTNAME_LABEL,
    labelSelector: { matchLabels: {}, matchExpressions: [{ key: 'app', operator: 'In', values: apps }] },
    namespaces: [],
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  };
}

function pod(app: string, cpuMilli: number, more: Partial<PodShape> = {}): PodShape {
  return shape(resources(cpuMilli, 0.1), { labels: { app }, ...more });
}

/** A pod of which a node takes one, because of its port. */
function onePerNode(app: string, port: number, more: Partial<PodShape> = {}): PodShape {
  return pod(app, 500, { hostPorts: [{ hostIp: '', port, protocol: 'TCP' }], ...more });
}

/** Solves; the plan has to pass the checker. */
function solved(parts: Omit<ProblemParts, 'pools'> & Partial<Pick<ProblemParts, 'pools'>>, open = OPEN): Case {
  const subject = solveCase(open, problemOf({ pools: [pool('any')], ...parts }));
  assert.deepEqual(planViolations(subject), []);
  return subject;
}

/** Apps of each planned node, equal nodes as often as they are, in the order of their text. */
function nodesOf({ plan, problem }: Case): string[] {
  return plan.nodes
    .flatMap(({ nodeCount, pods }) => {
      const apps = pods.map(({ shapeIndex, count }) => `${problem.shapes[shapeIndex]!.shape.labels.app} ${count}`);
      return Array.from({ length: nodeCount }, () => apps.sort().join(', '));
    })
    .sort();
}

function leftOut({ plan }: Case): number {
  return plan.unplaced.reduce((sum, { count }) => sum + count, 0);
}

describe('a chain of pods each of which must be beside the next', () => {
  const chain = (cpuMilli: number) => [
    { shape: pod('a', cpuMilli, { podAffinity: [beside('b')] }), count: 3 },
    { shape: pod('b', cpuMilli, { podAffinity: [beside('c')] }), count: 3 },
    { shape: pod('c', cpuMilli), count: 3 },
  ];

  test('ends on one node where all have room', () => {
    assert.deepEqual(nodesOf(solved({ groups: chain(500) })), ['a 3, b 3, c 3']);
  });

  test('is on every node from its beginning where one node is too small', () => {
    const subject = solved({ groups: chain(1000) }, ONLY_FOUR);
    assert.equal(leftOut(subject), 0);
    assert.equal(nodesOf(subject).length, 3);
  });

  test('stays out where its beginning does', () => {
    const groups = chain(500).map((group, index) => (index < 2 ? group : { ...group, shape: pod('c', 9000) }));
    assert.equal(leftOut(solved({ groups })), 9);
  });

  test('that bites its own tail never begins', () => {
    const groups = [
      { shape: pod('a', 500, { podAffinity: [beside('b')] }), count: 2 },
      { shape: pod('b', 500, { podAffinity: [beside('a')] }), count: 2 },
    ];
    assert.equal(leftOut(solved({ groups })), 4);
  });
});

describe('pods of which a node takes one', () => {
  const full = node('full', resources(500, 1), { pods: [{ shape: pod('web', 500), count: 1 }] });

  test('each get a node with a mate, though a mate runs already where there is no room', () => {
    const groups = [
      { shape: onePerNode('agent', 9100, { podAffinity: [beside('web')] }), count: 3 },
      { shape: pod('web', 1000), count: 3 },
    ];
    const subject = solved({ nodes: [full], groups });
    assert.deepEqual(nodesOf(subject), ['agent 1, web 1', 'agent 1, web 1', 'agent 1, web 1']);
  });

  test('stay out where there are fewer mates than they', () => {
    const groups = [
      { shape: onePerNode('agent', 9100, { podAffinity: [beside('web')] }), count: 5 },
      { shape: pod('web', 1000), count: 3 },
    ];
    assert.equal(leftOut(solved({ groups })), 2);
  });

  test('join nodes that were made for others with the same mates', () => {
    const groups = [
      { shape: onePerNode('agent', 9100, { podAffinity: [beside('web')] }), count: 2 },
      { shape: onePerNode('meter', 9200, { podAffinity: [beside('web')] }), count: 2 },
      { shape: pod('web', 1000), count: 2 },
    ];
    assert.deepEqual(nodesOf(solved({ groups })), ['agent 1, meter 1, web 1', 'agent 1, meter 1, web 1']);
  });

  test('join them under a limit too', () => {
    const groups = [
      { shape: onePerNode('agent', 9100, { podAffinity: [beside('web')] }), count: 3 },
      { shape: onePerNode('meter', 9200, { podAffinity: [beside('web')] }), count: 3 },
      { shape: pod('web', 1000), count: 3 },
    ];
    const subject = solved({ pools: [pool('any', { limits: { cpu: 8000 } })], groups });
    assert.deepEqual(
      nodesOf(subject).map((apps) => apps.replace('web 2', 'web 1')),
      ['agent 1, meter 1, web 1', 'agent 1, meter 1, web 1'],
    );
  });
});

describe('pods that mean their own group and others', () => {
  test('stand beside the others rather than found a node of their own before them', () => {
    const cheapApart = market(
      typeOnSale('three', resources(3000, 16), SALE(70)),
      typeOnSale('one', resources(1000, 4), SALE(20)),
      typeOnSale('four', resources(4000, 16), SALE(100)),
    );
    const groups = [
      { shape: pod('db', 3000, { podAffinity: [beside('db', 'web')] }), count: 1 },
      { shape: pod('web', 500), count: 1 },
    ];
    assert.deepEqual(nodesOf(solved({ groups }, openMarket(cheapApart))), ['db 1, web 1']);
  });

  test('of two shapes share the node that they start, whatever the limit', () => {
    const affinity = [beside('db', 'spare')];
    const groups = [
      { shape: pod('db', 1500, { podAffinity: affinity }), count: 2 },
      { shape: pod('spare', 1400, { podAffinity: affinity }), count: 2 },
    ];
    const subject = solved({ pools: [pool('any', { limits: { cpu: 8000 } })], groups });
    assert.deepEqual(nodesOf(subject), ['db 2, spare 2']);
  });

  test('found a node of their own where they fit beside none of the others', () => {
    const groups = [
      { shape: pod('db', 3000, { podAffinity: [beside('db', 'web')] }), count: 1 },
      { shape: pod('web', 3000), count: 1 },
    ];
    assert.deepEqual(nodesOf(solved({ groups }, ONLY_FOUR)), ['db 1', 'web 1']);
  });
});

test('a pod that stays out with its mates is told of them, and not of the spread that keeps them out', () => {
  const zone = 'topology.kubernetes.io/zone';
  const spread: PodShape['topologySpread'] = [
    {
      topologyKey: zone,
      maxSkew: 1,
      minDomains: 2,
      labelSelector: { matchLabels: { app: 'db' }, matchExpressions: [] },
      whenUnsatisfiable: 'DoNotSchedule',
      nodeAffinityPolicy: 'Honor',
      nodeTaintsPolicy: 'Ignore',
      matchLabelKeys: [],
    },
  ];
  const { plan, problem } = solved({
    groups: [
      { shape: onePerNode('web', 80, { podAffinity: [beside('db')] }), count: 2 },
      { shape: pod('db', 500, { topologySpread: spread }), count: 2 },
    ],
  });
  const reasons = plan.unplaced.map(({ shapeIndex, reasons: [reason] }) => [
    problem.shapes[shapeIndex]!.shape.labels.app,
    reason!.code,
  ]);
  assert.deepEqual(reasons.sort(), [
    ['db', 'topology-spread'],
    ['web', 'pod-affinity'],
  ]);
});
