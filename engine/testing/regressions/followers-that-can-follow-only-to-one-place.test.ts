// Pods that must be near others stayed out where the others, which could be anywhere, all went to the cheapest place and
// that was none of theirs. There are more than eight pods: fewer are looked at in every way there is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeInput, NodePoolInput, PodShape } from '../../index.ts';
import type { Case } from '../case.ts';
import { planViolations } from '../checker.ts';
import { market, node, openMarket, pool, problemOf, resources, shape, solveCase, typeOnSale } from '../situations.ts';

const ZONE = 'topology.kubernetes.io/zone';

const leader: PodShape = { ...shape(resources(500, 1)), labels: { app: 'leader' } };

function follower(topologyKey: string, nodeSelector: Readonly<Record<string, string>> = {}): PodShape {
  const labelSelector = { matchLabels: { app: 'leader' }, matchExpressions: [] };
  const term = { topologyKey, labelSelector, namespaces: [], matchLabelKeys: [], mismatchLabelKeys: [] };
  return { ...shape(resources(400, 1)), labels: { app: 'follower' }, nodeSelector, podAffinity: [term] };
}

const open = openMarket(
  market(
    typeOnSale('four', resources(4000, 16), [
      { zone: 'zone-a', priceNanoUsdPerHour: 1_000_000 },
      { zone: 'zone-b', priceNanoUsdPerHour: 3_000_000 },
    ]),
  ),
);

function solved(second: PodShape, more: { readonly pools?: NodePoolInput[]; readonly nodes?: NodeInput[] }): Case {
  const groups = [
    { shape: leader, count: 10 },
    { shape: second, count: 1 },
  ];
  const subject = solveCase(open, problemOf({ pools: [], ...more, groups }));
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(subject.plan.unplaced, []);
  return subject;
}

/** Pods of each shape on a new node. */
const podsOf = ({ pods }: { readonly pods: readonly { readonly count: number }[] }) => pods.map(({ count }) => count);

test('the first of the others goes to the zone in which they can be', () => {
  const { plan } = solved(follower(ZONE, { [ZONE]: 'zone-b' }), { pools: [pool('any')] });
  assert.deepEqual(plan.nodes.map(podsOf), [[1, 1], [8], [1]]);
});

test('the first of the others goes to a lighter pool where only its nodes have the label', () => {
  const pools = [pool('plain', { weight: 10 }), pool('red', { labels: { 'example.com/team': 'red' } })];
  const { plan } = solved(follower('example.com/team'), { pools });
  assert.deepEqual(
    plan.nodes.map(({ poolIndex, pods }) => [poolIndex, ...podsOf({ pods })]),
    [
      [0, 8],
      [0, 1],
      [1, 1, 1],
    ],
  );
});

test('the first of the others goes to that node which is in their zone', () => {
  const nodes = [['zone-a', 10_000] as const, ['zone-b', 1000] as const].map(([zone, cpuMilli]) =>
    node(zone, resources(cpuMilli, 40), { labels: { [ZONE]: zone } }),
  );
  const { plan } = solved(follower(ZONE, { [ZONE]: 'zone-b' }), { nodes });
  assert.deepEqual(plan.existing.map(podsOf), [[9], [1, 1]]);
});
