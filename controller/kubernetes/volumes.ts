// The volumes of a pod that tie it to places or take an attachment: claims and generic ephemeral volumes, resolved as
// far as the claims, volumes and storage classes at hand allow. Everything else a pod mounts plays no part.
import type { Volume } from '../../proto/index.ts';
import { type ClusterFacts, namespacedKey } from './cluster-facts.ts';
import { nodeSelectorTerm } from './constraints.ts';
import { at, type FieldPath, type KubernetesObject, list, mapping, pathOf, text } from './fields.ts';

/** Where a volume is or may be made, in the terms of the objects it was read from. Plain data: grouping compares it. */
export interface ResolvedVolume {
  /** The claim's name with the pod's own name as `*`, so that the pods of a StatefulSet can share a shape. */
  readonly claimPattern: string;
  /** The CSI driver; empty where it is not known. */
  readonly driver: string;
  /** Node selector terms as Kubernetes writes them; none means anywhere. */
  readonly nodeTerms: readonly KubernetesObject[];
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
      const claim = facts.claims.get(namespacedKey(namespace, claimName));
      resolved.push(resolveClaim(claim, claimPattern(claimName, podName), facts));
    } else if (typeof ephemeral === 'object' && ephemeral !== null) {
      const template = (ephemeral as KubernetesObject).volumeClaimTemplate as KubernetesObject | undefined;
      resolved.push(resolveClaim(template, `*-${String(name)}`, facts));
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
  const unknown: ResolvedVolume = { claimPattern: pattern, driver: '', nodeTerms: [] };
  const spec = mapping(claim?.spec, pathOf('spec'));
  if (spec === undefined) return unknown;
  const volumeName = text(spec.volumeName, pathOf('spec', 'volumeName')) ?? '';
  if (volumeName !== '') {
    const volume = facts.persistentVolumes.get(volumeName);
    return volume === undefined ? unknown : boundVolume(volume, pattern);
  }
  const className = text(spec.storageClassName, pathOf('spec', 'storageClassName'));
  const storageClass = className === undefined ? facts.defaultStorageClass : facts.storageClasses.get(className);
  return storageClass === undefined ? unknown : volumeToBe(storageClass, pattern);
}

const IN_TREE_EBS = 'kubernetes.io/aws-ebs';
const EBS_DRIVER = 'ebs.csi.aws.com';

function driverName(name: string): string {
  return name === IN_TREE_EBS ? EBS_DRIVER : name;
}

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
  return { claimPattern: pattern, driver, nodeTerms: isLocal ? withoutHostnames(terms) : terms };
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
  return { claimPattern: pattern, driver: driverName(provisioner), nodeTerms };
}

/** The contract's message for a resolved volume. */
export function volumeMessage(volume: ResolvedVolume, path: FieldPath): Volume {
  return {
    $typeName: 'dovetail.v1.Volume',
    claimName: volume.claimPattern,
    driver: volume.driver,
    nodeTerms: volume.nodeTerms.map((term, index) => nodeSelectorTerm(term, at(path, index))),
  };
}
