// Each kind of condition with the figures it gives and the smallest change it is let in by, on a small market that can be
// counted by eye; and that a change, once it is made, does let the pod in.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EngineExplanation, PodAffinityInput, PodShape, TermFact, TopologySpreadInput } from '../index.ts';
import { DEFAULT_NODE_CLASS_FACTS, EXPLAIN_LIMITS, explain, solve } from '../index.ts';
import {
  ARCH_KEY,
  CAPACITY_TYPE_KEY,
  daemonSet,
  GIB,
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
  taint,
  term,
  tolerateAll,
  typeOnSale,
  ZONE_KEY,
} from '../testing/situations.ts';

const at = (price: number, more: Sale = {}): Sale => ({ ...more, priceNanoUsdPerHour: milliDollars(price) });
const FAMILY = 'karpenter.k8s.aws/instance-family';
const CPUS = 'karpenter.k8s.aws/instance-cpu';

/** Six offerings: small and large in zones a and b, arm in zone a on demand and as spot. */
const MARKET = openMarket(
  market(
    typeOnSale('small', resources(2000, 8), [at(100), at(100, { zone: 'zone-b' })], {
      labels: { [FAMILY]: 's1', [CPUS]: '2' },
    }),
    typeOnSale('large', resources(8000, 32), [at(400), at(400, { zone: 'zone-b' })], {
      labels: { [FAMILY]: 'l1', [CPUS]: '8' },
    }),
    typeOnSale('arm', resources(4000, 16), [at(150), at(60, { capacityType: 'spot' })], {
      labels: { [FAMILY]: 'g1', [CPUS]: '4', [ARCH_KEY]: 'arm64' },
    }),
  ),
);

function explained(parts: ProblemParts, open = MARKET, workLimit?: number): EngineExplanation {
  const problem = problemOf(parts);
  const plan = solve(open.catalogue, open.prices, problem);
  const query = { shapes: 'left-out', nodes: 'all' } as const;
  return explain(open.catalogue, open.prices, problem, plan, query, () => false, workLimit);
}

const web = (more: Partial<PodShape> = {}, requests = resources(1000, 1)): PodShape => shape(requests, more);
const one = (podShape: PodShape): ProblemParts['groups'] => [{ shape: podShape, count: 1 }];

const spread: TopologySpreadInput = {
  topologyKey: ZONE_KEY,
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
  minDomains: 3,
  nodeAffinityPolicy: 'Honor',
  nodeTaintsPolicy: 'Ignore',
  matchLabelKeys: [],
};
const together: PodAffinityInput = {
  topologyKey: ZONE_KEY,
  labelSelector: { matchLabels: { app: 'db' }, matchExpressions: [] },
  namespaces: [],
  matchLabelKeys: [],
  mismatchLabelKeys: [],
};
const inZone = (zone: string, app: string) =>
  node(`in-${zone}`, resources(1000, 1), {
    unschedulable: true,
    labels: { [ZONE_KEY]: zone },
    pods: [{ shape: web({ labels: { app } }), count: 1 }],
  });

interface Expectation {
  readonly name: string;
  readonly parts: ProblemParts;
  readonly kind: string;
  /** Offerings that the condition removes alone, and what would be left without it. */
  readonly alone: number;
  readonly without: number;
  /** One of the changes, mostly the first. */
  readonly change: RegExp;
  readonly leaves: number;
  readonly amount?: number;
  readonly conflict?: RegExp;
}

