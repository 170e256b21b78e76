// Which pods go, when, and in what order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodView } from '../objects/index.ts';
import { drainTiers, forcedGraceSeconds, isDrainable, isEvictable, isProtected, isWaitedFor } from './pods.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);
const at = (offsetSeconds: number): string => new Date(NOW_MS + offsetSeconds * 1_000).toISOString();

interface Written {
  readonly name?: string;
  readonly owner?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: PodView['spec'];
  readonly status?: PodView['status'];
  readonly deletedAt?: string;
}

function pod({
  name = 'p',
  owner = 'ReplicaSet',
  annotations = {},
  spec = {},
  status = {},
  deletedAt,
}: Written): PodView {
  return {
    metadata: {
      name,
      namespace: 'default',
      annotations,
      ownerReferences: [{ apiVersion: 'v1', kind: owner, name: 'o', uid: 'o' }],
      ...(deletedAt === undefined ? {} : { deletionTimestamp: deletedAt }),
    },
    spec,
    status,
  };
}

const tolerating = (toleration: object): Written => ({ spec: { tolerations: [toleration] } });
const annotated = (value: string, startTime?: string): Written => ({
  annotations: { 'karpenter.sh/do-not-disrupt': value },
  ...(startTime === undefined ? {} : { status: { startTime } }),
});

const TABLE: readonly (readonly [
  what: string,
  written: Written,
  drainable: boolean,
  waited: boolean,
  evictable: boolean,
])[] = [
  ['an ordinary pod', {}, true, true, true],
  ['a daemonset’s pod', { owner: 'DaemonSet' }, true, true, true],
  ['a static pod', { owner: 'Node' }, false, false, false],
  ['the reflection of a static pod', { annotations: { 'kubernetes.io/config.mirror': 'x' } }, false, false, false],
  ['one that has succeeded', { status: { phase: 'Succeeded' } }, true, false, false],
  ['one that has failed', { status: { phase: 'Failed' } }, true, false, false],
  ['one that is ending', { deletedAt: at(30) }, true, true, false],
  ['one whose time was up 59 s ago', { deletedAt: at(-59) }, true, true, false],
  ['one whose time was up 61 s ago', { deletedAt: at(-61) }, false, false, false],
  ['one that tolerates everything', tolerating({ operator: 'Exists' }), false, false, false],
  [
    'one that tolerates the taint',
    tolerating({ key: 'karpenter.sh/disrupted', operator: 'Exists' }),
    false,
    false,
    false,
  ],
  [
    'one that tolerates it for another effect',
    tolerating({ key: 'karpenter.sh/disrupted', operator: 'Exists', effect: 'NoExecute' }),
    true,
    true,
    true,
  ],
  ['one that tolerates another value', tolerating({ key: 'karpenter.sh/disrupted', value: 'x' }), true, true, true],
  ['one that may not be disrupted', annotated('true'), true, true, false],
  ['one that may again', annotated('5m', at(-301)), true, true, true],
  ['one that may not yet', annotated('5m', at(-299)), true, true, false],
  ['one that has not started', annotated('5m'), true, true, false],
  ['one that says nonsense', annotated('sometimes'), true, true, true],
];

for (const [what, written, drainable, waited, evictable] of TABLE) {
  test(`${what}: ${drainable ? 'drained' : 'stays'}, ${waited ? '' : 'not '}waited for, ${evictable ? '' : 'not '}evicted`, () => {
    const made = pod(written);
    assert.equal(isDrainable(made, NOW_MS), drainable);
    assert.equal(isWaitedFor(made, NOW_MS), waited);
    assert.equal(isEvictable(made, NOW_MS), evictable);
  });
}

test('a protection of 0 protects nothing', () => {
  assert.equal(isProtected(pod(annotated('0s', at(-1))), NOW_MS), false);
});

test('pods go in four tiers: ordinary, daemonsets’, critical, critical daemonsets’', () => {
  const critical = { priorityClassName: 'system-node-critical' };
  const names = drainTiers(
    [
      pod({ name: 'd', owner: 'DaemonSet', spec: critical }),
      pod({ name: 'c', spec: { priorityClassName: 'system-cluster-critical' } }),
      pod({ name: 'b', owner: 'DaemonSet' }),
      pod({ name: 'a', spec: { priorityClassName: 'high' } }),
      pod({ name: 'gone', status: { phase: 'Succeeded' } }),
    ],
    NOW_MS,
  ).map((tier) => tier.map(({ metadata }) => metadata.name));
  assert.deepEqual(names, [['a'], ['b'], ['c'], ['d']]);
});

const GRACE: readonly (readonly [
  what: string,
  written: Written,
  deadlineInSeconds: number,
  expected: number | undefined,
])[] = [
  ['a pod with time left is left to the Eviction API', { spec: { terminationGracePeriodSeconds: 30 } }, 31, undefined],
  ['a pod whose own grace no longer fits gets what is left', { spec: { terminationGracePeriodSeconds: 30 } }, 29, 29],
  ['after the deadline it gets a second', { spec: { terminationGracePeriodSeconds: 30 } }, -100, 1],
  ['a protected pod goes as well', { ...annotated('true'), spec: { terminationGracePeriodSeconds: 30 } }, 10, 10],
  [
    'one that is ending in time is left alone',
    { spec: { terminationGracePeriodSeconds: 600 }, deletedAt: at(10) },
    20,
    undefined,
  ],
  [
    'one that is ending too late is hurried',
    { spec: { terminationGracePeriodSeconds: 600 }, deletedAt: at(500) },
    20,
    20,
  ],
  ['one without a grace period is left to the Eviction API', {}, 5, undefined],
];

for (const [what, written, deadlineInSeconds, expected] of GRACE) {
  test(`at a deadline, ${what}`, () => {
    assert.equal(forcedGraceSeconds(pod(written), NOW_MS + deadlineInSeconds * 1_000, NOW_MS), expected);
  });
}
