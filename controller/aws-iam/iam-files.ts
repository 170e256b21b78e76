// The files of deploy/iam as text: policies as JSON, with the variables of a shell for what each account has of its own, and
// all of it as one CloudFormation template.
import { stringify } from 'yaml';
import { SERVICE_ACCOUNT } from '../rbac/index.ts';
import { type AccountNames, controllerPolicyName, controllerRoleName, nodeRoleName } from './names.ts';
import { controllerPolicy, controllerStatements } from './statements.ts';
import {
  controllerTrust,
  EVENT_RULES,
  eventPattern,
  NODE_POLICIES,
  NODE_SHELL_POLICY,
  nodeTrust,
  queuePolicy,
  ruleName,
} from './surroundings.ts';

const HEADER = '# Written by "npm run iam" from controller/aws-iam; never edited.\n';

/** Names as a shell has them; envsubst fills them in. */
const IN_SHELL: AccountNames = {
  partition: 'aws',
  account: variable('AWS_ACCOUNT_ID'),
  region: variable('AWS_REGION'),
  clusterName: variable('CLUSTER_NAME'),
  nodeRoles: [nodeRoleName(variable('CLUSTER_NAME'))],
  queue: variable('CLUSTER_NAME'),
  controllerRole: controllerRoleName(variable('CLUSTER_NAME')),
};

/** Names as CloudFormation has them; Fn::Sub fills them in. */
const IN_STACK: AccountNames = {
  partition: variable('AWS::Partition'),
  account: variable('AWS::AccountId'),
  region: variable('AWS::Region'),
  clusterName: variable('ClusterName'),
  nodeRoles: [nodeRoleName(variable('ClusterName'))],
  queue: variable('ClusterName'),
  controllerRole: controllerRoleName(variable('ClusterName')),
};

function variable(name: string): string {
  return `\${${name}}`;
}

/** Content by file name. */
export function iamFiles(): Map<string, string> {
  return new Map([
    ['controller-policy.json', json(controllerPolicy(IN_SHELL))],
    ['controller-trust-policy.json', json(controllerTrust(IN_SHELL, variable('OIDC_PROVIDER'), SERVICE_ACCOUNT))],
    ['node-trust-policy.json', json(nodeTrust())],
    ['queue-policy.json', json(queuePolicy(IN_SHELL))],
    ...EVENT_RULES.map((rule) => [`rule-${rule.suffix}.json`, json(eventPattern(rule))] as const),
    ['cloudformation.yaml', HEADER + stringify(stack(), { lineWidth: 0, aliasDuplicateObjects: false })],
  ]);
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function stack(): object {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'What Dovetail needs in an account: roles of the controller and of nodes, a queue and its rules.',
    Parameters: {
      ClusterName: { Type: 'String', Description: 'Name of the EKS cluster.' },
      OidcProvider: {
        Type: 'String',
        Description:
          'Its OIDC provider, as aws eks describe-cluster has it in cluster.identity.oidc.issuer, without https://.',
      },
      AccessEntry: {
        Type: 'String',
        Default: 'true',
        AllowedValues: ['true', 'false'],
        Description: 'Whether nodes get an access entry; false for clusters that let nodes in by aws-auth only.',
      },
    },
    Conditions: { MakesAccessEntry: { 'Fn::Equals': [{ Ref: 'AccessEntry' }, 'true'] } },
    Resources: { ...roles(), ...queue() },
    Outputs: {
      ControllerRoleArn: { Value: { 'Fn::GetAtt': ['ControllerRole', 'Arn'] } },
      NodeRoleArn: { Value: { 'Fn::GetAtt': ['NodeRole', 'Arn'] } },
      QueueName: { Value: { 'Fn::GetAtt': ['InterruptionQueue', 'QueueName'] } },
    },
  };
}

function roles(): object {
  const why = controllerStatements(IN_STACK).map(({ sid, why }) => `${sid}: ${why}`);
  const policies = [...NODE_POLICIES.map(({ names: [name] }) => name), NODE_SHELL_POLICY];
  return {
    ControllerRole: {
      Type: 'AWS::IAM::Role',
      Metadata: { Statements: why },
      Properties: {
        RoleName: filled(IN_STACK.controllerRole),
        AssumeRolePolicyDocument: filledIn(controllerTrust(IN_STACK, variable('OidcProvider'), SERVICE_ACCOUNT)),
        Policies: [
          {
            PolicyName: filled(controllerPolicyName(IN_STACK.clusterName)),
            PolicyDocument: filledIn(controllerPolicy(IN_STACK)),
          },
        ],
      },
    },
    NodeRole: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: filled(nodeRoleName(IN_STACK.clusterName)),
        AssumeRolePolicyDocument: nodeTrust(),
        ManagedPolicyArns: policies.map((name) => filled(`arn:${IN_STACK.partition}:iam::aws:policy/${name}`)),
      },
    },
    NodeAccess: {
      Type: 'AWS::EKS::AccessEntry',
      Condition: 'MakesAccessEntry',
      Properties: {
        ClusterName: { Ref: 'ClusterName' },
        PrincipalArn: { 'Fn::GetAtt': ['NodeRole', 'Arn'] },
        Type: 'EC2_LINUX',
      },
    },
  };
}

/** Seconds after which news of instances is no news any more. */
const NEWS_SECONDS = 300;

function queue(): object {
  const rules = EVENT_RULES.map((rule) => [
    `Rule${rule.suffix.replaceAll(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase())}`,
    {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: filled(ruleName(IN_STACK.clusterName, rule)),
        EventPattern: eventPattern(rule),
        Targets: [{ Id: '1', Arn: { 'Fn::GetAtt': ['InterruptionQueue', 'Arn'] } }],
      },
    },
  ]);
  return {
    InterruptionQueue: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: filled(IN_STACK.queue),
        MessageRetentionPeriod: NEWS_SECONDS,
        SqsManagedSseEnabled: true,
      },
    },
    InterruptionQueuePolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { Queues: [{ Ref: 'InterruptionQueue' }], PolicyDocument: filledIn(queuePolicy(IN_STACK)) },
    },
    ...Object.fromEntries(rules),
  };
}

function filled(text: string): object {
  return { 'Fn::Sub': text };
}

/** Keys are filled in too, which CloudFormation does in texts only. */
function filledIn(document: object): object {
  return { 'Fn::Sub': JSON.stringify(document, undefined, 2) };
}
