// The checker's own canaries: for each of its rules a plan that was valid until it was broken on purpose. A rule that
// misses its canary would let every plan pass.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnginePlan, Problem } from '../index.ts';
import type { Case } from './case.ts';
import { planViolations } from './checker.ts';
import type { Market } from './market.ts';
import {
  ARCH_KEY,
  caseOf,
  daemonSet,
  GPU,
  market,
  node,
  openMarket,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  taint,
  term,
  tolerateAll,
  typeOnSale,
  ZONE_KEY,
} from './situations.ts';

const MARKET = market(
  typeOnSale('small', resources(2000, 8), [
    { priceNanoUsdPerHour: 100, capacityType: 'spot' },
    { priceNanoUsdPerHour: 200 },
    { priceNanoUsdPerHour: 150, zone: 'zone-b' },
    { priceNanoUsdPerHour: 10, zone: 'zone-c', available: false },
    { zone: 'zone-d' },
  ]),
  typeOnSale('large', resources(8000, 32), [{ priceNanoUsdPerHour: 500 }]),
  typeOnSale('graviton', resources(2000, 8), [{ priceNanoUsdPerHour: 90 }], { labels: { [ARCH_KEY]: 'arm64' } }),
);

const AMD = { nodeSelector: { [ARCH_KEY]: 'amd64' } };

/** Two shapes on new nodes, one on an existing node, one that nothing holds. */
const PARTS = {
  pools: [
    pool('main', {
      requirements: [requirement('example.com/team', 'In', 'red', 'blue')],
      labels: { env: 'prod' },
    }),
  ],
  groups: [
    { shape: shape(resources(1500, 1), AMD), count: 3 },
    {
      shape: shape(resources(300, 4), { nodeSelector: { ...AMD.nodeSelector, 'example.com/team': 'red' } }),
      count: 1,
    },
    { shape: shape(resources(700, 1), { nodeSelector: { disk: 'local' } }), count: 1 },
    { shape: shape(resources(64_000, 1)), count: 2 },
  ],
  daemonSets: [daemonSet('agent', shape(resources(100, 0.5)))],
  nodes: [node('old', resources(1000, 4), { labels: { disk: 'local' } })],
};

type Mutable<T> = T extends Uint32Array | Float64Array | Uint8Array ? T : { -readonly [K in keyof T]: Mutable<T[K]> };

/** A value that a draft may hold. */
const loose = <T>(value: T): Mutable<T> => value as Mutable<T>;

interface Draft {
  plan: Mutable<EnginePlan>;
  problem: Mutable<Problem>;
  market: Mutable<Market>;
}

function solved(parts: Parameters<typeof problemOf>[0], sold: Market = MARKET): Case {
  return solveCase(openMarket(sold), problemOf(parts));
}

/** The violations of a solved case after a change to a copy of it. */
function afterwards(subject: Case, change: (draft: Draft) => void): string[] {
  const { plan, problem, market: sold } = subject;
  const draft = structuredClone({ plan, problem, market: sold }) as Draft;
  change(draft);
  return planViolations({ ...subject, ...(draft as { plan: EnginePlan; problem: Problem; market: Market }) });
}

const planned = (draft: Draft, at = 0) => draft.plan.nodes[at] ?? assert.fail('the case has no such nodes');
const existing = (draft: Draft) => draft.plan.existing[0] ?? assert.fail('the case uses no existing node');
const leftOut = (draft: Draft) => draft.plan.unplaced[0] ?? assert.fail('the case leaves nothing out');
const onlyPool = (draft: Draft) => draft.problem.pools[0] ?? assert.fail('the case has no pool');
const oldNode = (draft: Draft) => draft.problem.nodes[0] ?? assert.fail('the case has no node');
const firstRow = (draft: Draft) => draft.plan.offeringLists[planned(draft).offeringListIndex]?.[0] ?? 0;

/** The shape of the first pod on the first new nodes. */
function firstShape(draft: Draft) {
  const at = planned(draft).pods[0]?.shapeIndex ?? -1;
  return draft.problem.shapes[at]?.shape ?? assert.fail('the first new nodes hold no pod');
}

