// The one call of the service that a command makes, and what its errors mean to the user.
import { create } from '@bufbuild/protobuf';
import {
  Effort,
  type ExplainRequest,
  type ExplainResponse,
  MinValuesPolicy,
  type Objective,
  ObjectiveKind,
  ObjectiveSchema,
  type Plan,
  SolveOptionsSchema,
  type SolveRequest,
  type SolveResponse,
} from '../proto/index.ts';
import { type CommandConsole, withProgress } from './console.ts';
import { callError, type EngineConnection } from './engine-client.ts';
import { CommandError, EXIT } from './outcome.ts';
import type { EffortName, MinValuesPolicyName, ObjectiveName } from './solve-options.ts';

/** What of the command's arguments becomes an option of the request. */
export interface AskOptions {
  readonly deadline?: number;
  readonly minValuesPolicy?: MinValuesPolicyName;
  readonly effort?: EffortName;
  readonly work?: number;
  readonly objective?: ObjectiveName;
  readonly nodeCharge?: number;
  readonly bound?: boolean;
}

const EFFORTS: Readonly<Record<EffortName, Effort>> = {
  fast: Effort.FAST,
  balanced: Effort.BALANCED,
  best: Effort.BEST,
};

const MIN_VALUES_POLICIES: Readonly<Record<MinValuesPolicyName, MinValuesPolicy>> = {
  Strict: MinValuesPolicy.STRICT,
  BestEffort: MinValuesPolicy.BEST_EFFORT,
};

const OBJECTIVES: Readonly<Record<ObjectiveName, ObjectiveKind>> = {
  default: ObjectiveKind.DEFAULT,
  'list-price': ObjectiveKind.LIST_PRICE,
};

/** The request with what the command's flags on how to solve say, where they were given. */
export function withOptions(request: SolveRequest, asked: AskOptions): SolveRequest {
  const { deadline, minValuesPolicy, effort, work, objective, nodeCharge, bound } = asked;
  const given = [deadline, minValuesPolicy, effort, work, objective, nodeCharge, bound];
  if (given.every((value) => value === undefined)) return request;
  return {
    ...request,
    options: {
      ...(request.options ?? create(SolveOptionsSchema)),
      ...(effort === undefined ? {} : { effort: EFFORTS[effort] }),
      ...(work === undefined ? {} : { workLimit: BigInt(work) }),
      ...(deadline === undefined ? {} : { timeLimitMs: deadline }),
      ...(minValuesPolicy === undefined ? {} : { minValuesPolicy: MIN_VALUES_POLICIES[minValuesPolicy] }),
      ...(objective === undefined && nodeCharge === undefined ? {} : { objective: objectiveOf(asked) }),
      ...(bound === undefined ? {} : { lowerBound: bound }),
    },
  };
}

function objectiveOf({ objective, nodeCharge }: AskOptions): Objective {
  return create(ObjectiveSchema, {
    kind: OBJECTIVES[objective ?? 'default'],
    ...(nodeCharge === undefined ? {} : { nodeChargeNanoUsdPerHour: BigInt(nodeCharge) }),
  });
}

/** The one call that a solve makes. */
export async function solveOnce(
  engine: EngineConnection,
  request: SolveRequest,
  console: CommandConsole,
  podCount: number,
  explain: (message: string) => string,
): Promise<SolveResponse> {
  try {
    return await withProgress(console, `solving ${podCount} pods`, () => engine.scheduler.solve(request));
  } catch (error) {
    throw callError(error, engine.address, explain);
  }
}

/** The one call that an explanation makes. */
export async function explainOnce(
  engine: EngineConnection,
  request: ExplainRequest,
  console: CommandConsole,
  podCount: number,
  explain: (message: string) => string,
): Promise<ExplainResponse> {
  try {
    return await withProgress(console, `explaining ${podCount} pods`, () => engine.scheduler.explain(request));
  } catch (error) {
    throw callError(error, engine.address, explain);
  }
}

/** The plan of an answer. */
export function planOf(response: Pick<SolveResponse, 'plan'>): Plan {
  if (response.plan === undefined) throw new CommandError(EXIT.failed, ['the service answered without a plan']);
  return response.plan;
}
