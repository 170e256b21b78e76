// Plans made cheaper keep what holds them together: pods beside their mates, spreads counted from the least full host, claims
// that are attached once, reservations that there are only so many of. Over situations in which cheaper nodes are there to
// be had; what holds for every plan is in engine/testing/efforts.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CompiledProblem } from '../compile/index.ts';
import type { EnginePlan, PodShape, TopologySpreadInput } from '../model/index.ts';
import { Budget } from '../pack/index.ts';
import { planViolations } from '../testing/checker.ts';
import {
  caseOf,
  market,
  milliDollars,
  node,
  type OpenMarket,
  openMarket,
  type ProblemParts,
  pool,
  problemOf,
  requirement,
  resources,
  type Sale,
  shape,
  solveCase,
  term,
  typeOnSale,
} from '../testing/situations.ts';
import { HOSTNAME_LABEL } from '../topology/index.ts';
import { type Attempt, attemptPlacement } from './attempt.ts';
import { improveAttempt } from './improving.ts';
import { writePlan } from './plan-writer.ts';

/** Nodes of two, four and eight cores at prices that favour now the small ones, now the large ones. */
const prices = fc.tuple(
  fc.integer({ min: 40, max: 60 }),
  fc.integer({ min: 80, max: 120 }),
  fc.integer({ min: 140, max: 240 }),
);

function marketOf(
  [two, four, eight]: readonly [number, number, number],
  more: { readonly attachments?: number; readonly reserved?: readonly Sale[] } = {},
): OpenMarket {
  const { attachments, reserved = [] } = more;
  const type = (name: string, cpuMilli: number, price: number) =>
    typeOnSale(
      name,
      {
        ...resources(cpuMilli, cpuMilli / 250),
        ...(attachments === undefined ? {} : { [`attachable-volumes-${DRIVER}`]: attachments }),
      },
      [{ priceNanoUsdPerHour: milliDollars(price) }, ...reserved.filter(({ reservationId }) => reservationId === name)],
    );
  return openMarket(market(type('two', 2000, two), type('four', 4000, four), type('eight', 8000, eight)));
}

const DRIVER = 'csi.example.com';

const selecting = (app: string) => ({ matchLabels: { app }, matchExpressions: [] });

function pod(app: string, cpuMilli: number, more: Partial<PodShape> = {}): PodShape {
  return shape(resources(cpuMilli, 0.1), { labels: { app }, ...more });
}

/** Plain pods of several sizes, to be mixed with those that a test is about. */
const plainPods = fc
  .array(fc.tuple(fc.integer({ min: 3, max: 14 }), fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 4 })
  .map((sizes) => sizes.map(([tenths, count], index) => ({ shape: pod(`plain-${index}`, tenths * 100), count })));

/** Solves at BALANCED and at FAST; both plans have to pass the checker. Whether the first is cheaper. */
function isImproved(open: OpenMarket, parts: ProblemParts): boolean {
  const [balanced, fast] = (['balanced', 'fast'] as const).map((effort) => {
    const subject = solveCase(open, problemOf({ ...parts, effort }));
    assert.deepEqual(planViolations(subject), []);
    return subject.plan;
  });
  assert.deepEqual(
    balanced!.unplaced.map(({ count }) => count),
    fast!.unplaced.map(({ count }) => count),
  );
  assert.ok(balanced!.totalPriceNanoUsdPerHour <= fast!.totalPriceNanoUsdPerHour);
  return balanced!.totalPriceNanoUsdPerHour < fast!.totalPriceNanoUsdPerHour;
}

const NOWHERE = { weight: 1, term: term(requirement('topology.kubernetes.io/zone', 'In', 'nowhere')) };

/** Runs a property so often, and asserts that enough of its plans were improved. */
function improves(numRuns: number, least: number, situations: fc.Arbitrary<[OpenMarket, ProblemParts]>): void {
  let improved = 0;
  fc.assert(
    fc.property(situations, ([open, parts]) => {
      if (isImproved(open, parts)) improved += 1;
    }),
    { numRuns, seed: 20_261_220 },
  );
  assert.ok(improved >= least, `only ${improved} of ${numRuns} plans were improved`);
}

test('pods that must be on the host of others stay there', () => {
  const beside = (app: string) => ({
    topologyKey: HOSTNAME_LABEL,
    labelSelector: selecting(app),
    namespaces: [],
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  });
  const port = { hostIp: '', port: 80, protocol: 'TCP' } as const;
  improves(
    150,
    5,
    fc
      .tuple(prices, plainPods, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 9 }), fc.boolean())
      .map(([drawn, plain, leaders, followers, apart]) => [
        marketOf(drawn),
        {
          pools: [pool('any')],
          groups: [
            ...plain,
            { shape: pod('leader', 700, { hostPorts: apart ? [port] : [] }), count: leaders },
            { shape: pod('follower', 400, { podAffinity: [beside('leader')] }), count: followers },
            // They come once the leaders have nodes: no node is what they prefer.
            {
              shape: pod('late', 300, { podAffinity: [beside('leader')], preferredNodeTerms: [NOWHERE] }),
              count: followers,
            },
          ],
        },
      ]),
  );
});

