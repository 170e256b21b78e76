// What answers become: the code that callers tell apart, the wait that is asked for, and the causes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerError, eventError } from './status-error.ts';

const status = (code: number, reason: string, details: object = {}) =>
  JSON.stringify({ kind: 'Status', code, reason, message: 'why', details });

const ANSWERS: readonly (readonly [httpCode: number, body: string, code: string, retryable: boolean])[] = [
  [400, status(400, 'BadRequest'), 'BadRequest', false],
  [401, status(401, 'Unauthorized'), 'Unauthorized', false],
  [403, status(403, 'Forbidden'), 'Forbidden', false],
  [404, status(404, 'NotFound'), 'NotFound', false],
  [409, status(409, 'AlreadyExists'), 'AlreadyExists', false],
  [409, status(409, 'Conflict'), 'Conflict', false],
  [410, status(410, 'Expired'), 'Gone', false],
  [410, status(410, 'Gone'), 'Gone', false],
  [413, status(413, 'RequestEntityTooLarge'), 'BadRequest', false],
  [415, status(415, 'UnsupportedMediaType'), 'BadRequest', false],
  [422, status(422, 'Invalid'), 'Invalid', false],
  [429, status(429, 'TooManyRequests'), 'TooManyRequests', true],
  [500, status(500, 'InternalError'), 'InternalError', true],
  [500, status(500, 'ServerTimeout'), 'Timeout', true],
  [503, status(503, 'ServiceUnavailable'), 'Unavailable', true],
  [504, status(504, 'Timeout'), 'Timeout', true],
  [502, '<html>bad gateway</html>', 'Unavailable', true],
  [520, '', 'Unavailable', true],
];

for (const [httpCode, body, code, retryable] of ANSWERS) {
  test(`an answer ${httpCode} ${body.slice(0, 60)} is ${code}`, () => {
    const error = answerError('get Pod default/a', httpCode, body, undefined);
    assert.equal(error.code, code);
    assert.equal(error.retryable, retryable);
    assert.match(error.message, new RegExp(`^get Pod default/a: .* \\(HTTP ${httpCode}\\)$`));
    assert.equal(error.retryAfterMs, undefined);
  });
}

test('the wait comes from the status, or else from the header; a date in it is not read', () => {
  const waiting = status(429, 'TooManyRequests', { retryAfterSeconds: 3 });
  assert.equal(answerError('x', 429, waiting, '9').retryAfterMs, 3_000);
  assert.equal(answerError('x', 429, status(429, 'TooManyRequests'), '9').retryAfterMs, 9_000);
  assert.equal(answerError('x', 503, '', 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterMs, undefined);
});

test('the causes are the reasons in the details', () => {
  const body = status(429, 'TooManyRequests', {
    causes: [{ reason: 'DisruptionBudget', message: 'm' }, { message: 'm' }],
  });
  assert.deepEqual(answerError('x', 429, body, undefined).causes, ['DisruptionBudget']);
});

test('a long page from a proxy is cut', () => {
  assert.ok(answerError('x', 502, 'y'.repeat(100_000), undefined).message.length < 600);
});

test('a status in a watch is read like an answer, and what is no status is an error of the server', () => {
  assert.equal(eventError('watch pods', { code: 410, reason: 'Expired', message: 'too old' }).code, 'Gone');
  assert.equal(eventError('watch pods', { code: 500, reason: 'InternalError' }).code, 'InternalError');
  assert.equal(eventError('watch pods', 'odd').code, 'InternalError');
});
