// Workloads to pods: how many, under which names, and which pods of the input stand for them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KubernetesObject, nameOf } from './fields.ts';
import { podState } from './pod-state.ts';
import { expandWorkloads, findScaled } from './workloads.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c' }] } };

function workload(kind: string, spec: KubernetesObject, more: KubernetesObject = {}): KubernetesObject {
  return {
    kind,
    metadata: { name: 'web', namespace: 'shop', ...(more.metadata as KubernetesObject | undefined) },
    spec: { template, ...spec },
    status: more.status,
  };
}

function ownedPod(name: string, kind: string, owner: string, more: KubernetesObject = {}): KubernetesObject {
  return {
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name: owner, controller: true }],
      ...(more.metadata as KubernetesObject | undefined),
    },
    spec: {},
    status: more.status,
  };
}

function namesMade(
  objects: readonly KubernetesObject[],
  pods: readonly KubernetesObject[] = [],
  replicas = new Map<KubernetesObject, number>(),
) {
  const { expanded, refused } = expandWorkloads(objects, pods, replicas);
  assert.deepEqual(refused, []);
  return expanded.flatMap((each) => each.pods.map(nameOf));
}

describe('expandWorkloads', () => {
  test('makes a pod a replica, one where the number is not written and none for 0', () => {
    assert.equal(namesMade([workload('Deployment', { replicas: 3 })]).length, 3);
    assert.equal(namesMade([workload('Deployment', {})]).length, 1);
    assert.equal(namesMade([workload('Deployment', { replicas: 0 })]).length, 0);
  });

  test('names pods the same way every time and each differently', () => {
    const names = namesMade([workload('Deployment', { replicas: 1000 })]);
    assert.deepEqual(names, namesMade([workload('Deployment', { replicas: 1000 })]));
    assert.equal(new Set(names).size, 1000);
    assert.match(names[999] ?? '', /^web-[a-z0-9]{5}$/);
  });

  test('gives the pods of a StatefulSet their ordinals, volumes and claims', () => {
    const set = workload('StatefulSet', {
      replicas: 2,
      ordinals: { start: 5 },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { storageClassName: 'gp3' } }],
    });
    const [expanded] = expandWorkloads([set], [], new Map()).expanded;
    assert.deepEqual(expanded?.pods.map(nameOf), ['web-5', 'web-6']);
    const spec = expanded?.pods[0]?.spec as KubernetesObject | undefined;
    assert.deepEqual(spec?.volumes, [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-5' } }]);
    assert.deepEqual(expanded?.claims.map(nameOf), ['data-web-5', 'data-web-6']);
  });

  test('keeps labels and namespace', () => {
    const [expanded] = expandWorkloads([workload('ReplicaSet', {})], [], new Map()).expanded;
    const metadata = expanded?.pods[0]?.metadata as KubernetesObject;
    assert.deepEqual(metadata.labels, { app: 'web' });
    assert.equal(metadata.namespace, 'shop');
  });

  const jobs: readonly (readonly [spec: KubernetesObject, status: KubernetesObject | undefined, count: number])[] = [
    [{}, undefined, 1],
    [{ parallelism: 3 }, undefined, 3],
    [{ completions: 5 }, undefined, 1],
    [{ completions: 5, parallelism: 3 }, undefined, 3],
    [{ completions: 5, parallelism: 3 }, { succeeded: 4 }, 1],
    [{ completions: 2, parallelism: 3 }, undefined, 2],
    [{ parallelism: 3, suspend: true }, undefined, 0],
    [{ parallelism: 3 }, { conditions: [{ type: 'Complete', status: 'True' }] }, 0],
    [{ parallelism: 3 }, { conditions: [{ type: 'Failed', status: 'True' }] }, 0],
    [{ parallelism: 3 }, { conditions: [{ type: 'Failed', status: 'False' }] }, 3],
  ];
  for (const [spec, status, count] of jobs) {
    test(`a Job of ${JSON.stringify(spec)} with status ${JSON.stringify(status)} runs ${count} pods`, () => {
      assert.equal(namesMade([workload('Job', spec, { status })]).length, count);
    });
  }

  test('pods of the input stand for replicas, through their ReplicaSet or past it', () => {
    const deployment = workload('Deployment', { replicas: 3 });
    const replicaSet = workload(
      'ReplicaSet',
      { replicas: 3 },
      {
        metadata: {
          name: 'web-abc',
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }],
        },
      },
    );
    const pod = ownedPod('web-abc-1', 'ReplicaSet', 'web-abc', {
      metadata: { labels: { 'pod-template-hash': 'abc' } },
    });
    assert.equal(namesMade([deployment, replicaSet], [pod]).length, 2);
    assert.equal(namesMade([deployment], [pod]).length, 2);
    assert.equal(expandWorkloads([deployment], [pod], new Map()).workloadByPod.get('shop/web-abc-1'), 'deployment/web');
    assert.equal(expandWorkloads([], [pod], new Map()).workloadByPod.get('shop/web-abc-1'), 'deployment/web');
  });

  test('pods that have finished or are going away stand for nothing', () => {
    const set = workload('StatefulSet', { replicas: 1 });
    const done = ownedPod('web-0', 'StatefulSet', 'web', { status: { phase: 'Failed' } });
    const going = ownedPod('web-0', 'StatefulSet', 'web', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    assert.equal(namesMade([set], [done]).length, 1);
    assert.equal(namesMade([set], [going]).length, 1);
    assert.equal(namesMade([set], [ownedPod('web-0', 'StatefulSet', 'web')]).length, 0);
  });

  test('does not name a new pod like one that is there', () => {
    const set = workload('StatefulSet', { replicas: 2 });
    assert.deepEqual(namesMade([set], [ownedPod('web-0', 'StatefulSet', 'web')]), ['web-1']);
  });

  test('an owner in another namespace is another one', () => {
    const elsewhere = ownedPod('web-0', 'StatefulSet', 'web', { metadata: { namespace: 'other' } });
    assert.equal(namesMade([workload('StatefulSet', { replicas: 1 })], [elsewhere]).length, 1);
  });

  test('a number of replicas that is asked for goes before the written one', () => {
    const deployment = workload('Deployment', { replicas: 0 });
    assert.equal(namesMade([deployment], [], new Map([[deployment, 5]])).length, 5);
  });

  test('more pods than can be planned are refused', () => {
    const { refused } = expandWorkloads([workload('Deployment', { replicas: 1_000_000 })], [], new Map());
    assert.match(refused[0]?.error.message ?? '', /at most 500000/);
  });

  test('replicas that are no number name their field', () => {
    const { refused } = expandWorkloads([workload('Deployment', { replicas: '3' })], [], new Map());
    assert.deepEqual(refused[0]?.error.path, ['spec', 'replicas']);
  });
});

