// What a node class comes to in the simulated account: the status of an EC2NodeClass, and what is wrong with it. Reasons
// are those that Karpenter's users know.
import type { ApiObject, NodeClassCondition, NodeClassResolution } from '../ports/index.ts';
import { effectiveNodeClassSpec } from '../resources/index.ts';
import type { Network } from './facts.ts';
import { findImages, findReservations, findSecurityGroups, findSubnets } from './network.ts';

/** Resolves a node class. `freeAddresses` says how many addresses a subnet has left. Pure. */
export function resolveNodeClass(
  network: Network,
  clusterName: string,
  nodeClass: ApiObject,
  freeAddresses: (subnetId: string) => number,
): NodeClassResolution {
  const spec = effectiveNodeClassSpec(nodeClass);
  const subnets = findSubnets(network, spec.subnetSelectorTerms).toSorted(
    (a, b) => freeAddresses(b.id) - freeAddresses(a.id) || (a.id < b.id ? -1 : 1),
  );
  const groups = findSecurityGroups(network, spec.securityGroupSelectorTerms);
  const images = findImages(network, spec.amiSelectorTerms);
  const reservations = findReservations(network, spec.capacityReservationSelectorTerms);
  const role = spec.role ?? spec.instanceProfile;
  const hasRole = role !== undefined && (network.roles?.includes(role) ?? true);
  const found: readonly (readonly [type: string, isFound: boolean, reason: string, message: string])[] = [
    ['SubnetsReady', subnets.length > 0, 'SubnetsNotFound', 'SubnetSelector did not match any Subnets'],
    [
      'SecurityGroupsReady',
      groups.length > 0,
      'SecurityGroupsNotFound',
      'SecurityGroupSelector did not match any SecurityGroups',
    ],
    ['AMIsReady', images.length > 0, 'AMINotFound', 'AMISelector did not match any AMIs'],
    ['InstanceProfileReady', hasRole, 'InstanceProfileNotFound', `no role or instance profile is called ${role}`],
    ['CapacityReservationsReady', true, '', ''],
  ];
  const isReady = found.every(([, isFound]) => isFound);
  return {
    status: {
      subnets: subnets.map(({ id, zone, zoneId }) => ({ id, zone, zoneID: zoneId })),
      securityGroups: groups.map(({ id, name }) => ({ id, name })),
      amis: images.map(({ id, name, architecture, isDeprecated }) => ({
        id,
        name,
        ...(isDeprecated === true ? { deprecated: true } : {}),
        requirements: [{ key: 'kubernetes.io/arch', operator: 'In', values: [architecture] }],
      })),
      ...(hasRole ? { instanceProfile: spec.instanceProfile ?? `${clusterName}_${nodeClass.metadata.name}` } : {}),
      capacityReservations: reservations.map((reservation) => ({
        id: reservation.id,
        instanceType: reservation.instanceType,
        availabilityZone: reservation.zone,
        ownerID: reservation.ownerId,
        instanceMatchCriteria: reservation.instanceMatchCriteria,
      })),
    },
    conditions: [
      ...found.map(([type, isFound, reason, message]) =>
        isFound
          ? { type, status: 'True' as const, reason: type, message: '' }
          : { type, status: 'False' as const, reason, message },
      ),
      validation(isReady),
    ],
  };
}

function validation(isReady: boolean): NodeClassCondition {
  return isReady
    ? { type: 'ValidationSucceeded', status: 'True', reason: 'ValidationSucceeded', message: '' }
    : {
        type: 'ValidationSucceeded',
        status: 'Unknown',
        reason: 'DependenciesNotReady',
        message: 'Awaiting AMI, Instance Profile, Security Group, and Subnet resolution',
      };
}
