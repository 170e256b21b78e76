// Named situations with their plans as text, for people to read: goldens/NAME.txt. UPDATE_GOLDEN=1 writes them again;
// review the diff. Every plan also passes the checker, so a golden can't make a wrong plan the expected one.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { planViolations } from './checker.ts';
import type { Market } from './market.ts';
import { renderPlan } from './render.ts';
import {
  ARCH_KEY,
  CAPACITY_TYPE_KEY,
  daemonSet,
  GPU,
  market,
  milliDollars,
  node,
  openMarket,
  type ProblemParts,
  pool,
  problemOf,
  requirement,
  resources,
  type Sale,
  shape,
  solveCase,
  TYPE_KEY,
  taint,
  term,
  tolerateAll,
  typeOnSale,
  ZONE_KEY,
} from './situations.ts';

const FOLDER = new URL('goldens/', import.meta.url);

const at = (price: number, more: Sale = {}): Sale => ({ ...more, priceNanoUsdPerHour: milliDollars(price) });
const TEAM_KEY = 'example.com/team';

/** Two sizes, on demand and spot, in two zones. */
const PLAIN = market(
  typeOnSale('small', resources(2000, 8), [at(100), at(100, { zone: 'zone-b' }), at(35, { capacityType: 'spot' })], {
    overhead: resources(70, 0.5),
  }),
  typeOnSale('large', resources(8000, 32), [at(400), at(160, { capacityType: 'spot', zone: 'zone-b' })], {
    overhead: resources(110, 1),
  }),
);
const ON_DEMAND = requirement(CAPACITY_TYPE_KEY, 'In', 'on-demand');
const web = shape(resources(900, 2));

/** Two middling types, and one that is large and cheap for its size. */
const VARIED = market(
  typeOnSale('middle', resources(4000, 16), [at(200)]),
  typeOnSale('medium', resources(4000, 16), [at(205), at(90, { capacityType: 'spot' })]),
  typeOnSale('large', resources(8000, 32), [at(300)]),
);

