// The Cloud port on EC2. It puts the parts together and knows no more than who does what; calls end with their signal, and
// what they have begun goes on.
import {
  type ApiObject,
  type CatalogueIdentity,
  type Clock,
  type Cloud,
  type Cluster,
  everyItem,
  type Instance,
  type Interruption,
  KINDS,
  type LaunchRequest,
  type LaunchResult,
  type NodeClassResolution,
  type OnSale,
} from '../ports/index.ts';
import { untilAborted } from './calls.ts';
import { AwsCatalogue, type KnownPrices } from './catalogue/index.ts';
import type { AwsClients } from './clients.ts';
import { ClusterFactsReader } from './cluster-facts.ts';
import { Instances } from './instances.ts';
import { readInterruptions } from './interruptions.ts';
import { Kept } from './kept.ts';
import { FleetSender, Launcher, type LaunchRecord, LaunchRecords, SubnetRoom, Templates } from './launch/index.ts';
import { LIMITS } from './limits.ts';
import { NodeClassResolver } from './node-class/index.ts';
import { Reservations } from './reservations.ts';
import type { AwsLog, AwsSettings } from './settings.ts';
import { LAUNCH_TAG } from './tags.ts';

/** What the adapter stands on. */
export interface AwsCloudOptions {
  readonly clients: AwsClients;
  readonly identity: CatalogueIdentity;
  readonly settings: AwsSettings;
  /** Where launches are written down, and what tells clusters of one name apart. */
  readonly cluster: Pick<Cluster, 'get' | 'list' | 'create' | 'patch' | 'delete'>;
  /** The version of the API server, as in v1.33.1-eks-abc. */
  readonly serverVersion: (signal?: AbortSignal) => Promise<string>;
  /** Prices that stand in where AWS says none. */
  readonly knownPrices: () => Promise<KnownPrices>;
  readonly clock: Clock;
  /** Numbers from 0 up to 1: jitter. */
  readonly random: () => number;
  readonly log: AwsLog;
  /** Seconds until news that was not acknowledged comes again; 20 by default. */
  readonly queueVisibilitySeconds?: number;
}

/** Between two clean-ups of records and templates. */
const SWEEP_MS = 60_000;

/** EC2. */
export class AwsCloud implements Cloud {
  readonly catalogue: CatalogueIdentity;
  readonly #options: AwsCloudOptions;
  readonly #catalogue: AwsCatalogue;
  readonly #facts: ClusterFactsReader;
  readonly #instances: Instances;
  readonly #records: LaunchRecords;
  readonly #templates: Templates;
  readonly #launcher: Launcher;
  readonly #resolver: NodeClassResolver;
  readonly #reservations: Reservations;
  readonly #sweeps: Kept<void>;

