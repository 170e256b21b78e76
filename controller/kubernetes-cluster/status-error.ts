// Answers that are no success, and events of type ERROR, as ClusterErrors: one table from the API's reasons and HTTP codes.
import { ClusterError, type ClusterErrorCode } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** The part of a metav1.Status that is read. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string }[];
  };
}

/** Reasons that say more than their HTTP code does. */
const BY_REASON: ReadonlyMap<string, ClusterErrorCode> = new Map([
  ['AlreadyExists', 'AlreadyExists'],
  ['Conflict', 'Conflict'],
  ['Expired', 'Gone'],
  ['Gone', 'Gone'],
  ['Timeout', 'Timeout'],
  ['ServerTimeout', 'Timeout'],
  ['TooManyRequests', 'TooManyRequests'],
  ['ServiceUnavailable', 'Unavailable'],
]);

const BY_HTTP_CODE: ReadonlyMap<number, ClusterErrorCode> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [408, 'Timeout'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [502, 'Unavailable'],
  [503, 'Unavailable'],
  [504, 'Timeout'],
]);

/**
 * The error that an answer stands for.
 *
 * @param what the call, in words (`create NodeClaim default-x7k2p`)
 * @param body the answer's text; a Status, or whatever a proxy on the way wrote
 * @param retryAfter the header of that name
 */
export function answerError(
  what: string,
  httpCode: number,
  body: string,
  retryAfter: string | undefined,
): ClusterError {
  return statusError(what, httpCode, parseStatus(body), retryAfter);
}

/** The error that the Status in a watch stands for. */
export function eventError(what: string, status: unknown): ClusterError {
  const read = (typeof status === 'object' && status !== null ? status : {}) as Status;
  return statusError(what, read.code ?? 500, read, undefined);
}

function statusError(what: string, httpCode: number, status: Status, retryAfter: string | undefined): ClusterError {
  const code = BY_REASON.get(status.reason ?? '') ?? BY_HTTP_CODE.get(httpCode) ?? otherCode(httpCode);
  const retryAfterSeconds = status.details?.retryAfterSeconds ?? Number(retryAfter);
  const causes = (status.details?.causes ?? []).flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  const message = (status.message ?? '').slice(0, LIMITS.messageLength);
  return new ClusterError(code, `${what}: ${message || 'no reason was given'} (HTTP ${httpCode})`, {
    ...(retryAfterSeconds > 0 ? { retryAfterMs: retryAfterSeconds * 1000 } : {}),
    causes,
  });
}

function otherCode(httpCode: number): ClusterErrorCode {
  return httpCode >= 500 ? 'Unavailable' : 'BadRequest';
}

function parseStatus(body: string): Status {
  try {
    const parsed = JSON.parse(body) as unknown;
    if (typeof parsed === 'object' && parsed !== null) return parsed as Status;
  } catch {
    // Not from the API server.
  }
  return { message: body.trim() };
}
