// Canaries for volumes: where they are, where they may be made, and how many a node attaches.

import type { TrialStorage } from '../cluster.ts';
import { bind, claim, csiNodeObject, DISK_DRIVER, type Storage } from '../generate/index.ts';
import type { Trial } from '../judge.ts';
import type { CsiNode, Pod, PodSpec, StorageClass, Volume } from '../objects.ts';
import { type Canary, NAMESPACE, onNodes, places, pod, podSpec, refused, ZONE_A, ZONE_B } from './canary.ts';

const ELSEWHERE = /1 node\(s\) didn't match PersistentVolume's node affinity/;
const NOT_MADE_HERE = /1 node\(s\) didn't find available persistent volumes to bind/;
const TOO_MANY = /1 node\(s\) exceed max volume count/;
const ZONE = 'topology.kubernetes.io/zone';

const ANYWHERE: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'disks', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: DISK_DRIVER,
  volumeBindingMode: 'WaitForFirstConsumer',
};
const CLASSES: readonly StorageClass[] = [
  ANYWHERE,
  {
    ...ANYWHERE,
    metadata: { name: 'zonal' },
    allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values: [ZONE_A] }] }],
  },
];

/** Those canaries. */
export function volumeCanaries(): Canary[] {
  return [...placeCanaries(), ...attachmentCanaries()];
}

function storage(fill: (storage: Storage) => void): TrialStorage {
  const filled: Storage = { claims: [], persistentVolumes: [] };
  fill(filled);
  return { storageClasses: CLASSES, ...filled };
}

/** A pod that mounts claims by name. */
function mounting(name: string, claimNames: readonly string[], more: Partial<PodSpec> = {}): Pod {
  const volumes = claimNames.map((claimName): Volume => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  return pod(name, { ...podSpec(), volumes, ...more });
}

function ephemeral(name: string, className: string): Pod {
  const { spec } = claim(NAMESPACE, 'template', className);
  return pod(name, { ...podSpec(), volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec } } }] });
}

function placeCanaries(): Canary[] {
  const nodes = places('a1', 'b');
  const one = (made: Pod, held: TrialStorage, nodeName: string): Trial =>
    onNodes([[made, nodeName]], { nodes, ...held });
  const bound = (key: string): TrialStorage =>
    storage((into) => bind(into, NAMESPACE, 'data', { driver: DISK_DRIVER, zone: ZONE_B, key }));
  const toBeBound = (className: string | undefined): TrialStorage =>
    storage(({ claims }) => claims.push(claim(NAMESPACE, 'data', className)));
  const web = mounting('web', ['data']);
  const pair = (second: string): Trial =>
    onNodes(
      [
        [mounting('web-0', ['data']), 'a1'],
        [mounting('web-1', ['data']), second],
      ],
      { nodes, ...toBeBound(undefined) },
    );
  return [
    refused('volume in a zone', ELSEWHERE, one(web, bound(ZONE), 'b'), one(web, bound(ZONE), 'a1')),
    refused(
      "volume in a zone by the driver's name",
      ELSEWHERE,
      one(web, bound('topology.ebs.csi.aws.com/zone'), 'b'),
      one(web, bound('topology.ebs.csi.aws.com/zone'), 'a1'),
    ),
    refused(
      'volume to be made in some zones',
      NOT_MADE_HERE,
      one(web, toBeBound('zonal'), 'a1'),
      one(web, toBeBound('zonal'), 'b'),
    ),
    refused('volume to be made once', ELSEWHERE, pair('a1'), pair('b')),
    refused(
      'ephemeral volume',
      NOT_MADE_HERE,
      one(
        ephemeral('web', 'zonal'),
        storage(() => {}),
        'a1',
      ),
      one(
        ephemeral('web', 'zonal'),
        storage(() => {}),
        'b',
      ),
    ),
  ];
}

function attachmentCanaries(): Canary[] {
  const csiNodes = (count: number): CsiNode[] => {
    const capacity = { [`attachable-volumes-${DISK_DRIVER}`]: String(count) };
    return [csiNodeObject('a1', { name: '', labels: {}, capacity, overhead: {}, offerings: [] })].flatMap(
      (one) => one ?? [],
    );
  };
  const onOne = (pods: readonly Pod[], held: TrialStorage, limit: number, running: readonly Pod[] = []): Trial => {
    const there = running.length > 0;
    return onNodes(
      pods.map((one) => [one, 'a1'] as const),
      {
        existing: there ? places('a1').map((node) => ({ node, pods: running })) : [],
        nodes: there ? [] : places('a1'),
        csiNodes: csiNodes(limit),
        ...held,
      },
    );
  };
  const three = storage(({ claims }) => {
    for (const name of ['data-0', 'data-1', 'data-2']) claims.push(claim(NAMESPACE, name, 'disks'));
  });
  const own = ['data-0', 'data-1', 'data-2'].map((name) => mounting(`web-${name}`, [name]));
  const before = storage((into) => {
    bind(into, NAMESPACE, 'old', { driver: DISK_DRIVER, zone: ZONE_A });
    into.claims.push(claim(NAMESPACE, 'data-0', 'disks'));
  });
  const running = mounting('running', ['old'], { nodeName: 'a1' });
  const shared = storage((into) => {
    for (const name of ['data-0', 'data-1']) bind(into, NAMESPACE, name, { driver: DISK_DRIVER, zone: ZONE_A });
  });
  const sharing = (second: string): Pod[] => [mounting('web-0', ['data-0']), mounting('web-1', [second])];
  const scratch = (count: number): Pod[] =>
    Array.from({ length: count }, (_, index) => ephemeral(`web-${index}`, 'disks'));
  const none = storage(() => {});
  return [
    refused('volumes of a new node', TOO_MANY, onOne(own.slice(0, 2), three, 2), onOne(own, three, 2)),
    refused(
      'volumes of a node that is there',
      TOO_MANY,
      onOne(own.slice(0, 1), before, 2, [running]),
      onOne(own.slice(0, 1), before, 1, [running]),
    ),
    refused('ephemeral volumes of a node', TOO_MANY, onOne(scratch(1), none, 1), onOne(scratch(2), none, 1)),
    refused(
      'a volume that pods share counts once',
      TOO_MANY,
      onOne(sharing('data-0'), shared, 1),
      onOne(sharing('data-1'), shared, 1),
    ),
  ];
}
