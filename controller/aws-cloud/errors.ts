// AWS' error codes, by what they mean for whoever called: one table of sets. Everything that AWS or the way to it refuses
// becomes a CloudError here.
import { CloudError } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** What an error means. */
export type ErrorClass =
  /** It can't be had now: another offering may. */
  | 'capacity'
  /** Too many calls: the same call succeeds later, and did nothing. */
  | 'throttled'
  | 'not-found'
  | 'already-exists'
  /** Credentials or rights. */
  | 'denied'
  /** A token was used before with another request. */
  | 'mismatch'
  /** Nobody knows what it did. */
  | 'unclear'
  /** EC2 does not know yet what another call has made. */
  | 'not-yet'
  /** The request is wrong. */
  | 'refused';

const CODES: Readonly<Record<Exclude<ErrorClass, 'refused' | 'not-yet'>, ReadonlySet<string>>> = {
  capacity: new Set([
    'InsufficientInstanceCapacity',
    'MaxSpotInstanceCountExceeded',
    'VcpuLimitExceeded',
    'UnfulfillableCapacity',
    'Unsupported',
    'InsufficientFreeAddressesInSubnet',
    'MaxFleetCountExceeded',
    'ReservationCapacityExceeded',
  ]),
  throttled: new Set([
    'RequestLimitExceeded',
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'TooManyRequestsException',
    'EC2ThrottledException',
  ]),
  'not-found': new Set([
    'InvalidCapacityReservationId.NotFound',
    'InvalidInstanceID.NotFound',
    'InvalidLaunchTemplateName.NotFoundException',
    'InvalidLaunchTemplateId.NotFound',
    'InvalidAMIID.NotFound',
    'InvalidSubnetID.NotFound',
    'InvalidGroup.NotFound',
    'QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
    'NoSuchEntity',
    'NoSuchEntityException',
    'ParameterNotFound',
    'ParameterVersionNotFound',
    'ResourceNotFoundException',
  ]),
  'already-exists': new Set([
    'EntityAlreadyExists',
    'EntityAlreadyExistsException',
    'InvalidLaunchTemplateName.AlreadyExistsException',
    'LimitExceeded.RoleAlreadyInProfile',
  ]),
  denied: new Set([
    'UnauthorizedOperation',
    'AccessDenied',
    'AccessDeniedException',
    'AuthFailure',
    'AuthFailure.ServiceLinkedRoleCreationNotPermitted',
    'UnrecognizedClientException',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    'ExpiredToken',
    'ExpiredTokenException',
    'RequestExpired',
    'OptInRequired',
    'CredentialsProviderError',
  ]),
  mismatch: new Set(['IdempotentParameterMismatch']),
  unclear: new Set([
    'InternalError',
    'InternalFailure',
    'InternalServerError',
    'ServiceUnavailable',
    'Unavailable',
    'RequestTimeout',
    'TimeoutError',
    'Unreachable',
  ]),
};

const RETRYABLE: ReadonlySet<ErrorClass> = new Set(['capacity', 'throttled', 'unclear', 'not-yet', 'mismatch']);

/** The class of a code. The message tells apart what EC2 calls by one name. */
export function classOf(code: string, message = ''): ErrorClass {
  if (code === 'InvalidParameterValue' && /Invalid IAM Instance Profile/i.test(message)) return 'not-yet';
  for (const [name, codes] of Object.entries(CODES)) if (codes.has(code)) return name as ErrorClass;
  return 'refused';
}

/** The class of an error that a call rejected with; undefined for what is no CloudError. */
export function classOfError(error: unknown): ErrorClass | undefined {
  return error instanceof CloudError ? classOf(error.code, error.message) : undefined;
}

/** An error of the SDK, as far as it is read. */
interface SdkError {
  readonly name?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/**
 * The error of a call to AWS as the port has it.
 *
 * @param action as IAM names it: ec2:CreateFleet
 */
export function cloudError(action: string, cause: unknown): CloudError {
  if (cause instanceof CloudError) return cause;
  const error = (typeof cause === 'object' && cause !== null ? cause : {}) as SdkError;
  const status = error.$metadata?.httpStatusCode ?? error.$response?.statusCode;
  const code = codeOf(error, status);
  const errorClass = classOf(code, error.message);
  const text = shortened(error.message ?? String(cause));
  const message =
    errorClass === 'denied' ? `${action}: not permitted: ${text}${hint(action, error, code)}` : `${action}: ${text}`;
  return new CloudError(code, message, { retryable: RETRYABLE.has(errorClass), cause });
}

/** The same for a code that came within an answer. */
export function codedError(action: string, code: string, message: string): CloudError {
  return cloudError(action, { name: code, message, $metadata: { httpStatusCode: 400 } });
}

function codeOf({ name = '', Code = '' }: SdkError, status: number | undefined): string {
  const named = Code !== '' ? Code : name;
  if (named === 'CredentialsProviderError' || classOf(named) !== 'refused') return named;
  // Without an answer there was no way to the service, or it was lost.
  if (status === undefined) return 'Unreachable';
  if (status === 429) return 'ThrottlingException';
  return status >= 500 ? 'InternalError' : named;
}

/** What is missing, and where it goes. */
function hint(action: string, { message = '' }: SdkError, code: string): string {
  if (code === 'CredentialsProviderError')
    return ' (give the controller a role: IRSA, Pod Identity or an instance role)';
  if (code === 'AuthFailure.ServiceLinkedRoleCreationNotPermitted') {
    return ' (aws iam create-service-linked-role --aws-service-name spot.amazonaws.com)';
  }
  const [, missing = action] = /not authorized to perform:? ([a-z0-9-]+:\w+)/i.exec(message) ?? [];
  return ` (the policy of the controller's role has to allow ${missing})`;
}

/** EC2 encodes the whole decision into its refusals: nobody can read that. */
function shortened(message: string): string {
  return message
    .replace(/\s*Encoded authorization failure message: \S+/, '')
    .trim()
    .slice(0, LIMITS.messageLength);
}
