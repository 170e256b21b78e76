// Launches: what the cloud is asked for, and what a claim says once it has an instance.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControllerContext } from '../context/index.ts';
import type { NodeClaimView } from '../objects/index.ts';
import type { ApiObject, Instance, LaunchOffering, LaunchRequest } from '../ports/index.ts';
import { launch, launchedMetadata, launchedStatus } from './launch.ts';

const CLAIM = {
  metadata: { name: 'c', uid: 'uid-c', labels: { 'karpenter.sh/nodepool': 'p', 'topology.kubernetes.io/zone': 'own' } },
  spec: { nodeClassRef: { name: 'default' } },
} as unknown as NodeClaimView;

const NODE_CLASS: ApiObject = {
  metadata: { name: 'default', annotations: { 'karpenter.k8s.aws/ec2nodeclass-hash': 'h' } },
  status: {
    conditions: [{ type: 'Ready', status: 'True' }],
    capacityReservations: [{ id: 'cr-1', reservationType: 'default' }],
  },
};

const SPOT: LaunchOffering = { instanceType: 'm7i.large', zone: 'us-west-2a', capacityType: 'spot' };

const INSTANCE: Instance = {
  providerId: 'aws:///us-west-2b/i-1',
  id: 'i-1',
  instanceType: 'm7g.large',
  zone: 'us-west-2b',
  zoneId: 'usw2-az2',
  capacityType: 'on-demand',
  imageId: 'ami-1',
  state: 'pending',
  launchTimeMs: 0,
  tags: {},
};

/** Types that the planning service knows, with their architectures. */
const ARCHITECTURES: Readonly<Record<string, string>> = { 'm7i.large': 'amd64', 'm7g.large': 'arm64' };

function open(answer: object) {
  const asked: LaunchRequest[] = [];
  const context = {
    stores: { ec2NodeClasses: { get: () => NODE_CLASS } },
    feed: { nodeClass: () => ({}) },
    cloud: { catalogue: { region: 'us-west-2' } },
    advisor: {
      rank: async () => ({ offerings: [SPOT, { ...SPOT, zone: 'us-west-2c' }], reason: '' }),
      describe: async (offerings: readonly LaunchOffering[]) =>
        offerings.map(({ instanceType }) => ({
          labels: { 'kubernetes.io/arch': ARCHITECTURES[instanceType] },
          capacity: { cpuMilli: 2_000n, memoryBytes: 3n << 30n, extended: {} },
          allocatable: { cpuMilli: 1_930n, extended: {} },
        })),
      reportUnavailable: async () => undefined,
    },
    writes: {
      launch: async (_: string, request: LaunchRequest) => {
        asked.push(request);
        return answer;
      },
    },
  } as unknown as ControllerContext;
  return { context, asked };
}

const signal = new AbortController().signal;

test('the cloud is told what nodes of each type will be', async () => {
  const { context, asked } = open({ kind: 'launched', instance: INSTANCE, exhausted: [] });
  await launch(context, CLAIM, signal);
  assert.deepEqual(asked[0]?.nodeTypes, {
    'm7i.large': {
      labels: { 'kubernetes.io/arch': 'amd64' },
      capacity: { cpu: '2', memory: '3Gi' },
      allocatable: { cpu: '1930m' },
    },
  });
});

test('a claim says what its instance is, also one that no ranking names any more, and keeps its own labels', async () => {
  const { context } = open({ kind: 'launched', instance: INSTANCE, exhausted: [] });
  const outcome = await launch(context, CLAIM, signal);
  assert.ok(outcome.kind === 'launched');
  assert.deepEqual(launchedMetadata(CLAIM, outcome), {
    labels: {
      'kubernetes.io/arch': 'arm64',
      'node.kubernetes.io/instance-type': 'm7g.large',
      'topology.kubernetes.io/region': 'us-west-2',
      'topology.kubernetes.io/zone': 'own',
      'topology.k8s.aws/zone-id': 'usw2-az2',
      'karpenter.sh/capacity-type': 'on-demand',
      'karpenter.sh/nodepool': 'p',
    },
    annotations: { 'karpenter.k8s.aws/ec2nodeclass-hash': 'h' },
  });
  assert.deepEqual(launchedStatus(outcome), {
    providerID: 'aws:///us-west-2b/i-1',
    imageID: 'ami-1',
    capacity: { cpu: '2', memory: '3Gi' },
    allocatable: { cpu: '1930m' },
  });
});

test('a claim whose instance is from a reservation says from which, and of what kind', async () => {
  const instance = { ...INSTANCE, capacityType: 'reserved', reservationId: 'cr-1' };
  const { context } = open({ kind: 'launched', instance, exhausted: [] });
  const outcome = await launch(context, CLAIM, signal);
  assert.ok(outcome.kind === 'launched');
  const labels = Object.entries(outcome.node.labels).filter(([key]) => key.includes('capacity-'));
  assert.deepEqual(Object.fromEntries(labels), {
    'karpenter.sh/capacity-type': 'reserved',
    'karpenter.k8s.aws/capacity-reservation-id': 'cr-1',
    'karpenter.k8s.aws/capacity-reservation-type': 'default',
    'karpenter.k8s.aws/capacity-reservation-interruptible': 'false',
  });
});
