// What keeps a claim from being used, as far as the claim, its volume and its storage class say.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClaimObstacle } from '../../proto/index.ts';
import { clusterFacts } from './cluster-facts.ts';
import type { KubernetesObject } from './fields.ts';
import { claimsOfSeveral, resolveVolumes } from './volumes.ts';

const WAITS = 'WaitForFirstConsumer';

function storageClass(name: string, more: KubernetesObject = {}): KubernetesObject {
  return { metadata: { name }, provisioner: 'ebs.csi.aws.com', volumeBindingMode: WAITS, ...more };
}

const CLASSES = [
  storageClass('waits'),
  storageClass('at-once', { volumeBindingMode: 'Immediate' }),
  storageClass('says-nothing', { volumeBindingMode: undefined }),
  storageClass('nobody', { provisioner: undefined }),
  storageClass('local', { provisioner: 'kubernetes.io/no-provisioner' }),
];
const AS_DEFAULT = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
const PERSISTENT_VOLUMES = [{ metadata: { name: 'pv' }, spec: { csi: { driver: 'ebs.csi.aws.com' } } }];
const COMPLETED = { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } };

/** The obstacle of a pod's one volume and the object that it is about. */
function obstacleOf(claim: KubernetesObject | undefined, classes: readonly KubernetesObject[] = CLASSES): string {
  const facts = clusterFacts({
    claims: claim === undefined ? [] : [{ ...claim, metadata: { name: 'data', ...(claim.metadata as object) } }],
    persistentVolumes: PERSISTENT_VOLUMES,
    storageClasses: classes,
  });
  const spec = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] };
  const [volume] = resolveVolumes(spec, 'default', 'p', facts);
  assert.ok(volume !== undefined);
  const name = Object.entries(ClaimObstacle).find(([, value]) => value === volume.obstacle)?.[0];
  return volume.obstacleObject === '' ? `${name}` : `${name} ${volume.obstacleObject}`;
}

const unbound = (storageClassName?: string): KubernetesObject => ({ spec: { storageClassName } });

const ROWS: readonly (readonly [string, KubernetesObject | undefined, obstacle: string])[] = [
  ['is not there', undefined, 'CLAIM_NOT_FOUND'],
  ['is lost', { spec: { volumeName: 'pv' }, status: { phase: 'Lost' } }, 'LOST'],
  [
    'is being deleted',
    { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, spec: { volumeName: 'pv' }, status: { phase: 'Bound' } },
    'BEING_DELETED',
  ],
  ['has a volume that is gone', { spec: { volumeName: 'gone' } }, 'VOLUME_NOT_FOUND gone'],
  ['names a volume and waits for it', { spec: { volumeName: 'pv' }, status: { phase: 'Pending' } }, 'NOT_BOUND_YET pv'],
  [
    'was bound while its status says otherwise',
    { metadata: COMPLETED, spec: { volumeName: 'pv' }, status: { phase: 'Pending' } },
    'UNSPECIFIED',
  ],
  ['names a volume and was never applied', { spec: { volumeName: 'pv' } }, 'UNSPECIFIED'],
  ['is bound', { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } }, 'UNSPECIFIED'],
  ['names no class where none is the default', unbound(), 'NO_STORAGE_CLASS'],
  ['asks for no class', unbound(''), 'NO_STORAGE_CLASS'],
  ['has a class that is not there', unbound('gone'), 'STORAGE_CLASS_NOT_FOUND gone'],
  ['has a class without a provisioner', unbound('nobody'), 'NO_PROVISIONER nobody'],
  ['has a class that binds at once', unbound('at-once'), 'BINDS_IMMEDIATELY at-once'],
  ['has a class that does not say when it binds', unbound('says-nothing'), 'BINDS_IMMEDIATELY says-nothing'],
  ['has a class that waits for its consumer', unbound('waits'), 'UNSPECIFIED'],
  ['has a class of local volumes', unbound('local'), 'UNSPECIFIED'],
];

