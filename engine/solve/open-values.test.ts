// Labels that a pool leaves open, with pods spread over their values: more values are planned with only where they are needed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape, RequirementInput, TopologySpreadInput } from '../model/index.ts';
import { planViolations } from '../testing/checker.ts';
import {
  market,
  milliDollars,
  node,
  openMarket,
  type ProblemParts,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  taint,
  typeOnSale,
} from '../testing/situations.ts';

const TEAM = 'example.com/team';
const SELECTOR = { matchLabels: { app: 'web' }, matchExpressions: [] };
const OPEN = openMarket(market(typeOnSale('eight', resources(8000, 32), [{ priceNanoUsdPerHour: milliDollars(100) }])));

function spread(more: Partial<TopologySpreadInput> = {}): PodShape {
  const over: TopologySpreadInput = {
    topologyKey: TEAM,
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: SELECTOR,
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    matchLabelKeys: [],
    ...more,
  };
  return shape(resources(1000, 1), { labels: { app: 'web' }, topologySpread: [over] });
}

/** Pods on planned nodes, by the value of the label, and how many are left out. The plan has to pass the checker. */
function outcome(
  requirements: readonly RequirementInput[],
  parts: Omit<ProblemParts, 'pools'>,
): [Record<string, number>, number] {
  const subject = solveCase(OPEN, problemOf({ pools: [pool('any', { requirements })], ...parts }));
  assert.deepEqual(planViolations(subject), []);
  const byValue: Record<string, number> = {};
  for (const { nodeCount, labels, pods } of subject.plan.nodes) {
    const value = labels[TEAM] ?? '';
    byValue[value] = (byValue[value] ?? 0) + nodeCount * pods.reduce((sum, { count }) => sum + count, 0);
  }
  return [byValue, subject.plan.unplaced.reduce((sum, { count }) => sum + count, 0)];
}

const OTHER_TEAMS = [requirement(TEAM, 'NotIn', 'blue')];
const blue = node('blue', resources(8000, 32), { labels: { [TEAM]: 'blue' }, taints: [taint('dedicated')] });

test('one value does where nothing asks for more', () => {
  assert.deepEqual(outcome(OTHER_TEAMS, { groups: [{ shape: spread(), count: 6 }] }), [{ 0: 6 }, 0]);
});

test('as many values are planned with as the spread asks for at least', () => {
  const groups = [{ shape: spread({ minDomains: 3 }), count: 6 }];
  assert.deepEqual(outcome(OTHER_TEAMS, { groups }), [{ 0: 2, 1: 2, 2: 2 }, 0]);
});

test('beside a domain that takes none, every value holds as many pods as the skew', () => {
  const groups = [{ shape: spread({ maxSkew: 2 }), count: 5 }];
  assert.deepEqual(outcome(OTHER_TEAMS, { nodes: [blue], groups }), [{ 0: 2, 1: 2, 2: 1 }, 0]);
});

test('pods that keep apart over the label get a value each', () => {
  const apart = {
    topologyKey: TEAM,
    labelSelector: SELECTOR,
    namespaces: [],
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  };
  const groups = [{ shape: shape(resources(1000, 1), { labels: { app: 'web' }, podAntiAffinity: [apart] }), count: 3 }];
  assert.deepEqual(outcome([requirement(TEAM, 'Exists')], { groups }), [{ 0: 1, 1: 1, 2: 1 }, 0]);
});

test('values stay within what the pool leaves open', () => {
  const groups = [{ shape: spread({ minDomains: 4 }), count: 8 }];
  const bounded = [requirement(TEAM, 'Gt', '4'), requirement(TEAM, 'Lt', '9'), requirement(TEAM, 'NotIn', '6')];
  assert.deepEqual(outcome(bounded, { groups }), [{ 5: 1, 7: 1, 8: 1 }, 5]);
  assert.deepEqual(outcome([requirement(TEAM, 'In', 'red', 'green')], { groups }), [{ green: 1, red: 1 }, 6]);
});
