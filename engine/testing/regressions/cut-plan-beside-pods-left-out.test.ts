// A cut plan had pods in zones that only pods which the cut left out had opened to them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape } from '../../index.ts';
import { planViolations } from '../checker.ts';
import { market, openMarket, pool, problemOf, resources, shape, solveCase, typeOnSale } from '../situations.ts';

const ZONE = 'topology.kubernetes.io/zone';

/** Nodes of one pod each, in three zones. */
const open = openMarket(
  market(
    typeOnSale(
      'one',
      resources(1000, 4),
      ['a', 'b', 'c'].map((zone) => ({ zone, priceNanoUsdPerHour: 1000 })),
    ),
  ),
);

const app = (name: string): PodShape => ({ ...shape(resources(800, 0)), labels: { app: name } });
const selectorOf = (name: string) => ({ matchLabels: { app: name }, matchExpressions: [] });

const inPool = (name: string) => ({ 'karpenter.sh/nodepool': name });

/** The heavier pool is filled first, so that what only the other one holds is what a cut leaves out. */
const pools = [pool('heavy', { weight: 10 }), pool('light')];

/** Whether the plan is valid under every work limit; some must cut it between the pools. */
function holdsWhereverCut(...groups: { shape: PodShape; count: number }[]): void {
  let limit = 0;
  let whole = 0;
  for (let cut = true; cut; limit++) {
    const subject = solveCase(open, problemOf({ pools, groups, workLimit: limit }));
    assert.deepEqual(planViolations(subject), [], `work limit ${limit}`);
    cut = subject.plan.cut;
    whole = subject.plan.nodes.length;
  }
  assert.ok(limit > 1 && whole > 1, `${limit} limits, ${whole} nodes`);
}

test('a pod waits with those that it must be with where a cut plan leaves them out', () => {
  const follower: PodShape = {
    ...app('web'),
    podAffinity: [
      { topologyKey: ZONE, labelSelector: selectorOf('db'), namespaces: [], matchLabelKeys: [], mismatchLabelKeys: [] },
    ],
  };
  holdsWhereverCut(
    { shape: { ...follower, nodeSelector: inPool('heavy') }, count: 3 },
    { shape: { ...app('db'), nodeSelector: inPool('light') }, count: 1 },
  );
});

test('pods that spread stay balanced where a cut plan leaves some of them out', () => {
  const spread: PodShape = {
    ...app('web'),
    topologySpread: [
      {
        topologyKey: ZONE,
        maxSkew: 1,
        labelSelector: selectorOf('web'),
        whenUnsatisfiable: 'DoNotSchedule',
        nodeAffinityPolicy: 'Ignore',
        nodeTaintsPolicy: 'Ignore',
        matchLabelKeys: [],
      },
    ],
  };
  // A node in zone b without any of them: kube-scheduler counts over zones that have nodes.
  holdsWhereverCut(
    { shape: { ...app('other'), nodeSelector: { ...inPool('heavy'), [ZONE]: 'b' } }, count: 1 },
    { shape: { ...spread, nodeSelector: { ...inPool('heavy'), [ZONE]: 'a' } }, count: 2 },
    { shape: { ...spread, nodeSelector: { ...inPool('light'), [ZONE]: 'b' } }, count: 1 },
    { shape: { ...spread, nodeSelector: { ...inPool('light'), [ZONE]: 'c' } }, count: 1 },
  );
});