describe('findScaled', () => {
  const here = workload('Deployment', {});
  const there = workload('Deployment', {}, { metadata: { namespace: 'other' } });
  const scale = { kind: 'deployment', name: 'web', replicas: 1 };

  test('finds the one that is meant', () => {
    assert.equal(findScaled([here], scale), here);
    assert.equal(findScaled([here, there], { ...scale, namespace: 'other' }), there);
  });

  test('says what there is when it finds none, and asks when it finds two', () => {
    assert.match(
      String(findScaled([here], { ...scale, name: 'wbe' })),
      /not in the input: the input has deployment\/web/,
    );
    assert.match(String(findScaled([here, there], scale)), /several namespaces: write one of shop\/deployment\/web/);
  });
});

describe('podState', () => {
  const owned = (kind: string) => ({ metadata: { name: 'p', ownerReferences: [{ kind, name: 'o' }] }, spec: {} });
  const unschedulable = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] };
  const rows: readonly (readonly [what: string, pod: KubernetesObject, live: boolean, state: string])[] = [
    ['a manifest that was never applied', { spec: {} }, false, 'pending'],
    ['a pod of a cluster that the scheduler has not seen', { spec: {} }, true, 'not yet seen by the scheduler'],
    ['one that the scheduler gave up on', { spec: {}, status: unschedulable }, true, 'pending'],
    ['the same printed to a file', { spec: {}, status: unschedulable }, false, 'pending'],
    [
      'one with another reason',
      { spec: {}, status: { conditions: [{ type: 'PodScheduled', reason: 'Other' }] } },
      false,
      'not yet seen by the scheduler',
    ],
    [
      'one behind a gate',
      { spec: { schedulingGates: [{ name: 'g' }] }, status: unschedulable },
      true,
      'held back by scheduling gates',
    ],
    [
      'one that pushes others out',
      { spec: {}, status: { ...unschedulable, nominatedNodeName: 'n' } },
      true,
      'about to take the place of others',
    ],
    ['one on a node', { spec: { nodeName: 'n' } }, true, 'bound'],
    ['one that ended', { spec: { nodeName: 'n' }, status: { phase: 'Succeeded' } }, true, 'finished'],
    ['one that goes away', { metadata: { deletionTimestamp: 'x' }, spec: {} }, false, 'terminating'],
    ["a DaemonSet's", owned('DaemonSet'), false, 'owned by a DaemonSet'],
    ['a mirror pod', owned('Node'), false, 'owned by a Node'],
  ];
  for (const [what, pod, live, expected] of rows) {
    test(`${what}: ${expected}`, () => {
      const state = podState(pod, live);
      assert.equal(state.kind === 'left-out' ? state.why : state.kind, expected);
    });
  }
});
