// Symptom: pods stayed out for a daemonset on every node that could be made, though those nodes do not carry the label over
// which the two keep apart; and for want of pods to be together with in a zone, though each new node brings a daemonset's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodAffinityInput, PodShape } from '../../index.ts';
import type { Case } from '../case.ts';
import { planViolations } from '../checker.ts';
import {
  daemonSet,
  market,
  openMarket,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  typeOnSale,
  ZONE_KEY,
} from '../situations.ts';
import { HOSTNAME_KEY } from '../topology-state.ts';

const TEAM = 'example.com/team';
const OPEN = openMarket(
  market(
    typeOnSale(
      'four',
      resources(4000, 16),
      ['zone-a', 'zone-b'].map((zone) => ({ zone, priceNanoUsdPerHour: 100 })),
    ),
  ),
);
const AGENT = daemonSet('agent', shape(resources(100, 0.1), { namespace: 'default', labels: { app: 'agent' } }));

function to(topologyKey: string): PodAffinityInput {
  return {
    topologyKey,
    labelSelector: { matchLabels: { app: 'agent' }, matchExpressions: [] },
    namespaces: [],
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  };
}

function solved(rules: Partial<PodShape>, teams?: readonly string[]): Case {
  const requirements = teams === undefined ? [] : [requirement(TEAM, 'In', ...teams)];
  const subject = solveCase(
    OPEN,
    problemOf({
      pools: [pool('any', { requirements })],
      groups: [{ shape: shape(resources(1000, 1), rules), count: 2 }],
      daemonSets: [AGENT],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  return subject;
}

test('pods keep apart from a daemonset over a label only where new nodes carry it', () => {
  const rules = { podAntiAffinity: [to(TEAM)] };
  assert.deepEqual(solved(rules).plan.unplaced, []);
  const [left] = solved(rules, ['red', 'blue']).plan.unplaced;
  assert.deepEqual(
    left?.reasons.map(({ code }) => code),
    ['pod-anti-affinity'],
  );
});

test('a daemonset of the new node is what pods must be together with, in a zone, on a host, or both', () => {
  assert.deepEqual(solved({ podAffinity: [to(ZONE_KEY)] }).plan.unplaced, []);
  assert.deepEqual(solved({ podAffinity: [to(HOSTNAME_KEY), to(ZONE_KEY)] }).plan.unplaced, []);
});

test('it is not over a label that the new node does not carry', () => {
  assert.equal(solved({ podAffinity: [to(TEAM)] }).plan.unplaced.length, 1);
  assert.deepEqual(solved({ podAffinity: [to(TEAM)] }, ['red']).plan.unplaced, []);
});
