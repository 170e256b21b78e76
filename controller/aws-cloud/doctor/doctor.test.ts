// What a look at the set-up makes of what it reads: tables. The look itself is held to moto (e2e/aws/doctor.test.ts).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type AccountNames,
  controllerPolicy,
  controllerStatements,
  EVENT_RULES,
  queuePolicy,
} from '../../aws-iam/index.ts';
import { CloudError } from '../../ports/index.ts';
import { regionUnknown } from './examine.ts';
import { checkNodeRoles } from './node-roles.ts';
import { exampleArn, exampleContext } from './permissions.ts';
import { isMatched, letsEventBridgeWrite } from './queue.ts';
import { Notes, type Report, reportLines, shell } from './report.ts';
import type { Scene } from './scene.ts';

const NAMES: AccountNames = {
  partition: 'aws',
  account: '123456789012',
  region: 'us-west-2',
  clusterName: 'shop',
  nodeRoles: ['node'],
  queue: 'shop',
  controllerRole: 'controller',
};

describe('a queue’s policy', () => {
  const of = (statement: object): string =>
    JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', ...statement }] });
  const table: readonly (readonly [string, string | undefined, boolean])[] = [
    ['ours', JSON.stringify(queuePolicy(NAMES)), true],
    ['none', undefined, false],
    ['what is no JSON', '{', false],
    ['no statement', '{}', false],
    [
      'one statement that is no list',
      '{"Statement":{"Effect":"Allow","Principal":"*","Action":"SQS:SendMessage"}}',
      true,
    ],
    ['the service', of({ Principal: { Service: 'events.amazonaws.com' } }), true],
    ['one of some services', of({ Principal: { Service: ['sqs.amazonaws.com', 'events.amazonaws.com'] } }), true],
    ['another service', of({ Principal: { Service: 'sns.amazonaws.com' } }), false],
    ['an account', of({ Principal: { AWS: '123456789012' } }), false],
    ['anybody', of({ Principal: { AWS: '*' } }), true],
    ['all actions', of({ Action: ['sqs:*'] }), true],
    ['another action', of({ Action: 'sqs:ReceiveMessage' }), false],
    ['a denial', of({ Effect: 'Deny' }), false],
  ];
  for (const [name, policy, expected] of table) {
    test(`${name} ${expected ? 'lets' : 'does not let'} EventBridge write`, () => {
      assert.equal(letsEventBridgeWrite(policy), expected);
    });
  }
});

describe('a rule’s pattern', () => {
  const [spot] = EVENT_RULES;
  const type = '"EC2 Spot Instance Interruption Warning"';
  for (const [pattern, expected] of [
    [`{"source":["aws.ec2"],"detail-type":[${type}]}`, true],
    [`{"source":["aws.ec2","aws.health"],"detail-type":["X",${type}]}`, true],
    ['{"source":["aws.ec2"]}', true],
    [`{"detail-type":[${type}]}`, true],
    [`{"source":["aws.health"],"detail-type":[${type}]}`, false],
    ['{"source":["aws.ec2"],"detail-type":["EC2 Instance Rebalance Recommendation"]}', false],
    ['', false],
  ] as const) {
    test(`${pattern || 'nothing'} ${expected ? 'lets' : 'does not let'} interruptions through`, () => {
      assert.equal(spot !== undefined && isMatched(spot, pattern), expected);
    });
  }
});

test('what IAM is asked about are things that each statement means', () => {
  assert.equal(exampleArn('*', '1'), '*');
  assert.equal(exampleArn('arn:aws:ec2:us-west-2:*:subnet/*', '1'), 'arn:aws:ec2:us-west-2:1:subnet/example');
  for (const statement of controllerStatements(NAMES)) {
    for (const arn of statement.resources) assert.doesNotMatch(exampleArn(arn, '1').slice(1), /\*/);
    for (const { ContextKeyName = '', ContextKeyValues = [] } of exampleContext(statement)) {
      assert.ok(ContextKeyValues.length > 0, ContextKeyName);
      assert.doesNotMatch(ContextKeyValues.join(), /\*/);
    }
  }
  const [tagging] = controllerStatements(NAMES).filter(({ sid }) => sid === 'TagOwnInstances');
  const keys = tagging && exampleContext(tagging).find(({ ContextKeyName }) => ContextKeyName === 'aws:TagKeys');
  assert.equal(keys?.ContextKeyType, 'stringList');
  assert.equal(keys?.ContextKeyValues?.length, 3);
});

