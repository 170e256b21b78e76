// What a node class comes to: the status of an EC2NodeClass and its conditions. What can't be looked up for a moment stays as
// it was; every part is looked up by itself, so that one that is wrong hides nothing of the others.
import type { ApiObject, Clock, NodeClassCondition, NodeClassResolution } from '../../ports/index.ts';
import { type EffectiveNodeClassSpec, effectiveNodeClassSpec } from '../../resources/index.ts';
import type { AwsClients } from '../clients.ts';
import type { ClusterFacts, ClusterFactsReader } from '../cluster-facts.ts';
import { Kept } from '../kept.ts';
import { type SubnetRoom, sampleTemplate } from '../launch/index.ts';
import { LIMITS } from '../limits.ts';
import type { Reservations } from '../reservations.ts';
import type { AwsLog, AwsSettings } from '../settings.ts';
import type { FoundImage, FoundReservation, NodeClassStatus } from '../status.ts';
import { UserDataError } from '../user-data/index.ts';
import { ImageFinder } from './images.ts';
import { InstanceProfiles } from './instance-profile.ts';
import { type FoundGroup, type FoundSubnet, findGroups, findSubnets, groupsPart, subnetsPart } from './network.ts';
import { findPlacementGroup, findReservations } from './reserved.ts';
import { attempt, type Part, ready } from './selected.ts';
import { Validator } from './validation.ts';

/** What node classes are resolved with. */
export interface ResolverOptions {
  readonly clients: AwsClients;
  readonly settings: AwsSettings;
  readonly clock: Clock;
  readonly log: AwsLog;
  readonly facts: ClusterFactsReader;
  readonly subnets: SubnetRoom;
  readonly reservations: Pick<Reservations, 'tell'>;
}

interface Parts {
  readonly subnets: Part<readonly FoundSubnet[]>;
  readonly groups: Part<readonly FoundGroup[]>;
  readonly images: Part<readonly FoundImage[]>;
  readonly profile: Part<string>;
  readonly reservations: Part<readonly FoundReservation[]>;
  readonly placementGroup: Part<undefined>;
}

/** Resolves. */
export class NodeClassResolver {
  readonly profiles: InstanceProfiles;
  readonly #options: ResolverOptions;
  readonly #images: ImageFinder;
  readonly #validator: Validator;
  readonly #keptSubnets: Kept<readonly FoundSubnet[]>;
  readonly #keptGroups: Kept<readonly FoundGroup[]>;
  readonly #keptImages: Kept<Part<readonly FoundImage[]>>;
  readonly #keptReservations: Kept<readonly FoundReservation[]>;

  constructor(options: ResolverOptions) {
    const { clients, clock } = options;
    this.#options = options;
    this.profiles = new InstanceProfiles(options);
    this.#images = new ImageFinder(clients, clock);
    this.#validator = new Validator(clients, clock);
    this.#keptSubnets = new Kept(clock, LIMITS.rememberedClasses);
    this.#keptGroups = new Kept(clock, LIMITS.rememberedClasses);
    this.#keptImages = new Kept(clock, LIMITS.rememberedClasses);
    this.#keptReservations = new Kept(clock, LIMITS.rememberedClasses);
  }

  async resolve(nodeClass: ApiObject): Promise<NodeClassResolution> {
    const spec = effectiveNodeClassSpec(nodeClass);
    const facts = await this.#options.facts.read();
    const before = (nodeClass.status ?? {}) as NodeClassStatus & {
      readonly conditions?: readonly NodeClassCondition[];
    };
    const parts = await this.#look(nodeClass, spec, facts);
    const status = statusOf(parts, before);
    const conditions = Object.values(parts).map(({ condition, isPassing }: Part<unknown>) =>
      isPassing === true ? (before.conditions?.find(isTrue(condition.type)) ?? condition) : condition,
    );
    const validation = await this.#validate(nodeClass, spec, { status, facts, conditions });
    void this.#removeOldProfiles(nodeClass, status.instanceProfile ?? '');
    return {
      status: { ...status },
      conditions: [...conditions, validation].map(({ type, status: state, reason, message }) => ({
        type,
        status: state,
        reason,
        message,
      })),
    };
  }

