// What is written into deploy/iam, held to what IAM and CloudFormation take.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type AccountNames, controllerPolicy, controllerStatements, EVENT_RULES, iamFiles } from './index.ts';

const NAMES: AccountNames = {
  partition: 'aws',
  account: '123456789012',
  region: 'ap-southeast-2',
  clusterName: 'a-cluster-with-a-name-that-is-rather-long',
  nodeRoles: ['KarpenterNodeRole-a-cluster-with-a-name-that-is-rather-long'],
  queue: 'a-cluster-with-a-name-that-is-rather-long',
  controllerRole: 'KarpenterControllerRole-a-cluster-with-a-name-that-is-rather-long',
};

/** Of all policies within one role, of IAM. */
const LONGEST_INLINE = 10_240;

test('the policy fits into a role, also where names are long', () => {
  assert.ok(JSON.stringify(controllerPolicy(NAMES)).length < LONGEST_INLINE);
});

test('no action is a wildcard, and each statement says what it is for', () => {
  const statements = controllerStatements(NAMES);
  for (const { sid, why, actions, resources } of statements) {
    assert.match(sid, /^[A-Za-z0-9]+$/);
    assert.ok(why.length > 5);
    assert.ok(actions.length > 0 && resources.length > 0);
    for (const action of actions) assert.match(action, /^[a-z0-9]+:[A-Za-z]+$/);
  }
  assert.equal(new Set(statements.map(({ sid }) => sid)).size, statements.length);
});

test('whatever changes something is kept to the cluster by a condition or by its name', () => {
  for (const { sid, actions, resources, conditions } of controllerStatements(NAMES)) {
    if (actions.every((action) => /:(Describe|Get|List|Simulate)/.test(action))) continue;
    const text = JSON.stringify([resources, conditions ?? {}]);
    // What a launch uses is not the cluster's; what it makes is.
    if (sid === 'LaunchFromWhatIsThere') continue;
    assert.ok(text.includes(NAMES.clusterName), sid);
  }
});

test('the files name nothing but the variables of the walk-through', () => {
  for (const [file, text] of iamFiles()) {
    const variables = new Set([...text.matchAll(/\$\{([\w:]+)\}/g)].map(([, name]) => name));
    const known = file.endsWith('.yaml')
      ? ['AWS::AccountId', 'AWS::Partition', 'AWS::Region', 'ClusterName', 'OidcProvider']
      : ['AWS_ACCOUNT_ID', 'AWS_REGION', 'CLUSTER_NAME', 'OIDC_PROVIDER'];
    for (const name of variables) assert.ok(known.includes(name ?? ''), `${file}: ${name}`);
  }
});

test('the stack has the same policies as the JSON files, four rules into one queue, and roles in the walk-through’s names', () => {
  const files = iamFiles();
  const { Resources } = parse(files.get('cloudformation.yaml') ?? '');
  const inShell = (text: string): unknown =>
    JSON.parse(
      text
        .replaceAll(`\${AWS::Partition}`, 'aws')
        .replaceAll(`\${AWS::AccountId}`, `\${AWS_ACCOUNT_ID}`)
        .replaceAll(`\${AWS::Region}`, `\${AWS_REGION}`)
        .replaceAll(`\${ClusterName}`, `\${CLUSTER_NAME}`)
        .replaceAll(`\${OidcProvider}`, `\${OIDC_PROVIDER}`),
    );
  const { ControllerRole, NodeRole, InterruptionQueuePolicy } = Resources;
  for (const [file, document] of [
    ['controller-policy.json', ControllerRole.Properties.Policies[0].PolicyDocument],
    ['controller-trust-policy.json', ControllerRole.Properties.AssumeRolePolicyDocument],
    ['queue-policy.json', InterruptionQueuePolicy.Properties.PolicyDocument],
  ] as const) {
    assert.deepEqual(inShell(document['Fn::Sub']), JSON.parse(files.get(file) ?? ''), file);
  }
  assert.equal(ControllerRole.Properties.RoleName['Fn::Sub'], `KarpenterControllerRole-\${ClusterName}`);
  assert.equal(NodeRole.Properties.RoleName['Fn::Sub'], `KarpenterNodeRole-\${ClusterName}`);
  const rules = Object.values(
    Resources as Record<string, { Type: string; Properties: Record<string, unknown> }>,
  ).filter(({ Type }) => Type === 'AWS::Events::Rule');
  assert.equal(rules.length, EVENT_RULES.length);
  for (const { Properties } of rules) {
    assert.deepEqual(Properties.Targets, [{ Id: '1', Arn: { 'Fn::GetAtt': ['InterruptionQueue', 'Arn'] } }]);
  }
});
