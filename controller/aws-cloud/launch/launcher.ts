// Launches: equal ones are gathered into one call, which is written down before it is made. Whatever becomes of the call or
// of this process, the same launch id means the same instance: it is looked for by the tag of its record first, and asked for
// again only by the very request that was written down, under its token.
import type { Clock, Instance, LaunchRequest, LaunchResult } from '../../ports/index.ts';
import { Batcher } from '../batcher.ts';
import type { ClusterFactsReader } from '../cluster-facts.ts';
import type { Instances } from '../instances.ts';
import { LIMITS } from '../limits.ts';
import type { Reservations } from '../reservations.ts';
import type { AwsLog } from '../settings.ts';
import { LAUNCH_TAG, NODE_CLAIM_TAG } from '../tags.ts';
import { exhaustedOf, type FleetInstance, type FleetRefusal, fleetRequest, refusalText } from './fleet.ts';
import { type LaunchPlan, planLaunch } from './plan.ts';
import { type LaunchRecord, type LaunchRecords, newRecordId } from './records.ts';
import type { FleetSender, Settlement } from './sender.ts';
import type { SubnetRoom } from './subnets.ts';
import type { Templates } from './templates.ts';

/** What launches are made with. */
export interface LauncherOptions {
  readonly region: string;
  readonly clock: Clock;
  readonly log: AwsLog;
  readonly facts: Pick<ClusterFactsReader, 'read'>;
  readonly records: LaunchRecords;
  readonly sender: FleetSender;
  readonly templates: Templates;
  readonly instances: Instances;
  readonly subnets: SubnetRoom;
  readonly reservations: Pick<Reservations, 'freeCount' | 'hold' | 'exhaust'>;
}

interface Planned {
  readonly request: LaunchRequest;
  readonly plan: LaunchPlan;
}

