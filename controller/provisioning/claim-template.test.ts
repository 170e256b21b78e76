// Planned nodes as NodeClaims: what a claim says, how it is named, and how our own are recognised.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { CapacityType, type PlannedNodeSchema, PlanSchema } from '../../proto/index.ts';
import { effectiveNodePoolSpec, NODE_CLAIM, specViolations } from '../resources/index.ts';
import { claimOfPlannedNode, drawClaimName, isContained, type TemplatePool } from './claim-template.ts';

const OFFERINGS = [
  { instanceType: 'm7g.large', zone: 'a', capacityType: CapacityType.SPOT },
  { instanceType: 'm7i.large', zone: 'b', capacityType: CapacityType.SPOT },
  { instanceType: 'm7g.large', zone: 'a', capacityType: CapacityType.ON_DEMAND },
];

function plan(node: MessageInitShape<typeof PlannedNodeSchema>, offerings: readonly object[] = OFFERINGS) {
  return create(PlanSchema, {
    nodes: [{ nodePool: 'web', offeringList: 0, ...node }],
    offerings: [...offerings] as never,
    offeringLists: [{ offerings: offerings.map((_, index) => index) }],
  });
}

function pool(spec: object): TemplatePool {
  const object = { metadata: { name: 'web', uid: 'pool-uid' }, spec };
  return { pool: object, spec: effectiveNodePoolSpec(object), hash: '7', hashVersion: 'v3' };
}

function claimOf(spec: object, node: MessageInitShape<typeof PlannedNodeSchema> = {}, offerings?: readonly object[]) {
  const made = plan(node, offerings);
  const [planned] = made.nodes;
  assert.ok(planned !== undefined);
  const claim = claimOfPlannedNode(made, planned, pool(spec), 'web-abcde');
  assert.deepEqual(specViolations(NODE_CLAIM, claim), [], 'the API server would refuse it');
  return claim;
}

const requirement = (claim: ReturnType<typeof claimOf>, key: string) =>
  claim.spec.requirements.filter((one) => one.key === key);

test('a claim says whose it is, from what it was made, and what keeps it', () => {
  const { metadata, spec, apiVersion, kind } = claimOf({
    template: {
      metadata: { labels: { team: 'a' }, annotations: { note: 'x' } },
      spec: { taints: [{ key: 't', effect: 'NoSchedule' }], expireAfter: '48h', terminationGracePeriod: '1h' },
    },
  });
  assert.equal(`${apiVersion} ${kind}`, 'karpenter.sh/v1 NodeClaim');
  assert.deepEqual(metadata, {
    name: 'web-abcde',
    labels: { team: 'a', 'karpenter.sh/nodepool': 'web', 'karpenter.k8s.aws/ec2nodeclass': 'default' },
    annotations: { note: 'x', 'karpenter.sh/nodepool-hash': '7', 'karpenter.sh/nodepool-hash-version': 'v3' },
    finalizers: ['karpenter.sh/termination'],
    ownerReferences: [
      { apiVersion: 'karpenter.sh/v1', kind: 'NodePool', name: 'web', uid: 'pool-uid', blockOwnerDeletion: true },
    ],
  });
  assert.deepEqual(spec.taints, [{ key: 't', effect: 'NoSchedule' }]);
  assert.equal(spec.startupTaints, undefined);
  assert.equal(spec.expireAfter, '48h');
  assert.equal(spec.terminationGracePeriod, '1h');
});

