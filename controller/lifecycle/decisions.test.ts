// The decisions in a claim's life: what registration changes on a node, what initialization waits for, how long it may take.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConditionSet, type NodeClaimView, type NodeView } from '../objects/index.ts';
import { initializationObstacle } from './initialization.ts';
import { livenessOf } from './liveness.ts';
import { lacksUnregisteredTaint, registrationChange } from './registration.ts';

const UNREGISTERED = { key: 'karpenter.sh/unregistered', effect: 'NoExecute' };
const GPU = { key: 'gpu', value: 'true', effect: 'NoSchedule' };
const BOOTING = { key: 'cni/booting', effect: 'NoSchedule' };

function claim(spec: object = {}, metadata: object = {}): NodeClaimView {
  return {
    metadata: { name: 'c', uid: 'u', labels: { team: 'a' }, annotations: { note: 'x' }, ...metadata },
    spec: { taints: [GPU], startupTaints: [BOOTING], ...spec } as never,
  };
}

function node(spec: NodeView['spec'] = {}, metadata: object = {}, status: object = {}): NodeView {
  return { metadata: { name: 'n', ...metadata }, spec, status };
}

const OWNER = { apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim', name: 'c', uid: 'u', blockOwnerDeletion: true };

test('registration gives the node all that the claim says, and takes away the taint that kept pods off', () => {
  const change = registrationChange(claim(), node({ taints: [UNREGISTERED] }, { labels: { zone: 'z' } }));
  assert.deepEqual(change, {
    metadata: {
      labels: { team: 'a', 'karpenter.sh/registered': 'true' },
      annotations: { note: 'x' },
      finalizers: ['karpenter.sh/termination'],
      ownerReferences: [OWNER],
    },
    spec: { taints: [GPU, BOOTING] },
  });
});

const REGISTERED = {
  labels: { team: 'a', 'karpenter.sh/registered': 'true' },
  annotations: { note: 'x' },
  finalizers: ['karpenter.sh/termination'],
  ownerReferences: [OWNER],
};

test('a registered node is left alone, also when its startup taints have gone', () => {
  assert.equal(registrationChange(claim(), node({ taints: [GPU] }, REGISTERED)), undefined);
});

test('taints that are there already are not put on twice', () => {
  const change = registrationChange(claim(), node({ taints: [{ ...GPU, value: 'other' }, UNREGISTERED] }));
  assert.deepEqual((change?.spec as { taints: unknown } | undefined)?.taints, [{ ...GPU, value: 'other' }, BOOTING]);
});

test('where somebody else puts the taints on, only the one that kept pods off goes', () => {
  const labels = { 'karpenter.sh/do-not-sync-taints': 'true' };
  const change = registrationChange(claim(), node({ taints: [UNREGISTERED] }, { labels }));
  assert.deepEqual((change?.spec as { taints: unknown } | undefined)?.taints, []);
});

test('other finalizers and owners of the node stay', () => {
  const other = { ...OWNER, uid: 'v' };
  const change = registrationChange(claim(), node({}, { finalizers: ['x/y'], ownerReferences: [other] }));
  const metadata = change?.metadata as { finalizers: unknown; ownerReferences: unknown } | undefined;
  assert.deepEqual(metadata?.finalizers, ['x/y', 'karpenter.sh/termination']);
  assert.deepEqual(metadata?.ownerReferences, [other, OWNER]);
});

test('a node without the taint that keeps pods off is noticed, unless it has been registered', () => {
  assert.equal(lacksUnregisteredTaint(node()), true);
  assert.equal(lacksUnregisteredTaint(node({ taints: [UNREGISTERED] })), false);
  assert.equal(lacksUnregisteredTaint(node({}, { labels: { 'karpenter.sh/registered': 'true' } })), false);
});

const READY = { conditions: [{ type: 'Ready', status: 'True' }], allocatable: { cpu: '2', 'nvidia.com/gpu': '1' } };
const WANTS_GPU = { resources: { requests: { cpu: '1', 'nvidia.com/gpu': '1', 'aws.amazon.com/neuron': '0' } } };

const INITIALIZATION: readonly (readonly [string, NodeView | undefined, string | undefined])[] = [
  ['no node', undefined, 'NodeNotFound'],
  ['a node that is not ready', node({}, {}, { conditions: [{ type: 'Ready', status: 'False' }] }), 'NodeNotReady'],
  ['a startup taint', node({ taints: [BOOTING] }, {}, READY), 'StartupTaintsExist'],
  ['a startup taint of another value', node({ taints: [{ ...BOOTING, value: 'x' }] }, {}, READY), 'StartupTaintsExist'],
  [
    'a taint of a starting node',
    node({ taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }, {}, READY),
    'KnownEphemeralTaintsExist',
  ],
  [
    'a cloud that has not looked at it',
    node(
      { taints: [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }] },
      {},
      READY,
    ),
    'KnownEphemeralTaintsExist',
  ],
  [
    'a readiness gate',
    node({ taints: [{ key: 'readiness.k8s.io/storage', effect: 'NoSchedule' }] }, {}, READY),
    'KnownEphemeralTaintsExist',
  ],
  [
    'a device that its plug-in has not shown yet',
    node({}, {}, { ...READY, allocatable: { cpu: '2', 'nvidia.com/gpu': '0' } }),
    'ResourceNotRegistered',
  ],
  ['nothing', node({ taints: [GPU] }, {}, READY), undefined],
];

for (const [what, one, reason] of INITIALIZATION) {
  test(`initialization waits for ${what}`, () => {
    assert.equal(initializationObstacle(claim(WANTS_GPU), one)?.reason, reason);
  });
}

const NOW_MS = Date.UTC(2026, 0, 1, 12);

function conditions(...written: readonly (readonly [type: string, status: 'True' | 'Unknown', minutesAgo: number])[]) {
  const list = written.map(([type, status, minutesAgo]) => ({
    type,
    status,
    lastTransitionTime: new Date(NOW_MS - minutesAgo * 60_000).toISOString(),
  }));
  return new ConditionSet({ metadata: {}, status: { conditions: list } }, NOW_MS);
}

const LIVENESS: readonly (readonly [string, ConditionSet, object])[] = [
  ['just made', conditions(), { kind: 'alive', forMs: 300_000 }],
  ['4 minutes without a launch', conditions(['Launched', 'Unknown', 4]), { kind: 'alive', forMs: 60_000 }],
  [
    '5 minutes without a launch',
    conditions(['Launched', 'Unknown', 5]),
    { kind: 'timed-out', reason: 'launch_timeout' },
  ],
  [
    'launched long ago, 14 minutes without a node',
    conditions(['Launched', 'True', 60], ['Registered', 'Unknown', 14]),
    { kind: 'alive', forMs: 60_000 },
  ],
  [
    '15 minutes without a node',
    conditions(['Launched', 'True', 15], ['Registered', 'Unknown', 15]),
    { kind: 'timed-out', reason: 'registration_timeout' },
  ],
  [
    'a node for ever so long',
    conditions(['Launched', 'True', 600], ['Registered', 'True', 600]),
    { kind: 'alive', forMs: undefined },
  ],
];

for (const [what, given, expected] of LIVENESS) {
  test(`liveness: ${what}`, () => {
    assert.deepEqual(livenessOf(given, NOW_MS), expected);
  });
}
