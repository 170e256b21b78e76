// Why pods stay without a place: each code of the table with the field it blames and the thing that decided it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explicitType, marketOf } from '../catalogue/testing/index.ts';
import { nodeClass } from '../ec2/testing/index.ts';
import type { NodeInput, PodAffinityInput, UnplacedReason, UnplacedReasonCode } from '../model/index.ts';
import {
  daemonSet,
  existingNode,
  GIB,
  nodePool,
  nodeTerm,
  podAsking,
  podShape,
  problemOf,
  requirement,
} from '../shapes/testing/index.ts';
import { rankOfferings, solve } from './index.ts';

const MARKET = marketOf([
  explicitType(
    'small',
    { cpu: 2000, memory: 8 * GIB },
    [
      { zone: 'zone-a', priceNanoUsdPerHour: 10 },
      { zone: 'zone-b', priceNanoUsdPerHour: 10, capacityType: 'spot' },
    ],
    { size: 'small', arch: 'amd64', generation: '5' },
  ),
  explicitType(
    'large',
    { cpu: 16_000, memory: 4 * GIB },
    [
      { zone: 'zone-a', priceNanoUsdPerHour: 100, available: false },
      { zone: 'zone-b', capacityType: 'spot' },
    ],
    { size: 'large', arch: 'arm64', generation: '6' },
  ),
]);

const FIELD = {
  pool: 'spec.template.spec.requirements',
  selector: 'spec.nodeSelector',
  affinity: 'spec.affinity.nodeAffinity',
  resources: 'spec.containers.resources.requests',
};

const ZONE_KEY = 'topology.kubernetes.io/zone';
const APP = { matchLabels: { app: 'web' }, matchExpressions: [] };
const zoneTerm: PodAffinityInput = {
  topologyKey: ZONE_KEY,
  labelSelector: APP,
  namespaces: [],
  matchLabelKeys: [],
  mismatchLabelKeys: [],
};

/** A cordoned node in a zone on which a pod of the app runs. */
const runningIn = (zone: string): NodeInput => ({
  ...existingNode(`in-${zone}`, 'p', { cpu: 2000, memory: GIB, pods: 110 }, { unschedulable: true }),
  labels: { [ZONE_KEY]: zone },
  pods: [{ shape: podShape({ labels: { app: 'web' } }), count: 1 }],
});

interface ReasonCase {
  readonly name: string;
  readonly problem: Parameters<typeof problemOf>[0];
  readonly code: UnplacedReasonCode;
  readonly field: string;
  readonly message: RegExp;
  /** True where the reason holds whatever the pool. */
  readonly whateverThePool?: true;
}

const pods = (shape = podShape()): { readonly groups: readonly { shape: typeof shape; count: number }[] } => ({
  groups: [{ shape, count: 3 }],
});

