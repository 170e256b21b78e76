// Solving without transports: the same checks, grouping, workers and writing of plans as the service, called directly.
// For the benchmark, whose solve time leaves gRPC out, and for tests. Nothing listens.
import { availableParallelism } from 'node:os';
import { create } from '@bufbuild/protobuf';
import { createHandlerContext } from '@connectrpc/connect';
import { pino } from 'pino';
import {
  type CatalogueReference,
  SchedulerService,
  type SolveRequest,
  type SolveResponse,
  SolveResponseSchema,
} from '../proto/index.ts';
import { systemClock } from './clock.ts';
import { createCallWrapper, createSchedulerHandlers } from './handlers/index.ts';
import { LIMITS } from './limits.ts';
import { CatalogueRegistry, embeddedRegionSource } from './offerings/index.ts';
import { SessionRegistry } from './session/index.ts';
import { DEFAULT_WORKER_FILE, WorkerPool } from './worker/index.ts';

/** A solver in this process, with worker threads of its own. */
export interface LocalSolver {
  /** Builds the catalogue's index, or finds it built; answers the content hash that names it from then on. */
  loadCatalogue(reference: CatalogueReference | undefined): string;
  /** As the service's Solve. Throws ConnectError with the service's codes. */
  solve(request: SolveRequest): Promise<SolveResponse>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Starts the threads; resolves when each has answered once. No solve has run in them then. */
export async function createLocalSolver(options: { readonly workerCount?: number } = {}): Promise<LocalSolver> {
  const logger = pino({ level: 'silent' });
  const registry = new CatalogueRegistry({ clock: systemClock, regions: embeddedRegionSource });
  const pool = new WorkerPool({
    workerCount: options.workerCount ?? availableParallelism(),
    queueLength: LIMITS.queueLength,
    workerFile: DEFAULT_WORKER_FILE,
    logger,
  });
  const calls = createCallWrapper({ logger });
  const handlers = createSchedulerHandlers({ calls, registry, pool, sessions: new SessionRegistry() });
  await pool.warmUp();
  return {
    loadCatalogue: (reference) => registry.resolve(reference, 'catalogue').contentHash,
    solve: async (request) => {
      const context = createHandlerContext({
        service: SchedulerService,
        method: SchedulerService.method.solve,
        protocolName: 'none',
        requestMethod: 'POST',
        url: 'local:solve',
      });
      return create(SolveResponseSchema, await handlers.solve(request, context));
    },
    close: () => pool.close(),
  };
}
