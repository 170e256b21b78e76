// The door of the server: starts the gRPC service with its workers and listeners, from parts that are passed in. It has
// no settings of its own, reads no environment and calls no cloud.
import { availableParallelism } from 'node:os';
import { pino } from 'pino';
import { OfferingService, SchedulerService } from '../proto/index.ts';
import { type Clock, systemClock } from './clock.ts';
import {
  createCallWrapper,
  createOfferingHandlers,
  createSchedulerHandlers,
  type FinishedCall,
} from './handlers/index.ts';
import { assertLimits, LIMITS } from './limits.ts';
import type { ServerLogger } from './logger.ts';
import { CatalogueRegistry, DEFAULT_REGION, embeddedRegionSource, type RegionSource } from './offerings/index.ts';
import { loadPeerReader } from './security/index.ts';
import { SessionRegistry } from './session/index.ts';
import type { StateSource, TelemetryRecorder } from './telemetry/index.ts';
import {
  addressText,
  assertMayListen,
  assertReadableTls,
  type ListenAddress,
  type Listener,
  type MutualTls,
  type ServedService,
  StartupError,
  startConnectServer,
  startGrpcServer,
  startHealthServer,
} from './transport/index.ts';
import { warmUp, warmUpWhenQuiet } from './warm-up.ts';
import { DEFAULT_WORKER_FILE, shuttingDown, WorkerPool } from './worker/index.ts';

export type { EndedCall } from './call-context/index.ts';
export {
  type EmbeddedRegion,
  loadRegionFacts,
  NO_PRICE,
  readRegionImage,
  regionImageUrl,
  UnknownRegionError,
  unpackRegionImage,
} from './catalogue/index.ts';
export type { Clock } from './clock.ts';
export type { FinishedCall } from './handlers/index.ts';
export { createLocalSolver, type LocalSolver } from './local-solver.ts';
export type { ServerLogger } from './logger.ts';
export {
  CatalogueRegistry,
  embeddedRegionSource,
  factsRegionSource,
  type IndexedRegion,
  type RegionRecords,
  type RegionSource,
} from './offerings/index.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions, type TelemetryRecorder } from './telemetry/index.ts';
export {
  type ListenAddress,
  type Listener,
  type MutualTls,
  StartupError,
  startHealthServer,
  startMetricsServer,
} from './transport/index.ts';

export { createTaskHandler, type PostedTask, type TaskOutcome } from './worker/index.ts';

/** Where the services listen when nobody says otherwise: loopback only. */
export const DEFAULT_ADDRESSES = {
  grpc: { host: '127.0.0.1', port: 50051 },
  http: { host: '127.0.0.1', port: 8082 },
  health: { host: '127.0.0.1', port: 8081 },
  metrics: { host: '127.0.0.1', port: 8080 },
} as const satisfies Record<string, ListenAddress>;

/** What a server is made of. Everything may be left out. */
export interface ServerOptions {
  /** gRPC. */
  readonly grpc?: ListenAddress;
  /** The same services by Connect over HTTP/1.1; `false` for none. */
  readonly http?: ListenAddress | false;
  /** /healthz and /readyz; `false` for none. It changes nothing and carries no secrets, so any address will do. */
  readonly health?: ListenAddress | false;
  /** Mutual TLS for gRPC and Connect. */
  readonly tls?: MutualTls;
  /** Lets gRPC and Connect listen where others reach them without TLS. */
  readonly insecure?: boolean;
  /** Worker threads; the available cores by default. */
  readonly workerCount?: number;
  /** Calls that may wait for a worker. */
  readonly queueLength?: number;
  /** The file that workers run. */
  readonly workerFile?: URL;
  /** Where catalogues start from; the embedded one by default. */
  readonly regions?: RegionSource;
  readonly clock?: Clock;
  /** Silent by default. */
  readonly logger?: ServerLogger;
  /** Hears of every call that has ended. */
  readonly onCallFinished?: (call: FinishedCall) => void;
  /** Hears of everything that is measured; telemetry/ makes one. */
  readonly recorder?: TelemetryRecorder;
}