/** State of the offering that the first new nodes are planned as. */
function headState(draft: Draft, subject: Case) {
  const [typeName, zone, capacityType] =
    subject.identityAt(draft.plan.offerings.offeringIndex[firstRow(draft)] ?? -1)?.split('|') ?? [];
  const typeIndex = draft.market.catalogue.types.findIndex((type) => type.name === typeName);
  const at = draft.market.catalogue.types[typeIndex]?.offerings.findIndex(
    (offering) => offering.zone === zone && offering.capacityType === capacityType,
  );
  return draft.market.states[typeIndex]?.[at ?? -1] ?? assert.fail('the head is not of the market');
}

const BASE = solved(PARTS);

test('the plan that the canaries break is valid and has new nodes, an existing node and pods left out', () => {
  assert.deepEqual(planViolations(BASE), []);
  assert.ok(BASE.plan.nodes.length > 0 && BASE.plan.existing.length > 0 && BASE.plan.unplaced.length > 0);
});

/** [the rule that must speak, what is broken, how]. */
const CANARIES: readonly (readonly [string, string, (draft: Draft) => void])[] = [
  ['structure', 'a list that names no row', (d) => d.plan.offeringLists.push(new Uint32Array([99]))],
  ['structure', 'an empty list', (d) => d.plan.offeringLists.push(new Uint32Array())],
  ['structure', 'two equal lists', (d) => d.plan.offeringLists.push(d.plan.offeringLists[0] ?? new Uint32Array())],
  ['structure', 'a row without an offering', (d) => d.plan.offerings.offeringIndex.fill(4711)],
  ['structure', 'a list that no node uses', (d) => d.plan.offeringLists.push(new Uint32Array([0]))],
  ['structure', 'zero nodes', (d) => (planned(d).nodeCount = 0)],
  ['structure', 'nodes without pods', (d) => (planned(d).pods = [])],
  ['structure', 'a shape twice on a node', (d) => planned(d).pods.push(...structuredClone(planned(d).pods))],
  ['structure', 'an unknown pool', (d) => (planned(d).poolIndex = 7)],
  ['structure', 'an unknown shape', (d) => (leftOut(d).shapeIndex = 99)],
  ['structure', 'an existing node twice', (d) => d.plan.existing.push(structuredClone(existing(d)))],
  ['count', 'a pod lost', (d) => (leftOut(d).count -= 1)],
  ['count', 'a pod placed twice', (d) => (planned(d).nodeCount += 1)],
  ['list-price', 'a price that is not the offering’s', (d) => (d.plan.offerings.priceNanoUsdPerHour[firstRow(d)] = 1)],
  [
    'list-order',
    'a list in the wrong order',
    (d) => d.plan.offeringLists.find((list) => list.length > 1)?.reverse() ?? assert.fail('every list has one entry'),
  ],
  ['head-price', 'a node at another price than its first offering', (d) => (planned(d).priceNanoUsdPerHour += 1)],
  ['total-price', 'a wrong total', (d) => (d.plan.totalPriceNanoUsdPerHour += 1)],
  ['available', 'an offering that is not available', (d) => (headState(d, BASE).available = false)],
  ['price-known', 'an offering without a price', (d) => delete headState(d, BASE).priceNanoUsdPerHour],
  [
    'pool-requirements',
    'an offering that the pool excludes',
    (d) => onlyPool(d).requirements.push(loose(requirement(ZONE_KEY, 'In', 'zone-x'))),
  ],
  ['selector', 'a node selector that does not hold', (d) => (firstShape(d).nodeSelector = { [ARCH_KEY]: 'arm64' })],
  ['selector', 'a term without conditions', (d) => (firstShape(d).requiredNodeTerms = [loose(term())])],
  [
    'selector',
    'a number that is not greater',
    (d) => (firstShape(d).requiredNodeTerms = [loose(term(requirement(ARCH_KEY, 'Gt', '1')))]),
  ],
  ['taint', 'a taint that is not tolerated', (d) => onlyPool(d).taints.push(taint('dedicated'))],
  ['taint', 'a NoExecute taint', (d) => onlyPool(d).taints.push(taint('dedicated', 'NoExecute'))],
  ['room', 'too large a pod', (d) => (firstShape(d).requests = resources(1950, 1, { pods: 1 }))],
  ['room', 'a resource that no type has', (d) => (firstShape(d).requests = resources(1, 0, { [GPU]: 1, pods: 1 }))],
  [
    'room',
    'a daemonset that leaves no room',
    (d) => d.problem.daemonSets.push(loose(daemonSet('more', shape(resources(600, 0))))),
  ],
  [
    'room',
    'a daemonset that leaves less than nothing of what no pod asks for',
    (d) => d.problem.daemonSets.push(loose(daemonSet('more', shape({ [GPU]: 1 })))),
  ],
  ['fixed-label', 'a value against the pool', (d) => (planned(d).labels = { 'example.com/team': 'green' })],
  ['fixed-label', 'a label that is not open', (d) => (planned(d).labels = { 'example.com/other': 'x' })],
  ['fixed-label', 'another value than the type’s', (d) => (planned(d).labels = { [ARCH_KEY]: 'riscv' })],
  ['stated-requests', 'requests that are not the pods’', (d) => (planned(d).requests = {})],
  ['stated-daemons', 'daemonsets not counted', (d) => (planned(d).daemonOverhead = {})],
  ['stated-allocatable', 'another allocatable', (d) => (planned(d).allocatable = {})],
  ['limit', 'more nodes than allowed', (d) => (onlyPool(d).limits = { nodes: 0 })],
  ['limit', 'more cpu than allowed', (d) => (onlyPool(d).limits = { cpu: 100 })],
  ['existing-taint', 'pods on a cordoned node', (d) => (oldNode(d).unschedulable = true)],
  ['existing-closed', 'pods on a node that is deleted', (d) => (oldNode(d).deleting = true)],
  ['existing-selector', 'a node without the label', (d) => (oldNode(d).labels = {})],
  ['existing-taint', 'a tainted node', (d) => oldNode(d).taints.push(taint('dedicated'))],
  [
    'existing-taint',
    'a startup taint that a ready node still has',
    (d) => Object.assign(oldNode(d), { taints: [taint('startup')], startupTaints: [taint('startup')] }),
  ],
  [
    'existing-room',
    'running pods that leave no room',
    (d) => oldNode(d).pods.push({ shape: loose(shape(resources(300, 0))), count: 1 }),
  ],
  ['existing-room', 'a full node', (d) => (oldNode(d).allocatable = resources(1000, 4, { pods: 1 }))],
  [
    'existing-room',
    'a daemonset pod that is still missing',
    (d) => d.problem.daemonSets.push(loose(daemonSet('more', shape(resources(300, 0))))),
  ],
  ['reasons', 'no reason', (d) => (leftOut(d).reasons = [])],
  [
    'reasons',
    'a reason that is not true',
    (d) => (leftOut(d).reasons = [{ poolIndex: 0, code: 'limit-reached', message: 'full', field: '' }]),
  ],
  [
    'reasons',
    'a pod said to be unsupported that is not',
    (d) => (leftOut(d).reasons = [{ code: 'unsupported', message: 'no', field: '' }]),
  ],
];