  async #look(nodeClass: ApiObject, spec: EffectiveNodeClassSpec, facts: ClusterFacts): Promise<Parts> {
    const { clients } = this.#options;
    const [subnets, groups, images, profile, reservations, placementGroup] = await Promise.all([
      attempt('SubnetsReady', async () => subnetsPart(await this.#subnets(spec))),
      attempt('SecurityGroupsReady', async () => groupsPart(await this.#groups(spec))),
      attempt('AMIsReady', () => this.#findImages(spec, facts.version)),
      attempt('InstanceProfileReady', () => this.profiles.ensure(nodeClass, spec, facts.uid)),
      attempt('CapacityReservationsReady', async () =>
        ready('CapacityReservationsReady', await this.#reservations(spec)),
      ),
      attempt('PlacementGroupReady', () => findPlacementGroup(clients, spec.placementGroupSelector)),
    ]);
    return { subnets, groups, images, profile, reservations, placementGroup };
  }

  #subnets({ subnetSelectorTerms }: EffectiveNodeClassSpec): Promise<readonly FoundSubnet[]> {
    const { clients, settings, subnets } = this.#options;
    const key = JSON.stringify(subnetSelectorTerms);
    const forMs = (found: readonly FoundSubnet[]): number => (found.length > 0 ? settings.subnetRefreshMs : 0);
    return this.#keptSubnets.get(key, forMs, async () => {
      const found = await findSubnets(clients, subnetSelectorTerms);
      subnets.tell(found);
      return found;
    });
  }

  #groups({ securityGroupSelectorTerms }: EffectiveNodeClassSpec): Promise<readonly FoundGroup[]> {
    const key = JSON.stringify(securityGroupSelectorTerms);
    const forMs = (found: readonly FoundGroup[]): number => (found.length > 0 ? LIMITS.groupsMs : 0);
    return this.#keptGroups.get(key, forMs, () => findGroups(this.#options.clients, securityGroupSelectorTerms));
  }

  #reservations({ capacityReservationSelectorTerms: terms }: EffectiveNodeClassSpec) {
    const { clients, clock, reservations } = this.#options;
    const key = JSON.stringify(terms ?? []);
    return this.#keptReservations.get(key, LIMITS.reservationsMs, async () => {
      const askedMs = clock.monotonicMs();
      const { found, capacity } = await findReservations(clients, terms, clock.nowMs());
      reservations.tell(key, capacity, askedMs);
      return found;
    });
  }

  #findImages(
    { amiSelectorTerms }: EffectiveNodeClassSpec,
    version: string | undefined,
  ): Promise<Part<readonly FoundImage[]>> {
    const key = JSON.stringify([amiSelectorTerms, version]);
    const forMs = ({ condition }: Part<unknown>): number =>
      condition.status === 'True' ? this.#options.settings.amiRefreshMs : 0;
    return this.#keptImages.get(key, forMs, () => this.#images.find(amiSelectorTerms, version));
  }

  async #validate(
    nodeClass: ApiObject,
    spec: EffectiveNodeClassSpec,
    {
      status,
      facts,
      conditions,
    }: {
      readonly status: NodeClassStatus;
      readonly facts: ClusterFacts;
      readonly conditions: readonly NodeClassCondition[];
    },
  ): Promise<NodeClassCondition> {
    const { clients, settings } = this.#options;
    const type = 'ValidationSucceeded';
    if (conditions.some((condition) => condition.status !== 'True')) {
      const message = 'Awaiting AMI, Instance Profile, Security Group, and Subnet resolution';
      return { type, status: 'Unknown', reason: 'DependenciesNotReady', message };
    }
    try {
      const template = sampleTemplate({ ...nodeClass, status }, spec, facts, clients.region);
      if (settings.disableDryRun) return { type, status: 'True', reason: type, message: '' };
      return await this.#validator.validate({
        template,
        subnetIds: (status.subnets ?? []).map(({ id }) => id),
        architecture: architectureOf(status.amis ?? []),
      });
    } catch (error) {
      if (!(error instanceof UserDataError)) throw error;
      return { type, status: 'False', reason: error.reason, message: error.message };
    }
  }

  async #removeOldProfiles(nodeClass: ApiObject, current: string): Promise<void> {
    const { log, settings } = this.#options;
    if (settings.isolatedVpc || current === '') return;
    try {
      const count = await this.profiles.removeOld(nodeClass, current);
      if (count > 0) log.info({ EC2NodeClass: { name: nodeClass.metadata.name }, count }, 'removed instance profiles');
    } catch (error) {
      log.warn({ error: String(error) }, 'failed removing instance profiles that nobody uses');
    }
  }
}

const isTrue =
  (type: string) =>
  (condition: NodeClassCondition): boolean =>
    condition.type === type && condition.status === 'True';

/** Parts that could not be looked up are as they were. */
function statusOf({ subnets, groups, images, profile, reservations }: Parts, before: NodeClassStatus): NodeClassStatus {
  const instanceProfile = profile.found ?? before.instanceProfile ?? '';
  return {
    subnets: subnets.found?.map(({ id, zone, zoneId }) => ({ id, zone, zoneID: zoneId })) ?? before.subnets ?? [],
    securityGroups: groups.found ?? before.securityGroups ?? [],
    amis: images.found ?? before.amis ?? [],
    ...(instanceProfile === '' ? {} : { instanceProfile }),
    capacityReservations: reservations.found ?? before.capacityReservations ?? [],
  };
}

function architectureOf([image]: readonly FoundImage[]): string {
  return image?.requirements.find(({ key }) => key === 'kubernetes.io/arch')?.values?.[0] ?? 'amd64';
}
