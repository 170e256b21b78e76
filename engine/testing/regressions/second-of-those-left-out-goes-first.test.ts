// A pod stayed out that would have had a place before another kind of which some stay out in any case: in the second try
// all that stayed out went before the others in one order, and no other order was tried. There are more than eight pods:
// fewer are looked at in every way there is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape } from '../../index.ts';
import { planViolations } from '../checker.ts';
import { market, openMarket, pool, problemOf, resources, shape, solveCase, typeOnSale } from '../situations.ts';

const ZONE = 'topology.kubernetes.io/zone';

/** Keeps even what the label counts, and is near one of its own app. */
function even(app: string, cpuMilli: number, counted: Readonly<Record<string, string>>): PodShape {
  const own = { matchLabels: { app }, matchExpressions: [] };
  return {
    ...shape(resources(cpuMilli, 1)),
    labels: { app, kind: 'even' },
    nodeSelector: { [ZONE]: 'zone-a' },
    topologySpread: [
      {
        topologyKey: ZONE,
        maxSkew: 1,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: counted, matchExpressions: [] },
        nodeAffinityPolicy: 'Ignore',
        nodeTaintsPolicy: 'Ignore',
        matchLabelKeys: [],
      },
    ],
    podAffinity: [{ topologyKey: ZONE, labelSelector: own, namespaces: [], matchLabelKeys: [], mismatchLabelKeys: [] }],
  };
}

const open = openMarket(
  market(
    typeOnSale('four', resources(4000, 16), [
      { zone: 'zone-a', priceNanoUsdPerHour: 1 },
      { zone: 'zone-b', priceNanoUsdPerHour: 1 },
    ]),
  ),
);

// Whichever of the two names comes first in the canonical order.
for (const [some, all] of [
  ['a', 'b'],
  ['b', 'a'],
] as const) {
  test(`a pod of ${all} whose spread counts pods of ${some} goes before those when it can't go after them`, () => {
    const groups = [
      { shape: even(some, 600, { app: some }), count: 3 },
      { shape: even(all, 500, { kind: 'even' }), count: 1 },
      { shape: shape(resources(250, 1)), count: 6 },
    ];
    const subject = solveCase(open, problemOf({ pools: [pool('any')], groups }));
    assert.deepEqual(planViolations(subject), []);
    const left = subject.plan.unplaced.map(({ count }) => count);
    assert.deepEqual(left, [2]);
  });
}
