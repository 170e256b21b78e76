// One replica of the controller: it answers health probes and the admission webhook, keeps its caches warm, stands for
// election, and while it leads it works and tells users about it. Calls for the work, for the Lease and for events have connections and limits of their own:
// none of them may hold up another.
import type { EventRecorder } from '../controller/context/index.ts';
import { ClusterEventRecorder, readOwnPod } from '../controller/events/index.ts';
import { type ClusterAccess, KubernetesCluster, type RateLimit } from '../controller/kubernetes-cluster/index.ts';
import { LeaderElection, newIdentity, type Term } from '../controller/leader/index.ts';
import type { ControllerLog } from '../controller/log/index.ts';
import { type RunningController, startCaches, startController } from '../controller/main/index.ts';
import { type ControllerMetrics, gauge } from '../controller/metrics/index.ts';
import type { ApiObject, Clock, Cloud } from '../controller/ports/index.ts';
import type { Settings } from '../controller/settings/index.ts';
import { type WriteHooks, Writes } from '../controller/writes/index.ts';
import { startHealthServer } from '../server/index.ts';
import { type ControllerPage, openControllerPage } from './controller-page.ts';
import { ReplicaWebhook } from './controller-webhook.ts';
import type { EngineConnection } from './engine-client.ts';
import { untilAborted } from './serve-command.ts';
import { VERSION } from './version.ts';

/** What a replica stands on. */
export interface ReplicaParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: ControllerLog;
  readonly metrics: ControllerMetrics;
  readonly access: ClusterAccess;
  /** The cloud of the account; it may write down in the cluster what it is about to do, under the leader's term. */
  readonly openCloud: (cluster: KubernetesCluster) => Cloud;
  /** What metrics call the cloud. */
  readonly cloudProvider: string;
  readonly engine: Pick<EngineConnection, 'scheduler' | 'offerings'>;
  /** That of the own Pod, where it is known. */
  readonly namespace: string | undefined;
  /** Absent only where nobody is elected. */
  readonly leaseNamespace: string | undefined;
  /** Where health and the webhook are served. */
  readonly host: string;
}

/** A Lease takes a call every two seconds. */
const LEASE_LIMIT: RateLimit = { qps: 5, burst: 10 };

/** Nominations of pods hold up nothing else. Each node is kept closed for as long as those of its pods take. */
const NOMINATION_LIMIT: RateLimit = { qps: 300, burst: 1_000 };

/** Events are the least of what the API server has to do. */
const EVENT_LIMIT: RateLimit = { qps: 50, burst: 100 };

/** How long a leader that stops waits for what it has told to be written. */
const LAST_EVENTS_MS = 3_000;

const NO_HOOKS: WriteHooks = { before: () => undefined, after: () => undefined };

/** Runs until the signal aborts: then writes in flight end, the Lease is released, and it resolves. */
export async function runReplica(parts: ReplicaParts, stopped: AbortSignal): Promise<void> {
  const replica = new Replica(parts, stopped);
  const { settings, host, log } = parts;
  const address = { host, port: settings.healthProbePort };
  const health = await startHealthServer({ address, isReady: () => replica.isReady });
  log.info({ address: health.address }, 'serving health probes');
  try {
    await replica.startWebhook();
    await replica.openPage();
    await replica.run();
  } finally {
    await replica.closePage();
    await replica.close();
    await health.close();
  }
}

class Replica {
  readonly #parts: ReplicaParts;
  readonly #stopped: AbortSignal;
  readonly #work: KubernetesCluster;
  readonly #lease: KubernetesCluster;
  readonly #eventCluster: KubernetesCluster;
  readonly #nominationCluster: KubernetesCluster;
  readonly #cloud: Cloud;
  /** Ends everything that outlives terms. */
  readonly #end = new AbortController();
  readonly #caches: ReturnType<typeof startCaches> | undefined;
  #webhook: ReplicaWebhook | undefined;
  #term: Term | undefined;
  #controller: RunningController | undefined;
  #page: ControllerPage | undefined;

  constructor(parts: ReplicaParts, stopped: AbortSignal) {
    const { settings, access, clock, log } = parts;
    this.#parts = parts;
    this.#stopped = stopped;
    const open = (limit: RateLimit, beforeWrite?: () => void) =>
      new KubernetesCluster(access, {
        clock,
        limit,
        userAgent: `dovetail/${VERSION}`,
        fieldManager: 'dovetail',
        ...(beforeWrite === undefined ? {} : { beforeWrite }),
      });
    const assertLeads = (): void => this.#term?.assertLeads();
    this.#work = open({ qps: settings.kubeClientQps, burst: settings.kubeClientBurst }, assertLeads);
    this.#eventCluster = open(EVENT_LIMIT, assertLeads);
    this.#nominationCluster = open(NOMINATION_LIMIT, assertLeads);
    this.#lease = open(LEASE_LIMIT);
    this.#cloud = parts.openCloud(this.#work);
    // A page is filled on a standby, too.
    if (settings.disableControllerWarmup && !settings.page) return;
    this.#caches = startCaches({ cluster: this.#work, clock, random: Math.random, log }, this.#end.signal);
  }

