// Nodes and NodeClaims to the contract's nodes: what exists with what runs there, and capacity that is on its way.
import { create } from '@bufbuild/protobuf';
import {
  type BoundDaemonPod,
  BoundDaemonPodSchema,
  type Node,
  NodeSchema,
  NodeStage,
  type Resources,
  type Taint,
} from '../../proto/index.ts';
import { taints } from './constraints.ts';
import { ATTACHMENTS } from './csi-nodes.ts';
import {
  type FieldPath,
  flag,
  InputError,
  type KubernetesObject,
  labelsOf,
  mapping,
  nameOf,
  namespaceOf,
  ownersOf,
  pathOf,
  text,
} from './fields.ts';
import { groupPods, type RefusedPod } from './grouping.ts';
import { type PodContext, requiredAntiAffinity, selectedLabels } from './pod.ts';
import { podRequests } from './pod-requests.ts';
import { offeredResources, resourcesFromAmounts } from './resources.ts';

const NODE_POOL_LABEL = 'karpenter.sh/nodepool';
const INITIALIZED_LABEL = 'karpenter.sh/initialized';
const UNREGISTERED_TAINT = 'karpenter.sh/unregistered';

/** Nodes made for the contract, and what could not be understood on the way. */
export interface NodeMessages {
  readonly nodes: Node[];
  /** The objects that the nodes were made of, in the same order. */
  readonly sources: KubernetesObject[];
  readonly refused: RefusedPod[];
  /** NodeClaims of which nothing is known yet but that they exist. */
  readonly unknownClaims: KubernetesObject[];
}

/**
 * Makes the contract's nodes.
 *
 * @param nodes v1.Node objects
 * @param claims karpenter.sh/v1 NodeClaim objects: those without a Node are capacity in flight
 * @param boundPods pods by the name of their node
 */
export function nodeMessages(
  nodes: readonly KubernetesObject[],
  claims: readonly KubernetesObject[],
  boundPods: ReadonlyMap<string, readonly KubernetesObject[]>,
  context: PodContext,
): NodeMessages {
  const result: NodeMessages = { nodes: [], sources: [], refused: [], unknownClaims: [] };
  const nodeNameOf = nodeFinder(nodes);
  const claimByNode = new Map<string, KubernetesObject>();
  for (const claim of claims) {
    const status = mapping(claim.status, pathOf('status'));
    const nodeName = nodeNameOf(claim);
    if (nodeName !== undefined) claimByNode.set(nodeName, claim);
    else if (mapping(status?.allocatable, pathOf('status', 'allocatable')) === undefined)
      result.unknownClaims.push(claim);
    else add(result, claim, () => inFlightNode(claim));
  }
  for (const node of nodes) {
    add(result, node, () => {
      const message = registeredNode(node, claimByNode.get(nameOf(node)));
      addBoundPods(message, boundPods.get(message.name) ?? [], context, result.refused);
      return message;
    });
  }
  return result;
}

/** Names of the nodes that are being deleted, themselves or by their claims. */
export function deletingNodeNames(
  nodes: readonly KubernetesObject[],
  claims: readonly KubernetesObject[],
): ReadonlySet<string> {
  const nodeNameOf = nodeFinder(nodes);
  const names = nodes.filter(isDeleting).map(nameOf);
  for (const claim of claims) {
    const nodeName = isDeleting(claim) ? nodeNameOf(claim) : undefined;
    if (nodeName !== undefined) names.push(nodeName);
  }
  return new Set(names);
}

/** Finds the node that came of a claim: by its name, else by its instance. */
function nodeFinder(nodes: readonly KubernetesObject[]): (claim: KubernetesObject) => string | undefined {
  const nodeNames = new Set(nodes.map(nameOf));
  const nodeByProviderId = new Map<string, string>();
  for (const node of nodes) {
    const providerId = mapping(node.spec, pathOf('spec'))?.providerID;
    if (typeof providerId === 'string' && providerId !== '') nodeByProviderId.set(providerId, nameOf(node));
  }
  return (claim) => {
    const status = mapping(claim.status, pathOf('status'));
    const providerId = text(status?.providerID, pathOf('status', 'providerID')) ?? '';
    const byName = text(status?.nodeName, pathOf('status', 'nodeName')) ?? '';
    return nodeNames.has(byName) ? byName : nodeByProviderId.get(providerId);
  };
}

function add(result: NodeMessages, source: KubernetesObject, make: () => Node): void {
  try {
    const message = make();
    result.nodes.push(message);
    result.sources.push(source);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    result.refused.push({ pod: source, error });
  }
}

function isDeleting(object: KubernetesObject | undefined): boolean {
  const deleted = mapping(object?.metadata, pathOf('metadata'))?.deletionTimestamp;
  return deleted !== undefined && deleted !== null;
}