const SITUATIONS: {
  readonly name: string;
  readonly why: string;
  readonly market: Market;
  readonly parts: ProblemParts;
}[] = [
  {
    name: 'weights-with-fallback',
    why: 'The heavier pool takes what it may; GPU pods fall back to the lighter one.',
    market: market(
      ...[typeOnSale('plain', resources(4000, 16), [at(200)])],
      typeOnSale('gpu', resources(4000, 16, { [GPU]: 1 }), [at(500)]),
    ),
    parts: {
      pools: [
        pool('spare', { weight: 1 }),
        pool('first', { weight: 100, requirements: [requirement('node.kubernetes.io/instance-type', 'In', 'plain')] }),
      ],
      groups: [
        { shape: web, count: 3 },
        { shape: shape(resources(500, 1, { [GPU]: 1 })), count: 1 },
      ],
    },
  },
  {
    name: 'limits-that-bind',
    why: 'Four cores in all, two of them in use: one small node more, the rest stays out.',
    market: PLAIN,
    parts: {
      pools: [pool('capped', { limits: { cpu: 4000 }, requirements: [ON_DEMAND] })],
      groups: [{ shape: web, count: 5 }],
      nodes: [
        node('running', resources(2000, 8), {
          labels: { 'karpenter.sh/nodepool': 'capped' },
          pods: [{ shape: shape(resources(1900, 4)), count: 1 }],
        }),
      ],
    },
  },
  {
    name: 'taints',
    why: 'Only pods that tolerate the taint use the dedicated pool; a startup taint keeps nobody away.',
    market: PLAIN,
    parts: {
      pools: [
        pool('dedicated', { weight: 10, taints: [taint('dedicated', 'NoSchedule', 'ml')], requirements: [ON_DEMAND] }),
        pool('general', { startupTaints: [taint('cilium')], requirements: [ON_DEMAND] }),
      ],
      groups: [
        { shape: web, count: 1 },
        {
          shape: shape(resources(1000, 2), {
            tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'ml', effect: 'NoSchedule' }],
          }),
          count: 1,
        },
      ],
    },
  },
  {
    name: 'custom-label-exists',
    why: 'The pool leaves the team open: each team that asks gets nodes of its own, others join any.',
    market: PLAIN,
    parts: {
      pools: [pool('teams', { requirements: [requirement(TEAM_KEY, 'Exists'), ON_DEMAND] })],
      groups: [
        { shape: shape(resources(1000, 2), { nodeSelector: { [TEAM_KEY]: 'red' } }), count: 1 },
        { shape: shape(resources(1100, 2), { nodeSelector: { [TEAM_KEY]: 'blue' } }), count: 1 },
        { shape: shape(resources(500, 1)), count: 1 },
      ],
    },
  },
  {
    name: 'or-terms',
    why: 'Either zone b, or arm64 anywhere: the cheaper branch is taken.',
    market: market(
      typeOnSale('intel', resources(2000, 8), [at(100), at(90, { zone: 'zone-b' })]),
      typeOnSale('graviton', resources(2000, 8), [at(80)], { labels: { [ARCH_KEY]: 'arm64' } }),
    ),
    parts: {
      pools: [pool('any')],
      groups: [
        {
          shape: shape(resources(900, 2), {
            requiredNodeTerms: [
              term(requirement(ZONE_KEY, 'In', 'zone-b')),
              term(requirement(ARCH_KEY, 'In', 'arm64')),
              term(),
            ],
          }),
          count: 2,
        },
      ],
    },
  },
  {
    name: 'gpu',
    why: 'Pods without GPU stay off GPU nodes, where that is cheaper.',
    market: market(
      typeOnSale('plain', resources(4000, 16), [at(200)]),
      typeOnSale('one-gpu', resources(4000, 16, { [GPU]: 1 }), [at(500)]),
      typeOnSale('four-gpus', resources(16_000, 64, { [GPU]: 4 }), [at(2100)]),
    ),
    parts: {
      pools: [pool('any')],
      groups: [
        { shape: shape(resources(3500, 4, { [GPU]: 1 })), count: 3 },
        { shape: shape(resources(2000, 4)), count: 4 },
      ],
    },
  },
  {
    name: 'arm-and-amd',
    why: 'A pod bound to amd64 and one to arm64 need a node each; one that takes both joins either.',
    market: market(
      typeOnSale('intel', resources(2000, 8), [at(100)]),
      typeOnSale('graviton', resources(2000, 8), [at(80)], { labels: { [ARCH_KEY]: 'arm64' } }),
    ),
    parts: {
      pools: [pool('any', { requirements: [requirement(ARCH_KEY, 'In', 'amd64', 'arm64')] })],
      groups: [
        { shape: shape(resources(1000, 2), { nodeSelector: { [ARCH_KEY]: 'amd64' } }), count: 1 },
        { shape: shape(resources(1200, 2), { nodeSelector: { [ARCH_KEY]: 'arm64' } }), count: 1 },
        { shape: shape(resources(600, 2)), count: 1 },
      ],
    },
  },
  {
    name: 'spot-and-on-demand',
    why: 'What must be on demand does not bind the rest, which runs on spot.',
    market: PLAIN,
    parts: {
      pools: [pool('both')],
      groups: [
        { shape: web, count: 8 },
        { shape: shape(resources(900, 3), { nodeSelector: { [CAPACITY_TYPE_KEY]: 'on-demand' } }), count: 1 },
      ],
    },
  },
  {
    name: 'existing-node',
    why: 'Free room is used first; a cordoned node and one that is deleted take nothing.',
    market: PLAIN,
    parts: {
      pools: [pool('any', { requirements: [ON_DEMAND] })],
      groups: [{ shape: web, count: 3 }],
      nodes: [
        node('half-full', resources(4000, 16), { pods: [{ shape: shape(resources(2000, 4)), count: 1 }] }),
        node('cordoned', resources(4000, 16), { unschedulable: true }),
        node('leaving', resources(4000, 16), { deleting: true }),
      ],
    },
  },
  {
    name: 'in-flight-with-startup-taints',
    why: 'Capacity on its way counts, its startup and ephemeral taints do not; on a ready node they would.',
    market: PLAIN,
    parts: {
      pools: [pool('any', { requirements: [ON_DEMAND] })],
      groups: [{ shape: web, count: 4 }],
      nodes: (['in-flight', 'ready'] as const).map((stage) =>
        node(`${stage}-node`, resources(2000, 8), {
          stage,
          taints: [taint('cilium', 'NoExecute'), taint('node.kubernetes.io/not-ready')],
          startupTaints: [taint('cilium', 'NoExecute')],
        }),
      ),
    },
  },
  {
    name: 'daemonset-on-some-types',
    why: 'The GPU agent takes its share on GPU nodes only, the log agent everywhere.',
    market: market(
      typeOnSale('plain', resources(2000, 8), [at(100)]),
      typeOnSale('gpu', resources(2000, 8, { [GPU]: 1 }), [at(90)], { labels: { accelerated: 'true' } }),
    ),
    parts: {
      pools: [pool('any')],
      groups: [{ shape: shape(resources(1500, 2)), count: 1 }],
      daemonSets: [
        daemonSet('logs', shape(resources(100, 0.25))),
        daemonSet('gpu-agent', shape(resources(500, 0.5), { nodeSelector: { accelerated: 'true' } })),
      ],
    },
  },
  {
    name: 'no-price',
    why: 'The only type large enough has no price, its other offering is not available.',
    market: market(
      typeOnSale('small', resources(1000, 4), [at(50)]),
      typeOnSale('large', resources(8000, 32), [{}, at(300, { zone: 'zone-b', available: false })]),
    ),
    parts: { pools: [pool('any')], groups: [{ shape: shape(resources(3000, 4)), count: 2 }] },
  },
  {
    name: 'all-too-large',
    why: 'No type holds the pod, daemonsets counted.',
    market: PLAIN,
    parts: {
      pools: [pool('any')],
      groups: [{ shape: shape(resources(7850, 4)), count: 1 }],
      daemonSets: [daemonSet('logs', shape(resources(100, 0.25)))],
    },
  },
  {
    name: 'contradictory-selectors',
    why: 'Conditions that exclude each other, the pool, or everything on sale: three different reasons.',
    market: PLAIN,
    parts: {
      pools: [pool('on-demand', { requirements: [ON_DEMAND] })],
      groups: [
        {
          shape: shape(resources(100, 1), {
            nodeSelector: { [ZONE_KEY]: 'zone-a' },
            requiredNodeTerms: [term(requirement(ZONE_KEY, 'NotIn', 'zone-a'))],
          }),
          count: 1,
        },
        { shape: shape(resources(200, 1), { nodeSelector: { [CAPACITY_TYPE_KEY]: 'spot' } }), count: 1 },
        { shape: shape(resources(300, 1), { nodeSelector: { disk: 'nvme' } }), count: 1 },
      ],
    },
  },
  {
    name: 'prefer-no-schedule',
    why: 'Pods keep off the soft taint while another pool takes them, and bear it when none does.',
    market: market(
      typeOnSale('plain', resources(2000, 8), [at(100)]),
      typeOnSale('gpu', resources(2000, 8, { [GPU]: 1 }), [at(300)]),
    ),
    parts: {
      pools: [
        pool('soft', { weight: 10, taints: [taint('gpu', 'PreferNoSchedule')] }),
        pool('bare', { requirements: [requirement('node.kubernetes.io/instance-type', 'In', 'plain')] }),
      ],
      groups: [
        { shape: shape(resources(1000, 2)), count: 1 },
        { shape: shape(resources(1100, 2), { tolerations: [tolerateAll('gpu')] }), count: 1 },
        { shape: shape(resources(1200, 2, { [GPU]: 1 })), count: 1 },
      ],
    },
  },
];