/** A server that takes calls. */
export interface RunningServer {
  /** As a gRPC client writes it: host:port or unix:path. */
  readonly grpcAddress: string;
  /** host:port of Connect over HTTP/1.1. */
  readonly httpAddress?: string;
  /** host:port of the health endpoint. */
  readonly healthAddress?: string;
  readonly workerCount: number;
  /** Takes no new calls, lets those in flight end for a while, then ends. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Starts a server; resolves when it is warm and healthy. Throws StartupError with what to change when it may not or
 * cannot listen.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  assertLimits();
  const grpcAddress = options.grpc ?? DEFAULT_ADDRESSES.grpc;
  const httpAddress = options.http ?? DEFAULT_ADDRESSES.http;
  const healthAddress = options.health ?? DEFAULT_ADDRESSES.health;
  const protection = { tls: options.tls !== undefined, insecure: options.insecure === true };
  assertMayListen('gRPC', grpcAddress, protection);
  if (httpAddress !== false) assertMayListen('Connect', httpAddress, protection);
  const workerCount = options.workerCount ?? availableParallelism();
  if (!Number.isInteger(workerCount) || workerCount < 1 || workerCount > LIMITS.workerCount) {
    throw new StartupError(`start workers: give a number from 1 to ${LIMITS.workerCount}, not ${workerCount}`);
  }

  if (options.tls !== undefined) assertReadableTls(options.tls);
  const peerOf = options.tls === undefined ? undefined : await loadPeerReader();

  const logger = options.logger ?? pino({ level: 'silent' });
  const regions = options.regions ?? embeddedRegionSource;
  const clock = options.clock ?? systemClock;
  const registry = new CatalogueRegistry({ clock, regions });
  const sessions = new SessionRegistry();
  const shutdown = new AbortController();
  const pool = new WorkerPool({
    workerCount,
    queueLength: options.queueLength ?? LIMITS.queueLength,
    workerFile: options.workerFile ?? DEFAULT_WORKER_FILE,
    logger,
  });
  const { onCallFinished, recorder } = options;
  const onCallEnded = recorder === undefined ? undefined : recorder.callEnded;
  const observation = { onCallEnded, peerOf };
  const calls = createCallWrapper({
    logger,
    ...(onCallFinished === undefined ? {} : { onCallFinished }),
    ...(onCallEnded === undefined ? {} : { onCallEnded }),
  });
  const services: ServedService[] = [
    { service: SchedulerService, handlers: createSchedulerHandlers({ calls, registry, pool, sessions, recorder }) },
    {
      service: OfferingService,
      handlers: createOfferingHandlers({ calls, registry, pool, clock, shutdown: shutdown.signal }),
    },
  ];
  const tls = options.tls === undefined ? {} : { tls: options.tls };
  const stopObserving = recorder?.observe(stateSource(pool, registry, sessions));

  const listeners: Listener[] = [];
  let ready = false;
  let warming: Promise<void> = Promise.resolve();
  const closeAll = async (): Promise<void> => {
    ready = false;
    stopObserving?.();
    // Streams have no end of their own: they are told, and calls that have one are waited for.
    const error = shuttingDown();
    sessions.shutDown(error);
    shutdown.abort(error);
    await Promise.all([warming, ...listeners.map((listener) => listener.close())]);
    await pool.close();
  };
  try {
    const grpc = await startGrpcServer({ services, address: grpcAddress, ...tls, observation });
    listeners.push(grpc);
    const http =
      httpAddress === false
        ? undefined
        : await startConnectServer({ services, address: httpAddress, ...tls, observation });
    if (http !== undefined) listeners.push(http);
    const isReady = (): boolean => ready && pool.threadCount > 0;
    const health = healthAddress === false ? undefined : await startHealthServer({ address: healthAddress, isReady });
    if (health !== undefined) listeners.push(health);
    const warmed = {
      pool,
      scheduler: createSchedulerHandlers({ calls: createCallWrapper({ logger }), registry, pool, sessions }),
      workerCount,
      ...(regions.regions().includes(DEFAULT_REGION)
        ? { loadCatalogue: () => void registry.resolve(undefined, 'catalogue') }
        : {}),
    };
    await warmUp(warmed);
    grpc.setServing(true);
    ready = true;
    warming = warmUpWhenQuiet(warmed, shutdown.signal);
    let closing: Promise<void> | undefined;
    return {
      grpcAddress: addressText(grpc.address),
      ...(http === undefined ? {} : { httpAddress: addressText(http.address) }),
      ...(health === undefined ? {} : { healthAddress: addressText(health.address) }),
      workerCount,
      close: () => {
        grpc.setServing(false);
        closing ??= closeAll();
        return closing;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** How the service stands, for whoever reads the metrics. */
function stateSource(pool: WorkerPool, registry: CatalogueRegistry, sessions: SessionRegistry): StateSource {
  return () => ({
    workers: {
      threadCount: pool.threadCount,
      waitingCount: pool.queueLength,
      runningCount: pool.runningCount,
      podCount: pool.podCount,
      unfinishedMs: pool.unfinishedMs,
    },
    catalogues: registry.identities().map(({ name, live }) => ({
      name,
      epoch: live.epoch,
      epochAgeMs: live.epochAgeMs,
      typeCount: live.index.catalogue.typeCount,
      offeringCount: live.index.catalogue.offeringCount,
      availableCount: live.availableCount,
      shortageCount: live.shortageCount,
    })),
    broughtCatalogues: registry.brought(),
    sessions: sessions.describe(),
  });
}