const CASES: readonly ReasonCase[] = [
  {
    name: 'there is no pool',
    problem: { ...pods() },
    code: 'no-node-pool',
    field: 'node_pools',
    message: /no NodePool.*add one/,
    whateverThePool: true,
  },
  {
    name: 'the pool leaves more combinations of labels open than can be planned for',
    problem: {
      pools: [nodePool('p', { requirements: ['l1', 'l2', 'l3'].map((key) => requirement(key, 'Exists')) })],
      ...pods(
        podShape({
          requiredNodeTerms: Array.from({ length: 20 }, (_, value) =>
            nodeTerm(...['l1', 'l2', 'l3'].map((key) => requirement(key, 'In', `v${value}`))),
          ),
        }),
      ),
    },
    code: 'unsupported',
    field: FIELD.pool,
    message: /pool p leaves its custom labels open/,
  },
  {
    name: 'too few values are left for the minValues of the pool',
    problem: {
      pools: [nodePool('p', { requirements: [{ ...requirement('size', 'Exists'), minValues: 2 }] })],
      ...pods(),
    },
    code: 'min-values',
    field: 'spec.template.spec.requirements.minValues',
    message: /pool p asks for minValues 2 of size, .* leave 1: lower it/,
  },
  {
    name: 'a taint of the pool is not tolerated',
    problem: {
      pools: [nodePool('p', { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] })],
      ...pods(podShape({ tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'cpu' }] })),
    },
    code: 'taint-not-tolerated',
    field: 'spec.tolerations',
    message: /pool p has the taint dedicated=gpu:NoSchedule/,
  },
  {
    name: 'nodes of the pool lack a label',
    problem: { pools: [nodePool('p')], ...pods(podShape({ nodeSelector: { team: 'a' } })) },
    code: 'label-not-provided',
    field: FIELD.selector,
    message: /do not carry the label team.*team In \[a\]/,
  },
  {
    name: 'nodes of the pool lack a label that a term of affinity asks for',
    problem: {
      pools: [nodePool('p')],
      ...pods(podShape({ requiredNodeTerms: [nodeTerm(requirement('team', 'Exists'))] })),
    },
    code: 'label-not-provided',
    field: FIELD.affinity,
    message: /do not carry the label team/,
  },
  {
    name: 'the pool has another value',
    problem: {
      pools: [nodePool('p', { labels: { team: 'b' } })],
      ...pods(podShape({ nodeSelector: { team: 'a' } })),
    },
    code: 'requirements-not-met',
    field: FIELD.selector,
    message: /asks for team In \[a\], pool p has team In \[b\]/,
  },
  {
    name: 'no type meets a condition of the pod',
    problem: {
      pools: [nodePool('p')],
      ...pods(podShape({ requiredNodeTerms: [nodeTerm(requirement('generation', 'Gt', '6'))] })),
    },
    code: 'requirements-not-met',
    field: FIELD.affinity,
    message: /no instance type of pool p meets the pod's condition generation Gt 6/,
  },
  {
    name: "no type meets all of the pod's conditions at once",
    problem: { pools: [nodePool('p')], ...pods(podShape({ nodeSelector: { arch: 'arm64', size: 'small' } })) },
    code: 'requirements-not-met',
    field: FIELD.selector,
    message: /at once \(arch In \[arm64\]; size In \[small\]\)/,
  },
  {
    name: 'conditions of the pod exclude each other',
    problem: {
      pools: [nodePool('p')],
      ...pods(
        podShape({
          nodeSelector: { size: 'small' },
          requiredNodeTerms: [nodeTerm(requirement('size', 'NotIn', 'small'))],
        }),
      ),
    },
    code: 'requirements-not-met',
    field: FIELD.affinity,
    message: /conditions on labels exclude each other/,
  },
  {
    name: 'the pool contradicts itself',
    problem: {
      pools: [nodePool('p', { labels: { size: 'small' }, requirements: [requirement('size', 'In', 'large')] })],
      ...pods(),
    },
    code: 'requirements-not-met',
    field: FIELD.pool,
    message: /pool p contradicts itself: no value of size/,
  },
  {
    name: 'the pool asks for what the catalogue lacks',
    problem: {
      pools: [nodePool('p', { requirements: [requirement('arch', 'In', 'amd64'), requirement('size', 'In', 'huge')] })],
      ...pods(),
    },
    code: 'requirements-not-met',
    field: FIELD.pool,
    message: /pool p: size In \[huge\] matches nothing in the catalogue/,
  },
  {
    name: 'a requirement of the pool removes the last type',
    problem: {
      pools: [
        nodePool('p', { requirements: [requirement('arch', 'In', 'amd64'), requirement('size', 'In', 'large')] }),
      ],
      ...pods(),
    },
    code: 'requirements-not-met',
    field: FIELD.pool,
    message: /pool p: size In \[large\] removes the last of them/,
  },
  {
    name: 'the node class has no zone in common with the types',
    problem: {
      pools: [nodePool('p', { nodeClassName: 'c' })],
      nodeClasses: [{ name: 'c', facts: nodeClass({ zones: [{ name: 'zone-z' }] }) }],
      ...pods(),
    },
    code: 'requirements-not-met',
    field: FIELD.pool,
    message: /has no zone in common/,
  },
  {
    name: 'no type is large enough',
    problem: { pools: [nodePool('p')], ...pods(podAsking(16_500, 1)) },
    code: 'resources-too-large',
    field: FIELD.resources,
    message: /asks for 16\.5 cores of cpu, the most that a node leaves for pods is 16 cores/,
  },
  {
    name: 'nothing has the resource at all',
    problem: { pools: [nodePool('p')], ...pods(podShape({ requests: { 'nvidia.com/gpu': 1 } })) },
    code: 'resources-too-large',
    field: FIELD.resources,
    message: /asks for 1 of nvidia.com\/gpu, the most that a node leaves for pods is 0/,
  },
  {
    name: 'no type has all of what is asked for at once',
    problem: { pools: [nodePool('p')], ...pods(podAsking(4000, 6)) },
    code: 'resources-too-large',
    field: FIELD.resources,
    message: /no type has all of them at once/,
  },
  {
    name: 'daemonsets leave too little of every type that may be used',
    problem: {
      pools: [nodePool('p', { labels: { size: 'small' } })],
      daemonSets: [daemonSet('d', podAsking(100, 1))],
      ...pods(podAsking(1000, 8)),
    },
    code: 'resources-too-large',
    field: FIELD.resources,
    message: /asks for 8Gi of memory, the most that a node leaves for pods is 7Gi/,
  },
  {
    name: 'nothing that would hold the pod can be had',
    problem: { pools: [nodePool('p')], ...pods(podAsking(8000, 1)) },
    code: 'no-offering-available',
    field: FIELD.pool,
    message: /types of pool p would hold the pod, but none of their offerings can be had at a known price/,
  },
  {
    name: "the pool's limits are used up by nodes that are there",
    problem: {
      pools: [nodePool('p', { limits: { cpu: 3000 } })],
      nodes: [existingNode('n', 'p', { cpu: 2000, memory: GIB, pods: 110 }, { unschedulable: true })],
      ...pods(podAsking(1000, 1)),
    },
    code: 'limit-reached',
    field: 'spec.limits',
    message: /limits of pool p leave no room/,
  },
  {
    name: 'one more pod would make the skew too large in the only zone that it may use',
    problem: {
      pools: [nodePool('p')],
      nodes: [runningIn('zone-a')],
      ...pods(
        podShape({
          nodeSelector: { [ZONE_KEY]: 'zone-a' },
          topologySpread: [
            {
              topologyKey: ZONE_KEY,
              maxSkew: 1,
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: APP,
              nodeAffinityPolicy: 'Ignore',
              nodeTaintsPolicy: 'Ignore',
              matchLabelKeys: [],
            },
          ],
          labels: { app: 'web' },
        }),
      ),
    },
    code: 'topology-spread',
    field: 'spec.topologySpreadConstraints',
    message: /break the spread over topology\.kubernetes\.io\/zone \(maxSkew 1\)/,
    whateverThePool: true,
  },
  {
    name: 'nowhere are the pods that it must be together with',
    problem: { pools: [nodePool('p')], ...pods(podShape({ podAffinity: [zoneTerm] })) },
    code: 'pod-affinity',
    field: 'spec.affinity.podAffinity',
    message: /must be together with are in no domain/,
    whateverThePool: true,
  },
  {
    name: 'every zone has pods that it must be apart from',
    problem: {
      pools: [nodePool('p')],
      nodes: [runningIn('zone-a'), runningIn('zone-b')],
      ...pods(podShape({ podAntiAffinity: [zoneTerm] })),
    },
    code: 'pod-anti-affinity',
    field: 'spec.affinity.podAntiAffinity',
    message: /must be apart from are in every domain of topology\.kubernetes\.io\/zone/,
    whateverThePool: true,
  },
  {
    name: 'a claim is lost',
    problem: {
      pools: [nodePool('p')],
      ...pods({
        ...podAsking(1000, 1),
        volumes: [{ claimName: 'data-*', driver: '', nodeTerms: [], obstacle: { kind: 'lost', object: '' } }],
      }),
    },
    code: 'claim-not-usable',
    field: 'spec.volumes[0]',
    message: /^PersistentVolumeClaim .*data-\* \(\* is the pod's name\) is Lost, .*: restore the volume/,
    whateverThePool: true,
  },
  {
    name: 'the work limit was reached before',
    problem: { pools: [nodePool('p')], ...pods(), workLimit: 0 },
    code: 'work-limit-reached',
    field: 'options',
    message: /work limit or the time limit was reached/,
    whateverThePool: true,
  },
];