for (const [rule, what, change] of CANARIES) {
  test(`the checker sees ${what} (${rule})`, () => {
    const found = afterwards(BASE, change);
    assert.ok(
      found.some((violation) => violation.startsWith(`${rule}:`)),
      `found only ${JSON.stringify(found)}`,
    );
  });
}

const ONE_POD = [{ shape: shape(resources(1000, 1)), count: 1 }];
const swapPools = (d: Draft) => (planned(d).poolIndex = 1 - planned(d).poolIndex);

/** The same for rules that need more than one pool, or a pod left out on purpose: [rule, what, parts, how]. */
const SITUATED: readonly (readonly [string, string, Parameters<typeof problemOf>[0], (draft: Draft) => void])[] = [
  [
    'weight',
    'a pod on a lighter pool than need be',
    { pools: [pool('light'), pool('heavy', { weight: 10 })], groups: ONE_POD },
    swapPools,
  ],
  [
    'soft-taint',
    'a soft taint ignored without need',
    { pools: [pool('soft', { taints: [taint('x', 'PreferNoSchedule')] }), pool('bare')], groups: ONE_POD },
    swapPools,
  ],
  [
    'existing-soft-taint',
    'a soft taint of a node ignored without need',
    { pools: [pool('bare')], groups: ONE_POD, nodes: [node('soft', resources(2000, 8))] },
    (d) => oldNode(d).taints.push(taint('x', 'PreferNoSchedule')),
  ],
  [
    'cheapest',
    'a first offering that is not the cheapest',
    { pools: [pool('any')], groups: ONE_POD },
    (d) => {
      const list = d.plan.offeringLists[0] ?? assert.fail('no list');
      d.plan.offeringLists[0] = list.slice(1);
      const columns = d.plan.offerings;
      const row = list[1] ?? assert.fail('one offering only');
      planned(d).priceNanoUsdPerHour = columns.priceNanoUsdPerHour[row] ?? 0;
      d.plan.totalPriceNanoUsdPerHour = planned(d).priceNanoUsdPerHour;
      // The row that nothing names any more goes, and the others move up.
      const gone = list[0] ?? 0;
      const keep = (_: number, at: number) => at !== gone;
      columns.offeringIndex = columns.offeringIndex.filter(keep);
      columns.priceNanoUsdPerHour = columns.priceNanoUsdPerHour.filter(keep);
      columns.priceSource = columns.priceSource.filter(keep);
      d.plan.offeringLists[0] = list.slice(1).map((one) => (one > gone ? one - 1 : one));
    },
  ],
  ['unplaced-placeable', 'a pod left out that a pool would take', { pools: [pool('any')], groups: ONE_POD }, leaveOut],
  [
    'unplaced-under-limit',
    'a pod left out below the limits',
    { pools: [pool('any', { limits: { nodes: 1 } })], groups: ONE_POD },
    leaveOut,
  ],
  [
    'unplaced-joins',
    'a pod left out beside a node with room',
    {
      pools: [pool('any', { limits: { nodes: 1 } })],
      groups: [{ shape: shape(resources(100, 1)), count: 2 }],
    },
    (d) => {
      planned(d).pods = [{ shapeIndex: 0, count: 1 }];
      planned(d).requests = resources(100, 1, { pods: 1 });
      d.plan.unplaced = [leftOutFor('limit-reached')];
    },
  ],
  [
    'priority',
    'a pod of higher priority left out for one of lower',
    {
      pools: [pool('any', { limits: { nodes: 1 }, requirements: [requirement(ARCH_KEY, 'In', 'arm64')] })],
      groups: [
        { shape: shape(resources(1500, 1)), count: 1 },
        { shape: shape(resources(1400, 1), { priority: 10 }), count: 1 },
      ],
    },
    (d) => {
      const low = d.problem.shapes.findIndex((one) => one.shape.priority === 0);
      planned(d).pods = [{ shapeIndex: low, count: 1 }];
      planned(d).requests = resources(1500, 1, { pods: 1 });
      d.plan.unplaced = [{ ...leftOutFor('limit-reached'), shapeIndex: 1 - low }];
    },
  ],
  [
    'min-values',
    'a list that is too narrow',
    { pools: [pool('any')], groups: ONE_POD },
    (d) => onlyPool(d).requirements.push(loose({ ...requirement(ZONE_KEY, 'Exists'), minValues: 4 })),
  ],
  [
    'min-values-unsaid',
    'a list that is too narrow without saying so',
    { pools: [pool('any')], groups: ONE_POD, minValuesPolicy: 'best-effort' },
    (d) => onlyPool(d).requirements.push(loose({ ...requirement(ZONE_KEY, 'Exists'), minValues: 4 })),
  ],
  [
    'min-values-said',
    'a shortfall that is none',
    { pools: [pool('any')], groups: ONE_POD, minValuesPolicy: 'best-effort' },
    (d) => planned(d).relaxedMinValues.push({ key: ZONE_KEY, wanted: 2, left: 1 }),
  ],
  [
    'min-values-said',
    'a shortfall by another number',
    {
      pools: [pool('any', { requirements: [{ ...requirement(ZONE_KEY, 'Exists'), minValues: 9 }] })],
      groups: ONE_POD,
      minValuesPolicy: 'best-effort',
    },
    (d) => (planned(d).relaxedMinValues = [{ key: ZONE_KEY, wanted: 9, left: 1 }]),
  ],
  [
    'min-values-needless',
    'a shortfall of a pod that need not have one',
    {
      pools: [pool('any', { requirements: [{ ...requirement(ZONE_KEY, 'Exists'), minValues: 2 }] })],
      groups: ONE_POD,
      minValuesPolicy: 'best-effort',
    },
    (d) => (planned(d).relaxedMinValues = [{ key: ZONE_KEY, wanted: 2, left: 1 }]),
  ],
  [
    'existing-unused',
    'a new node beside free room',
    { pools: [pool('any')], groups: ONE_POD },
    (d) => d.problem.nodes.push(loose(node('free', resources(2000, 8)))),
  ],
  [
    'taint',
    'a startup taint that is an ordinary one as well',
    { pools: [pool('any', { startupTaints: [taint('startup')] })], groups: ONE_POD },
    (d) => (onlyPool(d).taints = [taint('startup')]),
  ],
  [
    'taint',
    'a toleration for another effect',
    {
      pools: [pool('any', { taints: [taint('dedicated', 'NoExecute')] })],
      groups: [{ shape: shape(resources(1, 1), { tolerations: [tolerateAll('dedicated')] }), count: 1 }],
    },
    (d) => (firstShape(d).tolerations = [{ ...tolerateAll('dedicated'), effect: 'NoSchedule' }]),
  ],
];

