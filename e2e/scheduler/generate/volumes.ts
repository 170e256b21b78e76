// Volumes of generated cases: classes that make volumes once a pod has its node, claims that are bound to a volume in a
// zone, claims that wait for their pod, claims that several pods share, claims that nobody will ever bind, and ephemeral
// volumes. One driver attaches so many volumes to a node and no more, the other knows no limit and no zones.
import type { Claim, Expression, PersistentVolume, Pod, StorageClass, Volume } from '../objects.ts';
import type { Random } from '../random.ts';
import { DISK_DRIVER, ZONES } from './instance-types.ts';

/** The driver of shares: they are anywhere. */
export const SHARE_DRIVER = 'shares.test';

const ZONE = 'topology.kubernetes.io/zone';
const OLD_ZONE = 'topology.ebs.csi.aws.com/zone';
const DEFAULT_CLASS_ANNOTATION = 'storageclass.kubernetes.io/is-default-class';

/** A claim that is bound already carries this. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';

/** One volume of a workload, before its pods have names. */
export type VolumePlan =
  /** Claims of volumes that exist; the pods' places go round over the zones. */
  | { readonly kind: 'bound'; readonly name: string; readonly zones: readonly string[]; readonly key: string }
  /** One claim of a volume that exists, for all pods. */
  | { readonly kind: 'shared'; readonly name: string; readonly driver: string; readonly zone?: string }
  /** Claims whose volumes are made where their pods land; without a class they get the default. */
  | { readonly kind: 'to be bound'; readonly name: string; readonly className?: string }
  /** One such claim for all pods: its volume is made where the first of them lands. */
  | { readonly kind: 'shared, to be bound'; readonly name: string; readonly className: string }
  /** Claims that nobody binds: of a class that a controller would bind at once, or of none. */
  | { readonly kind: 'never bound'; readonly name: string; readonly className: string }
  /** Claims to be bound that are made with the pod. */
  | { readonly kind: 'ephemeral'; readonly name: string; readonly className?: string };

/** Claims with the volumes behind those that are bound. */
export interface Storage {
  readonly claims: Claim[];
  readonly persistentVolumes: PersistentVolume[];
}

/** The class of claims that are bound before their pods have nodes, which nobody does here. */
const AT_ONCE = 'disks-at-once';

/** The classes of a case: disks anywhere, disks in some zones, shares. One of them is the default. */
export function drawStorageClasses(random: Random): StorageClass[] {
  const key = random.pick([ZONE, ZONE, OLD_ZONE]);
  const zones = random.some(ZONES, 1, 2);
  const byDefault = random.pick(['disks', 'zonal-disks']);
  const make = (name: string, provisioner: string): StorageClass => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, ...(name === byDefault ? { annotations: { [DEFAULT_CLASS_ANNOTATION]: 'true' } } : {}) },
    provisioner,
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  return [
    make('disks', DISK_DRIVER),
    {
      ...make('zonal-disks', DISK_DRIVER),
      allowedTopologies: random.chance(0.5)
        ? [{ matchLabelExpressions: [{ key, values: zones }] }]
        : zones.map((zone) => ({ matchLabelExpressions: [{ key, values: [zone] }] })),
    },
    make('shares', SHARE_DRIVER),
    { ...make(AT_ONCE, DISK_DRIVER), volumeBindingMode: 'Immediate' },
  ];
}

/** One volume of a workload, seldom two or three. */
export function drawVolumes(random: Random): VolumePlan[] {
  const count = random.pick([1, 1, 1, 2, 3]);
  return Array.from({ length: count }, (_, index): VolumePlan => {
    const name = `volume-${index}`;
    const special = drawSpecial(random.fork(name), name);
    const className = random.pick([undefined, 'disks', 'disks', 'zonal-disks', 'zonal-disks', 'shares']);
    // Drawn whether they are used or not, so that the kinds above leave what follows as it is.
    const kind = random.pick(['bound', 'bound', 'to be bound', 'to be bound', 'ephemeral', 'shared']);
    const usual = drawUsual(random, kind, name, className);
    return special ?? usual;
  });
}

