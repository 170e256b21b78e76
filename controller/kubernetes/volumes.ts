// The volumes of a pod that tie it to places or take an attachment: claims and generic ephemeral volumes, resolved as
// far as the claims, volumes and storage classes at hand allow. Everything else a pod mounts plays no part.
import { ClaimObstacle, type Volume } from '../../proto/index.ts';
import { type ClusterFacts, namespacedKey } from './cluster-facts.ts';
import { nodeSelectorTerm } from './constraints.ts';
import { at, type FieldPath, type KubernetesObject, list, mapping, nameOf, pathOf, text } from './fields.ts';

/** Where a volume is or may be made, in the terms of the objects it was read from. Plain data: grouping compares it. */
export interface ResolvedVolume {
  /** The claim's name with the pod's own name as `*`, so that the pods of a StatefulSet can share a shape. */
  readonly claimPattern: string;
  /** The CSI driver; empty where it is not known. */
  readonly driver: string;
  /** Node selector terms as Kubernetes writes them; none means anywhere. */
  readonly nodeTerms: readonly KubernetesObject[];
  /** What keeps the claim from being used, by the contract's numbers, and the object that this is about. */
  readonly obstacle: ClaimObstacle;
  readonly obstacleObject: string;
  /** The claim's name where several pods mount it; empty where it is one pod's own. */
  readonly sharedClaim: string;
  /** Labels of the first pod's node that will decide where the volume is; none where that is decided already. */
  readonly topologyKeys: readonly string[];
}

/** Claims by `namespace/name` that several of these pods mount. O(volumes). */
export function claimsOfSeveral(pods: Iterable<KubernetesObject>): Set<string> {
  const once = new Set<string>();
  const several = new Set<string>();
  for (const pod of pods) {
    const volumes = (pod.spec as KubernetesObject | null | undefined)?.volumes;
    if (!Array.isArray(volumes) || volumes.length === 0) continue;
    const { namespace } = (pod.metadata ?? {}) as KubernetesObject;
    const names = new Set(volumes.map((volume) => volume?.persistentVolumeClaim?.claimName));
    for (const name of names) {
      if (typeof name !== 'string') continue;
      const key = namespacedKey(typeof namespace === 'string' && namespace !== '' ? namespace : 'default', name);
      if (once.has(key)) several.add(key);
      else once.add(key);
    }
  }
  return several;
}

const NO_VOLUMES: readonly ResolvedVolume[] = [];

/** Resolves the volumes of a pod's spec that matter, in the order written. */
export function resolveVolumes(
  spec: KubernetesObject,
  namespace: string,
  podName: string,
  facts: ClusterFacts,
): readonly ResolvedVolume[] {
  const volumes = spec.volumes;
  if (!Array.isArray(volumes) || volumes.length === 0) return NO_VOLUMES;
  const resolved: ResolvedVolume[] = [];
  for (const volume of volumes) {
    if (typeof volume !== 'object' || volume === null) continue;
    const { name, persistentVolumeClaim, ephemeral } = volume as KubernetesObject;
    const claimName = (persistentVolumeClaim as KubernetesObject | null | undefined)?.claimName;
    if (typeof claimName === 'string') {
      const key = namespacedKey(namespace, claimName);
      const claim = facts.claims.get(key);
      resolved.push(
        facts.sharedClaims.has(key)
          ? { ...resolveClaim(claim, claimName, facts), sharedClaim: claimName }
          : { ...resolveClaim(claim, claimPattern(claimName, podName), facts), topologyKeys: [] },
      );
    } else if (typeof ephemeral === 'object' && ephemeral !== null) {
      // The claim is made with the pod; until then its template says what it will be.
      const made = facts.claims.get(namespacedKey(namespace, `${podName}-${String(name)}`));
      const template = (ephemeral as KubernetesObject).volumeClaimTemplate as KubernetesObject | undefined;
      resolved.push({ ...resolveClaim(made ?? template, `*-${String(name)}`, facts), topologyKeys: [] });
    }
  }
  return resolved;
}