  /** A standby is ready when it could take over: its caches are filled, unless it keeps none. */
  get isReady(): boolean {
    if (this.#stopped.aborted) return false;
    if (this.#caches !== undefined) return Object.values(this.#caches).every(({ isSynced }) => isSynced);
    return this.#controller?.isReady() ?? true;
  }

  /** Every replica serves it, whether it leads or not. */
  async startWebhook(): Promise<void> {
    const { namespace = this.#parts.leaseNamespace, log } = this.#parts;
    if (namespace === undefined) {
      log.warn(
        {},
        'the webhook is not served: nothing tells the own namespace, where its certificates are (POD_NAMESPACE)',
      );
      return;
    }
    this.#webhook = await ReplicaWebhook.start({ ...this.#parts, namespace, reader: this.#work }, this.#end.signal);
  }

  /** Every replica that is told to has one, whether it leads or not. */
  async openPage(): Promise<void> {
    const { page, pagePort: port, clusterName } = this.#parts.settings;
    if (!page || this.#caches === undefined) return;
    this.#page = await openControllerPage({
      ...this.#parts,
      cloud: this.#cloud,
      caches: this.#caches,
      clusterName,
      port,
    });
  }

  async closePage(): Promise<void> {
    await this.#page?.close();
  }

  async run(): Promise<void> {
    const { settings, leaseNamespace, clock, log } = this.#parts;
    if (settings.disableLeaderElection || leaseNamespace === undefined) {
      log.warn({}, 'nobody is elected: nothing may run beside this replica');
      // Higher than that of whoever led before, as far as clocks can tell.
      await this.#lead(undefined, BigInt(Math.trunc(clock.nowMs())) * 1_000n, this.#stopped);
      return;
    }
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, leaderElectionName } = settings;
    const election = new LeaderElection({
      reader: this.#lease,
      writes: new Writes(this.#lease, this.#cloud, NO_HOOKS),
      clock,
      random: Math.random,
      lease: { namespace: leaseNamespace, name: leaderElectionName },
      identity: newIdentity(),
      times: { leaseDurationMs, renewDeadlineMs, retryPeriodMs },
      log,
    });
    const leads = () => (this.#controller === undefined ? 0 : 1);
    this.#parts.metrics.observeState(
      () => [gauge('leader_election_master_status', [[{ name: leaderElectionName }, leads()]])],
      this.#end.signal,
    );
    await election.run((term, stop) => this.#lead(term, term.epoch, stop), this.#stopped);
  }

  async close(): Promise<void> {
    await this.#webhook?.close();
    this.#end.abort(new Error('the replica has stopped'));
    const clusters = [this.#work, this.#lease, this.#eventCluster, this.#nominationCluster];
    for (const cluster of clusters) cluster.close();
  }

  /** Works until it is told to stop, the planning service has heard of a later leader, or the work breaks. */
  async #lead(term: Term | undefined, leaseEpoch: bigint, stop: AbortSignal): Promise<void> {
    const { settings, clock, engine, log, metrics, cloudProvider } = this.#parts;
    const cloud = this.#cloud;
    this.#term = term;
    const hooks: WriteHooks =
      term === undefined ? NO_HOOKS : { ...NO_HOOKS, around: (point, call) => term.around(point, call) };
    const endOfEvents = new AbortController();
    const ownPod = await this.#ownPod(stop);
    const events = new ClusterEventRecorder(
      {
        writes: new Writes(this.#eventCluster, cloud, hooks),
        clock,
        log,
        ...(ownPod === undefined ? {} : { ownPod }),
      },
      endOfEvents.signal,
    );
    const deposed = new AbortController();
    const controller = startController({
      cluster: this.#work,
      nominationWriter: this.#nominationCluster,
      cloud,
      cloudProvider,
      metrics,
      clock,
      engine,
      settings,
      events: events satisfies EventRecorder,
      ...(ownPod === undefined ? {} : { ownPod }),
      log,
      random: Math.random,
      leaseEpoch,
      hooks,
      ...(this.#caches === undefined ? {} : { caches: this.#caches }),
      onPlanning: (asked) => this.#page?.notePlanning(asked),
      onPlanned: (note) => this.#page?.notePlan(note),
      onDeposed: (error) => {
        log.error({ error: error.message }, 'the planning service knows a later leader');
        deposed.abort();
      },
    });
    this.#controller = controller;
    const endOfWork = new AbortController();
    const certificates = this.#webhook?.keep(new Writes(this.#work, cloud, hooks), endOfWork.signal);
    await Promise.race([untilAborted(AbortSignal.any([stop, deposed.signal])), controller.ended]);
    endOfWork.abort(new Error('the term is over'));
    await controller.stop();
    await certificates;
    this.#controller = undefined;
    await Promise.race([events.written(), clock.sleep(LAST_EVENTS_MS)]);
    endOfEvents.abort(new Error('the term is over'));
  }

  /** The Pod that this runs in; undefined where nothing tells. */
  async #ownPod(signal: AbortSignal): Promise<ApiObject | undefined> {
    const { settings, namespace } = this.#parts;
    if (settings.podName === undefined || namespace === undefined) return undefined;
    try {
      return await readOwnPod(this.#work, { namespace, name: settings.podName }, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }
}
