// One pod shape: from the contract's message to the engine's, with Kubernetes' defaults filled in.
import type {
  ClaimObstacleKind,
  HostPortInput,
  PodAffinityInput,
  PodShape,
  TopologySpreadInput,
  VolumeInput,
} from '../../engine/index.ts';
import {
  ClaimObstacle,
  type HostPort,
  NodeInclusionPolicy,
  type PodAffinityTerm,
  type PodShape as PodShapeMessage,
  type TopologySpreadConstraint,
  UnsatisfiablePolicy,
  type Volume,
} from '../../proto/index.ts';
import { toLabelSelector, toNodeTerm, toNodeTerms, toPodRequests, toTolerations } from '../messages/index.ts';

/** The namespace of what names none. */
export const DEFAULT_NAMESPACE = 'default';

/**
 * A shape as the engine has it. `path` is the shape's place in the request, for messages; `namespace` is used where the
 * shape names none.
 */
export function toPodShape(message: PodShapeMessage, path: string, namespace: string = DEFAULT_NAMESPACE): PodShape {
  return {
    namespace: message.namespace === '' ? namespace : message.namespace,
    labels: message.labels,
    requests: toPodRequests(message.requests, `${path}.requests`),
    nodeSelector: message.nodeSelector,
    requiredNodeTerms: toNodeTerms(message.requiredNodeTerms, `${path}.required_node_terms`),
    preferredNodeTerms: message.preferredNodeTerms.map((preferred, index) => ({
      weight: preferred.weight,
      term:
        preferred.term === undefined
          ? { matchExpressions: [], matchFields: [] }
          : toNodeTerm(preferred.term, `${path}.preferred_node_terms[${index}].term`),
    })),
    tolerations: toTolerations(message.tolerations, `${path}.tolerations`),
    topologySpread: message.topologySpreadConstraints.map((constraint, index) =>
      toSpread(constraint, `${path}.topology_spread_constraints[${index}]`),
    ),
    podAffinity: message.podAffinity.map((term, index) => toAffinity(term, `${path}.pod_affinity[${index}]`)),
    podAntiAffinity: message.podAntiAffinity.map((term, index) =>
      toAffinity(term, `${path}.pod_anti_affinity[${index}]`),
    ),
    hostPorts: message.hostPorts.map(toHostPort),
    volumes: message.volumes.map((volume, index) => toVolume(volume, `${path}.volumes[${index}]`)),
    priority: message.priority,
  };
}

function toSpread(message: TopologySpreadConstraint, path: string): TopologySpreadInput {
  const labelSelector = toLabelSelector(message.labelSelector, `${path}.label_selector`);
  return {
    topologyKey: message.topologyKey,
    maxSkew: message.maxSkew,
    whenUnsatisfiable:
      message.whenUnsatisfiable === UnsatisfiablePolicy.SCHEDULE_ANYWAY ? 'ScheduleAnyway' : 'DoNotSchedule',
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(message.minDomains === 0 ? {} : { minDomains: message.minDomains }),
    nodeAffinityPolicy: message.nodeAffinityPolicy === NodeInclusionPolicy.IGNORE ? 'Ignore' : 'Honor',
    nodeTaintsPolicy: message.nodeTaintsPolicy === NodeInclusionPolicy.HONOR ? 'Honor' : 'Ignore',
    matchLabelKeys: message.matchLabelKeys,
  };
}

/** One affinity or anti-affinity term; `path` is its place in the request. */
export function toAffinity(message: PodAffinityTerm, path: string): PodAffinityInput {
  const labelSelector = toLabelSelector(message.labelSelector, `${path}.label_selector`);
  const namespaceSelector = toLabelSelector(message.namespaceSelector, `${path}.namespace_selector`);
  return {
    ...(message.weight === 0 ? {} : { weight: message.weight }),
    topologyKey: message.topologyKey,
    ...(labelSelector === undefined ? {} : { labelSelector }),
    namespaces: message.namespaces,
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    matchLabelKeys: message.matchLabelKeys,
    mismatchLabelKeys: message.mismatchLabelKeys,
  };
}

function toHostPort(message: HostPort): HostPortInput {
  return {
    hostIp: message.hostIp,
    port: message.port,
    protocol: message.protocol === '' ? 'TCP' : (message.protocol as HostPortInput['protocol']),
  };
}

function toVolume(message: Volume, path: string): VolumeInput {
  const kind = CLAIM_OBSTACLES.get(message.claimObstacle);
  return {
    claimName: message.claimName,
    driver: message.driver,
    nodeTerms: toNodeTerms(message.nodeTerms, `${path}.node_terms`),
    ...(message.sharedClaim === '' ? {} : { sharedClaim: message.sharedClaim, topologyKeys: message.topologyKeys }),
    ...(kind === undefined ? {} : { obstacle: { kind, object: message.obstacleObject } }),
  };
}

const CLAIM_OBSTACLES: ReadonlyMap<ClaimObstacle, ClaimObstacleKind> = new Map([
  [ClaimObstacle.CLAIM_NOT_FOUND, 'claim-not-found'],
  [ClaimObstacle.LOST, 'lost'],
  [ClaimObstacle.BEING_DELETED, 'being-deleted'],
  [ClaimObstacle.VOLUME_NOT_FOUND, 'volume-not-found'],
  [ClaimObstacle.NOT_BOUND_YET, 'not-bound-yet'],
  [ClaimObstacle.NO_STORAGE_CLASS, 'no-storage-class'],
  [ClaimObstacle.STORAGE_CLASS_NOT_FOUND, 'storage-class-not-found'],
  [ClaimObstacle.NO_PROVISIONER, 'no-provisioner'],
  [ClaimObstacle.BINDS_IMMEDIATELY, 'binds-immediately'],
]);
