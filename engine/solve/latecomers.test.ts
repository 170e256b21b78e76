// Pods that the state which a plan comes to would let in: beside the pods of planned nodes, or ahead of others. More than
// eight pods each, so that not every way to place them is looked at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape } from '../model/index.ts';
import type { Case } from '../testing/case.ts';
import { planViolations } from '../testing/checker.ts';
import {
  market,
  openMarket,
  type ProblemParts,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  spreadOver,
  term,
  termOver,
  typeOnSale,
  ZONE_KEY,
} from '../testing/situations.ts';

const OPEN = openMarket(
  market(
    typeOnSale(
      'eight',
      resources(8000, 32),
      ['zone-a', 'zone-b'].map((zone) => ({ zone, priceNanoUsdPerHour: 100 })),
    ),
  ),
);

const near = (app: string) => termOver(ZONE_KEY, app);
const evenly = (app: string) => spreadOver(ZONE_KEY, app);

function pods(app: string, cpuMilli: number, more: Partial<PodShape> = {}): PodShape {
  return shape(resources(cpuMilli, 0.1), { labels: { app }, ...more });
}

/** Pods left out by app. The plan has to pass the checker. */
function leftOut(parts: Omit<ProblemParts, 'pools'> & Partial<Pick<ProblemParts, 'pools'>>): Record<string, number> {
  const subject: Case = solveCase(OPEN, problemOf({ pools: [pool('any')], ...parts }));
  assert.deepEqual(planViolations(subject), []);
  const { plan, problem } = subject;
  return Object.fromEntries(
    plan.unplaced.map(({ shapeIndex, count }) => [problem.shapes[shapeIndex]!.shape.labels.app, count]),
  );
}

test('a pod that gave something up joins a planned node where limits let none be made', () => {
  const preferredNodeTerms = [{ weight: 1, term: term(requirement(ZONE_KEY, 'In', 'zone-z')) }];
  const groups = [
    { shape: pods('a', 500, { podAntiAffinity: [near('c')] }), count: 5 },
    { shape: pods('b', 100, { podAntiAffinity: [near('c')], preferredNodeTerms }), count: 5 },
  ];
  assert.deepEqual(leftOut({ pools: [pool('any', { limits: { nodes: 1 } })], groups }), {});
});

/** Pods of `a` bound to one zone; those of `x` look for them there and bear no two of them beside a zone without any. */
const aheadOf = (priority: number) => [
  {
    shape: pods('a', 500, { priority, nodeSelector: { [ZONE_KEY]: 'zone-a' }, podAntiAffinity: [near('c')] }),
    count: 5,
  },
  { shape: pods('x', 100, { topologySpread: [evenly('a')], podAffinity: [near('a')] }), count: 5 },
];

test('pods come ahead of those that they spread beside, as soon as there is one that they must be near', () => {
  assert.deepEqual(leftOut({ groups: aheadOf(0) }), {});
});

test('they do not come ahead of pods of a higher priority', () => {
  assert.deepEqual(leftOut({ groups: aheadOf(10) }), { x: 5 });
});
