// Rules of volumes: bound ones in a zone or on a host, ones that wait for their first consumer, ephemeral ones, and nodes
// that attach only so many.
import type { Random } from '../../random.ts';
import { LABELS, type Manifest, type VerifyProblem, ZONES } from '../vocabulary.ts';
import { appsOf, changePods, changeSpec, type PodManifest, type ProblemRule, someApps } from './pods.ts';

const DRIVER = 'csi.example.com';
const EVERYWHERE = 'everywhere';
const SOME_ZONES = 'some-zones';
const ATTACH_LIMIT = `attachable-volumes-${DRIVER}`;

function storageClass(name: string, allowedTopologies: readonly Manifest[]): Manifest {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: DRIVER,
    volumeBindingMode: 'WaitForFirstConsumer',
    ...(allowedTopologies.length > 0 ? { allowedTopologies } : {}),
  };
}

/** The problem with the two classes, unless it has them: one makes volumes anywhere, one in one or two zones. */
function withClasses(problem: VerifyProblem, random: Random): VerifyProblem {
  if (problem.storageClasses !== undefined) return problem;
  const zones = random.shuffle(ZONES).slice(0, random.integer(1, 2));
  const topologies = [{ matchLabelExpressions: [{ key: LABELS.zone, values: zones }] }];
  return { ...problem, storageClasses: [storageClass(EVERYWHERE, []), storageClass(SOME_ZONES, topologies)] };
}

/** A claim of a pod and, where it is bound, its volume. */
interface ClaimedVolume {
  readonly claim: Manifest;
  readonly volume?: Manifest;
}

function waitingClaim(pod: PodManifest, name: string, className: string): ClaimedVolume {
  return {
    claim: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: pod.metadata.namespace },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: className,
        resources: { requests: { storage: '1Gi' } },
      },
    },
  };
}

function boundClaim(pod: PodManifest, name: string, terms: readonly Manifest[], source: Manifest): ClaimedVolume {
  const volumeName = `volume-of-${pod.metadata.namespace}-${name}`;
  const waiting = waitingClaim(pod, name, EVERYWHERE).claim;
  return {
    claim: {
      ...waiting,
      metadata: {
        ...(waiting.metadata as Manifest),
        annotations: { 'pv.kubernetes.io/bind-completed': 'yes' },
      },
      spec: { ...(waiting.spec as Manifest), volumeName },
      status: { phase: 'Bound' },
    },
    volume: {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volumeName },
      spec: {
        ...source,
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        storageClassName: EVERYWHERE,
        nodeAffinity: { required: { nodeSelectorTerms: terms } },
      },
    },
  };
}

/** The problem with a claim for each pod of the app, made by `make`. */
function withClaims(problem: VerifyProblem, app: string, make: (pod: PodManifest, name: string) => ClaimedVolume) {
  const made: ClaimedVolume[] = [];
  const changed = changePods(problem, app, (pod) => {
    const volumes = pod.spec.volumes ?? [];
    const name = `data-${volumes.length}`;
    const claimName = `${name}-${pod.metadata.name}`;
    made.push(make(pod, claimName));
    const volume = { name, persistentVolumeClaim: { claimName } };
    return { ...pod, spec: { ...pod.spec, volumes: [...volumes, volume] } };
  });
  return {
    ...changed,
    persistentVolumeClaims: [...(problem.persistentVolumeClaims ?? []), ...made.map(({ claim }) => claim)],
    persistentVolumes: [
      ...(problem.persistentVolumes ?? []),
      ...made.flatMap(({ volume }) => (volume === undefined ? [] : [volume])),
    ],
  };
}

function forSomeApps(
  name: string,
  change: (problem: VerifyProblem, app: string, random: Random) => VerifyProblem,
): ProblemRule {
  return {
    name,
    apply: (problem, random) =>
      someApps(problem, random, 2).reduce((changed, app) => change(changed, app, random), withClasses(problem, random)),
  };
}

const bound = forSomeApps('bound volumes', (problem, app, random) =>
  withClaims(problem, app, (pod, name) => {
    const zones = random.chance(0.8) ? [random.pick(ZONES)] : random.shuffle(ZONES).slice(0, 2);
    const term = { matchExpressions: [{ key: LABELS.zone, operator: 'In', values: zones }] };
    return boundClaim(pod, name, [term], { csi: { driver: DRIVER, volumeHandle: name } });
  }),
);

const local = forSomeApps('local volumes', (problem, app, random) =>
  withClaims(problem, app, (pod, name) => {
    const host = { key: 'kubernetes.io/hostname', operator: 'In', values: ['a-node-of-the-past'] };
    const zone = { key: LABELS.zone, operator: 'In', values: [random.pick(ZONES)] };
    const term = { matchExpressions: random.chance(0.5) ? [host] : [host, zone] };
    return boundClaim(pod, name, [term], { local: { path: '/data' } });
  }),
);

const waiting = forSomeApps('volumes to be bound', (problem, app, random) => {
  const className = random.pick([EVERYWHERE, SOME_ZONES]);
  return withClaims(problem, app, (pod, name) => waitingClaim(pod, name, className));
});

const ephemeral = forSomeApps('ephemeral volumes', (problem, app, random) => {
  const spec = {
    accessModes: ['ReadWriteOnce'],
    storageClassName: random.pick([EVERYWHERE, SOME_ZONES]),
    resources: { requests: { storage: '1Gi' } },
  };
  const volume = { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec } } };
  return changeSpec(problem, app, (podSpec) => ({ ...podSpec, volumes: [...(podSpec.volumes ?? []), volume] }));
});

/** Nodes that exist take a few volumes each; every app has volumes, so that the limit is met. */
const attachLimits: ProblemRule = {
  name: 'attach limits',
  apply: (problem, random) => {
    const limited: VerifyProblem = {
      ...withClasses(problem, random),
      nodes: problem.nodes.map((node) => {
        const limit = { [ATTACH_LIMIT]: String(random.integer(0, 3)) };
        return { ...node, capacity: { ...node.capacity, ...limit }, allocatable: { ...node.allocatable, ...limit } };
      }),
    };
    return appsOf(limited).reduce(
      (changed, app) => withClaims(changed, app, (pod, name) => waitingClaim(pod, name, EVERYWHERE)),
      limited,
    );
  },
};

/** Every rule of volumes. */
export const VOLUME_RULES: readonly ProblemRule[] = [bound, local, waiting, ephemeral, attachLimits];
