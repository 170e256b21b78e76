// Instances in EC2: read, listed, tagged and ended, in as few calls as can be. What another cluster of the same name has
// launched is not there for anybody here.
import {
  CreateTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstancesCommand,
  type Instance as Ec2Instance,
  type Filter,
  type Reservation,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Clock, Instance } from '../ports/index.ts';
import { Batcher } from './batcher.ts';
import { callAws, readPages } from './calls.ts';
import type { AwsClients } from './clients.ts';
import { classOfError } from './errors.ts';
import { LIMITS } from './limits.ts';
import {
  CLUSTER_NAME_TAG,
  isForeign,
  LAUNCH_TAG,
  NODE_CLASS_TAG,
  NODE_POOL_TAG,
  tagFilters,
  tagList,
  tagsOf,
} from './tags.ts';

/** What instances are read with. */
export interface InstancesOptions {
  readonly clients: Pick<AwsClients, 'ec2'>;
  readonly clock: Clock;
  readonly clusterName: string;
  readonly clusterUid: () => Promise<string>;
}

/** All but terminated: EC2 shows those for an hour. */
const STATES = ['pending', 'running', 'shutting-down', 'stopping', 'stopped'];

const DONE = true;

/** The instances. Calls reject with a CloudError. */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #reads: Batcher<string, Instance | 'unknown'>;
  readonly #ends: Batcher<string, typeof DONE>;
  #zoneIds: Promise<ReadonlyMap<string, string>> | undefined;

  constructor(options: InstancesOptions) {
    const { clock } = options;
    this.#options = options;
    const times = { clock, idleMs: LIMITS.readIdleMs, maxMs: LIMITS.readMaxMs, keyOf: () => '' };
    this.#reads = new Batcher({ ...times, most: LIMITS.filterValues, run: (ids) => this.#readMany(ids) });
    this.#ends = new Batcher({
      ...times,
      most: LIMITS.terminateMost,
      run: async (ids) => {
        await this.#terminateMany([...new Set(ids)]);
        return ids.map(() => DONE);
      },
    });
  }

  /** The instance, terminated ones too as long as EC2 shows them; undefined where EC2 knows none. */
  async read(instanceId: string): Promise<Instance | undefined> {
    const found = await this.#reads.add(instanceId);
    return found === 'unknown' ? undefined : found;
  }

  /** Those of this cluster that are not terminated, in all pages. */
  async list(signal?: AbortSignal): Promise<Instance[]> {
    const filters = [
      ...tagFilters({ [NODE_POOL_TAG]: '*', [NODE_CLASS_TAG]: '*', [CLUSTER_NAME_TAG]: this.#options.clusterName }),
      { Name: 'instance-state-name', Values: STATES },
    ];
    return this.#describe(filters, signal);
  }

  /** Those that one launch made, terminated ones too, by id. */
  async ofLaunch(recordId: string): Promise<Instance[]> {
    const found = await this.#describe(tagFilters({ [LAUNCH_TAG]: recordId }));
    return found.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Orders the end of instances. Those that EC2 does not know have ended. */
  async terminate(instanceIds: readonly string[]): Promise<void> {
    await Promise.all(instanceIds.map((id) => this.#ends.add(id)));
  }

  async tag(instanceId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    const { ec2 } = this.#options.clients;
    const command = new CreateTagsCommand({ Resources: [instanceId], Tags: tagList(tags) });
    await callAws('ec2:CreateTags', (call) => ec2.send(command, call));
  }

  async #readMany(ids: readonly string[]): Promise<(Instance | 'unknown')[]> {
    // A filter finds what there is; a list of ids is refused as a whole for one that there is not.
    const found = await this.#describe([{ Name: 'instance-id', Values: [...new Set(ids)] }]);
    const byId = new Map(found.map((instance) => [instance.id, instance]));
    return ids.map((id) => byId.get(id) ?? 'unknown');
  }

  async #terminateMany(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { ec2 } = this.#options.clients;
    try {
      const command = new TerminateInstancesCommand({ InstanceIds: [...ids] });
      await callAws('ec2:TerminateInstances', (call) => ec2.send(command, call));
    } catch (error) {
      if (classOfError(error) !== 'not-found') throw error;
      // One that is unknown keeps EC2 from ending any: the message names it.
      const named = ids.filter((id) => (error as Error).message.includes(id));
      const rest = ids.filter((id) => !named.includes(id));
      if (named.length === 0) await Promise.all(halves(ids).map((half) => this.#terminateMany(half)));
      else await this.#terminateMany(rest);
    }
  }

  async #describe(filters: readonly Filter[], signal?: AbortSignal): Promise<Instance[]> {
    const { clients, clusterUid } = this.#options;
    const uid = await clusterUid();
    const zoneIds = await this.#zones();
    const reservations = await readPages<Reservation>(
      'ec2:DescribeInstances',
      async (NextToken, call) => {
        const input = { Filters: [...filters], MaxResults: LIMITS.pageSize, NextToken };
        const answer = await clients.ec2.send(new DescribeInstancesCommand(input), call);
        return { items: answer.Reservations, next: answer.NextToken };
      },
      signal,
    );
    return reservations
      .flatMap(({ Instances: some = [] }) => some)
      .map((instance) => instanceOf(instance, zoneIds))
      .filter(({ tags }) => !isForeign(tags, uid));
  }

  /** Zone ids by zone: the same for as long as the account lives. */
  #zones(): Promise<ReadonlyMap<string, string>> {
    this.#zoneIds ??= this.#readZones().catch((error: unknown) => {
      this.#zoneIds = undefined;
      throw error;
    });
    return this.#zoneIds;
  }

  async #readZones(): Promise<ReadonlyMap<string, string>> {
    const { ec2 } = this.#options.clients;
    const { AvailabilityZones = [] } = await callAws('ec2:DescribeAvailabilityZones', (call) =>
      ec2.send(new DescribeAvailabilityZonesCommand({}), call),
    );
    return new Map(AvailabilityZones.map(({ ZoneName = '', ZoneId = '' }) => [ZoneName, ZoneId]));
  }
}

