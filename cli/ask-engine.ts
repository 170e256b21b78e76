// The one call of the service that a solve makes, and what its errors mean to the user.
import { create } from '@bufbuild/protobuf';
import { type Plan, SolveOptionsSchema, type SolveRequest, type SolveResponse } from '../proto/index.ts';
import { type CommandConsole, withProgress } from './console.ts';
import { callError, type EngineConnection } from './engine-client.ts';
import { CommandError, EXIT } from './outcome.ts';

/** The request with the time limit of `--deadline`. */
export function withDeadline(request: SolveRequest, options: { readonly deadline?: number }): SolveRequest {
  if (options.deadline === undefined) return request;
  return {
    ...request,
    options: { ...(request.options ?? create(SolveOptionsSchema)), timeLimitMs: options.deadline },
  };
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

/** The plan of an answer. */
export function planOf(response: SolveResponse): Plan {
  if (response.plan === undefined) throw new CommandError(EXIT.failed, ['the service answered without a plan']);
  return response.plan;
}
