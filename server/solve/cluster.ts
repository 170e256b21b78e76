// What a request says of the cluster (pools, node classes, daemonsets, nodes): from the contract's messages to the
// engine's inputs. Pods to place are in request.ts.
import type {
  DaemonSetInput,
  NamespaceInput,
  NodeClassInput,
  NodeInput,
  NodePoolInput,
  NodeStage,
  ShapeCount,
} from '../../engine/index.ts';
import {
  type BoundDaemonPod,
  type DaemonSet,
  type Namespace,
  type Node,
  type NodeClass,
  type NodePool,
  NodeStage as NodeStageMessage,
} from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';
import {
  toLimits,
  toNodeClassFacts,
  toPodRequests,
  toPoolRequirements,
  toResourceList,
  toTaints,
} from '../messages/index.ts';
import type { PodNames } from './pod-names.ts';
import { DEFAULT_NAMESPACE, ShapeReader, toAffinity } from './pod-shape.ts';

/** Something the caller should know, at a path of the request. */
export interface RequestNotice {
  readonly field: string;
  readonly message: string;
}

const STAGES: Readonly<Record<number, NodeStage>> = {
  [NodeStageMessage.UNSPECIFIED]: 'ready',
  [NodeStageMessage.READY]: 'ready',
  [NodeStageMessage.UNINITIALIZED]: 'uninitialized',
  [NodeStageMessage.IN_FLIGHT]: 'in-flight',
};

/** The namespaces of a request. */
export function toNamespaces(messages: readonly Namespace[]): NamespaceInput[] {
  refuseDuplicates(messages, (each) => each.name, 'namespaces', 'namespace');
  return messages.map(({ name, labels }) => ({ name, labels }));
}

/** Pools that can be used, with their place in the request. */
export interface UsablePools {
  readonly pools: readonly NodePoolInput[];
  /** Index into the request's `node_pools`, by index into `pools`. */
  readonly requestIndex: readonly number[];
}

/** The node classes of a request. */
export function toNodeClasses(messages: readonly NodeClass[], notices: RequestNotice[]): NodeClassInput[] {
  refuseDuplicates(messages, (each) => each.name, 'node_classes', 'node class');
  return messages.map((message, index) => {
    const path = `node_classes[${index}]`;
    if (message.extraCostNanoUsdPerHour !== 0n) notices.push(extraCostNotice(path));
    return toNodeClass(message, path);
  });
}

/** One node class; `path` is its place in the request. */
export function toNodeClass(message: NodeClass, path: string): NodeClassInput {
  return { name: message.name, facts: toNodeClassFacts(message, path) };
}

/** What is said of a node class with a cost of its own. */
export function extraCostNotice(path: string): RequestNotice {
  return { field: `${path}.extra_cost_nano_usd_per_hour`, message: 'this version does not rank pools by it' };
}

/**
 * The pools of a request. One that names a node class which the request lacks is left out with a notice; when none
 * remains of those sent, the request is refused.
 */
export function toPools(
  messages: readonly NodePool[],
  nodeClasses: readonly NodeClassInput[],
  notices: RequestNotice[],
): UsablePools {
  refuseDuplicates(messages, (each) => each.name, 'node_pools', 'pool');
  const classNames = new Set(nodeClasses.map((each) => each.name));
  const pools: NodePoolInput[] = [];
  const requestIndex: number[] = [];
  for (const [index, message] of messages.entries()) {
    const path = `node_pools[${index}]`;
    if (message.nodeClass !== '' && !classNames.has(message.nodeClass)) {
      notices.push({
        field: `${path}.node_class`,
        message: `pool ${message.name} is left out: the request has no node class ${message.nodeClass}`,
      });
      continue;
    }
    pools.push(toPool(message, path));
    requestIndex.push(index);
  }
  if (pools.length === 0 && messages.length > 0) {
    const first = messages[0];
    throw invalidArgument(
      'node_pools[0].node_class',
      `no pool can be used: each of the ${messages.length} names a node class that the request lacks (the first one ${first?.nodeClass}); send it under node_classes`,
    );
  }
  return { pools, requestIndex };
}

/** The daemonsets of a request. */
export function toDaemonSets(messages: readonly DaemonSet[]): DaemonSetInput[] {
  refuseDuplicates(messages, daemonSetKey, 'daemon_sets', 'daemonset');
  return messages.map((message, index) => toDaemonSet(message, `daemon_sets[${index}]`));
}