/** The launcher. */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #batches: Batcher<Planned, LaunchResult>;
  /** By launch id, while they are under way. */
  readonly #launching = new Map<string, Promise<LaunchResult>>();
  /** Records that are being settled, by id. */
  readonly #settling = new Map<string, Promise<Settlement>>();

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#batches = new Batcher({
      clock: options.clock,
      idleMs: LIMITS.launchIdleMs,
      maxMs: LIMITS.launchMaxMs,
      most: LIMITS.launchMost,
      keyOf: ({ plan }) => plan.key,
      run: (planned) => this.#runBatch(planned),
    });
  }

  /** Launches, or finds what the same id has launched. It goes on whatever its caller does. */
  launch(request: LaunchRequest): Promise<LaunchResult> {
    const { launchId } = request;
    let launching = this.#launching.get(launchId);
    if (launching === undefined) {
      launching = this.#launch(request).finally(() => this.#launching.delete(launchId));
      this.#launching.set(launchId, launching);
    }
    return launching;
  }

  async #launch(request: LaunchRequest): Promise<LaunchResult> {
    const { facts, region, reservations } = this.#options;
    const plan = planLaunch(request, await facts.read(), region, (id) => reservations.freeCount(id));
    return plan.kind === 'plan' ? this.#batches.add({ request, plan }) : plan;
  }

  async #runBatch(planned: readonly Planned[]): Promise<LaunchResult[]> {
    const records = await this.#options.records.list();
    const recordOf = (launchId: string): LaunchRecord | undefined =>
      records.find(({ launches }) => launches.some((one) => one.launchId === launchId));
    const fresh = planned.filter(({ request }) => recordOf(request.launchId) === undefined);
    const begun = fresh.length === 0 ? undefined : this.#begin(fresh);
    // Whoever waits for it hears of a failure below.
    begun?.catch(() => undefined);
    return Promise.all(
      planned.map(async ({ request, plan }) => {
        const record = recordOf(request.launchId);
        const settlement = await (record === undefined ? begun : this.#settle(record, plan));
        if (settlement === undefined) throw new Error(`launch: there is no call for ${request.launchId}`);
        return this.#resultOf(request, plan, settlement);
      }),
    );
  }

  /** Writes down a new call and makes it. */
  async #begin(fresh: readonly Planned[]): Promise<Settlement> {
    const [first] = fresh;
    if (first === undefined) throw new Error('launch: there is nothing to launch');
    const { clock, records, subnets, templates } = this.#options;
    const { plan } = first;
    await templates.ensure(plan.templates);
    const id = newRecordId();
    const taken = subnets.take(plan.subnets, fresh.length * plan.leastPods);
    const request = fleetRequest({
      plan,
      subnets: taken.byZone,
      count: fresh.length,
      token: id,
      tags: {
        ...plan.tags,
        [LAUNCH_TAG]: id,
        // Where several are launched they get it when their nodes have registered.
        ...(fresh.length > 1 ? {} : { [NODE_CLAIM_TAG]: first.request.nodeClaim.metadata.name ?? '' }),
      },
    });
    const launches = fresh.map(({ request: { launchId, nodeClaim } }) => ({
      launchId,
      claim: nodeClaim.metadata.name ?? '',
    }));
    const record: LaunchRecord = { id, createdMs: clock.nowMs(), request, launches };
    let settlement: Settlement | undefined;
    const held = this.#options.reservations.hold(reservationsOf(plan), fresh.length);
    try {
      await records.create(record);
      settlement = await this.#settle(record, plan, true);
    } finally {
      held.settle(takenOf(plan, Object.values(settlement?.instances ?? {})));
      const zones = new Set(Object.values(settlement?.instances ?? {}).map(({ zone }) => zone));
      taken.giveBack(new Set([...taken.byZone].flatMap(([zone, subnet]) => (zones.has(zone) ? [subnet] : []))));
    }
    for (const { code, subnetId } of settlement.refusals) {
      if (code === 'InsufficientFreeAddressesInSubnet') subnets.exhaust(subnetId);
    }
    for (const { reservationId } of exhaustedOf(plan.pools, settlement.refusals)) {
      if (reservationId !== undefined) this.#options.reservations.exhaust(reservationId);
    }
    return settlement;
  }

  /** Settles a record, once at a time. */
  #settle(record: LaunchRecord, plan: LaunchPlan, isNew = false): Promise<Settlement> {
    if (record.instances !== undefined) {
      return Promise.resolve({ instances: record.instances, refusals: [] });
    }
    let settling = this.#settling.get(record.id);
    if (settling === undefined) {
      settling = this.#options.sender
        .settle(record, { isNew, templates: plan.templates })
        .finally(() => this.#settling.delete(record.id));
      this.#settling.set(record.id, settling);
    }
    return settling;
  }

  async #resultOf(request: LaunchRequest, plan: LaunchPlan, settlement: Settlement): Promise<LaunchResult> {
    const exhausted = this.#exhausted(plan, settlement.refusals);
    const own = settlement.instances[request.launchId];
    if (own === undefined) {
      return { kind: 'insufficient-capacity', message: refusalText(settlement.refusals), exhausted };
    }
    return { kind: 'launched', instance: await this.#instanceOf(own, request, plan), exhausted };
  }

  #exhausted(plan: LaunchPlan, refusals: readonly FleetRefusal[]) {
    // A subnet that is full says nothing of the zone while another one of it has room.
    const telling = refusals.filter(
      ({ code, zone }) =>
        code !== 'InsufficientFreeAddressesInSubnet' || this.#options.subnets.isFull(plan.subnets, zone),
    );
    return exhaustedOf(plan.pools, telling);
  }

  /** The instance as EC2 shows it, or as the launch told of it where EC2 does not show it yet, or no more. */
  async #instanceOf(own: FleetInstance, request: LaunchRequest, plan: LaunchPlan): Promise<Instance> {
    const { clock, instances } = this.#options;
    for (let look = 1; look <= LIMITS.visibleTries; look += 1) {
      const found = await instances.read(own.id);
      if (found !== undefined) return found;
      if (look < LIMITS.visibleTries) await clock.sleep(look * LIMITS.visiblePauseMs);
    }
    const { id, instanceType, zone, imageId } = own;
    const reservationId = reservationOf(plan, own);
    return {
      providerId: `aws:///${zone}/${id}`,
      id,
      instanceType,
      zone,
      capacityType: plan.capacityType,
      ...(reservationId === undefined ? {} : { reservationId }),
      imageId,
      state: 'pending',
      launchTimeMs: clock.nowMs(),
      tags: { ...plan.tags, ...request.tags },
    };
  }
}

/** The reservation that an instance of a plan is from; undefined where it is from none. */
function reservationOf({ pools }: LaunchPlan, { instanceType, zone }: FleetInstance): string | undefined {
  return pools.find(({ offering }) => offering.instanceType === instanceType && offering.zone === zone)?.offering
    .reservationId;
}

function reservationsOf({ pools }: LaunchPlan): readonly string[] {
  return [...new Set(pools.flatMap(({ offering: { reservationId } }) => reservationId ?? []))];
}

/** How many places of each reservation instances have taken. */
function takenOf(plan: LaunchPlan, instances: readonly FleetInstance[]): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  for (const instance of instances) {
    const id = reservationOf(plan, instance);
    if (id !== undefined) taken.set(id, (taken.get(id) ?? 0) + 1);
  }
  return taken;
}
