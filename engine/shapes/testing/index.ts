// Builders of problems for tests: each takes what a test cares about and fills in the plainest rest. Not for product code.
import type {
  DaemonSetInput,
  NodeInput,
  NodePoolInput,
  NodeTermInput,
  PodShape,
  Problem,
  RequirementInput,
  RequirementOperator,
  ResourceList,
  ShapeCount,
} from '../../model/index.ts';
import { mergeShapes, readLabelKeys } from '../index.ts';

export const GIB = 1024 ** 3;

/** A pod without any condition that asks for nothing but a place. */
export function podShape(changes: Partial<PodShape> = {}): PodShape {
  return {
    namespace: 'default',
    labels: {},
    requests: {},
    nodeSelector: {},
    requiredNodeTerms: [],
    preferredNodeTerms: [],
    tolerations: [],
    topologySpread: [],
    podAffinity: [],
    podAntiAffinity: [],
    hostPorts: [],
    volumes: [],
    priority: 0,
    ...changes,
  };
}

/** A pod that asks for so many thousandths of a core and so many GiB. */
export function podAsking(cpuMilli: number, memoryGib: number, changes: Partial<PodShape> = {}): PodShape {
  return podShape({ requests: { cpu: cpuMilli, memory: memoryGib * GIB }, ...changes });
}

/** One condition, as written. */
export function requirement(key: string, operator: RequirementOperator, ...values: string[]): RequirementInput {
  return { key, operator, values };
}

/** A term of node affinity over labels. */
export function nodeTerm(...matchExpressions: RequirementInput[]): NodeTermInput {
  return { matchExpressions, matchFields: [] };
}

/** A pool without any condition, for explicit types. */
export function nodePool(name: string, changes: Partial<NodePoolInput> = {}): NodePoolInput {
  return {
    name,
    weight: 0,
    requirements: [],
    labels: {},
    taints: [],
    startupTaints: [],
    limits: {},
    ...changes,
  };
}

/** A ready and empty node of a pool. */
export function existingNode(
  name: string,
  poolName: string,
  allocatable: ResourceList,
  changes: Partial<NodeInput> = {},
): NodeInput {
  return {
    name,
    labels: { 'karpenter.sh/nodepool': poolName, 'kubernetes.io/hostname': name },
    taints: [],
    capacity: allocatable,
    allocatable,
    stage: 'ready',
    startupTaints: [],
    unschedulable: false,
    deleting: false,
    pods: [],
    daemonPods: [],
    ...changes,
  };
}

/** A DaemonSet of pods of this shape. */
export function daemonSet(name: string, shape: PodShape): DaemonSetInput {
  return { namespace: 'kube-system', name, shape };
}

/** A problem; groups of pods are merged into shapes as the service merges them. */
export function problemOf(
  parts: Partial<Omit<Problem, 'shapes'>> & { readonly groups?: readonly ShapeCount[] },
): Problem {
  const { groups = [], ...rest } = parts;
  return {
    pools: [],
    nodeClasses: [],
    daemonSets: [],
    nodes: [],
    effort: 'fast',
    seed: 0,
    ...rest,
    shapes: mergeShapes(groups, readLabelKeys(groups.map((group) => group.shape))).shapes,
  };
}
