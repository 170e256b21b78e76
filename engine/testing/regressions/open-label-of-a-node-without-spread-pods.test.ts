// Nodes without pods of a spread over a label that their pool leaves open got any value of it: an empty domain each, so
// that kube-scheduler kept out pods which the plan had counted in one domain.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape } from '../../index.ts';
import { planViolations } from '../checker.ts';
import {
  market,
  openMarket,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  typeOnSale,
} from '../situations.ts';

const TEAM = 'example.com/team';

test('every node has a value of a label over which some pod spreads, though its own pods do not look at it', () => {
  const spread: PodShape = {
    ...shape(resources(1500, 1)),
    labels: { app: 'web' },
    topologySpread: [
      {
        topologyKey: TEAM,
        maxSkew: 1,
        labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
        whenUnsatisfiable: 'DoNotSchedule',
        nodeAffinityPolicy: 'Ignore',
        nodeTaintsPolicy: 'Ignore',
        matchLabelKeys: [],
      },
    ],
  };
  const subject = solveCase(
    openMarket(market(typeOnSale('two', resources(2000, 8), [{ priceNanoUsdPerHour: 1000 }]))),
    problemOf({
      pools: [pool('any', { requirements: [requirement(TEAM, 'Exists')] })],
      groups: [
        { shape: spread, count: 2 },
        { shape: shape(resources(1600, 1)), count: 2 },
      ],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  const values = subject.plan.nodes.map(({ labels }) => labels[TEAM]);
  assert.ok(values.length > 1 && values.every((value) => value !== undefined), JSON.stringify(values));
});
