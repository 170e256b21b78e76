// Problems of few pods: preferences that an order of placing would lose are kept, and pods it would leave out find a place.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PodAffinityInput, PodShape } from '../../model/index.ts';
import type { Case } from '../../testing/case.ts';
import { planViolations } from '../../testing/checker.ts';
import { settledPods, stepsGivenUp, zonesOnSale } from '../../testing/preferences.ts';
import {
  market,
  milliDollars,
  openMarket,
  type ProblemParts,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  term,
  typeOnSale,
  ZONE_KEY,
} from '../../testing/situations.ts';
import { HOSTNAME_LABEL } from '../../topology/index.ts';

const MARKET = market(
  typeOnSale('eight', resources(8000, 32), [
    { zone: 'zone-a', priceNanoUsdPerHour: milliDollars(100) },
    { zone: 'zone-b', priceNanoUsdPerHour: milliDollars(110) },
  ]),
);
const OPEN = openMarket(MARKET);

function podsOf(app: string, topologyKey: string, more: Partial<PodAffinityInput> = {}): PodAffinityInput {
  return {
    topologyKey,
    labelSelector: { matchLabels: { app }, matchExpressions: [] },
    namespaces: [],
    matchLabelKeys: [],
    mismatchLabelKeys: [],
    ...more,
  };
}

const preferred = (app: string, topologyKey: string) => podsOf(app, topologyKey, { weight: 50 });

function pod(app: string, more: Partial<PodShape> = {}): PodShape {
  return shape(resources(500, 0.1), { labels: { app }, ...more });
}

function solved(parts: Omit<ProblemParts, 'pools'>): Case {
  const subject = solveCase(OPEN, problemOf({ pools: [pool('any')], ...parts }));
  assert.deepEqual(planViolations(subject), []);
  return subject;
}

/** Apps of each node, equal nodes as often as they are, in the order of their text. */
function nodesOf({ plan, problem }: Case): string[] {
  return plan.nodes
    .flatMap(({ nodeCount, pods }) => {
      const apps = pods.map(({ shapeIndex, count }) => `${problem.shapes[shapeIndex]!.shape.labels.app} ${count}`);
      return Array.from({ length: nodeCount }, () => apps.sort().join(', '));
    })
    .sort();
}

/** Steps that all pods together went down. */
function givenUp(subject: Case): number {
  const steps = stepsGivenUp(subject.problem, settledPods(subject), zonesOnSale(MARKET, subject.problem));
  return steps.reduce((sum, one) => sum + one, 0);
}

describe('no preference is given up', () => {
  test('by one that is apart from its kind, though another of the kind has to be near it or be alone', () => {
    const subject = solved({
      groups: [
        { shape: pod('a', { podAntiAffinity: [preferred('a', ZONE_KEY)] }), count: 1 },
        { shape: pod('a', { podAntiAffinity: [preferred('b', ZONE_KEY)] }), count: 1 },
        { shape: pod('a', { podAffinity: [preferred('a', ZONE_KEY)] }), count: 1 },
      ],
    });
    assert.deepEqual(nodesOf(subject), ['a 1', 'a 1, a 1']);
    assert.equal(givenUp(subject), 0);
  });

  test('by one that could begin a group anywhere, where its mate comes later and is bound to a zone', () => {
    const bound: Partial<PodShape> = {
      podAntiAffinity: [preferred('a', ZONE_KEY)],
      preferredNodeTerms: [{ weight: 1, term: term(requirement(ZONE_KEY, 'In', 'zone-b')) }],
    };
    const subject = solved({
      groups: [
        { shape: pod('b', bound), count: 1 },
        { shape: pod('a', { podAffinity: [preferred('a', ZONE_KEY)] }), count: 2 },
        { shape: pod('b', { podAffinity: [preferred('b', ZONE_KEY)] }), count: 1 },
      ],
    });
    assert.deepEqual(nodesOf(subject), ['a 2', 'b 1, b 1']);
    assert.equal(givenUp(subject), 0);
  });
});

test('of equal pods only those give something up that have to', () => {
  const apart = pod('apart', { podAntiAffinity: [preferred('apart', HOSTNAME_LABEL)] });
  const near = pod('near', { podAffinity: [preferred('apart', HOSTNAME_LABEL), preferred('near', HOSTNAME_LABEL)] });
  const subject = solved({
    groups: [
      { shape: apart, count: 2 },
      { shape: near, count: 2 },
    ],
  });
  assert.equal(givenUp(subject), 0);
});

test('a pod of higher priority is placed before two of lower priority that keep it away', () => {
  const held = (app: string, other: string, priority: number) =>
    pod(app, { priority, podAntiAffinity: [podsOf(other, ZONE_KEY)] });
  const subject = solved({
    groups: [
      { shape: held('high', 'low', 10), count: 1 },
      { shape: { ...held('low', 'high', 0), nodeSelector: { [ZONE_KEY]: 'zone-a' } }, count: 2 },
    ],
  });
  assert.equal(subject.plan.unplaced.length, 0, 'the other zone is left for it');
});
