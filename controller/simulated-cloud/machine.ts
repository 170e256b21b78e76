// One instance of the simulated cloud, and what the port shows of it.
import type { CapacityTypeName, Instance } from '../ports/index.ts';
import type { InstanceTypeFacts, Subnet } from './facts.ts';
import type { NodeSize } from './node-size.ts';

/** The instance. Its state moves on; everything else is fixed at launch, except tags. */
export interface Machine {
  readonly id: string;
  readonly launchId: string;
  readonly nodeClaim: string;
  readonly facts: InstanceTypeFacts;
  readonly subnet: Subnet;
  readonly address: string;
  readonly capacityType: CapacityTypeName;
  readonly reservationId?: string;
  readonly imageId: string;
  readonly userData: string;
  readonly launchTimeMs: number;
  /** Monotonic time from which lists show it. */
  readonly listedFromMs: number;
  readonly size: NodeSize;
  readonly joins: boolean;
  state: Instance['state'];
  tags: Readonly<Record<string, string>>;
  /** Ends what it is doing: starting, joining. */
  readonly end: AbortController;
}

/** The name that its node has: the private DNS name, by the region's rule. */
export function nodeNameOf(machine: Machine, region: string): string {
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  return `ip-${machine.address.replaceAll('.', '-')}.${domain}`;
}

export function providerIdOf(machine: Machine): string {
  return `aws:///${machine.subnet.zone}/${machine.id}`;
}

/** Labels by which a node says where it is and of which type. */
export function placeLabels({ facts, subnet }: Machine, region: string): Readonly<Record<string, string>> {
  return {
    'node.kubernetes.io/instance-type': facts.instanceType,
    'topology.kubernetes.io/region': region,
    'topology.kubernetes.io/zone': subnet.zone,
    'topology.k8s.aws/zone-id': subnet.zoneId,
  };
}

/** The instance as the port shows it. */
export function instanceOf(machine: Machine): Instance {
  const { facts, subnet, capacityType, reservationId } = machine;
  return {
    providerId: providerIdOf(machine),
    id: machine.id,
    instanceType: facts.instanceType,
    zone: subnet.zone,
    zoneId: subnet.zoneId,
    capacityType,
    ...(reservationId === undefined ? {} : { reservationId }),
    imageId: machine.imageId,
    state: machine.state,
    launchTimeMs: machine.launchTimeMs,
    tags: machine.tags,
  };
}