const CASES: readonly Expectation[] = [
  {
    name: 'cpu: the most there is',
    parts: { pools: [pool('p')], groups: one(web({}, resources(200_000, 1))) },
    kind: 'resource',
    alone: 6,
    without: 6,
    change: /^ask for at most 8 cpu, what large leaves for pods$/,
    amount: 8000,
    leaves: 2,
  },
  {
    name: 'memory after daemonsets',
    parts: {
      pools: [pool('p')],
      groups: one(web({}, resources(1000, 32))),
      daemonSets: [daemonSet('agent', web({}, resources(100, 1)))],
    },
    kind: 'resource',
    alone: 6,
    without: 6,
    change: /^ask for at most 31Gi memory, what large leaves for pods$/,
    amount: 31 * GIB,
    leaves: 2,
  },
  {
    name: 'a resource that no type has',
    parts: { pools: [pool('p')], groups: one(web({}, resources(1000, 1, { [GPU]: 1 }))) },
    kind: 'resource',
    alone: 6,
    without: 6,
    change: /^ask for no nvidia.com\/gpu: no type that meets the other conditions has any$/,
    amount: 0,
    leaves: 6,
  },
  {
    name: 'a taint with the toleration to add',
    parts: { pools: [pool('p', { taints: [taint('dedicated', 'NoSchedule', 'ml')] })], groups: one(web()) },
    kind: 'taint',
    alone: 6,
    without: 6,
    change: /^add the toleration \{key: dedicated, value: ml, effect: NoSchedule\}$/,
    leaves: 6,
  },
  {
    name: 'a node selector against the pool',
    parts: {
      pools: [pool('p', { requirements: [requirement(ARCH_KEY, 'In', 'amd64')] })],
      groups: one(web({ nodeSelector: { [ARCH_KEY]: 'arm64' } })),
    },
    kind: 'node-selector',
    alone: 4,
    without: 4,
    change: /^ask for kubernetes.io\/arch amd64$/,
    leaves: 4,
    conflict: /kubernetes.io\/arch In \[amd64\] \| nodeSelector kubernetes.io\/arch=arm64/,
  },
  {
    name: 'two conditions of the pod',
    parts: {
      pools: [pool('p')],
      groups: one(
        web({
          nodeSelector: { [ARCH_KEY]: 'arm64' },
          requiredNodeTerms: [term(requirement(ZONE_KEY, 'In', 'zone-b'))],
        }),
      ),
    },
    kind: 'node-affinity',
    alone: 4,
    without: 2,
    change: /^ask for (kubernetes.io\/arch amd64|topology.kubernetes.io\/zone zone-a)$/,
    leaves: 2,
    conflict: /nodeSelector kubernetes.io\/arch=arm64 \| topology.kubernetes.io\/zone In \[zone-b\]/,
  },
  {
    name: 'a number: the nearest that would pass',
    parts: { pools: [pool('p')], groups: one(web({ requiredNodeTerms: [term(requirement(CPUS, 'Gt', '900'))] })) },
    kind: 'node-affinity',
    alone: 6,
    without: 6,
    change: /^karpenter.k8s.aws\/instance-cpu Gt 7 \(the nearest there is, 8\)$/,
    amount: 8,
    leaves: 2,
  },
  {
    name: 'a label that the pool could give',
    parts: { pools: [pool('p')], groups: one(web({ nodeSelector: { team: 'a' } })) },
    kind: 'node-selector',
    alone: 6,
    without: 6,
    change: /^add the label team: "a" to pool p$/,
    leaves: 6,
  },
  {
    name: 'a value that another label has',
    parts: { pools: [pool('p', { requirements: [requirement(ARCH_KEY, 'In', 's1')] })], groups: one(web()) },
    kind: 'pool-requirement',
    alone: 6,
    without: 6,
    change: /^did you mean karpenter.k8s.aws\/instance-family In \[s1\]\?$/,
    leaves: 2,
  },
  {
    name: 'a volume in a zone that the pool does not use',
    parts: {
      pools: [pool('p', { requirements: [requirement(ZONE_KEY, 'In', 'zone-b')] })],
      groups: one(
        web({ volumes: [{ claimName: 'data', driver: '', nodeTerms: [term(requirement(ZONE_KEY, 'In', 'zone-a'))] }] }),
      ),
    },
    kind: 'volume',
    alone: 2,
    without: 2,
    change: /^let the pool have topology.kubernetes.io\/zone zone-a$/,
    leaves: 4,
    conflict: /zone In \[zone-b\] \| volume of claim data/,
  },
  {
    name: 'a limit: what it would have to be',
    parts: { pools: [pool('p', { limits: { cpu: 3000 } })], groups: one(web({}, resources(3000, 1))) },
    kind: 'limit',
    alone: 4,
    without: 4,
    change: /^raise limits.cpu of pool p from 3 to 4 \(room for a arm\)$/,
    amount: 4000,
    leaves: 2,
    conflict: /3 cpu after daemonsets \| limits.cpu 3: 0 in use, 0 planned, 3 left/,
  },
  {
    name: 'a spread: the skew that would be enough',
    parts: {
      pools: [pool('p', { requirements: [requirement(ARCH_KEY, 'In', 'amd64')] })],
      groups: [{ shape: web({ labels: { app: 'web' }, topologySpread: [spread] }), count: 3 }],
    },
    kind: 'topology-spread',
    alone: 4,
    without: 4,
    change: /^allow maxSkew 2 instead of 1 \(zone-a has 1 of these pods\), or write ScheduleAnyway$/,
    amount: 2,
    leaves: 4,
  },
  {
    name: 'affinity to pods that are nowhere',
    parts: { pools: [pool('p')], groups: one(web({ podAffinity: [together] })) },
    kind: 'pod-affinity',
    alone: 6,
    without: 6,
    change: /^see that pods which its affinity selects exist and run/,
    leaves: 6,
  },
  {
    name: 'anti-affinity to pods that are everywhere',
    parts: {
      pools: [pool('p')],
      groups: one(web({ podAntiAffinity: [together] })),
      nodes: [inZone('zone-a', 'db'), inZone('zone-b', 'db')],
    },
    kind: 'pod-anti-affinity',
    alone: 6,
    without: 6,
    change: /^prefer to be apart over topology.kubernetes.io\/zone instead of requiring it \(zone-a has 1 such pods\)/,
    leaves: 6,
  },
  {
    name: 'a host port that a daemonset takes',
    parts: {
      pools: [pool('p')],
      groups: one(web({ hostPorts: [{ hostIp: '', port: 80, protocol: 'TCP' }] })),
      daemonSets: [
        daemonSet('proxy', web({ hostPorts: [{ hostIp: '', port: 80, protocol: 'TCP' }] }, resources(10, 0))),
      ],
    },
    kind: 'host-port',
    alone: 6,
    without: 6,
    change: /^give the pod another host port$/,
    leaves: 6,
  },
  {
    name: 'minValues that what holds the pod falls short of',
    parts: {
      pools: [pool('p', { requirements: [{ ...requirement(FAMILY, 'Exists'), minValues: 3 }] })],
      groups: one(web({}, resources(3000, 1))),
    },
    kind: 'min-values',
    alone: 6,
    without: 4,
    change:
      /^lower minValues of karpenter.k8s.aws\/instance-family from 3 to 2 in pool p, or plan with the policy BestEffort$/,
    amount: 2,
    leaves: 4,
  },
  {
    name: 'a field that names a node which exists',
    parts: {
      pools: [pool('p')],
      groups: one(
        web({ requiredNodeTerms: [{ matchExpressions: [], matchFields: [requirement('metadata.name', 'In', 'n')] }] }),
      ),
    },
    kind: 'node-affinity',
    alone: 6,
    without: 6,
    change: /^drop field metadata.name In \[n\] names nodes that exist$/,
    leaves: 6,
  },
];

