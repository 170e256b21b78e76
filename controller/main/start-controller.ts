// The composition of the controller: makes the parts, connects them, starts and stops them. It knows which change wakes
// whom; what each part does is its own business.
import type { Client } from '@connectrpc/connect';
import type { OfferingService, SchedulerService } from '../../proto/index.ts';
import { startReflector } from '../cache/index.ts';
import type {
  ControllerContext,
  ControllerLog,
  EventRecorder,
  PlanNote,
  ReconcilerSettings,
} from '../context/index.ts';
import {
  CatalogueWriter,
  catalogueOf,
  type EngineError,
  feedOfferings,
  OfferingAdvisor,
  OfferingWatch,
  PlanSession,
} from '../engine-client/index.ts';
import { collectGarbage } from '../garbage-collection/index.ts';
import { followInterruptions } from '../interruption/index.ts';
import {
  ControllerMetrics,
  callingAs,
  clusterGauges,
  meteredCloud,
  offeringGauges,
  PodTimes,
  poolGauges,
} from '../metrics/index.ts';
import { PodNominator } from '../pod-nomination/index.ts';
import {
  type ApiObject,
  type Clock,
  type Cloud,
  type CloudInstanceType,
  type Cluster,
  KINDS,
  type ObjectWriter,
  type OnSale,
} from '../ports/index.ts';
import { Provisioner } from '../provisioning/index.ts';
import {
  ClusterIndex,
  createRawStores,
  createStores,
  isSynced,
  MemoryLearner,
  Nominations,
  OwnWrites,
  PlannedSeats,
  PROJECTIONS,
  type RawStores,
  RecordedFeed,
  SessionFeed,
  type Stores,
  WATCHED_KINDS,
} from '../state/index.ts';
import { type WriteHooks, Writes } from '../writes/index.ts';
import { Reconcilers } from './reconcilers.ts';

/** The planning service, over the generated client. */
export interface EngineClients {
  readonly scheduler: Client<typeof SchedulerService>;
  readonly offerings: Client<typeof OfferingService>;
}

/** What a controller is made of. */
export interface ControllerOptions {
  readonly cluster: Cluster;
  /** For nominations of pods, with a rate limit of its own; absent means that they go with everything else. */
  readonly nominationWriter?: ObjectWriter;
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly engine: EngineClients;
  readonly settings: ReconcilerSettings;
  readonly events: EventRecorder;
  /** The Pod that this runs in; absent where nothing tells. */
  readonly ownPod?: ApiObject;
  /** Where what happens is counted, and gauges are read while this leads; absent where nobody reads them. */
  readonly metrics?: ControllerMetrics;
  /** What metrics call the cloud; absent means aws. */
  readonly cloudProvider?: string;
  readonly log: ControllerLog;
  /** Numbers from 0 up to 1: names and jitter. */
  readonly random: () => number;
  /** Rises whenever another controller takes over. */
  readonly leaseEpoch: bigint;
  /** What happens around every external write; absent means nothing. */
  readonly hooks?: WriteHooks;
  /** Caches that somebody else fills and that a standby keeps warm; absent starts some of its own. */
  readonly caches?: RawStores;
  /** Hears that another controller has taken over: this one has stopped deciding. */
  readonly onDeposed?: (error: EngineError) => void;
  /** Hears that a plan is asked for, until the promise settles; only where `onPlanned` hears, too. */
  readonly onPlanning?: (asked: Promise<unknown>) => void;
  /** Hears of every plan before it is carried out. */
  readonly onPlanned?: (note: PlanNote) => void;
}

/** A controller at work. */
export interface RunningController {
  readonly stores: Stores;
  /** True once every kind has been listed and the offerings are known: from then on it acts. */
  readonly isReady: () => boolean;
  /** Resolves when it does nothing more: it was stopped, or it broke, which is in the log. */
  readonly ended: Promise<void>;
  /** Starts nothing new, lets writes in flight end, and stops. May be called more than once. */
  stop(): Promise<void>;
}

const NO_HOOKS: WriteHooks = { before: () => undefined, after: () => undefined };

/** Fills caches until the signal aborts. */
export function startCaches(
  options: Pick<ControllerOptions, 'cluster' | 'clock' | 'random' | 'log'>,
  signal: AbortSignal,
): RawStores {
  const { cluster, clock, random, log } = options;
  const stores = createRawStores(PROJECTIONS);
  for (const name of WATCHED_KINDS) {
    const reflector = startReflector({
      reader: cluster,
      kind: KINDS[name],
      store: stores[name],
      clock,
      random,
      signal,
      onError: (error) => log.warn({ kind: KINDS[name].kind, error: error.message }, 'failed watching'),
    });
    reflector.done.catch((error) => log.error({ kind: KINDS[name].kind, error: String(error) }, 'watch broke'));
  }
  return stores;
}

