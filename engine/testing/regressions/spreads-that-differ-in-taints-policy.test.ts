// Symptom: of two spreads that differ in nodeTaintsPolicy alone, held by pods without tolerations, both counted as the first
// of them said, and a pod joined a zone that the other one had full.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TopologySpreadInput } from '../../index.ts';
import { planViolations } from '../checker.ts';
import {
  market,
  milliDollars,
  node,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  typeOnSale,
  ZONE_KEY,
} from '../situations.ts';

const over = (nodeTaintsPolicy: TopologySpreadInput['nodeTaintsPolicy']): TopologySpreadInput => ({
  topologyKey: ZONE_KEY,
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
  nodeAffinityPolicy: 'Honor',
  nodeTaintsPolicy,
  matchLabelKeys: [],
});

test('pods on a cordoned node count for the spread that ignores taints, beside one that honours them', () => {
  const offered = market(
    typeOnSale('small', resources(1000, 4), [
      { zone: 'zone-a', priceNanoUsdPerHour: milliDollars(50) },
      { zone: 'zone-c', priceNanoUsdPerHour: milliDollars(100) },
    ]),
  );
  const labels = { app: 'web' };
  const web = shape(resources(100, 0.5), { labels, topologySpread: [over('Honor'), over('Ignore')] });
  const cordoned = node('cordoned', resources(1000, 4), {
    labels: { [ZONE_KEY]: 'zone-a' },
    unschedulable: true,
    pods: [{ shape: shape(resources(100, 0.25), { labels }), count: 2 }],
  });
  const problem = problemOf({ pools: [pool('any')], groups: [{ shape: web, count: 2 }], nodes: [cordoned] });
  const subject = solveCase(openMarket(offered), problem);
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(
    subject.plan.unplaced.map(({ count }) => count),
    [1],
  );
});
