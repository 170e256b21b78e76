// The policy of deploy/iam, held against every call that went through the fault proxy in the runs of e2e/aws: nothing that was
// used is denied, and nothing is granted that is not used, but for what unused.ts lists with reasons. It needs those runs to
// have been: `npm run e2e:aws` is both.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ACCOUNT,
  type AuthorizationRequest,
  CLUSTER_NAME,
  evaluate,
  forgetRecorded,
  matches,
  type Policy,
  REGION,
  readRecorded,
  statementsOf,
} from '../aws/index.ts';
import { REFUSED, UNUSED } from './unused.ts';

const E2E = fileURLToPath(new URL('../aws/', import.meta.url));

/** As envsubst fills it in. */
function readPolicy(): Policy {
  const text = readFileSync(new URL('../../deploy/iam/controller-policy.json', import.meta.url), 'utf8');
  const values: Readonly<Record<string, string>> = {
    AWS_ACCOUNT_ID: ACCOUNT,
    AWS_REGION: REGION,
    CLUSTER_NAME,
  };
  return JSON.parse(text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? `unknown ${name}`)) as Policy;
}

const policy = readPolicy();
let asked: readonly AuthorizationRequest[] = [];

before(() => {
  const recorded = readRecorded();
  const needed = globSync('*.test.ts', { cwd: E2E })
    .filter((name) => /startAwsWorld/.test(readFileSync(`${E2E}${name}`, 'utf8')))
    .map((name) => basename(name, '.test.ts'));
  assert.deepEqual(
    needed.filter((name) => !recorded.has(name)),
    [],
    'these runs have not been: npm run e2e:aws',
  );
  asked = needed.flatMap((name) => recorded.get(name) ?? []);
});

after(forgetRecorded);

function isMeant(request: AuthorizationRequest): boolean {
  return REFUSED.some((entry) => isOf(entry, request));
}

function isOf([action, tell]: (typeof REFUSED)[number], request: AuthorizationRequest): boolean {
  return request.action.startsWith(action) && JSON.stringify(request).includes(tell);
}

describe('the policy of the controller’s role', () => {
  test('allows everything that was asked for', () => {
    assert.ok(asked.length > 100, `only ${asked.length} requests were recorded`);
    const denied = asked.filter((request) => evaluate([policy], request) !== 'allowed' && !isMeant(request));
    assert.deepEqual([...new Set(denied.map((request) => JSON.stringify(request)))], []);
  });

  test('refuses the same without the tags of the cluster, in another region, and for another role', () => {
    const context = { 'aws:RequestedRegion': REGION };
    const instance = `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/i-1`;
    const foreign = {
      'aws:ResourceTag/kubernetes.io/cluster/other': 'owned',
      'aws:ResourceTag/karpenter.sh/nodepool': 'a',
    };
    const passed = { 'iam:PassedToService': 'ec2.amazonaws.com' };
    for (const request of [
      { action: 'ec2:TerminateInstances', resource: instance, context },
      { action: 'ec2:TerminateInstances', resource: instance, context: { ...context, ...foreign } },
      { action: 'ec2:RunInstances', resource: `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/*`, context },
      { action: 'ec2:DescribeInstances', resource: '*', context: { 'aws:RequestedRegion': 'eu-west-1' } },
      { action: 'iam:PassRole', resource: `arn:aws:iam::${ACCOUNT}:role/Admin`, context: passed },
      { action: 'iam:CreateInstanceProfile', resource: `arn:aws:iam::${ACCOUNT}:instance-profile/x`, context },
      { action: 'sqs:ReceiveMessage', resource: `arn:aws:sqs:${REGION}:${ACCOUNT}:other`, context },
    ]) {
      assert.equal(evaluate([policy], request), 'implicitDeny', request.action);
    }
  });

  test('grants nothing that was not used, but for what is listed with a reason', () => {
    const unused = statementsOf(policy).flatMap((statement) => {
      const { Sid = '', Action = [], Resource = [] } = statement;
      const parts = [
        ...[Action].flat().map((name) => [name, { ...statement, Action: name }] as const),
        ...[Resource].flat().map((arn) => [endOf(arn), { ...statement, Resource: arn }] as const),
      ];
      return parts
        .filter(([, part]) => !asked.some((request) => matches(part, request)))
        .map(([what]) => `${Sid} ${what}`);
    });
    assert.deepEqual(unused.sort(), UNUSED.map(([sid, what]) => `${sid} ${what}`).sort());
  });

  test('what it refuses on purpose was asked for', () => {
    for (const entry of REFUSED) {
      const found = asked.filter((request) => isOf(entry, request));
      assert.ok(
        found.some((request) => evaluate([policy], request) !== 'allowed'),
        entry.join(' '),
      );
    }
  });
});

/** What an ARN is of: its part after the account. */
function endOf(arn: string): string {
  return arn.split(':').slice(5).join(':') || arn;
}