/** One id that EC2 does not know ends the search. */
function halves(ids: readonly string[]): readonly (readonly string[])[] {
  if (ids.length <= 1) return [];
  const middle = Math.ceil(ids.length / 2);
  return [ids.slice(0, middle), ids.slice(middle)];
}

/** An instance of EC2 as the port has it. */
export function instanceOf(instance: Ec2Instance, zoneIds: ReadonlyMap<string, string>): Instance {
  const { InstanceId: id = '', InstanceType: instanceType = '', ImageId: imageId = '' } = instance;
  const zone = instance.Placement?.AvailabilityZone ?? '';
  const zoneId = zoneIds.get(zone);
  const capacityType = capacityTypeOf(instance);
  const { CapacityReservationId: reservationId } = instance;
  return {
    providerId: `aws:///${zone}/${id}`,
    id,
    instanceType,
    zone,
    ...(zoneId === undefined ? {} : { zoneId }),
    capacityType,
    ...(capacityType === 'reserved' && reservationId !== undefined ? { reservationId } : {}),
    imageId,
    state: (instance.State?.Name ?? 'pending') as Instance['state'],
    launchTimeMs: instance.LaunchTime?.getTime() ?? 0,
    tags: tagsOf(instance.Tags),
  };
}

function capacityTypeOf(instance: Ec2Instance): Instance['capacityType'] {
  const { InstanceLifecycle, SpotInstanceRequestId, CapacityReservationId, CapacityReservationSpecification } =
    instance;
  if (InstanceLifecycle === 'spot' || (SpotInstanceRequestId ?? '') !== '') return 'spot';
  const preference = CapacityReservationSpecification?.CapacityReservationPreference;
  return CapacityReservationId !== undefined && preference === 'capacity-reservations-only' ? 'reserved' : 'on-demand';
}
