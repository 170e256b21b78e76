// Spreads over hosts that all have pods: counted from the host that is least full, where nothing can come that has none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape, TopologySpreadInput } from '../model/index.ts';
import { planViolations } from '../testing/checker.ts';
import {
  daemonSet,
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
  spreadOver,
  taint,
  tolerateAll,
  typeOnSale,
} from '../testing/situations.ts';
import { HOSTNAME_LABEL } from '../topology/index.ts';

const OPEN = openMarket(market(typeOnSale('four', resources(4000, 16), [{ priceNanoUsdPerHour: milliDollars(100) }])));

function web(more: Partial<TopologySpreadInput> = {}): PodShape {
  const spread = spreadOver(HOSTNAME_LABEL, 'web', more);
  return shape(resources(1000, 1), { labels: { app: 'web' }, topologySpread: [spread] });
}

/** How many pods each existing node gets, and how many are left out. The plan has to pass the checker. */
function outcome(parts: Omit<ProblemParts, 'pools'> & Partial<Pick<ProblemParts, 'pools'>>): [number[], number] {
  const subject = solveCase(OPEN, problemOf({ pools: [], ...parts }));
  assert.deepEqual(planViolations(subject), []);
  const { existing, unplaced } = subject.plan;
  return [
    existing.map(({ pods }) => pods.reduce((sum, { count }) => sum + count, 0)),
    unplaced.reduce((sum, { count }) => sum + count, 0),
  ];
}

const a = node('a', resources(4000, 16));
const b = node('b', resources(4000, 16));

test('nodes that exist fill evenly beyond the skew', () => {
  assert.deepEqual(outcome({ nodes: [a, b], groups: [{ shape: web(), count: 7 }] }), [[4, 3], 0]);
});

test('a node without room for more holds the others to its count and the skew', () => {
  const small = node('small', resources(2000, 16));
  assert.deepEqual(outcome({ nodes: [a, b, small], groups: [{ shape: web(), count: 9 }] }), [[3, 3, 2], 1]);
});

test('a node that the pods may not use counts as empty unless the policy leaves it out', () => {
  const tainted = node('tainted', resources(4000, 16), { taints: [taint('dedicated')] });
  const nodes = [a, b, tainted];
  assert.deepEqual(outcome({ nodes, groups: [{ shape: web(), count: 6 }] }), [[1, 1], 4]);
  assert.deepEqual(outcome({ nodes, groups: [{ shape: web({ nodeTaintsPolicy: 'Honor' }), count: 6 }] }), [[3, 3], 0]);
});

test('fewer hosts than the spread asks for count as empty', () => {
  assert.deepEqual(outcome({ nodes: [a, b], groups: [{ shape: web({ minDomains: 3 }), count: 6 }] }), [[1, 1], 4]);
});

test('a planned node without such pods counts as empty, one with them as far as they go', () => {
  const groups = [{ shape: web(), count: 6 }];
  const nodes = [node('a', resources(3500, 16)), node('b', resources(3500, 16))];
  const open = [pool('any', { limits: { cpu: 4000 } })];
  assert.deepEqual(outcome({ pools: open, nodes, groups }), [[2, 2], 1]);
  const others = [pool('others', { taints: [taint('dedicated')] })];
  const other = { shape: shape(resources(4000, 1), { tolerations: [tolerateAll('dedicated')] }), count: 1 };
  assert.deepEqual(outcome({ pools: others, nodes, groups: [...groups, other] }), [[1, 1], 4]);
});

test('a planned node that the policies of the spread leave out does not count', () => {
  const pools = [pool('others', { taints: [taint('dedicated')] })];
  const other = { shape: shape(resources(4000, 1), { tolerations: [tolerateAll('dedicated')] }), count: 1 };
  const honoring = { shape: web({ nodeTaintsPolicy: 'Honor' }), count: 6 };
  assert.deepEqual(outcome({ pools, nodes: [a, b], groups: [honoring, other] }), [[3, 3], 0]);
  const bound = { shape: { ...web(), nodeSelector: { disk: 'fast' } }, count: 6 };
  const fast = [a, b].map((each) => ({ ...each, labels: { disk: 'fast' } }));
  assert.deepEqual(outcome({ pools, nodes: fast, groups: [bound, other] }), [[3, 3], 0]);
});

test('nothing is said of hosts on which daemonsets have pods that the spread counts', () => {
  const daemons = [daemonSet('agent', shape(resources(100, 0.1), { labels: { app: 'web' } }))];
  assert.deepEqual(outcome({ daemonSets: daemons, nodes: [a, b], groups: [{ shape: web(), count: 6 }] }), [[1, 1], 4]);
  // The only host is as full as the least full one, whatever is there.
  assert.deepEqual(outcome({ daemonSets: daemons, nodes: [a], groups: [{ shape: web(), count: 6 }] }), [[3], 3]);
});