/** One daemonset; `path` is its place in the request. */
export function toDaemonSet(message: DaemonSet, path: string): DaemonSetInput {
  const namespace = message.namespace === '' ? DEFAULT_NAMESPACE : message.namespace;
  if (message.shape === undefined) throw invalidArgument(`${path}.shape`, 'a daemonset needs one of its pods');
  return { namespace, name: message.name, shape: new ShapeReader().read(message.shape, `${path}.shape`, namespace) };
}

/** The nodes of a request. Names of their pods are checked and counted by `names`, and not kept. */
export function toNodes(messages: readonly Node[], names: PodNames): NodeInput[] {
  refuseDuplicates(messages, (each) => each.name, 'nodes', 'node');
  const reader = new ShapeReader();
  return messages.map((message, index) => {
    const path = `nodes[${index}]`;
    const pods = message.pods.map((group, groupIndex): ShapeCount => {
      const groupPath = `${path}.pods[${groupIndex}]`;
      if (group.shape === undefined) throw invalidArgument(`${groupPath}.shape`, 'a group needs the shape of its pods');
      const shape = reader.read(group.shape, `${groupPath}.shape`);
      names.add(shape.namespace, group.names, groupPath);
      return { shape, count: group.names.length };
    });
    return { ...toBareNode(message, path), pods };
  });
}

/** One node without the pods that run there; `path` is its place in the request. */
export function toBareNode(message: Node, path: string): Omit<NodeInput, 'pods'> {
  return {
    name: message.name,
    labels: message.labels,
    taints: toTaints(message.taints, `${path}.taints`),
    capacity: toResourceList(message.capacity, `${path}.capacity`),
    allocatable: toResourceList(message.allocatable, `${path}.allocatable`),
    stage: STAGES[message.stage] ?? 'ready',
    startupTaints: toTaints(message.startupTaints, `${path}.startup_taints`),
    unschedulable: message.unschedulable,
    deleting: message.deleting,
    daemonPods: message.daemonPods.map((pod, podIndex) => toDaemonPod(pod, `${path}.daemon_pods[${podIndex}]`)),
  };
}

function toDaemonPod(message: BoundDaemonPod, path: string): NodeInput['daemonPods'][number] {
  return {
    namespace: message.namespace === '' ? DEFAULT_NAMESPACE : message.namespace,
    name: message.daemonSet,
    requests: toPodRequests(message.requests, `${path}.requests`),
    labels: message.labels,
    podAntiAffinity: message.podAntiAffinity.map((term, index) => {
      const termPath = `${path}.pod_anti_affinity[${index}]`;
      if (term.weight !== 0)
        throw invalidArgument(`${termPath}.weight`, 'only required terms keep others away: leave it 0');
      return toAffinity(term, termPath);
    }),
  };
}

/** One pool; `path` is its place in the request. */
export function toPool(message: NodePool, path: string): NodePoolInput {
  return {
    name: message.name,
    weight: message.weight,
    requirements: toPoolRequirements(message.requirements, `${path}.requirements`),
    labels: message.labels,
    taints: toTaints(message.taints, `${path}.taints`),
    startupTaints: toTaints(message.startupTaints, `${path}.startup_taints`),
    limits: toLimits(message.limits, `${path}.limits`),
    ...(message.nodeClass === '' ? {} : { nodeClassName: message.nodeClass }),
  };
}

/** A daemonset by its namespace and name. */
export function daemonSetKey(message: Pick<DaemonSet, 'namespace' | 'name'>): string {
  return `${message.namespace === '' ? DEFAULT_NAMESPACE : message.namespace}/${message.name}`;
}

function refuseDuplicates<T>(
  messages: readonly T[],
  nameOf: (message: T) => string,
  field: string,
  kind: string,
): void {
  const seen = new Map<string, number>();
  for (const [index, message] of messages.entries()) {
    const name = nameOf(message);
    const earlier = seen.get(name);
    if (earlier !== undefined) {
      throw invalidArgument(
        `${field}[${index}].name`,
        `${kind} ${name} is already in ${field}[${earlier}]; names are unique`,
      );
    }
    seen.set(name, index);
  }
}
