// Objects of the cluster as messages of a session: nodes, claims in flight, pools, node classes, daemonsets, namespaces.
// Pure functions of objects; what has changed since when is session-feed.ts.
import { create } from '@bufbuild/protobuf';
import type { Namespace, Node, NodeClass, NodePool, Resources, SessionPods } from '../../proto/index.ts';
import { NamespaceSchema, NodeSchema, NodeStage, SessionPodsSchema } from '../../proto/index.ts';
import {
  addAttachmentLimits,
  checkTaintsUnique,
  groupPods,
  InputError,
  isReschedulable,
  nodeClassMessage,
  nodeClassName,
  nodeClassSpec,
  nodeMessages,
  nodePoolMessage,
  nodePoolSpec,
  ownNomination,
  type PodContext,
  type PodState,
  podState,
  type RefusedPod,
  taintMessages,
  unusableNodePool,
} from '../kubernetes/index.ts';
import { isDeleting, isTrue, type NodeClaimView, type NodeView, nameOf, type PodView } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import type { MemoryObserver } from './observed-memory.ts';

/** What a claim without an instance will probably become: the best of its offerings. */
export interface ExpectedNode {
  /** Every label that the node will have, as far as it is known. */
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: Resources;
  readonly allocatable: Resources;
}

/** Where a pod counts: on a node, among those that wait (''), or nowhere (undefined). */
export type PodPlace = string | undefined;

const WAITING: PodPlace = '';

/** True for a pod that comes with its node: it is part of the node's message. */
export function isDaemonPod(pod: ApiObject): boolean {
  return pod.metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet') === true;
}

/**
 * Where a pod counts. Those that will have to leave their node count as waiting, so that a place is made for them ahead.
 *
 * @param isLeaving whether the node of that name is on its way out
 * @param seat the entry that a pod which waits was planned onto
 */
export function podPlace(pod: PodView, isLeaving: (nodeName: string) => boolean, seat: string | undefined): PodPlace {
  try {
    const state = nominatedState(pod) ?? podState(pod, true);
    if (state.kind === 'pending') return seat ?? WAITING;
    if (state.kind === 'left-out' || isDaemonPod(pod)) return undefined;
    return isLeaving(state.nodeName) && isReschedulable(pod) ? WAITING : state.nodeName;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}

/** The scheduler keeps room for a pod that we have nominated: it counts as if it were there. */
function nominatedState(pod: PodView): PodState | undefined {
  const nodeName = ownNomination(pod);
  return nodeName === undefined ? undefined : { kind: 'bound', nodeName };
}

/** Those pods of a node that run and are daemonsets', in the order of their names. */
export function runningDaemonPods(pods: readonly PodView[]): PodView[] {
  return pods
    .filter((pod) => isDaemonPod(pod) && placeOfDaemonPod(pod) !== undefined)
    .sort((a, b) => (`${a.metadata.namespace}/${nameOf(a)}` < `${b.metadata.namespace}/${nameOf(b)}` ? -1 : 1));
}

function placeOfDaemonPod(pod: PodView): string | undefined {
  const state = ignoringInput(() => podState(pod, true));
  return state?.kind === 'bound' ? state.nodeName : undefined;
}

/** Pods of one place in groups of one shape. Those that can't be understood are in `refused`. */
export function podMessages(
  place: string,
  pods: readonly PodView[],
  context: PodContext,
  refused: RefusedPod[],
): SessionPods[] {
  const grouped = groupPods(pods, context);
  refused.push(...grouped.refused);
  return grouped.groups.map(({ shape, names }) =>
    create(SessionPodsSchema, { ...(shape === undefined ? {} : { shape }), names, node: place }),
  );
}

/**
 * A node with the daemonsets' pods that run there.
 *
 * @param csiNode says how many volumes the node's drivers attach
 */
export function nodeMessage(
  node: NodeView,
  claim: NodeClaimView | undefined,
  daemonPods: readonly PodView[],
  csiNode: ApiObject | undefined,
  context: PodContext,
): Node | undefined {
  const bound = new Map([[nameOf(node), daemonPods]]);
  const { nodes } = nodeMessages([node], claim === undefined ? [] : [claim], bound, context);
  const [message] = nodes;
  if (message === undefined) return undefined;
  if (csiNode !== undefined) ignoringInput(() => addAttachmentLimits([message], csiNode));
  return message;
}

/** A claim whose node has not been seen: what its status says, else what is expected of it; undefined if neither. */
export function claimMessage(
  claim: NodeClaimView,
  expected: ExpectedNode | undefined,
  context: PodContext,
): Node | undefined {
  if (claim.status?.allocatable !== undefined) return nodeMessages([], [claim], new Map(), context).nodes[0];
  if (expected === undefined) return undefined;
  return ignoringInput(() =>
    create(NodeSchema, {
      name: nameOf(claim),
      labels: { ...expected.labels, ...claim.metadata.labels },
      taints: taintMessages(claim.spec.taints),
      startupTaints: taintMessages(claim.spec.startupTaints),
      capacity: expected.capacity,
      allocatable: expected.allocatable,
      stage: NodeStage.IN_FLIGHT,
      deleting: isDeleting(claim),
    }),
  );
}

/** A pool that may grow; undefined for one that may not, or that can't be understood. */
export function poolMessage(
  pool: ApiObject,
  nodeClassByName: (name: string) => ApiObject | undefined,
): NodePool | undefined {
  return ignoringInput(() => {
    const spec = nodePoolSpec(pool);
    if (unusableNodePool(pool, spec) !== undefined || !isTrue(pool, 'Ready')) return undefined;
    const className = nodeClassName(spec);
    const nodeClass = nodeClassByName(className);
    if (nodeClass === undefined || isDeleting(nodeClass) || !isTrue(nodeClass, 'Ready')) return undefined;
    checkTaintsUnique(spec);
    return nodePoolMessage(pool, spec, className);
  });
}

/** Settings that change what a node of any class can hold. */
export interface NodeClassSettings {
  readonly vmMemoryOverheadPercent?: number;
  readonly reservedEnis?: number;
  /** What nodes were seen to have. */
  readonly observed?: MemoryObserver;
}

export function classMessage(nodeClass: ApiObject, settings: NodeClassSettings): NodeClass | undefined {
  return ignoringInput(() => {
    const message = nodeClassMessage(nodeClass, nodeClassSpec(nodeClass));
    if (settings.vmMemoryOverheadPercent !== undefined) {
      message.vmMemoryOverheadRatio = settings.vmMemoryOverheadPercent;
    }
    message.reservedEniCount = settings.reservedEnis ?? 0;
    message.observedMemory = settings.observed?.of(nodeClass) ?? [];
    return message;
  });
}

export function namespaceMessage(namespace: ApiObject): Namespace {
  const name = nameOf(namespace);
  const labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': name };
  return create(NamespaceSchema, { name, labels });
}

/** What can't be understood is left out: whoever owns the object tells the user, in its conditions. */
function ignoringInput<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}