function leftOutFor(code: 'limit-reached' | 'resources-too-large') {
  return { shapeIndex: 0, count: 1, reasons: [{ poolIndex: 0, code, message: 'no room', field: '' }] };
}

function leaveOut(draft: Draft): void {
  draft.plan.nodes = [];
  draft.plan.offeringLists = [];
  draft.plan.offerings = {
    offeringIndex: new Uint32Array(),
    priceNanoUsdPerHour: new Float64Array(),
    priceSource: new Uint8Array(),
  };
  draft.plan.totalPriceNanoUsdPerHour = 0;
  draft.plan.unplaced = [leftOutFor('resources-too-large')];
}

for (const [rule, what, parts, change] of SITUATED) {
  test(`the checker sees ${what} (${rule})`, () => {
    const subject = solved(parts);
    assert.deepEqual(planViolations(subject), []);
    const found = afterwards(subject, change);
    assert.ok(
      found.some((violation) => violation.startsWith(`${rule}:`)),
      `found only ${JSON.stringify(found)}`,
    );
  });
}

/** [the rule that must speak, what is broken, how]: a plan for two nodes of one reservation, and one that is bought. */
const RESERVED: readonly (readonly [string, string, (draft: Draft) => void])[] = [
  ['reserved-count', 'a reservation with less free', (d) => (stateAt(d, 0).freeCount = 1)],
  ['reserved-count', 'one more node on a reservation', (d) => (reservedNodes(d).nodeCount += 1)],
  ['reserved-kinds', 'two kinds in a list', (d) => (offeringAt(d, 1).reservationKind = 'interruptible')],
  [
    'reserved-blocks',
    'two capacity blocks in a list',
    (d) => {
      offeringAt(d, 0).reservationKind = 'capacity-block';
      offeringAt(d, 1).reservationKind = 'capacity-block';
    },
  ],
  [
    'reserved-mixed',
    'reserved capacity beside other',
    (d) => {
      const bought = d.plan.nodes.find((nodes) => nodes !== reservedNodes(d)) ?? assert.fail('nothing is bought');
      const [row = 0] = d.plan.offeringLists[bought.offeringListIndex] ?? [];
      const at = reservedNodes(d).offeringListIndex;
      d.plan.offeringLists[at] = Uint32Array.from([...(d.plan.offeringLists[at] ?? []), row]);
    },
  ],
  ['list-price', 'reserved capacity at another price', (d) => (stateAt(d, 0).priceNanoUsdPerHour = 9_000_000_000)],
  ['selector', 'a reservation that pods do not select', (d) => (offeringAt(d, 0).reservationKind = 'capacity-block')],
  ['reserved-idle', 'a bought node beside a free reservation', (d) => (stateAt(d, 0).freeCount = 9)],
];