function firstTerm(explanation: EngineExplanation): TermFact {
  const found = explanation.shapes[0]?.pools[0]?.terms[0];
  assert.ok(found, 'nothing was left out');
  return found;
}

describe('a pod without a place is explained by', () => {
  for (const { name, parts, kind, alone, without, change, leaves, amount, conflict } of CASES) {
    it(name, () => {
      const found = firstTerm(explained(parts));
      const fact = found.conditions.find((each) => each.kind === kind && each.removedAlone.offeringCount > 0);
      assert.ok(fact, `no condition of kind ${kind} removes anything`);
      assert.equal(fact.removedAlone.offeringCount, alone);
      assert.equal(fact.leftWithout.offeringCount, without);
      assert.equal(found.left.offeringCount, 0);
      const texts = found.changes.map(({ edits }) => edits.map(({ text }) => text).join('; '));
      const proposed = found.changes[texts.findIndex((text) => change.test(text))];
      assert.ok(proposed, texts.join('\n'));
      assert.equal(proposed.leaves.offeringCount, leaves);
      if (amount !== undefined) assert.equal(proposed.edits[0]?.amount, amount);
      if (conflict !== undefined) assert.match(found.conflicts.map(({ text }) => text).join('\n'), conflict);
    });
  }
});

describe('offerings that can not be had', () => {
  const sales = [at(100, { available: false }), { zone: 'zone-b' }];
  const open = openMarket(market(typeOnSale('only', resources(2000, 8), sales)));

  it('are told apart by whether they are gone or have no price', () => {
    const found = firstTerm(explained({ pools: [pool('p')], groups: one(web()) }, open));
    const facts = found.conditions.filter(({ kind }) => kind === 'availability');
    assert.deepEqual(
      facts.map(({ text, removedAlone }) => [text, removedAlone.offeringCount]),
      [
        ['offerings that can be had at the moment', 1],
        ['offerings at a known price', 1],
      ],
    );
    assert.equal(found.conflicts.length, 1);
  });
});

