// The launch of a NodeClaim: offerings are ranked anew for every try, one instance is asked for under an id that never
// changes, and what came of it is written onto the claim. What its node will be the planning service knows, and shortages go
// back to it.
import type { NodeClass } from '../../proto/index.ts';
import type { ControllerContext } from '../context/index.ts';
import type { OfferedNode } from '../engine-client/index.ts';
import { quantitiesOf } from '../kubernetes/index.ts';
import {
  annotationOf,
  CAPACITY_TYPE_LABEL,
  type ConditionSet,
  INSTANCE_TYPE_LABEL,
  isDeleting,
  isTrue,
  labelOf,
  NODE_CLAIM_TAG,
  NODE_CLASS_HASH,
  NODE_CLASS_HASH_VERSION,
  NODE_CLASS_TAG,
  NODE_POOL_LABEL,
  NODE_POOL_TAG,
  type NodeClaimView,
  nameOf,
  REGION_LABEL,
  RESERVATION_ID_LABEL,
  RESERVATION_INTERRUPTIBLE_LABEL,
  RESERVATION_TYPE_LABEL,
  ZONE_ID_LABEL,
  ZONE_LABEL,
} from '../objects/index.ts';
import type { ApiObject, Instance, LaunchOffering, LaunchRequest, NodeType } from '../ports/index.ts';
import { CloudError } from '../ports/index.ts';

/** How a launch stands. */
export type LaunchOutcome =
  | LaunchedInstance
  /** The claim can't become a node: it has to go, and its pods need another plan. */
  | { readonly kind: 'hopeless'; readonly reason: string; readonly message: string };

/** An instance, and what its node will be. */
export interface LaunchedInstance {
  readonly kind: 'launched';
  readonly instance: Instance;
  readonly node: NodeType;
  readonly nodeClass: ApiObject;
}

/** A launch that failed in a way that may pass; the condition Launched says why. */
export class LaunchError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LaunchError';
    this.reason = reason;
  }
}

/** Why a claim goes for which there is no instance to be had. */
export const INSUFFICIENT_CAPACITY = 'insufficient_capacity';
const NODE_CLASS_NOT_READY = 'nodeclass_not_ready';

/** Most characters of a message in a condition. */
const LONGEST_MESSAGE = 300;

/**
 * Launches a claim's instance, or finds the one that an earlier try launched.
 *
 * The claim's UID names the launch: it is stored with the claim before any launch, and never changes.
 */
export async function launch(
  context: Pick<ControllerContext, 'advisor' | 'cloud' | 'feed' | 'stores' | 'writes' | 'events' | 'log'>,
  claim: NodeClaimView,
  signal: AbortSignal,
): Promise<LaunchOutcome> {
  const nodeClass = context.stores.ec2NodeClasses.get({ name: claim.spec.nodeClassRef.name });
  const notReady = whyNotReady(nodeClass, claim.spec.nodeClassRef.name);
  if (notReady !== undefined || nodeClass === undefined) return nodeClassNotReady(context, claim, notReady ?? '');
  const message = context.feed.nodeClass(nodeClass);
  if (message === undefined) return nodeClassNotReady(context, claim, 'its spec is not valid');
  const { offerings, reason } = await context.advisor.rank(claim, message, signal);
  if (offerings.length === 0) return insufficient(context, claim, `no offering can be launched: ${reason}`, [], signal);
  const nodeTypes = await nodeTypesOf(context, offerings, message, signal);
  const result = await callCloud(context, claim, nodeClass, { offerings, nodeTypes }, signal);
  switch (result.kind) {
    case 'launched':
      await context.advisor.reportUnavailable(result.exhausted, INSUFFICIENT_CAPACITY, signal);
      return {
        kind: 'launched',
        instance: result.instance,
        node: await nodeOf(context, result.instance, { message, nodeClass }, signal),
        nodeClass,
      };
    case 'insufficient-capacity':
      return insufficient(context, claim, result.message, result.exhausted, signal);
    case 'node-class-not-ready':
      return nodeClassNotReady(context, claim, result.message);
  }
}

function whyNotReady(nodeClass: ApiObject | undefined, name: string): string | undefined {
  if (nodeClass === undefined) return `EC2NodeClass ${name} does not exist`;
  if (isDeleting(nodeClass)) return `EC2NodeClass ${name} is being deleted`;
  return isTrue(nodeClass, 'Ready') ? undefined : `EC2NodeClass ${name} is not ready`;
}

async function nodeTypesOf(
  { advisor }: Pick<ControllerContext, 'advisor'>,
  offerings: readonly LaunchOffering[],
  nodeClass: NodeClass,
  signal: AbortSignal,
): Promise<Readonly<Record<string, NodeType>>> {
  const nodes = await advisor.describe(offerings, nodeClass, signal);
  const types: Record<string, NodeType> = {};
  for (const [index, { instanceType }] of offerings.entries()) {
    const node = nodes[index];
    if (node !== undefined) types[instanceType] ??= nodeType(node);
  }
  return types;
}

