// Makes a server warm: a first solve costs several times a later one, and so does the first validation of a message. What
// every plan needs is done before it says that it is ready, what makes plans cheaper once it has nothing else to do. The work
// is thrown away.
import { setTimeout } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createHandlerContext, type ServiceImpl } from '@connectrpc/connect';
import {
  Effort,
  Operator,
  SchedulerService,
  type SolveRequest,
  SolveRequestSchema,
  SolveResponseSchema,
} from '../proto/index.ts';
import { LIMITS } from './limits.ts';
import type { WorkerPool } from './worker/index.ts';

/** Time after ready in which a caller may come with work that warms the workers as well. */
const QUIET_MS = 500;

/** What is warmed. */
export interface WarmUpParts {
  readonly pool: Pick<WorkerPool, 'warmUp' | 'runningCount'>;
  readonly scheduler: Pick<ServiceImpl<typeof SchedulerService>, 'solve'>;
  readonly workerCount: number;
  /** Loads the default catalogue; absent where there is none to solve with. */
  readonly loadCatalogue?: () => void;
}

/**
 * Waits for the workers, then sends each a solve through the handler as a client would, which derives what the catalogue's
 * types are. Throws when that takes too long.
 */
export async function warmUp(parts: WarmUpParts): Promise<void> {
  const { pool, loadCatalogue } = parts;
  // The catalogue is indexed on this thread while the workers load their code on theirs.
  const loading = async (): Promise<void> => loadCatalogue?.();
  await withTimeout(Promise.all([pool.warmUp(), loading()]));
  if (loadCatalogue !== undefined) await withTimeout(solveOnEach(parts, Effort.FAST));
}

/** Sends each worker a solve of the default effort, unless work has come by then or the signal ends it. Never throws. */
export async function warmUpWhenQuiet(parts: WarmUpParts, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(QUIET_MS, undefined, { signal, ref: false });
    if (parts.loadCatalogue === undefined || parts.pool.runningCount > 0) return;
    await solveOnEach(parts, Effort.BALANCED, signal);
  } catch {
    // Called off, or out of room for more work: then there is something better to do.
  }
}

async function solveOnEach(
  { scheduler, workerCount }: WarmUpParts,
  effort: Effort,
  signal?: AbortSignal,
): Promise<void> {
  const method = SchedulerService.method.solve;
  const bytes = toBinary(SolveRequestSchema, warmUpRequest(effort));
  const calls = Array.from({ length: workerCount }, async () => {
    const context = createHandlerContext({
      service: SchedulerService,
      method,
      protocolName: 'warm-up',
      requestMethod: 'POST',
      url: '',
      ...(signal === undefined ? {} : { requestSignal: signal }),
    });
    const response = await scheduler.solve(fromBinary(SolveRequestSchema, bytes), context);
    toBinary(SolveResponseSchema, create(SolveResponseSchema, response));
  });
  await Promise.all(calls);
}

/** A few kinds of pods with the usual constraints, on one pool. */
function warmUpRequest(effort: Effort): SolveRequest {
  return create(SolveRequestSchema, {
    options: { effort },
    nodeClasses: [{ name: 'warm-up' }],
    nodePools: [
      {
        name: 'warm-up',
        nodeClass: 'warm-up',
        requirements: [
          { key: 'karpenter.sh/capacity-type', operator: Operator.IN, values: ['on-demand', 'spot'] },
          { key: 'kubernetes.io/arch', operator: Operator.IN, values: ['amd64'] },
          { key: 'karpenter.k8s.aws/instance-cpu', operator: Operator.LT, values: ['65'] },
        ],
      },
    ],
    podGroups: [
      { cpuMilli: 250n, memoryBytes: 256n },
      { cpuMilli: 500n, memoryBytes: 2_048n },
      { cpuMilli: 1_500n, memoryBytes: 1_024n },
      { cpuMilli: 4_000n, memoryBytes: 16_384n },
    ].map(({ cpuMilli, memoryBytes }, group) => ({
      shape: {
        requests: { cpuMilli, memoryBytes: memoryBytes * 1_048_576n },
        nodeSelector: { 'kubernetes.io/os': 'linux' },
      },
      names: Array.from({ length: 25 }, (_, index) => `warm-up-${group}-${index}`),
    })),
  });
}

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const timeout = async (): Promise<never> => {
    await setTimeout(LIMITS.warmUpTimeoutMs, undefined, { signal: done.signal });
    throw new Error(`warm up: the workers did not answer (limitMs=${LIMITS.warmUpTimeoutMs})`);
  };
  try {
    return await Promise.race([work, timeout()]);
  } finally {
    done.abort();
  }
}