test('its requirements are what the plan left open, best first, and the pool’s own for the rest', () => {
  const claim = claimOf({
    template: {
      metadata: { labels: { team: 'a' } },
      spec: {
        requirements: [
          { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['6'] },
          { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot', 'on-demand', 'reserved'] },
          { key: 'kubernetes.io/arch', operator: 'Exists' },
        ],
      },
    },
  });
  assert.deepEqual(claim.spec.requirements, [
    { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['6'] },
    { key: 'kubernetes.io/arch', operator: 'Exists' },
    { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['m7g.large', 'm7i.large'] },
    { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['a', 'b'] },
    { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot', 'on-demand'] },
    { key: 'team', operator: 'In', values: ['a'] },
    { key: 'karpenter.sh/nodepool', operator: 'In', values: ['web'] },
    { key: 'karpenter.k8s.aws/ec2nodeclass', operator: 'In', values: ['default'] },
  ]);
});

test('a label that a pod needs is on the claim with the value that the plan fixed', () => {
  const requirements = [{ key: 'team', operator: 'Exists' }];
  const claim = claimOf({ template: { spec: { requirements } } }, { labels: { team: 'b' } });
  assert.equal(claim.metadata.labels?.team, 'b');
  assert.deepEqual(requirement(claim, 'team'), [{ key: 'team', operator: 'In', values: ['b'] }]);
});

test('minValues stay with their labels, and what was relaxed says so', () => {
  const requirements = [
    { key: 'node.kubernetes.io/instance-type', operator: 'Exists', minValues: 2 },
    { key: 'karpenter.k8s.aws/instance-family', operator: 'Exists', minValues: 5 },
  ];
  const spec = { template: { spec: { requirements } } };
  const kept = claimOf(spec);
  assert.equal(requirement(kept, 'node.kubernetes.io/instance-type')[0]?.minValues, 2);
  assert.equal(kept.metadata.annotations?.['karpenter.sh/nodeclaim-min-values-relaxed'], undefined);
  const key = 'karpenter.k8s.aws/instance-family';
  const relaxed = claimOf(spec, { relaxedMinValues: [{ key, wanted: 5, left: 2 }] });
  assert.equal(requirement(relaxed, key)[0]?.minValues, 2);
  assert.equal(relaxed.metadata.annotations?.['karpenter.sh/nodeclaim-min-values-relaxed'], 'true');
});

test('reserved capacity names its reservations', () => {
  const claim = claimOf({}, {}, [
    { instanceType: 'm7g.large', zone: 'a', capacityType: CapacityType.RESERVED, reservationId: 'cr-1' },
    { instanceType: 'm7g.large', zone: 'a', capacityType: CapacityType.RESERVED, reservationId: 'cr-2' },
  ]);
  const key = 'karpenter.k8s.aws/capacity-reservation-id';
  assert.deepEqual(requirement(claim, key)[0]?.values, ['cr-1', 'cr-2']);
  assert.deepEqual(requirement(claim, 'karpenter.sh/capacity-type')[0]?.values, ['reserved']);
});

test('it asks for pods and daemonsets together', () => {
  const claim = claimOf(
    {},
    {
      requests: { cpuMilli: 1_500n, memoryBytes: 3n << 30n, pods: 3n, extended: { 'nvidia.com/gpu': 1n } },
      daemonOverhead: { cpuMilli: 500n, memoryBytes: 100n << 20n, pods: 2n, ephemeralStorageBytes: 1_000n },
    },
  );
  assert.deepEqual(claim.spec.resources?.requests, {
    cpu: '2',
    memory: '3172Mi',
    pods: '5',
    'nvidia.com/gpu': '1',
    'ephemeral-storage': '1000',
  });
});

test('names are drawn until one is free, and are no longer than a label may be', () => {
  const draws = [0, 0, 0, 0, 0, 0.999, 0.999, 0.999, 0.999, 0.999];
  const random = () => draws.shift() ?? 0.5;
  assert.equal(
    drawClaimName('web', random, (name) => name === 'web-bbbbb'),
    'web-99999',
  );
  assert.equal(
    drawClaimName(
      'x'.repeat(200),
      () => 0,
      () => false,
    ).length,
    63,
  );
});

test('our own object is recognised by all that was sent, whatever the API server added', () => {
  const sent = { spec: { a: 1, list: [{ k: 'x' }] } };
  assert.equal(isContained(sent, { spec: { a: 1, list: [{ k: 'x', more: true }], extra: 1 }, status: {} }), true);
  assert.equal(isContained(sent, { spec: { a: 2, list: [{ k: 'x' }] } }), false);
  assert.equal(isContained(sent, { spec: { a: 1, list: [{ k: 'x' }, { k: 'y' }] } }), false);
  assert.equal(isContained(sent, { spec: { a: 1 } }), false);
});