/** `data-web-3` of pod `web-3` is `data-*`. */
function claimPattern(claimName: string, podName: string): string {
  if (podName === '') return claimName;
  if (claimName.endsWith(`-${podName}`)) return `${claimName.slice(0, -podName.length)}*`;
  if (claimName.startsWith(`${podName}-`)) return `*${claimName.slice(podName.length)}`;
  return claimName;
}

function resolveClaim(claim: KubernetesObject | undefined, pattern: string, facts: ClusterFacts): ResolvedVolume {
  const spec = mapping(claim?.spec, pathOf('spec'));
  if (claim === undefined || spec === undefined) return obstructed(pattern, ClaimObstacle.CLAIM_NOT_FOUND);
  const gone = lostOrGoing(claim);
  if (gone !== undefined) return obstructed(pattern, gone);
  const volumeName = text(spec.volumeName, pathOf('spec', 'volumeName')) ?? '';
  if (volumeName !== '') {
    const volume = facts.persistentVolumes.get(volumeName);
    if (volume === undefined) return obstructed(pattern, ClaimObstacle.VOLUME_NOT_FOUND, volumeName);
    const bound = boundVolume(volume, pattern);
    return isBound(claim) ? bound : { ...bound, obstacle: ClaimObstacle.NOT_BOUND_YET, obstacleObject: volumeName };
  }
  const className = text(spec.storageClassName, pathOf('spec', 'storageClassName'));
  const storageClass = className === undefined ? facts.defaultStorageClass : facts.storageClasses.get(className);
  if (storageClass !== undefined) return volumeToBe(storageClass, pattern);
  // An empty name asks for a volume that somebody made by hand, and which one is not known before the claim is bound.
  return (className ?? '') === ''
    ? obstructed(pattern, ClaimObstacle.NO_STORAGE_CLASS)
    : obstructed(pattern, ClaimObstacle.STORAGE_CLASS_NOT_FOUND, className);
}

/** A volume of which nothing is known but why it can't be used. */
function obstructed(claimPattern: string, obstacle: ClaimObstacle, obstacleObject = ''): ResolvedVolume {
  return { ...USABLE, claimPattern, driver: '', nodeTerms: [], obstacle, obstacleObject };
}

function lostOrGoing(claim: KubernetesObject): ClaimObstacle | undefined {
  const deleted = mapping(claim.metadata, pathOf('metadata'))?.deletionTimestamp;
  if (deleted !== undefined && deleted !== null) return ClaimObstacle.BEING_DELETED;
  return mapping(claim.status, pathOf('status'))?.phase === 'Lost' ? ClaimObstacle.LOST : undefined;
}

const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';

/** Whether a claim that names a volume has it. One that no API server has seen will be bound to the volume it names. */
function isBound(claim: KubernetesObject): boolean {
  const phase = mapping(claim.status, pathOf('status'))?.phase;
  if (phase === undefined || phase === null || phase === 'Bound') return true;
  const annotationsPath = pathOf('metadata', 'annotations') as FieldPath;
  const annotations = mapping(mapping(claim.metadata, pathOf('metadata'))?.annotations, annotationsPath);
  return annotations?.[BIND_COMPLETED] !== undefined;
}

const IN_TREE_EBS = 'kubernetes.io/aws-ebs';
const EBS_DRIVER = 'ebs.csi.aws.com';

function driverName(name: string): string {
  return name === IN_TREE_EBS ? EBS_DRIVER : name;
}

/** A claim that nothing is wrong with, which is one pod's own, and whose volume is where it is. */
const USABLE = {
  obstacle: ClaimObstacle.UNSPECIFIED,
  obstacleObject: '',
  sharedClaim: '',
  topologyKeys: [] as readonly string[],
};

