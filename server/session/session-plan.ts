// A plan for a session: the state is pinned here, at once; the rest is a worker's. The answer is what Solve answers to a
// request with the same state.
import type { MessageInitShape } from '@bufbuild/protobuf';
import { SchedulerService, type SessionPlan, type SessionPlannedSchema } from '../../proto/index.ts';
import { createTimeline } from '../call-context/index.ts';
import { ServiceError } from '../errors.ts';
import { letOthersRun } from '../event-loop.ts';
import { assertHasOfferings, type CatalogueView, taskCatalogue } from '../offerings/index.ts';
import { NameDealer, planFacts, toEngineOptions, writeNotices, writePlan, writeStats } from '../solve/index.ts';
import type { TelemetryRecorder } from '../telemetry/index.ts';
import type { WorkerPool } from '../worker/index.ts';
import type { ClusterState } from './cluster-state.ts';

/** What a plan is made with. */
export interface PlanningParts {
  readonly state: ClusterState;
  readonly view: CatalogueView;
  /** Numbers of all states of the server. */
  readonly openStateIds: readonly number[];
  readonly pool: WorkerPool;
  readonly signal: AbortSignal;
  /** Hears of the plan as of a call. */
  readonly recorder?: TelemetryRecorder | undefined;
}

/** A plan that is ready to be sent. */
export interface FinishedPlan {
  readonly planned: MessageInitShape<typeof SessionPlannedSchema>;
  /** About what it takes on the wire. */
  readonly byteLength: number;
}

/** By this name a session's plan is told as a call. */
const PLAN_METHOD = `${SchedulerService.typeName}/Session/Plan`;

/** Bytes of an answer beside the names of pods, for each node, for each name, and for each price of a bound. */
const ANSWER_BYTES = { fixed: 1_024, node: 128, offering: 64, name: 8, worth: 32 } as const;

/** Starts a plan. Throws at once when the question is wrong; the promise fails when the plan does. */
export function planForSession(plan: SessionPlan, parts: PlanningParts): Promise<FinishedPlan> {
  const startMs = performance.now();
  const { engineOptions, timeLimitMs } = toEngineOptions(plan.options);
  const { state, view } = parts;
  assertHasOfferings(view, 'open.catalogue');
  const { version } = state;
  const input = state.pin(plan.pods, 'plan.pods');
  const timeline = parts.recorder === undefined ? undefined : createTimeline(parts.recorder.callEnded);
  timeline?.mark('group', startMs);
  const finish = async (): Promise<FinishedPlan> => {
    const done = await parts.pool.run(
      {
        kind: 'session-plan',
        catalogue: taskCatalogue(view),
        state: { stateId: state.id, log: input.log, openStateIds: parts.openStateIds },
        pending: input.pending,
        options: engineOptions,
        timeLimitMs,
      },
      { signal: parts.signal, weight: input.podCount },
    );
    const { answer, queueUs, runUs } = done;
    const writeMs = performance.now();
    timeline?.markWorker(done);
    const named = (name: string) => ({ name });
    const names = new NameDealer(answer.shapeOfGroup, answer.shapeCount, input.names);
    const problem = { pools: answer.poolNames.map(named), nodes: answer.nodeNames.map(named) };
    const message = writePlan(answer.plan, { names, problem }, view.catalogue);
    timeline?.notePlan(planFacts(answer.plan, input.podCount, answer.shapeCount));
    timeline?.mark('write', writeMs);
    await letOthersRun(writeMs);
    return {
      planned: {
        requestId: plan.requestId,
        solution: {
          plan: message,
          stats: {
            ...writeStats({
              offeringEpoch: answer.epoch,
              catalogueHash: view.contentHash,
              shapeCount: answer.shapeCount,
              podCount: input.podCount,
              plan: answer.plan,
              queueUs,
              runUs,
              totalUs: Math.round((performance.now() - startMs) * 1000),
            }),
            stateVersion: BigInt(version),
          },
          notices: writeNotices(view.notices, input.notices, answer.plan.notices),
        },
        podGroups: input.namespaces.map((namespace) => ({ namespace })),
      },
      byteLength: estimateBytes(input.names, message),
    };
  };
  if (timeline === undefined) return finish();
  const end = (code: string): void => timeline.end({ method: PLAN_METHOD, protocol: 'grpc', code });
  return finish().then(
    (finished) => {
      end('ok');
      return finished;
    },
    (error: unknown) => {
      end(error instanceof ServiceError ? error.code.replaceAll('-', '_') : 'internal');
      throw error;
    },
  );
}

function estimateBytes(names: readonly (readonly string[])[], plan: ReturnType<typeof writePlan>): number {
  let bytes =
    ANSWER_BYTES.fixed +
    ANSWER_BYTES.node * (plan.nodes?.length ?? 0) +
    ANSWER_BYTES.offering * (plan.offerings?.length ?? 0);
  bytes += ANSWER_BYTES.worth * ((plan.bound?.podWorths?.length ?? 0) + (plan.bound?.charges?.length ?? 0));
  for (const group of names) for (const name of group) bytes += name.length + ANSWER_BYTES.name;
  return bytes;
}
