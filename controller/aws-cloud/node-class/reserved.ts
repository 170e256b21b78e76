// Capacity reservations and the placement group that a node class selects.
import {
  type CapacityReservation,
  DescribeCapacityReservationsCommand,
  DescribePlacementGroupsCommand,
} from '@aws-sdk/client-ec2';
import type { EffectiveNodeClassSpec } from '../../resources/index.ts';
import { callAws, readPages } from '../calls.ts';
import type { AwsClients } from '../clients.ts';
import { classOfError } from '../errors.ts';
import type { ReservedCapacity } from '../reservations.ts';
import type { FoundReservation } from '../status.ts';
import { tagFilters } from '../tags.ts';
import { notReady, type Part, ready } from './selected.ts';

/** EC2 ends the instances of a block half an hour before the block does, and a drain takes its time before that. */
const BLOCK_ENDS_EARLY_MS = 40 * 60_000;

/** What selectors mean: as the status has it, and what is free now. */
export interface SelectedReservations {
  readonly found: readonly FoundReservation[];
  readonly capacity: readonly ReservedCapacity[];
}

/** The reservations that have not ended, by id. A term without a condition means all that the account can use. */
export async function findReservations(
  { ec2 }: Pick<AwsClients, 'ec2'>,
  terms: EffectiveNodeClassSpec['capacityReservationSelectorTerms'],
  nowMs: number,
): Promise<SelectedReservations> {
  const byId = new Map<string, FoundReservation>();
  const freeCounts = new Map<string, number>();
  for (const { id, ownerID, instanceMatchCriteria, tags = {} } of terms ?? []) {
    const Filters = [
      { Name: 'state', Values: ['active'] },
      ...(ownerID === undefined ? [] : [{ Name: 'owner-id', Values: [ownerID] }]),
      ...(instanceMatchCriteria === undefined
        ? []
        : [{ Name: 'instance-match-criteria', Values: [instanceMatchCriteria] }]),
      ...tagFilters(tags),
    ];
    const ids = id === undefined ? {} : { CapacityReservationIds: [id] };
    for (const reservation of await describe(ec2, { ...ids, Filters })) {
      const found = reservationOf(reservation, nowMs);
      if (found === undefined) continue;
      byId.set(found.id, found);
      freeCounts.set(found.id, reservation.AvailableInstanceCount ?? 0);
    }
  }
  const found = [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { found, capacity: found.map((one) => capacityOf(one, freeCounts.get(one.id) ?? 0)) };
}

function capacityOf(
  { id, instanceType, availabilityZone, reservationType, interruptible, state }: FoundReservation,
  freeCount: number,
): ReservedCapacity {
  const kind = interruptible === true ? 'interruptible' : reservationType;
  return { id, instanceType, zone: availabilityZone, kind, freeCount: state === 'expiring' ? 0 : freeCount };
}

async function describe(
  ec2: AwsClients['ec2'],
  input: ConstructorParameters<typeof DescribeCapacityReservationsCommand>[0],
): Promise<CapacityReservation[]> {
  try {
    return await readPages<CapacityReservation>('ec2:DescribeCapacityReservations', async (NextToken, call) => {
      const answer = await ec2.send(new DescribeCapacityReservationsCommand({ ...input, NextToken }), call);
      return { items: answer.CapacityReservations, next: answer.NextToken };
    });
  } catch (error) {
    if (classOfError(error) === 'not-found') return [];
    throw error;
  }
}

function reservationOf(reservation: CapacityReservation, nowMs: number): FoundReservation | undefined {
  const { CapacityReservationId: id, InstanceType, AvailabilityZone, OwnerId, InstanceMatchCriteria } = reservation;
  const endMs = reservation.EndDate?.getTime();
  if (id === undefined || (endMs !== undefined && endMs <= nowMs)) return undefined;
  const isBlock = reservation.ReservationType === 'capacity-block';
  const isExpiring = isBlock && endMs !== undefined && endMs - nowMs <= BLOCK_ENDS_EARLY_MS;
  return {
    id,
    instanceType: InstanceType ?? '',
    availabilityZone: AvailabilityZone ?? '',
    ownerID: OwnerId ?? '',
    instanceMatchCriteria: InstanceMatchCriteria ?? 'open',
    reservationType: isBlock ? 'capacity-block' : 'default',
    state: isExpiring ? 'expiring' : 'active',
    ...(reservation.Interruptible === true ? { interruptible: true as const } : {}),
    ...(endMs === undefined ? {} : { endTime: new Date(endMs).toISOString().replace(/\.\d+Z/, 'Z') }),
  };
}

/** Whether the placement group is there. */
export async function findPlacementGroup(
  { ec2 }: Pick<AwsClients, 'ec2'>,
  selector: EffectiveNodeClassSpec['placementGroupSelector'],
): Promise<Part<undefined>> {
  const type = 'PlacementGroupReady';
  if (selector === undefined) return ready(type, undefined);
  const { id, name } = selector;
  const command = new DescribePlacementGroupsCommand({
    ...(id === undefined ? {} : { GroupIds: [id] }),
    ...(name === undefined ? {} : { GroupNames: [name] }),
    Filters: [{ Name: 'state', Values: ['available'] }],
  });
  try {
    const { PlacementGroups = [] } = await callAws('ec2:DescribePlacementGroups', (call) => ec2.send(command, call));
    if (PlacementGroups.length > 0) return ready(type, undefined);
  } catch (error) {
    if (!/^InvalidPlacementGroup(Id)?\.(Unknown|NotFound)/.test((error as { readonly code?: string }).code ?? '')) {
      throw error;
    }
  }
  return notReady(type, undefined, 'PlacementGroupNotFound', `Placement group "${name ?? id}" not found`);
}
