// SchedulerService: written once against Connect's service interface, served by every transport.
import type { ServiceImpl } from '@connectrpc/connect';
import { SchedulerService, type SolveRequest } from '../../proto/index.ts';
import { peerOf, timelineOf } from '../call-context/index.ts';
import { invalidArgument, ServiceError } from '../errors.ts';
import { letOthersRun } from '../event-loop.ts';
import { checkPlannedNodes, prepareScope, writeNodeExplanations, writePodExplanations } from '../explain/index.ts';
import { assertHasOfferings, type CatalogueRegistry, type CatalogueView, taskCatalogue } from '../offerings/index.ts';
import { type SessionRegistry, serveSession } from '../session/index.ts';
import {
  type PreparedSolve,
  placeNotices,
  planFacts,
  prepareSolve,
  writeNotices,
  writePlan,
  writeStats,
} from '../solve/index.ts';
import type { TelemetryRecorder } from '../telemetry/index.ts';
import type { SolveAnswer, WorkerPool } from '../worker/index.ts';
import type { CallWrapper } from './call.ts';

/** The handlers of SchedulerService. */
export function createSchedulerHandlers(parts: {
  readonly calls: CallWrapper;
  readonly registry: CatalogueRegistry;
  readonly pool: WorkerPool;
  readonly sessions: SessionRegistry;
  readonly recorder?: TelemetryRecorder | undefined;
}): ServiceImpl<typeof SchedulerService> {
  const { calls, registry, pool, sessions, recorder } = parts;
  const { method } = SchedulerService;
  return {
    solve: calls.unary(method.solve, async (request, context) => {
      const timeline = timelineOf(context);
      const call = await openCall(request, registry, '');
      timeline.mark('group', call.startMs);
      const { prepared, view } = call;
      const { problem, timeLimitMs } = prepared;
      const done = await pool.run(
        { kind: 'solve', catalogue: taskCatalogue(view), problem, timeLimitMs },
        { signal: context.signal, weight: prepared.namedPodCount },
      );
      const writeMs = performance.now();
      timeline.markWorker(done);
      const { plan } = done.answer;
      const message = writePlan(plan, prepared, view.catalogue);
      timeline.notePlan(planFacts(plan, prepared.podCount, problem.shapes.length));
      timeline.mark('write', writeMs);
      await letOthersRun(writeMs);
      return {
        plan: message,
        stats: statsOf(call, done),
        notices: writeNotices(view.notices, prepared.notices, placeNotices(plan.notices, prepared)),
      };
    }),

    explain: calls.unary(method.explain, async (request, context) => {
      if (request.solve === undefined) throw invalidArgument('solve', 'there is nothing to explain without a solve');
      const timeline = timelineOf(context);
      const call = await openCall(request.solve, registry, 'solve.');
      timeline.mark('group', call.startMs);
      const { prepared, view } = call;
      const { problem, timeLimitMs } = prepared;
      const scope = prepareScope(request, request.solve, prepared);
      const done = await pool.run(
        { kind: 'explain', catalogue: taskCatalogue(view), problem, timeLimitMs, query: scope.query },
        { signal: context.signal, weight: prepared.namedPodCount },
      );
      const writeMs = performance.now();
      timeline.markWorker(done);
      const { plan: enginePlan, explanation } = done.answer;
      const plan = writePlan(enginePlan, prepared, view.catalogue);
      checkPlannedNodes(request.scope, plan.nodes?.length ?? 0);
      const writing = { explanation, enginePlan, prepared, catalogue: view.catalogue };
      const pods = writePodExplanations(writing, plan, scope);
      const nodes = writeNodeExplanations(writing);
      timeline.mark('write', writeMs);
      await letOthersRun(writeMs);
      return {
        plan,
        pods,
        podsNotShown: explanation.shapesNotShown,
        nodes,
        nodesNotShown: explanation.nodesNotShown,
        stats: statsOf(call, done),
        notices: writeNotices(view.notices, prepared.notices, placeNotices(enginePlan.notices, prepared)),
      };
    }),

    session: calls.bidiStreaming(method.session, (requests, context) =>
      serveSession(requests, context.signal, {
        sessions,
        registry,
        pool,
        recorder,
        peer: peerOf(context),
        logger: calls.logger,
        check: calls.check,
      }),
    ),
  };
}

/** A call with what it needs before it goes to a worker. */
interface OpenCall {
  readonly prepared: PreparedSolve;
  readonly view: CatalogueView;
  readonly startMs: number;
  /** Building the index of a catalogue that came with the call is paid once and is no part of solving. */
  readonly resolveMs: number;
}

/** Reads a request and finds its catalogue. `prefix` stands before the fields of errors. */
async function openCall(request: SolveRequest, registry: CatalogueRegistry, prefix: string): Promise<OpenCall> {
  const startMs = performance.now();
  const prepared = within(prefix, () => prepareSolve(request));
  await letOthersRun(startMs);
  const resolveStartMs = performance.now();
  const view = within(prefix, () => registry.resolve(request.catalogue, 'catalogue'));
  const resolveMs = performance.now() - resolveStartMs;
  assertHasOfferings(view, `${prefix}catalogue`);
  return { prepared, view, startMs, resolveMs };
}

/** Runs `read`; a field that an error names gets the prefix. */
function within<Result>(prefix: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.field === undefined || prefix === '') throw error;
    const { code, message, field, retryAfterMs } = error;
    throw new ServiceError(code, message, {
      field: `${prefix}${field}`,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      cause: error,
    });
  }
}

function statsOf(
  { prepared, view, startMs, resolveMs }: OpenCall,
  {
    answer,
    queueUs,
    runUs,
  }: { readonly answer: Pick<SolveAnswer, 'epoch' | 'plan'>; readonly queueUs: number; readonly runUs: number },
) {
  return writeStats({
    offeringEpoch: answer.epoch,
    catalogueHash: view.contentHash,
    shapeCount: prepared.problem.shapes.length,
    podCount: prepared.podCount,
    plan: answer.plan,
    queueUs,
    runUs,
    totalUs: Math.round((performance.now() - startMs - resolveMs) * 1000),
  });
}