function reservedNodes(draft: Draft) {
  return draft.plan.nodes.find((nodes) => nodes.priceNanoUsdPerHour < 1000) ?? assert.fail('no reserved node');
}

function offeringAt(draft: Draft, at: number) {
  return draft.market.catalogue.types[0]?.offerings[at] ?? assert.fail('no such offering');
}

function stateAt(draft: Draft, at: number) {
  return draft.market.states[0]?.[at] ?? assert.fail('no such offering');
}

for (const [rule, what, change] of RESERVED) {
  test(`the checker sees ${what} (${rule})`, () => {
    const reserved = { capacityType: 'reserved' as const, priceNanoUsdPerHour: 1_000_000_000, freeCount: 2 };
    const sold = market(
      typeOnSale('plain', resources(2000, 8), [
        { ...reserved, reservationId: 'cr-1' },
        { ...reserved, reservationId: 'cr-2', zone: 'zone-b' },
        { priceNanoUsdPerHour: 1_000_000_000 },
      ]),
    );
    const shapes = [
      shape(resources(1500, 1), {
        requiredNodeTerms: [term(requirement('karpenter.k8s.aws/capacity-reservation-type', 'In', 'default'))],
      }),
      shape(resources(1600, 1), { nodeSelector: { 'karpenter.sh/capacity-type': 'on-demand' } }),
    ];
    const groups = shapes.map((one, index) => ({ shape: one, count: 2 - index }));
    const subject = solved({ pools: [pool('any')], groups }, sold);
    assert.deepEqual(planViolations(subject), []);
    const found = afterwards(subject, (draft) => {
      // Whether a node that is bought could be reserved is asked of pods that let it.
      if (rule === 'reserved-idle') {
        for (const one of draft.problem.shapes) loose(one.shape).nodeSelector = {};
      }
      change(draft);
    });
    assert.ok(
      found.some((violation) => violation.startsWith(`${rule}:`)),
      `found only ${JSON.stringify(found)}`,
    );
  });
}