test('roles with paths are in the policy as IAM has them', () => {
  const text = JSON.stringify(controllerPolicy({ ...NAMES, nodeRoles: ['some/path/node', 'other'] }));
  assert.match(text, /"arn:aws:iam::123456789012:role\/some\/path\/node","arn:aws:iam::123456789012:role\/other"/);
});

test('words of a command are quoted where a shell would read more into them', () => {
  assert.equal(shell('aws', 'a=b', 'arn:aws:x/y', '--z'), 'aws a=b arn:aws:x/y --z');
  assert.equal(shell('{"a":"b c"}', "it's", '$x', ''), `'{"a":"b c"}' 'it'\\''s' '$x' ''`);
});

describe('the report', () => {
  const report: Report = { clusterName: 'shop', region: 'us-west-2', account: '1', findings: [], unchecked: [] };

  test('is nothing where all is well', () => {
    assert.deepEqual(reportLines(report), []);
  });

  test('has findings with their commands, then what was not looked at', () => {
    const findings = [{ check: 'queue', problem: 'There is none.', commands: ['aws a', 'aws b'] }];
    assert.deepEqual(reportLines({ ...report, findings, unchecked: [{ check: 'uid', why: 'no way' }] }), [
      '1 thing is wrong with cluster shop (account 1, us-west-2):',
      '',
      'queue: There is none.',
      '  aws a',
      '  aws b',
      '',
      'Not checked of cluster shop (account 1, us-west-2):',
      '  uid: no way',
    ]);
  });

  test('says that no region is known', () => {
    const { findings, unchecked } = regionUnknown('shop', new Error('Region is missing'));
    assert.match(findings[0]?.problem ?? '', /^No region is known, .*Region is missing/);
    assert.equal(unchecked.length, 1);
  });
});

describe('who is let into the cluster', () => {
  interface Case {
    readonly mode?: string;
    readonly hasEntry: boolean;
    readonly awsAuth?: string | 'unreadable';
  }

  async function look({ mode, hasEntry, awsAuth }: Case): Promise<Notes> {
    const notes = new Notes();
    const document = encodeURIComponent('{"Service":"ec2.amazonaws.com"}');
    const AttachedPolicies = [
      'AmazonEKSWorkerNodePolicy',
      'AmazonEKS_CNI_Policy',
      'AmazonEC2ContainerRegistryReadOnly',
    ].map((PolicyName) => ({ PolicyName }));
    const role = { Arn: 'arn:aws:iam::123456789012:role/a/node', AssumeRolePolicyDocument: document };
    const iam = { send: async () => ({ Role: role, AttachedPolicies }) };
    const send = async (): Promise<object> => {
      if (hasEntry) return {};
      throw new CloudError('ResourceNotFoundException', 'no entry', { retryable: false });
    };
    const scene = {
      notes,
      names: NAMES,
      settings: { isolatedVpc: false },
      clients: { iam, eks: { send } },
      eks: { accessConfig: { authenticationMode: mode } },
      cluster: awsAuth === undefined ? undefined : { get: async () => ({ data: { mapRoles: awsAuth } }) },
      readsAwsAuth: awsAuth !== 'unreadable',
    };
    await checkNodeRoles(scene as unknown as Scene);
    return notes;
  }

  const MAPPED = '- rolearn: arn:aws:iam::123456789012:role/node\n  username: x\n';
  const table: readonly (readonly [string, Case, RegExp | 'fine' | 'unknown'])[] = [
    ['an entry', { hasEntry: true }, 'fine'],
    [
      'an entry that does not count',
      { mode: 'CONFIG_MAP', hasEntry: true, awsAuth: '' },
      /^eksctl create iamidentitymapping/,
    ],
    [
      'no entry where only entries count',
      { mode: 'API', hasEntry: false, awsAuth: MAPPED },
      /^aws eks create-access-entry/,
    ],
    ['no entry and a line in aws-auth', { mode: 'API_AND_CONFIG_MAP', hasEntry: false, awsAuth: MAPPED }, 'fine'],
    ['no entry and no line', { hasEntry: false, awsAuth: '' }, /^aws eks create-access-entry .*--type EC2_LINUX$/],
    ['no entry and an aws-auth that nobody may read', { hasEntry: false, awsAuth: 'unreadable' }, 'unknown'],
  ];
  for (const [name, facts, expected] of table) {
    test(`${name}: ${expected instanceof RegExp ? 'nobody' : expected}`, async () => {
      const { findings, unchecked } = await look(facts);
      assert.equal(unchecked.length, expected === 'unknown' ? 1 : 0);
      assert.equal(findings.length, expected instanceof RegExp ? 1 : 0);
      if (expected instanceof RegExp) assert.match(findings[0]?.commands[0] ?? '', expected);
    });
  }
});