/** What the node of an instance will be. An earlier try may have launched what is not in the ranking any more. */
async function nodeOf(
  { advisor, cloud }: Pick<ControllerContext, 'advisor' | 'cloud'>,
  instance: Instance,
  { message, nodeClass }: { readonly message: NodeClass; readonly nodeClass: ApiObject },
  signal: AbortSignal,
): Promise<NodeType> {
  const { instanceType, zone, zoneId, capacityType, reservationId } = instance;
  const offering = {
    instanceType,
    zone,
    capacityType,
    ...(reservationId === undefined ? {} : { reservationId }),
  };
  const [known] = await advisor.describe([offering], message, signal);
  const node = known === undefined ? { labels: {}, capacity: {}, allocatable: {} } : nodeType(known);
  const labels = {
    ...node.labels,
    [INSTANCE_TYPE_LABEL]: instanceType,
    [REGION_LABEL]: cloud.catalogue.region,
    [ZONE_LABEL]: zone,
    ...(zoneId === undefined ? {} : { [ZONE_ID_LABEL]: zoneId }),
    [CAPACITY_TYPE_LABEL]: capacityType,
    ...reservationLabels(nodeClass, reservationId),
  };
  return { ...node, labels };
}

/** Where an instance is from a reservation; what kind that is the status of the node class knows. */
function reservationLabels(nodeClass: ApiObject, id: string | undefined): Readonly<Record<string, string>> {
  if (id === undefined) return {};
  const { capacityReservations = [] } = (nodeClass.status ?? {}) as {
    readonly capacityReservations?: readonly {
      readonly id: string;
      readonly reservationType?: string;
      readonly interruptible?: boolean;
    }[];
  };
  const found = capacityReservations.find((one) => one.id === id);
  return {
    [RESERVATION_ID_LABEL]: id,
    ...(found === undefined
      ? {}
      : {
          [RESERVATION_TYPE_LABEL]: found.reservationType ?? 'default',
          [RESERVATION_INTERRUPTIBLE_LABEL]: String(found.interruptible ?? false),
        }),
  };
}

function nodeType({ labels, capacity, allocatable }: OfferedNode): NodeType {
  return { labels, capacity: quantitiesOf(capacity), allocatable: quantitiesOf(allocatable) };
}

async function callCloud(
  context: Pick<ControllerContext, 'writes'>,
  claim: NodeClaimView,
  nodeClass: ApiObject,
  { offerings, nodeTypes }: Pick<LaunchRequest, 'offerings' | 'nodeTypes'>,
  signal: AbortSignal,
) {
  const pool = labelOf(claim, NODE_POOL_LABEL);
  const request = {
    nodeClaim: claim,
    nodeClass,
    offerings,
    nodeTypes,
    launchId: claim.metadata.uid ?? '',
    tags: {
      [NODE_CLAIM_TAG]: nameOf(claim),
      [NODE_CLASS_TAG]: nameOf(nodeClass),
      ...(pool === undefined ? {} : { [NODE_POOL_TAG]: pool }),
    },
  };
  try {
    return await context.writes.launch('instance.launch', request, signal);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    throw new LaunchError(conditionReason(error.code), error.message.slice(0, LONGEST_MESSAGE), error);
  }
}

/** A reason has to be one word of letters and digits. */
function conditionReason(code: string): string {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(code) ? code : 'LaunchFailed';
}

async function insufficient(
  context: Pick<ControllerContext, 'advisor' | 'events' | 'log'>,
  claim: NodeClaimView,
  message: string,
  exhausted: readonly LaunchOffering[],
  signal: AbortSignal,
): Promise<LaunchOutcome> {
  await context.advisor.reportUnavailable(exhausted, INSUFFICIENT_CAPACITY, signal);
  const text = `NodeClaim ${nameOf(claim)} event: ${message}`.slice(0, 1024);
  context.events.record(claim, { type: 'Warning', reason: 'InsufficientCapacityError', message: text });
  return { kind: 'hopeless', reason: INSUFFICIENT_CAPACITY, message };
}

function nodeClassNotReady(
  context: Pick<ControllerContext, 'events'>,
  claim: NodeClaimView,
  message: string,
): LaunchOutcome {
  context.events.record(claim, { type: 'Warning', reason: 'NodeClassNotReady', message });
  return { kind: 'hopeless', reason: NODE_CLASS_NOT_READY, message };
}

/** Labels and annotations of a launched claim: those of its node, under those that the claim has already. */
export function launchedMetadata(claim: NodeClaimView, { node, nodeClass }: LaunchedInstance) {
  const annotations: Record<string, string> = { ...claim.metadata.annotations };
  for (const key of [NODE_CLASS_HASH, NODE_CLASS_HASH_VERSION]) {
    const value = annotationOf(nodeClass, key);
    if (value !== undefined) annotations[key] = value;
  }
  return { labels: { ...node.labels, ...claim.metadata.labels }, annotations };
}

/** Status of a launched claim apart from its conditions. */
export function launchedStatus({ instance: { providerId, imageId }, node }: LaunchedInstance) {
  const { capacity, allocatable } = node;
  return { providerID: providerId, imageID: imageId, capacity, allocatable };
}

/** Says in the condition why a launch has not succeeded yet. */
export function noteLaunchError(conditions: ConditionSet, error: LaunchError): void {
  conditions.set({ type: 'Launched', status: 'Unknown', reason: error.reason, message: error.message });
}
