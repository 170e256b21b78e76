// What can go wrong in the service: one class, one table to the codes of gRPC and Connect. Expected outcomes of planning
// (a pod without a place) are data in the plan and not here.
import { Code, ConnectError } from '@connectrpc/connect';
import { LIMITS } from './limits.ts';

/** Every kind of error: its code on the wire (gRPC and Connect number them alike) and whether the same call may succeed
 * later. */
export const ERROR_TABLE = {
  'invalid-argument': { wireCode: Code.InvalidArgument, retryable: false },
  'not-found': { wireCode: Code.NotFound, retryable: false },
  'permission-denied': { wireCode: Code.PermissionDenied, retryable: false },
  'resource-exhausted': { wireCode: Code.ResourceExhausted, retryable: true },
  'deadline-exceeded': { wireCode: Code.DeadlineExceeded, retryable: true },
  'failed-precondition': { wireCode: Code.FailedPrecondition, retryable: false },
  aborted: { wireCode: Code.Aborted, retryable: false },
  cancelled: { wireCode: Code.Canceled, retryable: false },
  unavailable: { wireCode: Code.Unavailable, retryable: true },
  internal: { wireCode: Code.Internal, retryable: false },
} as const;

/** A kind of error. */
export type ServiceErrorCode = keyof typeof ERROR_TABLE;

/** What else is known of an error. */
export interface ServiceErrorDetails {
  /** Path of the request's field (`node_pools[2].name`). */
  readonly field?: string;
  /** How long to wait before the next try; sent as a header. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The trailer (gRPC) or header (Connect) that names the field of a bad request. */
export const FIELD_HEADER = 'dovetail-field';
/** The trailer that tells a gRPC client how long to wait (gRPC's own name for it). */
export const RETRY_PUSHBACK_HEADER = 'grpc-retry-pushback-ms';
/** The header that tells an HTTP client how many seconds to wait. */
export const RETRY_AFTER_HEADER = 'retry-after';

/** An operating error with what the caller should know. Its message reads "field: what is wrong; what to do". */
export class ServiceError extends Error {
  readonly code: ServiceErrorCode;
  readonly retryable: boolean;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ServiceErrorCode, message: string, details: ServiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.retryable = ERROR_TABLE[code].retryable;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A bad request: `field` is the path in the request, the message says what is wrong with it and what to do. */
export function invalidArgument(field: string, message: string): ServiceError {
  return new ServiceError('invalid-argument', message, { field });
}

/**
 * The error as it goes onto the wire. Whatever is no ServiceError and no ConnectError is a defect of ours: INTERNAL
 * without its text, which goes to the log only.
 */
export function toConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!(error instanceof ServiceError)) {
    return new ConnectError(
      'answer call: a defect of the server; its log has the details',
      Code.Internal,
      undefined,
      undefined,
      error,
    );
  }
  const metadata = new Headers();
  if (error.field !== undefined) metadata.set(FIELD_HEADER, headerText(error.field));
  if (error.retryAfterMs !== undefined) {
    metadata.set(RETRY_PUSHBACK_HEADER, String(Math.ceil(error.retryAfterMs)));
    metadata.set(RETRY_AFTER_HEADER, String(Math.ceil(error.retryAfterMs / 1000)));
  }
  const text = error.field === undefined ? error.message : `${error.field}: ${error.message}`;
  return new ConnectError(
    shorten(text, LIMITS.errorMessageLength),
    ERROR_TABLE[error.code].wireCode,
    metadata,
    undefined,
    error,
  );
}

/** At most `length` characters of a text, with a mark where it was cut. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}

/** Text that may stand in a header: printable ASCII, bounded. */
function headerText(text: string): string {
  return shorten(text.replace(/[^\x20-\x7e]/g, '?'), 300);
}