function drawUsual(random: Random, kind: string, name: string, className: string | undefined): VolumePlan {
  switch (kind) {
    case 'bound':
      return { kind: 'bound', name, zones: random.some(ZONES, 1, 3), key: random.pick([ZONE, ZONE, OLD_ZONE]) };
    case 'shared':
      return random.chance(0.5)
        ? { kind: 'shared', name, driver: SHARE_DRIVER }
        : { kind: 'shared', name, driver: DISK_DRIVER, zone: random.pick(ZONES) };
    case 'ephemeral':
      return { kind: 'ephemeral', name, ...(className === undefined ? {} : { className }) };
    default:
      return { kind: 'to be bound', name, ...(className === undefined ? {} : { className }) };
  }
}

/** Seldom a volume of a kind that is drawn by itself. */
function drawSpecial(random: Random, name: string): VolumePlan | undefined {
  if (random.chance(SHARED_SHARE)) {
    return { kind: 'shared, to be bound', name, className: random.pick(['disks', 'disks', 'zonal-disks', 'shares']) };
  }
  if (!random.chance(NEVER_BOUND_SHARE)) return undefined;
  return { kind: 'never bound', name, className: random.pick([AT_ONCE, '']) };
}

/** The shares of volumes with one claim that is to be bound for all pods, and with claims that nobody binds. */
const SHARED_SHARE = 0.15;
const NEVER_BOUND_SHARE = 0.05;

/** Gives a pod its volumes and notes the claims and volumes behind them. */
export function mountVolumes(
  pod: Pod,
  plans: readonly VolumePlan[],
  app: string,
  place: number,
  storage: Storage,
): void {
  if (plans.length === 0) return;
  const { name: podName, namespace = 'default' } = pod.metadata;
  pod.spec.volumes = plans.map((plan): Volume => {
    const { name } = plan;
    if (plan.kind === 'ephemeral') {
      const { spec } = claim('', '', plan.className);
      return { name, ephemeral: { volumeClaimTemplate: { spec } } };
    }
    const isShared = plan.kind === 'shared' || plan.kind === 'shared, to be bound';
    const claimName = `${name}-${isShared ? app : podName}`;
    if (!storage.claims.some(({ metadata }) => metadata.name === claimName && metadata.namespace === namespace)) {
      if (plan.kind !== 'bound' && plan.kind !== 'shared') {
        storage.claims.push(claim(namespace, claimName, plan.className));
      } else {
        const zone = plan.kind === 'bound' ? plan.zones[place % plan.zones.length] : plan.zone;
        const key = plan.kind === 'bound' ? plan.key : ZONE;
        const driver = plan.kind === 'bound' ? DISK_DRIVER : plan.driver;
        bind(storage, namespace, claimName, { driver, ...(zone === undefined ? {} : { zone, key }) });
      }
    }
    return { name, persistentVolumeClaim: { claimName } };
  });
}

/** A claim without a volume. */
export function claim(namespace: string, name: string, className: string | undefined): Claim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...(className === undefined ? {} : { storageClassName: className }),
    },
  };
}

/** Adds a claim that is bound, with its volume. */
export function bind(
  storage: Storage,
  namespace: string,
  name: string,
  { driver, zone, key = ZONE }: { readonly driver: string; readonly zone?: string; readonly key?: string },
): void {
  const volumeName = `${namespace}-${name}`;
  const unbound = claim(namespace, name, '');
  storage.claims.push({
    ...unbound,
    metadata: { ...unbound.metadata, annotations: { [BIND_COMPLETED]: 'yes' } },
    spec: { ...unbound.spec, volumeName },
  });
  const inZone: Expression[] = zone === undefined ? [] : [{ key, operator: 'In', values: [zone] }];
  storage.persistentVolumes.push(persistentVolume(volumeName, { namespace, name }, driver, inZone));
}

/** A volume of a claim, usable on nodes that meet the conditions. */
export function persistentVolume(
  name: string,
  of: { readonly namespace: string; readonly name: string; readonly uid?: string },
  driver: string,
  conditions: readonly Expression[],
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...of },
      csi: { driver, volumeHandle: `handle-of-${name}` },
      ...(conditions.length === 0
        ? {}
        : { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [...conditions] }] } } }),
    },
  };
}