  constructor(options: AwsCloudOptions) {
    const { clients, settings, cluster, clock, log } = options;
    this.catalogue = options.identity;
    this.#options = options;
    const reservations = new Reservations(clock);
    this.#reservations = reservations;
    this.#catalogue = new AwsCatalogue({ ...options, reservations });
    this.#facts = new ClusterFactsReader(options);
    const subnets = new SubnetRoom();
    const clusterUid = () => this.#facts.uid();
    this.#instances = new Instances({ clients, clock, clusterName: settings.clusterName, clusterUid });
    this.#records = new LaunchRecords({ cluster, namespace: settings.namespace });
    this.#templates = new Templates({ clients, clock, clusterName: settings.clusterName });
    const parts = { clock, log, records: this.#records, templates: this.#templates, instances: this.#instances };
    const sender = new FleetSender({ ...parts, clients });
    this.#launcher = new Launcher({
      ...parts,
      region: clients.region,
      facts: this.#facts,
      sender,
      subnets,
      reservations,
    });
    this.#resolver = new NodeClassResolver({
      clients,
      settings,
      clock,
      log,
      facts: this.#facts,
      subnets,
      reservations,
    });
    this.#sweeps = new Kept(clock, 1);
  }

  launch(request: LaunchRequest, signal?: AbortSignal): Promise<LaunchResult> {
    return this.#call(() => this.#launcher.launch(request), signal);
  }

  terminate(instanceIds: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#call(() => this.#instances.terminate(instanceIds), signal);
  }

  get(instanceId: string, signal?: AbortSignal): Promise<Instance | undefined> {
    return this.#call(async () => {
      const found = await this.#instances.read(instanceId);
      return found?.state === 'terminated' ? undefined : found;
    }, signal);
  }

  list(signal?: AbortSignal): Promise<readonly Instance[]> {
    return this.#call(async () => {
      // Instances first: a launch that is settled in between is in the records yet.
      const instances = await this.#instances.list(signal);
      const records = await this.#records.list(signal);
      void this.#sweep(records);
      const live = new Set(records.map(({ id }) => id));
      return instances.map((instance) =>
        live.has(instance.tags[LAUNCH_TAG] ?? '') ? { ...instance, isUnsettled: true as const } : instance,
      );
    }, signal);
  }

  tag(instanceId: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void> {
    return this.#call(() => this.#instances.tag(instanceId, tags), signal);
  }

  resolveNodeClass(nodeClass: ApiObject, signal?: AbortSignal): Promise<NodeClassResolution> {
    return this.#call(() => this.#resolver.resolve(nodeClass), signal);
  }

  forgetNodeClass(nodeClass: ApiObject, signal?: AbortSignal): Promise<void> {
    return this.#call(async () => {
      await this.#templates.removeOf(nodeClass.metadata.name ?? '', await this.#facts.uid(), signal);
      await this.#resolver.profiles.forget(nodeClass, signal);
    }, signal);
  }

  onSale(signal?: AbortSignal): Promise<OnSale> {
    return this.#call(() => this.#catalogue.onSale(), signal);
  }

  saleChanged(signal: AbortSignal): Promise<void> {
    return this.#reservations.changed(signal);
  }

  interruptions(signal: AbortSignal): AsyncIterable<Interruption> {
    const { clients, clock, log, settings, queueVisibilitySeconds } = this.#options;
    const visibilitySeconds = queueVisibilitySeconds ?? LIMITS.queueVisibilitySeconds;
    return readInterruptions({ clients, queueName: settings.interruptionQueue, visibilitySeconds, clock, log }, signal);
  }

  #call<Answer>(call: () => Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
    return signal?.aborted === true ? Promise.reject(signal.reason) : untilAborted(call(), signal);
  }

  /** Removes records that nobody needs any more, and templates; now and then. */
  async #sweep(records: readonly LaunchRecord[]): Promise<void> {
    await this.#sweeps.get('', SWEEP_MS, async () => {
      try {
        const left = await this.#removeDone(records);
        const used = left.flatMap(({ request }) => request.LaunchTemplateConfigs ?? []);
        const names = used.map((config) => config.LaunchTemplateSpecification?.LaunchTemplateName ?? '');
        await this.#templates.sweep(new Set(names), await this.#facts.uid());
      } catch (error) {
        this.#options.log.warn({ error: String(error) }, 'failed cleaning up after launches');
      }
    });
  }

  /** Answers the records that are left. */
  async #removeDone(records: readonly LaunchRecord[]): Promise<readonly LaunchRecord[]> {
    const nowMs = this.#options.clock.nowMs();
    const old = records.filter(({ createdMs }) => nowMs - createdMs >= LIMITS.recordKeepMs);
    if (old.length === 0) return records;
    const waiting = await this.#claimsWithoutInstance();
    const done = old.filter(({ launches }) => launches.every(({ launchId }) => !waiting.has(launchId)));
    for (const record of done) await this.#records.remove(record);
    return records.filter((record) => !done.includes(record));
  }

  /** UIDs of claims that do not say yet which instance they have. */
  async #claimsWithoutInstance(): Promise<ReadonlySet<string>> {
    const waiting = new Set<string>();
    for await (const { metadata, status } of everyItem(this.#options.cluster, KINDS.nodeClaims)) {
      const { providerID = '' } = (status ?? {}) as { readonly providerID?: string };
      if (providerID === '' && metadata.uid !== undefined) waiting.add(metadata.uid);
    }
    return waiting;
  }
}
