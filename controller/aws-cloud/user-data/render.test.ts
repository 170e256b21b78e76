// User data where Karpenter is no measure: limits, and messages about what a user wrote.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderUserData, UserDataError, type UserDataInput } from './index.ts';

const INPUT: UserDataInput = {
  family: 'AL2023',
  cluster: { name: 'shop', endpoint: 'https://x', serviceCidr: '10.0.0.0/16' },
  labels: {},
  taints: [],
  kubelet: {},
  raid0: false,
};

function refusal(input: Partial<UserDataInput>): UserDataError {
  try {
    renderUserData({ ...INPUT, ...input });
  } catch (error) {
    assert.ok(error instanceof UserDataError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'it was written' });
}

test('equal input gives equal text, whatever the order of its keys', () => {
  const kubelet = { evictionHard: { 'nodefs.available': '5%', 'memory.available': '5%' } };
  const turned = { evictionHard: { 'memory.available': '5%', 'nodefs.available': '5%' } };
  const a = { ...INPUT, family: 'AL2', labels: { a: '1', b: '2' }, kubelet } as const;
  const b = { ...INPUT, family: 'AL2', labels: { b: '2', a: '1' }, kubelet: turned } as const;
  assert.equal(renderUserData(a), renderUserData(b));
});

test('a script stays a script, also where its lines would read as YAML', () => {
  assert.match(renderUserData({ ...INPUT, custom: '#!/bin/sh\necho hi: there\n' }), /text\/x-shellscript/);
});

test('user data that EC2 would not take is refused with its length', () => {
  const error = refusal({ family: 'Custom', custom: 'x'.repeat(16_385) });
  assert.equal(error.reason, 'UserDataSizeLimitExceeded');
  assert.match(error.message, /16385 bytes .* 16384/);
  assert.equal(renderUserData({ ...INPUT, family: 'Custom', custom: 'x'.repeat(16_384) }).length, 16_384);
});

const broken: readonly (readonly [what: string, family: UserDataInput['family'], custom: string, message: RegExp])[] = [
  ['MIME without a type', 'AL2', 'MIME-Version: 1.0\n\nhello', /no Content-Type/],
  ['MIME that is no archive', 'AL2', 'Content-Type: text/plain\n\nhello', /not multipart/],
  ['MIME of no type', 'AL2023', 'Content-Type: ;;\n\nhello', /Content-Type is none/],
  ['an archive without parts', 'AL2', 'Content-Type: multipart/mixed; boundary=x\n\nhello', /no part/],
  ['an archive without an end', 'AL2', 'Content-Type: multipart/mixed; boundary=x\n\n--x\nA: b\n\nsecret', /no whole/],
  ['TOML with an error', 'Bottlerocket', 'a = 1\nb = secret', /line 2, column \d+/],
  ['TOML with a value in place of a table', 'Bottlerocket', 'settings = "secret"', /settings has to be a table/],
];

for (const [what, family, custom, message] of broken) {
  test(`${what} is refused, and not quoted`, () => {
    const error = refusal({ family, custom });
    assert.equal(error.reason, 'UserDataInvalid');
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /secret/);
  });
}