function reasonsOf(problem: Parameters<typeof problemOf>[0]): readonly UnplacedReason[] {
  const plan = solve(MARKET.catalogue, MARKET.prices, problemOf(problem));
  assert.equal(plan.unplaced.length, 1);
  assert.equal(plan.unplaced[0]!.count, 3, 'all three pods stay out');
  assert.equal(plan.nodes.length, 0);
  return plan.unplaced[0]!.reasons;
}

describe('the reason that a pod stays out', () => {
  for (const { name, problem, code, field, message, whateverThePool } of CASES) {
    test(`is ${code} where ${name}`, () => {
      const reasons = reasonsOf(problem);
      assert.equal(reasons.length, 1);
      const [reason] = reasons;
      assert.equal(reason!.code, code, reason!.message);
      assert.equal(reason!.field, field);
      assert.match(reason!.message, message);
      assert.equal(reason!.poolIndex, whateverThePool ? undefined : 0);
    });
  }

  test('is in this table for every code that there is', () => {
    // A record, so that a code that is new to the model does not compile until it has a case.
    const codes: Record<UnplacedReasonCode, true> = {
      'no-node-pool': true,
      unsupported: true,
      'claim-not-usable': true,
      'taint-not-tolerated': true,
      'label-not-provided': true,
      'requirements-not-met': true,
      'resources-too-large': true,
      'no-offering-available': true,
      'min-values': true,
      'limit-reached': true,
      'topology-spread': true,
      'pod-affinity': true,
      'pod-anti-affinity': true,
      'work-limit-reached': true,
    };
    assert.deepEqual([...new Set(CASES.map(({ code }) => code))].sort(), Object.keys(codes).sort());
  });

  test('is one for each pool, in the order in which pools are used', () => {
    const problem = {
      pools: [
        nodePool('light'),
        nodePool('heavy', { weight: 10, taints: [{ key: 'k', value: '', effect: 'NoExecute' as const }] }),
        nodePool('middle', { weight: 5, labels: { size: 'small' } }),
      ],
      ...pods(podAsking(8000, 1)),
    };
    assert.deepEqual(
      reasonsOf(problem).map(({ poolIndex, code }) => [problem.pools[poolIndex!]!.name, code]),
      [
        ['heavy', 'taint-not-tolerated'],
        ['middle', 'resources-too-large'],
        ['light', 'no-offering-available'],
      ],
    );
  });

  test('says what is too large of what is left, also where the types are not on sale', () => {
    const plan = solve(
      MARKET.catalogue,
      MARKET.prices,
      problemOf({
        pools: [nodePool('p', { labels: { size: 'large' } })],
        ...pods(podAsking(1000, 5)),
      }),
    );
    const [reason] = plan.unplaced[0]!.reasons;
    assert.equal(reason!.code, 'resources-too-large');
    assert.match(reason!.message, /5Gi of memory.*4Gi/);
  });
});

test('a NodeClaim that nothing can be launched for gets reasons without a pool', () => {
  const ask = (requests: Record<string, number>, size: string): readonly UnplacedReason[] =>
    rankOfferings(MARKET.catalogue, MARKET.prices, {
      requirements: [requirement('size', 'In', size)],
      requests,
      maxInstanceTypes: 60,
    }).reasons;
  assert.deepEqual(ask({ cpu: 1000 }, 'small'), []);
  assert.deepEqual(
    [ask({ cpu: 3000 }, 'small'), ask({ cpu: 3000 }, 'large'), ask({ cpu: 1 }, 'huge')].map((reasons) =>
      reasons.map((reason) => [reason.code, 'poolIndex' in reason]),
    ),
    [[['resources-too-large', false]], [['no-offering-available', false]], [['requirements-not-met', false]]],
  );
});