describe('a reservation that the node class does not select', () => {
  const sales = [at(100, { capacityType: 'reserved', reservationId: 'cr-1', freeCount: 1 })];
  const open = openMarket(market(typeOnSale('only', resources(2000, 8), sales)));
  const left = (reservationIds: readonly string[]) =>
    explained(
      {
        pools: [pool('p', { nodeClassName: 'c' })],
        nodeClasses: [{ name: 'c', facts: { ...DEFAULT_NODE_CLASS_FACTS, reservationIds } }],
        groups: one(web()),
      },
      open,
    );

  it('is named, with the change that lets the pod in', () => {
    const found = firstTerm(left(['cr-2']));
    const condition = found.conditions.find(({ field }) => field === 'spec.capacityReservationSelectorTerms');
    assert.equal(condition?.removedAlone.offeringCount, 1);
    assert.equal(found.changes[0]?.edits[0]?.text, 'select reservation cr-1 in the node class');
    assert.equal(left(['cr-1']).shapes.length, 0);
  });
});

describe('a change that is made', () => {
  it('lets the pod in: a smaller request', () => {
    const parts = (cpuMilli: number): ProblemParts => ({
      pools: [pool('p', { requirements: [requirement(ARCH_KEY, 'In', 'arm64')] })],
      groups: one(web({}, resources(cpuMilli, 1))),
      daemonSets: [daemonSet('agent', web({}, resources(333, 0)))],
    });
    const amount = firstTerm(explained(parts(9000))).changes[0]?.edits[0]?.amount ?? 0;
    assert.equal(amount, 3667);
    assert.equal(explained(parts(amount)).shapes.length, 0);
    assert.equal(explained(parts(amount + 1)).shapes.length, 1);
  });

  it('lets the pod in: a higher limit', () => {
    const parts = (cpu: number): ProblemParts => ({
      pools: [pool('p', { limits: { cpu } })],
      groups: [{ shape: web({}, resources(1500, 1)), count: 3 }],
    });
    const amount = firstTerm(explained(parts(5000))).changes[0]?.edits[0]?.amount ?? 0;
    assert.equal(explained(parts(amount)).shapes.length, 0);
    assert.equal(explained(parts(amount - 1)).shapes.length, 1);
  });

  it('may take several conditions at once, as few as there are', () => {
    const groups = one(web({ nodeSelector: { [ARCH_KEY]: 'arm64', team: 'a' } }, resources(6000, 1)));
    const [change] = firstTerm(explained({ pools: [pool('p')], groups })).changes;
    assert.equal(change?.edits.length, 2);
    assert.match(change.edits.map(({ text }) => text).join('; '), /add the label team/);
  });
});

describe('terms of affinity', () => {
  const terms = [term(requirement(ZONE_KEY, 'In', 'zone-c')), term(requirement(FAMILY, 'In', 'z9')), term()];
  const found = explained({ pools: [pool('p')], groups: one(web({ requiredNodeTerms: terms })) }).shapes[0];

  it('are explained one by one', () => {
    assert.deepEqual(
      found?.pools[0]?.terms.map(({ termIndex, left }) => [termIndex, left.offeringCount]),
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
    );
  });

  it('without conditions are reported as ignored', () => {
    assert.deepEqual(
      found?.ignored.map(({ field }) => field.replace(/^.*nodeSelectorTerms/, '')),
      ['[2]'],
    );
  });
});

