// Makes a server warm before it says that it is ready: a first solve costs several times a later one, and so does the
// first validation of a message. The work is thrown away.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createHandlerContext, type ServiceImpl } from '@connectrpc/connect';
import {
  Operator,
  SchedulerService,
  type SolveRequest,
  SolveRequestSchema,
  SolveResponseSchema,
} from '../proto/index.ts';
import { LIMITS } from './limits.ts';
import type { WorkerPool } from './worker/index.ts';

/** Solves of each worker. The first costs most by far (it derives what the catalogue's types are); more are paid by the
 * time to ready. */
const ROUNDS = 2;

/** Waits for the workers, then sends solves through the handler as a client would. Throws when that takes too long. */
export async function warmUp(parts: {
  readonly pool: WorkerPool;
  readonly scheduler: ServiceImpl<typeof SchedulerService>;
  readonly workerCount: number;
  /** Loads the default catalogue; absent where there is none to solve with. */
  readonly loadCatalogue?: () => void;
}): Promise<void> {
  const { pool, scheduler, workerCount, loadCatalogue } = parts;
  // The catalogue is indexed on this thread while the workers load their code on theirs.
  const loading = async (): Promise<void> => loadCatalogue?.();
  await withTimeout(Promise.all([pool.warmUp(), loading()]));
  if (loadCatalogue === undefined) return;
  const method = SchedulerService.method.solve;
  const bytes = toBinary(SolveRequestSchema, warmUpRequest());
  for (let round = 0; round < ROUNDS; round++) {
    const calls = Array.from({ length: workerCount }, async () => {
      const context = createHandlerContext({
        service: SchedulerService,
        method,
        protocolName: 'warm-up',
        requestMethod: 'POST',
        url: '',
      });
      const response = await scheduler.solve(fromBinary(SolveRequestSchema, bytes), context);
      toBinary(SolveResponseSchema, create(SolveResponseSchema, response));
    });
    await withTimeout(Promise.all(calls));
  }
}

/** A few kinds of pods with the usual constraints, on one pool. */
function warmUpRequest(): SolveRequest {
  return create(SolveRequestSchema, {
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
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`warm up: the workers did not answer (limitMs=${LIMITS.warmUpTimeoutMs})`)),
      LIMITS.warmUpTimeoutMs,
    );
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
