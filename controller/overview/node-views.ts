// Nodes as people see them: a claim and its node are one thing from the plan to the end, and nodes without a claim are shown
// as they are. Pure.
import { amountOf } from '../kubernetes/index.ts';
import {
  asNode,
  asNodeClaim,
  CAPACITY_TYPE_LABEL,
  INSTANCE_TYPE_LABEL,
  instanceIdOf,
  isDeleting,
  isTrue,
  momentMs,
  NODE_POOL_LABEL,
  type NodeClaimView,
  type NodeView as NodeObject,
  nameOf,
  type Quantities,
  ZONE_LABEL,
} from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import type { Fullness, NodeState, NodeView, WorkloadCount } from './overview.ts';
import type { ExpectedClaim } from './plan-memory.ts';
import type { PriceReader } from './price-book.ts';

/** What runs on a node. */
export interface NodeLoad {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly pods: readonly WorkloadCount[];
}

const EMPTY: NodeLoad = { cpuMilli: 0, memoryBytes: 0, pods: [] };

/** What a view is made from; one of claim and node is there. */
export interface NodeParts {
  readonly claim: NodeClaimView | undefined;
  readonly node: NodeObject | undefined;
  readonly expected: ExpectedClaim | undefined;
  readonly load: NodeLoad | undefined;
  readonly prices: PriceReader;
}

/** The view of one node. */
export function nodeView({ claim, node, expected, load = EMPTY, prices }: NodeParts): NodeView {
  const object = (claim ?? node) as ApiObject;
  const label = (key: string): string | undefined => node?.metadata.labels?.[key] ?? claim?.metadata.labels?.[key];
  const instanceType = label(INSTANCE_TYPE_LABEL) ?? expected?.offering.instanceType ?? '';
  const zone = label(ZONE_LABEL) ?? expected?.offering.zone ?? '';
  const capacityType = label(CAPACITY_TYPE_LABEL) ?? expected?.offering.capacityType ?? groupCapacityType(node);
  const providerId = claim?.status?.providerID ?? node?.spec?.providerID ?? '';
  const price = prices.priceOf(instanceType, zone, capacityType);
  const isExpected = node === undefined;
  return {
    id: nameOf(object),
    ...(node === undefined ? {} : { nodeName: nameOf(node) }),
    state: stateOf(claim, node),
    pool: label(NODE_POOL_LABEL) ?? '',
    instanceType,
    zone,
    capacityType,
    ...(providerId === '' ? {} : { instanceId: instanceIdOf(providerId) }),
    ...(price === undefined ? {} : { pricePerHour: price.pricePerHour }),
    isEstimate: price?.isEstimate === true,
    sinceMs: momentMs(object.metadata.creationTimestamp) ?? 0,
    ...(isExpected ? expectedUse(claim, expected) : realUse(node, load)),
    isExpected,
  };
}

type Use = Pick<NodeView, 'cpu' | 'memory' | 'pods'>;

function expectedUse(claim: NodeClaimView | undefined, expected: ExpectedClaim | undefined): Use {
  const allocatable = claim?.status?.allocatable;
  const requests = claim?.spec.resources?.requests;
  const use = (known: Fullness | undefined, resource: string, unit: 'milli' | 'whole'): Fullness => ({
    used: known?.used ?? amountOf(requests?.[resource], unit),
    of: allocatable === undefined ? (known?.of ?? 0) : amountOf(allocatable[resource], unit),
  });
  return {
    cpu: use(expected?.cpu, 'cpu', 'milli'),
    memory: use(expected?.memory, 'memory', 'whole'),
    pods: expected?.pods ?? [],
  };
}

function realUse(node: NodeObject, { cpuMilli, memoryBytes, pods }: NodeLoad): Use {
  const allocatable: Quantities = node.status?.allocatable ?? {};
  return {
    cpu: { used: cpuMilli, of: amountOf(allocatable.cpu, 'milli') },
    memory: { used: memoryBytes, of: amountOf(allocatable.memory, 'whole') },
    pods,
  };
}

function stateOf(claim: NodeClaimView | undefined, node: NodeObject | undefined): NodeState {
  if ((claim !== undefined && isDeleting(claim)) || (node !== undefined && isDeleting(node))) return 'draining';
  if (claim === undefined) return node !== undefined && isTrue(node, 'Ready') ? 'ready' : 'not-ready';
  if (isTrue(claim, 'Initialized')) return node !== undefined && isTrue(node, 'Ready') ? 'ready' : 'not-ready';
  if (node !== undefined) return 'registering';
  return isTrue(claim, 'Launched') ? 'launching' : 'planned';
}

/** Nodes of EKS node groups say it by a label of their own. */
function groupCapacityType(node: NodeObject | undefined): string {
  const written = node?.metadata.labels?.['eks.amazonaws.com/capacityType'];
  return written === undefined ? '' : written.toLowerCase().replace('_', '-');
}

/** The claim and the node of one instance, each object once. */
export function* pairs(
  claims: Iterable<ApiObject>,
  nodes: Iterable<ApiObject>,
): Generator<{ readonly claim: NodeClaimView | undefined; readonly node: NodeObject | undefined }> {
  const byProvider = new Map<string, NodeObject>();
  for (const object of nodes) {
    const node = asNode(object);
    byProvider.set(node.spec?.providerID || `node ${nameOf(node)}`, node);
  }
  for (const object of claims) {
    const claim = asNodeClaim(object);
    const providerId = claim.status?.providerID ?? '';
    const node = providerId === '' ? undefined : byProvider.get(providerId);
    if (node !== undefined) byProvider.delete(providerId);
    yield { claim, node };
  }
  for (const node of byProvider.values()) yield { claim: undefined, node };
}