describe('parts of a pod that decide nothing', () => {
  const groups = one(
    web(
      {
        preferredNodeTerms: [{ weight: 1, term: term(requirement(ZONE_KEY, 'In', 'zone-a')) }],
        topologySpread: [{ ...spread, labelSelector: undefined as never, matchLabelKeys: ['version'] }],
        podAntiAffinity: [{ ...together, weight: 5 }],
      },
      resources(99_000, 1),
    ),
  );

  it('are named with their fields; preferences are given up, or ignored where the request says so', () => {
    const facts = (preferencePolicy: 'respect' | 'ignore') =>
      explained({ pools: [pool('p')], groups, preferencePolicy }).shapes[0]?.ignored ?? [];
    assert.deepEqual(
      facts('respect').map(({ field, givenUp }) => [field, givenUp]),
      [
        ['spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution', true],
        ['spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution', true],
        ['spec.topologySpreadConstraints[0]', false],
        ['spec.topologySpreadConstraints[0].matchLabelKeys', false],
      ],
    );
    assert.deepEqual(
      facts('ignore')
        .slice(0, 2)
        .map(({ givenUp }) => givenUp),
      [false, false],
    );
  });
});

describe('nodes that are there', () => {
  const nodes = [
    node('full', resources(2000, 8), { pods: [{ shape: web({}, resources(1500, 1)), count: 1 }] }),
    node('going', resources(64_000, 64), { deleting: true }),
    node('other', resources(64_000, 64), { labels: { team: 'b' }, taints: [taint('dedicated')] }),
    ...Array.from({ length: EXPLAIN_LIMITS.existingNodeCount }, (_, index) =>
      node(`more-${index}`, resources(1000, 1), { taints: [taint('other')] }),
    ),
  ];
  const groups = one(web({ nodeSelector: { team: 'a' } }, resources(9000, 1)));
  const [found] = explained({ pools: [pool('p')], groups, nodes }).shapes;
  const texts = (name: string) =>
    found?.existing.find(({ nodeIndex }) => nodes[nodeIndex]?.name === name)?.obstacles.map(({ text }) => text);

  it('say everything that keeps the pod away, with numbers', () => {
    assert.deepEqual(texts('full'), ['team is not there, asked for is a', 'asks for 9 cpu, 500m is left']);
    assert.deepEqual(texts('other'), [
      'taint dedicated:NoSchedule: tolerate it with {key: dedicated, operator: Exists, effect: NoSchedule}',
      'team is b, asked for is a',
    ]);
    assert.deepEqual(texts('going')?.[0], 'is marked for deletion');
  });

  it('are bounded in number, and the rest is counted', () => {
    assert.equal(found?.existing.length, EXPLAIN_LIMITS.existingNodeCount);
    assert.equal(found?.existingNotShown, nodes.length - EXPLAIN_LIMITS.existingNodeCount);
  });
});

