// AWS' errors: what each code means, and what is said of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOf, cloudError, type ErrorClass } from './errors.ts';

const CODES: readonly (readonly [code: string, errorClass: ErrorClass, retryable: boolean])[] = [
  ['InsufficientInstanceCapacity', 'capacity', true],
  ['MaxFleetCountExceeded', 'capacity', true],
  ['RequestLimitExceeded', 'throttled', true],
  ['ThrottlingException', 'throttled', true],
  ['InvalidInstanceID.NotFound', 'not-found', false],
  ['InvalidLaunchTemplateName.NotFoundException', 'not-found', false],
  ['NoSuchEntity', 'not-found', false],
  ['QueueDoesNotExist', 'not-found', false],
  ['EntityAlreadyExists', 'already-exists', false],
  ['UnauthorizedOperation', 'denied', false],
  ['ExpiredToken', 'denied', false],
  ['CredentialsProviderError', 'denied', false],
  ['IdempotentParameterMismatch', 'mismatch', true],
  ['InternalError', 'unclear', true],
  ['InvalidParameterValue', 'refused', false],
  ['SomethingNew', 'refused', false],
];

for (const [code, errorClass, retryable] of CODES) {
  test(`${code} means ${errorClass}, and ${retryable ? 'may pass' : 'stays'}`, () => {
    assert.equal(classOf(code), errorClass);
    const error = cloudError('ec2:X', { name: code, message: 'm', $metadata: { httpStatusCode: 400 } });
    assert.equal(error.code, code);
    assert.equal(error.retryable, retryable);
  });
}

test('an instance profile that EC2 does not know yet is not a wrong parameter', () => {
  assert.equal(
    classOf('InvalidParameterValue', 'Value (x) for … is invalid. Invalid IAM Instance Profile name'),
    'not-yet',
  );
});

test('an answer of 5xx without a code is unclear, and so is no answer', () => {
  const of = (error: object) => cloudError('ec2:X', error).code;
  assert.equal(
    of({ name: 'Error', message: 'char "<" is not expected', $metadata: { httpStatusCode: 502 } }),
    'InternalError',
  );
  assert.equal(of({ name: 'UnknownError', message: 'x', $response: { statusCode: 500 } }), 'InternalError');
  assert.equal(of({ name: 'Error', code: 'ECONNREFUSED', message: 'connect' }), 'Unreachable');
  assert.equal(of({ name: 'Odd', message: 'x', $metadata: { httpStatusCode: 429 } }), 'ThrottlingException');
});

test('what is not permitted is told with the right that is missing, and without what nobody can read', () => {
  const metadata = { $metadata: { httpStatusCode: 403 } };
  const message = 'User: x is not authorized to perform: iam:PassRole on y. Encoded authorization failure message: AbC';
  const named = cloudError('ec2:RunInstances', { name: 'UnauthorizedOperation', message, ...metadata });
  assert.match(named.message, /^ec2:RunInstances: not permitted: .*has to allow iam:PassRole\)$/);
  assert.doesNotMatch(named.message, /AbC/);
  const plain = cloudError('ssm:GetParameter', { name: 'AccessDeniedException', message: 'no', ...metadata });
  assert.match(plain.message, /has to allow ssm:GetParameter\)$/);
});
