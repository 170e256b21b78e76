// One launch: the first offering of the list that can be had, with an image for its architecture and a subnet with room.
import type { ApiObject, Clock, LaunchOffering, LaunchRequest, LaunchResult } from '../ports/index.ts';
import { CloudError } from '../ports/index.ts';
import type { Chance } from '../random/index.ts';
import type { CloudFacts, InstanceTypeFacts, LaunchFault, Subnet } from './facts.ts';
import type { Machine } from './machine.ts';
import { nodeSize } from './node-size.ts';
import type { Stock } from './stock.ts';
import { readUserData, renderUserData } from './user-data.ts';

/** What a launch needs. */
export interface LaunchInput {
  readonly request: LaunchRequest;
  readonly facts: CloudFacts;
  readonly stock: Stock;
  readonly chance: Chance;
  readonly clock: Clock;
  readonly listLagMs: number;
  /** What goes wrong with a launch of this offering; asked once, when it has been chosen. */
  readonly takeFault: (offering: LaunchOffering) => LaunchFault | undefined;
}

/** How it ended. */
export type LaunchOutcome =
  | {
      readonly kind: 'launched';
      readonly machine: Machine;
      readonly exhausted: readonly LaunchOffering[];
      readonly loseAnswer: boolean;
    }
  | Exclude<LaunchResult, { readonly kind: 'launched' }>;

interface NodeClassStatus {
  readonly subnets?: readonly { readonly id: string }[];
  readonly securityGroups?: readonly unknown[];
  readonly amis?: readonly {
    readonly id: string;
    readonly requirements: readonly { readonly key: string; readonly values?: readonly string[] }[];
  }[];
}

/** Launches an instance, at once. Throws the CloudError of a fault. */
export function launchMachine(input: LaunchInput): LaunchOutcome {
  const { request, facts, stock } = input;
  const status = (request.nodeClass.status ?? {}) as NodeClassStatus;
  const lacking = whatIsMissing(status);
  if (lacking !== undefined) return { kind: 'node-class-not-ready', message: lacking };
  const subnetIds = (status.subnets ?? []).map(({ id }) => id);
  const exhausted: LaunchOffering[] = [];
  let hasImage = false;
  for (const offering of request.offerings) {
    const type = facts.instanceTypes.find(({ instanceType }) => instanceType === offering.instanceType);
    const imageId = type === undefined ? undefined : imageFor(status, type);
    if (type !== undefined && imageId === undefined) continue;
    hasImage = true;
    const subnet = type === undefined ? undefined : stock.take(offering, subnetIds);
    if (type === undefined || imageId === undefined || subnet === undefined) {
      exhausted.push(offering);
      continue;
    }
    return started(input, { offering, type, imageId, subnet }, exhausted);
  }
  if (!hasImage) {
    return { kind: 'node-class-not-ready', message: 'no image of the node class is for an instance type of the list' };
  }
  const message = `insufficient capacity for all ${request.offerings.length} offerings`;
  return { kind: 'insufficient-capacity', message, exhausted };
}

function whatIsMissing(status: NodeClassStatus): string | undefined {
  const fields = ['subnets', 'securityGroups', 'amis'] as const;
  const missing = fields.find((field) => (status[field]?.length ?? 0) === 0);
  return missing === undefined ? undefined : `the node class has no ${missing} in its status`;
}

function imageFor(status: NodeClassStatus, { labels }: InstanceTypeFacts): string | undefined {
  return status.amis?.find(({ requirements }) =>
    requirements.every(({ key, values = [] }) => labels[key] === undefined || values.includes(labels[key])),
  )?.id;
}

interface Choice {
  readonly offering: LaunchOffering;
  readonly type: InstanceTypeFacts;
  readonly imageId: string;
  readonly subnet: Subnet;
}

function started(input: LaunchInput, choice: Choice, exhausted: readonly LaunchOffering[]): LaunchOutcome {
  const { request, facts, stock, chance, clock } = input;
  const { offering, type, imageId, subnet } = choice;
  const fault = input.takeFault(offering);
  if (fault?.error !== undefined) {
    stock.giveBack(subnet.id, offering.reservationId);
    const { code, message, retryable } = fault.error;
    throw new CloudError(code, message, { retryable });
  }
  const userData = renderUserData(facts.clusterName, request.nodeClaim, request.nodeClass, offering.capacityType);
  const config = readUserData(userData);
  const machine: Machine = {
    id: `i-${chance.text('0123456789abcdef', 17)}`,
    launchId: request.launchId,
    nodeClaim: String(request.nodeClaim.metadata.name),
    facts: type,
    subnet,
    address: `${subnet.addressPrefix}.${chance.integer(0, 255)}.${chance.integer(4, 254)}`,
    capacityType: offering.capacityType,
    ...(offering.reservationId === undefined ? {} : { reservationId: offering.reservationId }),
    imageId,
    userData,
    launchTimeMs: clock.nowMs(),
    listedFromMs: clock.monotonicMs() + input.listLagMs,
    size: nodeSize(type, config, fault?.smallerByPercent ?? 0),
    joins: fault?.neverJoins !== true,
    state: 'pending',
    tags: { ...request.tags, ...ownTags(facts.clusterName, request.nodeClaim, request.nodeClass) },
    end: new AbortController(),
  };
  return { kind: 'launched', machine, exhausted, loseAnswer: fault?.loseAnswer === true };
}

/** Tags by which an instance is known as the cluster's. */
function ownTags(clusterName: string, nodeClaim: ApiObject, nodeClass: ApiObject): Record<string, string> {
  const pool = nodeClaim.metadata.labels?.['karpenter.sh/nodepool'];
  return {
    [`kubernetes.io/cluster/${clusterName}`]: 'owned',
    'eks:eks-cluster-name': clusterName,
    'karpenter.sh/nodeclaim': String(nodeClaim.metadata.name),
    'karpenter.k8s.aws/ec2nodeclass': String(nodeClass.metadata.name),
    ...(pool === undefined ? {} : { 'karpenter.sh/nodepool': pool }),
  };
}