describe('a planned node', () => {
  const pools = [pool('p', { requirements: [requirement(ARCH_KEY, 'In', 'amd64')] })];
  const groups = [{ shape: web({}, resources(1900, 4)), count: 3 }];
  const [fact] = explained({ pools, groups }).nodes;
  const name = (offering: number | undefined) =>
    offering === undefined ? '' : MARKET.catalogue.offering(offering).instanceType;

  it('is explained by what it holds and what others would', () => {
    assert.equal(name(fact?.chosen.offeringIndex), 'small');
    assert.deepEqual(
      fact?.losing.map(({ offeringIndex, holdsPodCount, differenceNanoUsdPerHour, excludedBy }) => [
        name(offeringIndex),
        holdsPodCount,
        differenceNanoUsdPerHour,
        excludedBy,
      ]),
      [
        ['arm', 1, milliDollars(60) - milliDollars(100), 'pool p has kubernetes.io/arch In [amd64]'],
        ['large', 1, milliDollars(300), ''],
      ],
    );
    assert.deepEqual(fact?.use[0], { resource: 'cpu', pods: 1900, daemonSets: 0, allocatable: 2000 });
    assert.match(
      fact?.text ?? '',
      /^the cheapest of 4 offerings in 2 types that hold its pod; 1 cheaper type excluded; next large at \+300.0 %$/,
    );
  });

  it('names the bottleneck of types that are too small', () => {
    const [larger] = explained({ pools, groups: one(web({}, resources(4000, 4))) }).nodes;
    const [small] = larger?.losing.filter(({ offeringIndex }) => name(offeringIndex) === 'small') ?? [];
    assert.deepEqual([small?.holdsPodCount, small?.bottleneck], [0, 'cpu']);
    assert.equal(larger?.cheaperTooSmallCount, 1);
  });

  it('knows the cheapest other zone, capacity type and architecture, or why there is none', () => {
    const alternatives = fact?.alternatives.map(({ key, value, offering, excludedBy }) => [
      key,
      value,
      name(offering?.offeringIndex),
      excludedBy,
    ]);
    assert.deepEqual(alternatives, [
      [CAPACITY_TYPE_KEY, 'spot', '', 'pool p has kubernetes.io/arch In [amd64]'],
      [ZONE_KEY, 'zone-b', 'small', ''],
      [ARCH_KEY, 'arm64', '', 'pool p has kubernetes.io/arch In [amd64]'],
    ]);
  });

  it('whose pods are tied to a zone by rules does not call the others alternatives', () => {
    const tied = web({ labels: { app: 'web' }, podAffinity: [together] });
    const nodes = [inZone('zone-b', 'db')];
    const [tiedFact] = explained({ pools, groups: one(tied), nodes }).nodes;
    const zone = tiedFact?.alternatives.find(({ key }) => key === ZONE_KEY);
    assert.equal(zone?.offering, undefined);
    assert.match(zone?.excludedBy ?? '', /rules about other pods tie the node to topology.kubernetes.io\/zone zone-b/);
  });
});

describe('the work of explaining', () => {
  it('is counted, and what is beyond the bound is counted as not shown', () => {
    const groups = Array.from({ length: 8 }, (_, index) => ({
      shape: web({}, resources(90_000 + index, 1)),
      count: 1,
    }));
    const parts = { pools: [pool('p'), pool('q'), pool('r')], groups };
    const whole = explained(parts);
    assert.equal(whole.cut, false);
    const half = explained(parts, MARKET, whole.workUnits / 2);
    assert.equal(half.cut, true);
    assert.ok(half.workUnits <= whole.workUnits / 2);
    const shown = half.shapes.flatMap(({ pools }) => pools).length;
    const notShown = half.shapes.reduce((sum, { poolsNotShown }) => sum + poolsNotShown, 0) + 3 * half.shapesNotShown;
    assert.equal(shown + notShown, 24);
    assert.ok(shown > 0 && notShown > 0);
  });

  it('stays within the bounds on shapes', () => {
    const groups = Array.from({ length: EXPLAIN_LIMITS.shapeCount + 3 }, (_, index) => ({
      shape: web({}, resources(90_000 + index, 1)),
      count: 1,
    }));
    const explanation = explained({ pools: [pool('p')], groups });
    assert.deepEqual([explanation.shapes.length, explanation.shapesNotShown], [EXPLAIN_LIMITS.shapeCount, 3]);
  });

  it('is nothing where nothing can be used', () => {
    const floor = { ...requirement(ZONE_KEY, 'Gt', '5') };
    const bounds = [floor, requirement(ZONE_KEY, 'Lt', '3')];
    const [found] = explained({
      pools: [pool('p', { requirements: bounds })],
      groups: one(web({ tolerations: [tolerateAll('x')] })),
    }).shapes;
    assert.match(found?.pools[0]?.unusable?.message ?? '', /contradicts itself/);
    assert.deepEqual(found?.pools[0]?.terms, []);
  });
});