test('the checker lets a pod join a node of a lighter pool that another pod needs', () => {
  const inLight = shape(resources(500, 1), { nodeSelector: { 'karpenter.sh/nodepool': 'light' } });
  const anywhere = shape(resources(400, 1));
  const groups = [inLight, anywhere].map((one) => ({ shape: one, count: 1 }));
  const subject = solved({ pools: [pool('light'), pool('heavy', { weight: 10 })], groups });
  assert.deepEqual(planViolations(subject), []);
  const found = afterwards(subject, (draft) => {
    const light = draft.plan.nodes.find(({ poolIndex }) => poolIndex === 0);
    const heavy = draft.plan.nodes.find(({ poolIndex }) => poolIndex === 1);
    assert.ok(light !== undefined && heavy !== undefined);
    light.pods.push(...heavy.pods);
    draft.plan.nodes = [light];
  });
  // Its figures are not those of both pods, but its pool is right.
  assert.ok(
    found.some((violation) => violation.startsWith('stated-requests:')) &&
      found.every((violation) => !violation.startsWith('weight:')),
    JSON.stringify(found),
  );
});

test('the checker sees a list of more than 60 types (list-length)', () => {
  const types = Array.from({ length: 70 }, (_, at) =>
    typeOnSale(`type-${at}`, resources(2000, 8), [{ priceNanoUsdPerHour: 100 + at }]),
  );
  const open = openMarket(market(...types));
  const problem = problemOf({ pools: [pool('any')], groups: ONE_POD });
  const subject = solveCase(open, problem);
  assert.deepEqual(planViolations(subject), []);
  const [nodes] = subject.plan.nodes;
  assert.ok(nodes !== undefined);
  const all = types.map((type) => open.catalogue.findOffering(type.type.name, 'zone-a', 'on-demand', ''));
  const longer: EnginePlan = {
    ...subject.plan,
    offerings: {
      offeringIndex: Uint32Array.from(all),
      priceNanoUsdPerHour: Float64Array.from(types, (_, at) => 100 + at),
      priceSource: new Uint8Array(all.length),
    },
    offeringLists: [Uint32Array.from(all, (_, at) => at)],
  };
  const found = planViolations(caseOf(open, problem, longer));
  assert.ok(
    found.some((violation) => violation.startsWith('list-length:')),
    JSON.stringify(found),
  );
});
