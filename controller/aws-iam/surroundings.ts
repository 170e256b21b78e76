// What else has to be there: who may take the roles, what nodes may do, the queue's own policy and the rules of EventBridge
// that feed it. Pure.
import { type AccountNames, arnOf, queueArn } from './names.ts';
import type { PolicyDocument } from './statements.ts';

/** Managed policies that the role of nodes needs: any one of the names of each will do, the first is the narrowest. */
export const NODE_POLICIES: readonly { readonly names: readonly string[]; readonly why: string }[] = [
  { names: ['AmazonEKSWorkerNodePolicy'], why: 'the kubelet can’t find out about its cluster' },
  { names: ['AmazonEKS_CNI_Policy'], why: 'the CNI gets no addresses for pods, and the node never becomes Ready' },
  {
    names: [
      'AmazonEC2ContainerRegistryPullOnly',
      'AmazonEC2ContainerRegistryReadOnly',
      'AmazonEC2ContainerRegistryPowerUser',
      'AmazonEC2ContainerRegistryFullAccess',
    ],
    why: 'images of the system’s own pods can’t be pulled',
  },
];

/** A further one, for whoever wants a shell on nodes. */
export const NODE_SHELL_POLICY = 'AmazonSSMManagedInstanceCore';

/** A rule of EventBridge: events of one kind. */
export interface EventRule {
  /** The end of its name. */
  readonly suffix: string;
  readonly source: string;
  readonly detailType: string;
  /** What is not heard of without it. */
  readonly what: string;
}

/** The rules. */
export const EVENT_RULES: readonly EventRule[] = [
  {
    suffix: 'spot-interruption',
    source: 'aws.ec2',
    detailType: 'EC2 Spot Instance Interruption Warning',
    what: 'that spot instances are taken back',
  },
  {
    suffix: 'rebalance',
    source: 'aws.ec2',
    detailType: 'EC2 Instance Rebalance Recommendation',
    what: 'that spot instances are likely to be taken back',
  },
  {
    suffix: 'state-change',
    source: 'aws.ec2',
    detailType: 'EC2 Instance State-change Notification',
    what: 'that somebody stops or terminates instances',
  },
  {
    suffix: 'scheduled-change',
    source: 'aws.health',
    detailType: 'AWS Health Event',
    what: 'that AWS plans work on the machines under instances',
  },
];

/** The name of a rule. */
export function ruleName(clusterName: string, { suffix }: EventRule): string {
  return `${clusterName}-karpenter-${suffix}`;
}

/** What a rule matches. */
export function eventPattern({ source, detailType }: EventRule): object {
  return { source: [source], 'detail-type': [detailType] };
}

/** Who may take the role of nodes. */
export function nodeTrust(): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
}

/**
 * Who may take the controller's role: its ServiceAccount, by the OIDC provider of the cluster.
 *
 * @param provider without https://
 */
export function controllerTrust(
  { partition, account }: Pick<AccountNames, 'partition' | 'account'>,
  provider: string,
  serviceAccount: { readonly name: string; readonly namespace: string },
): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${provider}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            [`${provider}:sub`]: `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`,
            [`${provider}:aud`]: 'sts.amazonaws.com',
          },
        },
      },
    ],
  };
}

/** The queue's own policy: rules of the account may write into it, and nothing goes there in the clear. */
export function queuePolicy(names: AccountNames): PolicyDocument {
  const Resource = queueArn(names);
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'EventBridgeWrites',
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource,
        Condition: { ArnLike: { 'aws:SourceArn': arnOf(names, 'events', 'rule/*') } },
      },
      {
        Sid: 'NothingInTheClear',
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  };
}