/** Where a volume that exists can be used. */
function boundVolume(volume: KubernetesObject, pattern: string): ResolvedVolume {
  const specPath = pathOf('spec') as FieldPath;
  const spec = mapping(volume.spec, specPath) ?? {};
  const csi = mapping(spec.csi, at(specPath, 'csi'));
  const isEbs = mapping(spec.awsElasticBlockStore, at(specPath, 'awsElasticBlockStore')) !== undefined;
  const driver = isEbs ? EBS_DRIVER : (text(csi?.driver, at(at(specPath, 'csi'), 'driver')) ?? '');
  const affinityPath = at(specPath, 'nodeAffinity');
  const affinity = mapping(spec.nodeAffinity, affinityPath);
  const required = mapping(affinity?.required, at(affinityPath, 'required'));
  const termsPath = at(at(affinityPath, 'required'), 'nodeSelectorTerms');
  const terms = list(required?.nodeSelectorTerms, termsPath).map(
    (term, index) => mapping(term, at(termsPath, index)) ?? {},
  );
  const isLocal = spec.local !== undefined || spec.hostPath !== undefined;
  return { ...USABLE, claimPattern: pattern, driver, nodeTerms: isLocal ? withoutHostnames(terms) : terms };
}

/**
 * A local volume names the node it was on. A new node can't be that node, and the pod may move only with a new volume,
 * so its host name is left out; a term of nothing else then holds anywhere.
 */
function withoutHostnames(terms: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const kept = terms.map((term) => ({
    ...term,
    matchExpressions: list(term.matchExpressions, undefined).filter(
      (expression) => (expression as KubernetesObject | null)?.key !== 'kubernetes.io/hostname',
    ),
  }));
  return kept.some((term) => term.matchExpressions.length === 0) ? [] : kept;
}

/** Where a storage class may make a volume. */
function volumeToBe(storageClass: KubernetesObject, pattern: string): ResolvedVolume {
  const provisioner = text(storageClass.provisioner, pathOf('provisioner')) ?? '';
  const path = pathOf('allowedTopologies') as FieldPath;
  const nodeTerms = list(storageClass.allowedTopologies, path).map((entry, index) => {
    const topology = mapping(entry, at(path, index)) ?? {};
    const expressionsPath = at(at(path, index), 'matchLabelExpressions');
    return {
      matchExpressions: list(topology.matchLabelExpressions, expressionsPath).map((expression, position) => ({
        ...mapping(expression, at(expressionsPath, position)),
        operator: 'In',
      })),
    };
  });
  const obstacle = classObstacle(storageClass, provisioner);
  const obstacleObject = obstacle === ClaimObstacle.UNSPECIFIED ? '' : nameOf(storageClass);
  const driver = driverName(provisioner);
  const topologyKeys = decidingLabels(driver, nodeTerms);
  return { ...USABLE, claimPattern: pattern, driver, nodeTerms, obstacle, obstacleObject, topologyKeys };
}

const ZONE_LABEL = 'topology.kubernetes.io/zone';
const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** EBS volumes are made in the zone of their first pod's node; of other drivers only the class tells. */
function decidingLabels(driver: string, nodeTerms: readonly KubernetesObject[]): string[] {
  if (driver === EBS_DRIVER) return [ZONE_LABEL];
  const keys = nodeTerms.flatMap(({ matchExpressions }) =>
    (matchExpressions as KubernetesObject[]).map(({ key }) => key),
  );
  return [...new Set(keys)]
    .filter((key) => typeof key === 'string')
    .filter((key) => key !== HOSTNAME_LABEL)
    .sort();
}

/**
 * What keeps a class from making a volume once the pod has its node. A class of `kubernetes.io/no-provisioner` is none:
 * volumes of local disks are made once there is a node that has them.
 */
function classObstacle(storageClass: KubernetesObject, provisioner: string): ClaimObstacle {
  if (provisioner === '') return ClaimObstacle.NO_PROVISIONER;
  const mode = text(storageClass.volumeBindingMode, pathOf('volumeBindingMode')) ?? 'Immediate';
  return mode === 'WaitForFirstConsumer' ? ClaimObstacle.UNSPECIFIED : ClaimObstacle.BINDS_IMMEDIATELY;
}

/** The contract's message for a resolved volume. */
export function volumeMessage(volume: ResolvedVolume, path: FieldPath): Volume {
  return {
    $typeName: 'dovetail.v1.Volume',
    claimName: volume.claimPattern,
    driver: volume.driver,
    nodeTerms: volume.nodeTerms.map((term, index) => nodeSelectorTerm(term, at(path, index))),
    claimObstacle: volume.obstacle,
    obstacleObject: volume.obstacleObject,
    sharedClaim: volume.sharedClaim,
    topologyKeys: [...volume.topologyKeys],
  };
}