describe('a claim', () => {
  for (const [what, claim, obstacle] of ROWS) {
    test(`that ${what}: ${obstacle}`, () => assert.equal(obstacleOf(claim), obstacle));
  }

  test('that names no class takes the default one with what is wrong with it', () => {
    assert.equal(
      obstacleOf(unbound(), [storageClass('usual', { metadata: { name: 'usual', ...AS_DEFAULT } })]),
      'UNSPECIFIED',
    );
    const atOnce = storageClass('usual', {
      metadata: { name: 'usual', ...AS_DEFAULT },
      volumeBindingMode: 'Immediate',
    });
    assert.equal(obstacleOf(unbound(), [atOnce]), 'BINDS_IMMEDIATELY usual');
    assert.equal(obstacleOf(unbound(''), [atOnce]), 'NO_STORAGE_CLASS');
  });
});

test('an ephemeral volume is what its claim is once that is made, and what its template says before', () => {
  const template = { spec: { storageClassName: 'at-once' } };
  const spec = { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: template } }] };
  const made = { metadata: { name: 'p-scratch' }, spec: { volumeName: 'pv' } };
  const obstacles = [[], [made]].map((claims) => {
    const facts = clusterFacts({ claims, persistentVolumes: PERSISTENT_VOLUMES, storageClasses: CLASSES });
    return resolveVolumes(spec, 'default', 'p', facts)[0]?.obstacle;
  });
  assert.deepEqual(obstacles, [ClaimObstacle.BINDS_IMMEDIATELY, ClaimObstacle.UNSPECIFIED]);
});

describe('a claim that several pods mount', () => {
  const pod = (name: string, claims: readonly string[], namespace?: string): KubernetesObject => ({
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: { volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) },
  });

  test('is one by its namespace and name, and a pod that mounts it twice counts once', () => {
    const pods = [
      pod('a', ['data', 'twice', 'twice']),
      pod('b', ['data'], 'default'),
      pod('c', ['logs'], 'shop'),
      pod('d', ['logs'], 'shop'),
      pod('e', ['data'], 'shop'),
      { metadata: { name: 'f' }, spec: { volumes: [{ name: 'x', emptyDir: {} }] } },
    ];
    assert.deepEqual([...claimsOfSeveral(pods)].sort(), ['default/data', 'shop/logs']);
  });

  const sharedClaims = new Set(['default/data-p']);
  const zone = 'topology.kubernetes.io/zone';
  const zonal = [
    {
      matchLabelExpressions: [
        { key: 'rack', values: ['r1'] },
        { key: 'kubernetes.io/hostname', values: ['h'] },
      ],
    },
  ];
  const rows: readonly (readonly [string, storageClass: KubernetesObject, claim: KubernetesObject, keys: string[]])[] =
    [
      ['an EBS volume to be made', storageClass('c'), unbound('c'), [zone]],
      [
        'an EBS volume by its old name',
        storageClass('c', { provisioner: 'kubernetes.io/aws-ebs' }),
        unbound('c'),
        [zone],
      ],
      ['another driver', storageClass('c', { provisioner: 'x' }), unbound('c'), []],
      [
        'what its class says',
        storageClass('c', { provisioner: 'x', allowedTopologies: zonal }),
        unbound('c'),
        ['rack'],
      ],
      ['a volume that is there', storageClass('c'), { spec: { volumeName: 'pv' } }, []],
    ];
  for (const [what, made, claim, keys] of rows) {
    test(`keeps its own name, and its pods follow the first over ${keys.join(', ') || 'nothing'}: ${what}`, () => {
      const facts = clusterFacts({
        claims: [{ metadata: { name: 'data-p' }, ...claim }],
        persistentVolumes: PERSISTENT_VOLUMES,
        storageClasses: [made],
        sharedClaims,
      });
      const spec = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data-p' } }] };
      const [volume] = resolveVolumes(spec, 'default', 'p', facts);
      assert.equal(volume?.claimPattern, 'data-p');
      assert.equal(volume?.sharedClaim, 'data-p');
      assert.deepEqual(volume?.topologyKeys, keys);
    });
  }

  test('does not tie pods that have claims of their own', () => {
    const facts = clusterFacts({
      claims: [{ metadata: { name: 'data-p' }, ...unbound('c') }],
      storageClasses: [storageClass('c')],
    });
    const spec = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data-p' } }] };
    const [volume] = resolveVolumes(spec, 'default', 'p', facts);
    assert.deepEqual([volume?.claimPattern, volume?.sharedClaim, volume?.topologyKeys], ['data-*', '', []]);
  });
});