/** Starts a controller that leads: it acts as soon as its caches are filled. */
export function startController(options: ControllerOptions): RunningController {
  const end = new AbortController();
  const { signal } = end;
  const raw = options.caches ?? startCaches(options, signal);
  const stores = createStores(raw, PROJECTIONS, signal);
  const { metrics = new ControllerMetrics(() => options.clock.monotonicMs()) } = options;
  const { context, told } = createContext(options, stores, metrics, signal);
  const session = new PlanSession({
    scheduler: options.engine.scheduler,
    identity: {
      cluster: options.settings.clusterName,
      leaseEpoch: options.leaseEpoch,
      catalogue: catalogueOf(options.cloud),
    },
    feed: told,
    onLeftOut: (object, why) => options.log.warn({ object, why }, 'left out of planning'),
  });
  const provisioner = new Provisioner(context, session, (error) => {
    options.onDeposed?.(error);
    void stop();
  });
  const reconcilers = new Reconcilers(context, {
    replan: () => provisioner.replan(),
    nominator: nominatorOf(options, context),
  });
  metrics.observeState(reconcilers.gauges, signal);
  const fed = Promise.withResolvers<void>();
  let isFed = false;
  let described: readonly CloudInstanceType[] = [];
  const watch = new OfferingWatch();
  metrics.observeState(
    offeringGauges(
      () => watch.values(),
      () => described,
    ),
    signal,
  );
  const onFed = ({ instanceTypes }: OnSale) => {
    described = instanceTypes;
    isFed = true;
    fed.resolve();
  };
  const writer = new CatalogueWriter(options.engine.offerings, catalogueOf(options.cloud));
  const feeding = callingAs('providers.instancetype', () => feedOfferings({ ...context, writer, onFed }, signal));
  const watching = watch.follow(options.engine.offerings, catalogueOf(options.cloud), options.clock, signal);
  const running = run(context, provisioner, reconcilers, fed.promise, signal);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      end.abort(new Error('the controller was stopped'));
      await Promise.all([running, feeding, watching, reconcilers.drained()]);
    })();
    return stopping;
  };
  return { stores, isReady: () => isFed && isSynced(stores), ended: running, stop };
}

function nominatorOf(options: ControllerOptions, context: ControllerContext): PodNominator | undefined {
  if (options.settings.nominatePods !== true) return undefined;
  const writer = options.nominationWriter ?? options.cluster;
  return new PodNominator(context, new Writes(writer, options.cloud, options.hooks ?? NO_HOOKS));
}

interface CreatedContext {
  readonly context: ControllerContext;
  /** What the session is told from. */
  readonly told: Pick<SessionFeed, 'snapshot' | 'delta'>;
}

function createContext(
  options: ControllerOptions,
  stores: Stores,
  metrics: ControllerMetrics,
  signal: AbortSignal,
): CreatedContext {
  const { cluster, clock, engine, settings, events, log, random, cloudProvider = 'aws' } = options;
  const cloud = meteredCloud(options.cloud, cloudProvider, metrics, () => clock.monotonicMs());
  const writes = new Writes(cluster, cloud, options.hooks ?? NO_HOOKS);
  const index = new ClusterIndex(stores);
  const classSettings = { ...settings, observed: new MemoryLearner(stores, index, clock) };
  const seats = new PlannedSeats(stores);
  const feed = new SessionFeed(stores, index, classSettings, seats);
  const podTimes = new PodTimes(stores, clock, metrics);
  for (const source of [clusterGauges({ stores, index, clock }), poolGauges(stores), podTimes.gauges]) {
    metrics.observeState(source, signal);
  }
  const { onPlanned, onPlanning = () => undefined } = options;
  const recorded = onPlanned === undefined ? undefined : new RecordedFeed(stores, feed, classSettings, seats);
  const context: ControllerContext = {
    stores,
    index,
    own: new OwnWrites(writes, cluster, stores),
    writes,
    reader: cluster,
    cloud,
    advisor: new OfferingAdvisor(engine.offerings, catalogueOf(cloud)),
    feed,
    nominations: new Nominations(clock),
    seats,
    clock,
    random,
    events,
    ownPod: options.ownPod,
    metrics,
    podTimes,
    log,
    settings,
    planWatch:
      onPlanned === undefined || recorded === undefined ? undefined : { feed: recorded, onPlanning, onPlanned },
  };
  return { context, told: recorded ?? feed };
}

/** While the caches fill. */
const SYNC_POLL_MS = 100;

/** Everything that begins once the caches are filled. */
async function run(
  context: ControllerContext,
  provisioner: Provisioner,
  reconcilers: Reconcilers,
  fed: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, stores } = context;
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  try {
    while (!isSynced(stores)) await clock.sleep(SYNC_POLL_MS, signal);
    await Promise.race([fed, aborted]);
    if (signal.aborted) return;
    log.info({ cluster: context.settings.clusterName }, 'starting workers');
    reconcilers.start(signal);
    await Promise.all([
      callingAs('provisioner', () => provisioner.run(signal)),
      callingAs('nodeclaim.garbagecollection', () => collectGarbage(context, signal)),
      callingAs('interruption', () => followInterruptions(context, signal)),
    ]);
  } catch (error) {
    if (!signal.aborted) log.error({ error: String(error) }, 'the controller broke');
  }
}