/** A node that has not been seen: what is known comes from its claim. */
function inFlightNode(claim: KubernetesObject): Node {
  const spec = mapping(claim.spec, pathOf('spec'));
  const status = mapping(claim.status, pathOf('status'));
  return create(NodeSchema, {
    name: nameOf(claim),
    labels: labelsOf(claim),
    taints: taints(spec?.taints, pathOf('spec', 'taints') as FieldPath),
    startupTaints: taints(spec?.startupTaints, pathOf('spec', 'startupTaints') as FieldPath),
    capacity: offeredResources(status?.capacity, pathOf('status', 'capacity')),
    allocatable: offeredResources(status?.allocatable, pathOf('status', 'allocatable')),
    stage: NodeStage.IN_FLIGHT,
    deleting: isDeleting(claim),
  });
}

function registeredNode(node: KubernetesObject, claim: KubernetesObject | undefined): Node {
  const spec = mapping(node.spec, pathOf('spec'));
  const status = mapping(node.status, pathOf('status'));
  const claimSpec = mapping(claim?.spec, pathOf('spec'));
  const claimStatus = mapping(claim?.status, pathOf('status'));
  const labels = labelsOf(node);
  const written = taints(spec?.taints, pathOf('spec', 'taints') as FieldPath);
  const managed = labels[NODE_POOL_LABEL] !== undefined || claim !== undefined;
  const stage = !managed || labels[INITIALIZED_LABEL] === 'true' ? NodeStage.READY : NodeStage.UNINITIALIZED;
  const capacity = offeredResources(status?.capacity, pathOf('status', 'capacity'));
  const allocatable = offeredResources(status?.allocatable, pathOf('status', 'allocatable'));
  if (stage === NodeStage.UNINITIALIZED) {
    fillMissing(capacity, offeredResources(claimStatus?.capacity, pathOf('status', 'capacity')));
    fillMissing(allocatable, offeredResources(claimStatus?.allocatable, pathOf('status', 'allocatable')));
  }
  return create(NodeSchema, {
    name: nameOf(node),
    labels,
    taints:
      claim !== undefined && isUnregistered(written)
        ? taints(claimSpec?.taints, pathOf('spec', 'taints') as FieldPath)
        : written,
    startupTaints: taints(claimSpec?.startupTaints, pathOf('spec', 'startupTaints') as FieldPath),
    capacity,
    allocatable,
    stage,
    unschedulable: flag(spec?.unschedulable, pathOf('spec', 'unschedulable')) ?? false,
    deleting: isDeleting(node) || isDeleting(claim),
  });
}

/** A node that has not been registered yet does not carry its pool's taints. */
function isUnregistered(written: readonly Taint[]): boolean {
  return written.some((taint) => taint.key === UNREGISTERED_TAINT);
}

/** A node that is starting may not report everything yet; its claim says what is to be expected. */
function fillMissing(reported: Resources, expected: Resources): void {
  reported.cpuMilli = reported.cpuMilli || (expected.cpuMilli ?? 0n);
  reported.memoryBytes = reported.memoryBytes || (expected.memoryBytes ?? 0n);
  reported.ephemeralStorageBytes = reported.ephemeralStorageBytes || (expected.ephemeralStorageBytes ?? 0n);
  reported.pods = reported.pods || (expected.pods ?? 0n);
  for (const [name, amount] of Object.entries(expected.extended)) {
    const present = reported.extended[name];
    // A device plugin that has not started reports 0 of its devices; 0 attachments of a volume driver are none.
    const isThere = name.startsWith(ATTACHMENTS) ? present !== undefined : (present ?? 0n) > 0n;
    if (!isThere) reported.extended[name] = amount;
  }
}

function addBoundPods(
  message: Node,
  pods: readonly KubernetesObject[],
  context: PodContext,
  refused: RefusedPod[],
): void {
  const others: KubernetesObject[] = [];
  for (const pod of pods) {
    try {
      const owner = ownersOf(pod).find((candidate) => candidate.kind === 'DaemonSet');
      if (owner === undefined) others.push(pod);
      else message.daemonPods.push(daemonPod(pod, owner.name, context));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused.push({ pod, error });
    }
  }
  const grouped = groupPods(others, context);
  message.pods = grouped.groups;
  refused.push(...grouped.refused);
}

function daemonPod(pod: KubernetesObject, daemonSet: string, context: PodContext): BoundDaemonPod {
  const path = pathOf('spec') as FieldPath;
  const amounts = podRequests(mapping(pod.spec, path) ?? {}, path, mapping(pod.status, pathOf('status')), undefined);
  return create(BoundDaemonPodSchema, {
    namespace: namespaceOf(pod),
    daemonSet,
    requests: resourcesFromAmounts(amounts, 'up', path),
    labels: selectedLabels(pod, context.selectedLabelKeys),
    podAntiAffinity: requiredAntiAffinity(pod),
  });
}
