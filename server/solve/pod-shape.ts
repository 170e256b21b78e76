// One pod shape: from the contract's message to the engine's, with Kubernetes' defaults filled in.
import type {
  ClaimObstacleKind,
  HostPortInput,
  PodAffinityInput,
  PodShape,
  ResourceList,
  TopologySpreadInput,
  VolumeInput,
} from '../../engine/index.ts';
import {
  ClaimObstacle,
  type HostPort,
  NodeInclusionPolicy,
  type PodAffinityTerm,
  type PodShape as PodShapeMessage,
  type PreferredNodeTerm,
  type Resources,
  type TopologySpreadConstraint,
  UnsatisfiablePolicy,
  type Volume,
} from '../../proto/index.ts';
import { toLabelSelector, toNodeTerm, toNodeTerms, toPodRequests, toTolerations } from '../messages/index.ts';

/** The namespace of what names none. */
export const DEFAULT_NAMESPACE = 'default';

/** Reads the shapes of one request. Lists that shapes share are read once, and stay shared. */
export class ShapeReader {
  readonly #read = new Map<object, unknown>();

  /**
   * A shape as the engine has it. `path` is the shape's place in the request, for messages; `namespace` is used where the
   * shape names none.
   */
  read(message: PodShapeMessage, path: string, namespace: string = DEFAULT_NAMESPACE): PodShape {
    return {
      namespace: message.namespace === '' ? namespace : message.namespace,
      labels: message.labels,
      requests: this.#requests(message.requests, `${path}.requests`),
      nodeSelector: message.nodeSelector,
      requiredNodeTerms: this.#list(message.requiredNodeTerms, (terms) =>
        toNodeTerms(terms, `${path}.required_node_terms`),
      ),
      preferredNodeTerms: this.#list(message.preferredNodeTerms, (terms) =>
        terms.map((preferred, index) => toPreferred(preferred, `${path}.preferred_node_terms[${index}].term`)),
      ),
      tolerations: this.#list(message.tolerations, (list) => toTolerations(list, `${path}.tolerations`)),
      topologySpread: this.#list(message.topologySpreadConstraints, (constraints) =>
        constraints.map((constraint, index) => toSpread(constraint, `${path}.topology_spread_constraints[${index}]`)),
      ),
      podAffinity: this.#list(message.podAffinity, (terms) =>
        terms.map((term, index) => toAffinity(term, `${path}.pod_affinity[${index}]`)),
      ),
      podAntiAffinity: this.#list(message.podAntiAffinity, (terms) =>
        terms.map((term, index) => toAffinity(term, `${path}.pod_anti_affinity[${index}]`)),
      ),
      hostPorts: this.#list(message.hostPorts, (ports) => ports.map(toHostPort)),
      volumes: this.#list(message.volumes, (volumes) =>
        volumes.map((volume, index) => toVolume(volume, `${path}.volumes[${index}]`)),
      ),
      priority: message.priority,
    };
  }

  #list<Message, Input>(
    messages: readonly Message[],
    read: (messages: Message[]) => readonly Input[],
  ): readonly Input[] {
    if (messages.length === 0) return NOTHING;
    let known = this.#read.get(messages) as readonly Input[] | undefined;
    if (known === undefined) {
      known = read(messages as Message[]);
      this.#read.set(messages, known);
    }
    return known;
  }

  #requests(message: Resources | undefined, path: string): ResourceList {
    if (message === undefined) return toPodRequests(message, path);
    let known = this.#read.get(message) as ResourceList | undefined;
    if (known === undefined) {
      known = toPodRequests(message, path);
      this.#read.set(message, known);
    }
    return known;
  }
}

const NOTHING: readonly never[] = [];

function toPreferred({ weight, term }: PreferredNodeTerm, path: string): PodShape['preferredNodeTerms'][number] {
  return { weight, term: term === undefined ? { matchExpressions: [], matchFields: [] } : toNodeTerm(term, path) };
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