SITUATIONS.push(
  {
    name: 'min-values-strict',
    why: 'Nodes are as large as three types are; what only the largest holds is left out with the numbers.',
    market: VARIED,
    parts: {
      pools: [pool('varied', { requirements: [{ ...requirement(TYPE_KEY, 'Exists'), minValues: 3 }] })],
      groups: [
        { shape: web, count: 8 },
        { shape: shape(resources(6000, 8)), count: 1 },
      ],
    },
  },
  {
    name: 'min-values-best-effort',
    why: 'The same with BestEffort: what only the largest holds gets a node that says what is left.',
    market: VARIED,
    parts: {
      minValuesPolicy: 'best-effort',
      pools: [pool('varied', { requirements: [{ ...requirement(TYPE_KEY, 'Exists'), minValues: 3 }] })],
      groups: [
        { shape: web, count: 8 },
        { shape: shape(resources(6000, 8)), count: 1 },
      ],
    },
  },
);

SITUATIONS.push({
  name: 'reserved-capacity',
  why: 'Free instances of the reservation come first, the rest is bought; who may only be reserved and comes too late is told.',
  market: market(
    typeOnSale('plain', resources(4000, 16), [
      at(200),
      at(80, { capacityType: 'spot' }),
      at(200, { capacityType: 'reserved', reservationId: 'cr-1', freeCount: 2 }),
      at(200, { capacityType: 'reserved', reservationId: 'cr-2', freeCount: 1, zone: 'zone-b' }),
    ]),
  ),
  parts: {
    pools: [pool('any')],
    groups: [
      { shape: shape(resources(2000, 4)), count: 8 },
      { shape: shape(resources(3000, 4), { nodeSelector: { [CAPACITY_TYPE_KEY]: 'reserved' } }), count: 4 },
    ],
  },
});

for (const { name, why, market: sold, parts } of SITUATIONS) {
  test(`golden ${name}: ${why}`, () => {
    const subject = solveCase(openMarket(sold), problemOf(parts));
    assert.deepEqual(planViolations(subject), []);
    const text = `# ${why}\n${renderPlan(subject)}`;
    const file = new URL(`${name}.txt`, FOLDER);
    if (process.env.UPDATE_GOLDEN === '1') {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, text);
    }
    assert.ok(existsSync(file), `there is no golden ${name}: write it with UPDATE_GOLDEN=1`);
    assert.equal(text, readFileSync(file, 'utf8'));
  });
}

test('every golden belongs to a situation', () => {
  const files = readdirSync(FOLDER).sort();
  assert.deepEqual(files, SITUATIONS.map(({ name }) => `${name}.txt`).sort());
});
