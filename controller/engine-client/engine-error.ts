// What may go wrong on the way to the planning service, in the terms that the controller decides by.
import { Code, ConnectError } from '@connectrpc/connect';

/**
 * unavailable: try again later. deposed: another controller has the cluster's lease, so nothing may be decided here any
 * more. refused: the service can't follow what was said; saying it again does not help.
 */
export type EngineErrorCode = 'unavailable' | 'deposed' | 'refused';

/** A call to the planning service that failed. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  /** How long the service asks to wait; 0 where it does not say. */
  readonly retryAfterMs: number;

  constructor(
    code: EngineErrorCode,
    message: string,
    options: { readonly retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

const REFUSALS: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.Unimplemented,
  Code.PermissionDenied,
  Code.Unauthenticated,
]);

/** An error of a call or a stream. On a session's stream two codes mean that another controller has taken over. */
export function engineError(error: unknown, what: string, onSession = false): unknown {
  if (error instanceof EngineError || !(error instanceof ConnectError)) return error;
  const message = `${what}: ${error.rawMessage}`;
  if (onSession && (error.code === Code.Aborted || error.code === Code.FailedPrecondition)) {
    return new EngineError('deposed', message, { cause: error });
  }
  return new EngineError(REFUSALS.has(error.code) ? 'refused' : 'unavailable', message, { cause: error });
}