test('spreads that count from the least full host still do', () => {
  const spread: TopologySpreadInput = {
    topologyKey: HOSTNAME_LABEL,
    maxSkew: 2,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: selecting('web'),
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    matchLabelKeys: [],
  };
  improves(
    200,
    20,
    fc
      .tuple(prices, plainPods, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }))
      .map(([drawn, plain, webs, nodes]) => [
        marketOf(drawn),
        {
          pools: [pool('any', { limits: { nodes } })],
          nodes: [node('there', resources(4000, 16))],
          groups: [...plain, { shape: pod('web', 300, { topologySpread: [spread] }), count: webs }],
        },
      ]),
  );
});

test('volumes fit the attachments of their nodes, those that pods share once a node', () => {
  const volume = (sharedClaim?: string) => ({
    claimName: sharedClaim ?? '*',
    driver: DRIVER,
    nodeTerms: [],
    ...(sharedClaim === undefined ? {} : { sharedClaim }),
  });
  improves(
    150,
    20,
    fc
      .tuple(
        prices,
        plainPods,
        fc.integer({ min: 2, max: 5 }),
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 3, maxLength: 3 }),
      )
      .map(([drawn, plain, attachments, counts]) => [
        marketOf(drawn, { attachments }),
        {
          pools: [pool('any')],
          groups: [
            ...plain,
            { shape: pod('own', 500, { volumes: [volume()] }), count: counts[0]! },
            { shape: pod('shared', 300, { volumes: [volume('data')] }), count: counts[1]! },
            { shape: pod('both', 200, { volumes: [volume('data'), volume('logs'), volume()] }), count: counts[2]! },
          ],
        },
      ]),
  );
});

test('reservations are used by no more nodes than they have instances, over pools of several weights', () => {
  improves(
    200,
    4,
    fc
      .tuple(
        prices,
        plainPods,
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 30 }),
      )
      .map(([drawn, plain, fours, eights, cpu]) => {
        const cr = (reservationId: string, freeCount: number): Sale => ({
          capacityType: 'reserved',
          reservationId,
          reservationKind: 'default',
          freeCount,
          priceNanoUsdPerHour: milliDollars(100),
        });
        return [
          marketOf(drawn, { reserved: [cr('four', fours), cr('eight', eights)] }),
          { pools: [pool('heavy', { weight: 10, limits: { cpu: cpu * 1000 } }), pool('light')], groups: plain },
        ];
      }),
  );
});

test('workloads with rules of their own keep them where packing does not know their rules, and cost no more', () => {
  const spread = (app: string, maxSkew: number): TopologySpreadInput => ({
    topologyKey: HOSTNAME_LABEL,
    maxSkew,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: selecting(app),
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    matchLabelKeys: [],
  });
  const workload = fc.tuple(
    fc.constantFrom(200, 500, 900),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 3 }),
  );
  let improved = 0;
  fc.assert(
    fc.property(prices, plainPods, fc.array(workload, { minLength: 3, maxLength: 8 }), (drawn, plain, workloads) => {
      const open = marketOf(drawn);
      const groups = workloads.map(([cpuMilli, count, maxSkew], index) => ({
        shape: pod(`app-${index}`, cpuMilli, { topologySpread: [spread(`app-${index}`, maxSkew)] }),
        count,
      }));
      const problem = problemOf({ pools: [pool('any')], groups: [...plain, ...groups], effort: 'balanced' });
      const compiled = new CompiledProblem(open.catalogue, open.prices, problem);
      const budget = new Budget(undefined, undefined);
      const first = attemptPlacement(compiled, budget, [compiled.shapes]);
      const plan = (attempt: Attempt): EnginePlan => writePlan(compiled, { ...attempt, budget, cutPlacing: false });
      const dealt = plan(improveAttempt(compiled, first, budget, { fewKinds: 2 }));
      assert.deepEqual(planViolations(caseOf(open, problem, dealt)), []);
      const before = plan(first).totalPriceNanoUsdPerHour;
      assert.ok(dealt.totalPriceNanoUsdPerHour <= before);
      if (dealt.totalPriceNanoUsdPerHour < before) improved += 1;
    }),
    { numRuns: 100, seed: 20_261_221 },
  );
  assert.ok(improved > 0, 'none was improved');
});
