// Everything that the controller may do in an account, and what it is for. deploy/iam is written from it; the runs on moto
// show that nothing is missing and nothing left over (e2e/iam). What it makes carries the tags of its cluster, and only what
// carries them can it change or end.
import { type AccountNames, arnOf, iamArn, queueArn } from './names.ts';

/** By operator, by key: values of which one has to hold. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** What may be done with what. */
export interface Statement {
  /** One word. */
  readonly sid: string;
  readonly why: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Conditions;
  /** For the look at the set-up: the work itself goes on without. */
  readonly isOptional?: true;
}

/** Tags that only what belongs to the cluster has. */
const OWNED = 'kubernetes.io/cluster/';
const CLUSTER = 'eks:eks-cluster-name';
const POOL = 'karpenter.sh/nodepool';
const NODE_CLASS = 'karpenter.k8s.aws/ec2nodeclass';
const REGION = 'topology.kubernetes.io/region';

/** What a launch makes. */
const MADE = ['fleet', 'instance', 'launch-template', 'network-interface', 'spot-instances-request', 'volume'] as const;

/** What a launch uses; other accounts may share it. */
const USED = ['capacity-reservation', 'placement-group', 'security-group', 'subnet'] as const;

const LAUNCH = ['ec2:CreateFleet', 'ec2:RunInstances'] as const;

/** The statements, most telling first. */
export function controllerStatements(names: AccountNames): readonly Statement[] {
  return [...launching(names), ...reading(names), ...profiles(names), ...lookingOver(names)];
}

function launching(names: AccountNames): readonly Statement[] {
  const { partition, region, clusterName } = names;
  const made = MADE.map((type) => arnOf(names, 'ec2', `${type}/*`));
  const asked = {
    StringEquals: { [`aws:RequestTag/${OWNED}${clusterName}`]: 'owned', [`aws:RequestTag/${CLUSTER}`]: clusterName },
    StringLike: { [`aws:RequestTag/${POOL}`]: '*' },
  };
  const own = {
    StringEquals: { [`aws:ResourceTag/${OWNED}${clusterName}`]: 'owned' },
    StringLike: { [`aws:ResourceTag/${POOL}`]: '*' },
  };
  return [
    {
      sid: 'LaunchFromWhatIsThere',
      why: 'images, networks and reservations that node classes select',
      actions: LAUNCH,
      resources: [
        `arn:${partition}:ec2:${region}::image/*`,
        `arn:${partition}:ec2:${region}::snapshot/*`,
        ...USED.map((type) => `arn:${partition}:ec2:${region}:*:${type}/*`),
      ],
    },
    {
      sid: 'LaunchFromOwnTemplates',
      why: 'launch templates that were made for the cluster, and no others',
      actions: LAUNCH,
      resources: [arnOf(names, 'ec2', 'launch-template/*')],
      conditions: own,
    },
    {
      sid: 'MakeWithTagsOfTheCluster',
      why: 'instances with all that belongs to them: nothing is made without the tags',
      actions: LAUNCH,
      resources: made.filter((arn) => !arn.endsWith('launch-template/*')),
      conditions: asked,
    },
    {
      sid: 'MakeTemplatesWithTagsOfTheCluster',
      why: 'what launches are made from',
      actions: ['ec2:CreateLaunchTemplate'],
      resources: [arnOf(names, 'ec2', 'launch-template/*')],
      conditions: asked,
    },
    {
      sid: 'TagWhatIsMade',
      why: 'the tags of the same calls',
      actions: ['ec2:CreateTags'],
      resources: made,
      conditions: {
        ...asked,
        StringEquals: {
          ...asked.StringEquals,
          'ec2:CreateAction': ['CreateFleet', 'CreateLaunchTemplate', 'RunInstances'],
        },
      },
    },
    {
      sid: 'TagOwnInstances',
      why: 'the name of the node, once it has joined',
      actions: ['ec2:CreateTags'],
      resources: [arnOf(names, 'ec2', 'instance/*')],
      conditions: {
        ...own,
        StringEqualsIfExists: { [`aws:RequestTag/${CLUSTER}`]: clusterName },
        'ForAllValues:StringEquals': { 'aws:TagKeys': [CLUSTER, 'karpenter.sh/nodeclaim', 'Name'] },
      },
    },
    {
      sid: 'EndOwnInstances',
      why: 'instances at their end',
      actions: ['ec2:TerminateInstances'],
      resources: [arnOf(names, 'ec2', 'instance/*')],
      conditions: own,
    },
    {
      sid: 'EndOwnTemplates',
      why: 'launch templates that nobody needs',
      actions: ['ec2:DeleteLaunchTemplate'],
      resources: [arnOf(names, 'ec2', 'launch-template/*')],
      conditions: own,
    },
  ];
}

function reading(names: AccountNames): readonly Statement[] {
  const { partition, region, clusterName } = names;
  return [
    {
      sid: 'ReadTheRegion',
      why: 'what is there, what is on sale; EC2 can’t be kept to single things here',
      actions: [
        'ec2:DescribeAvailabilityZones',
        'ec2:DescribeCapacityReservations',
        'ec2:DescribeImages',
        'ec2:DescribeInstanceTypeOfferings',
        'ec2:DescribeInstanceTypes',
        'ec2:DescribeInstances',
        'ec2:DescribeLaunchTemplates',
        'ec2:DescribePlacementGroups',
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeSpotPriceHistory',
        'ec2:DescribeSubnets',
      ],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:RequestedRegion': region } },
    },
    {
      sid: 'ReadImageParameters',
      why: 'the images that aliases stand for; parameters of your own take a line more',
      actions: ['ssm:GetParameter'],
      resources: [`arn:${partition}:ssm:${region}::parameter/aws/service/*`],
    },
    { sid: 'ReadPrices', why: 'prices on demand, of Windows too', actions: ['pricing:GetProducts'], resources: ['*'] },
    {
      sid: 'ReadTheCluster',
      why: 'address, authority and network of the API server, which nodes are told',
      actions: ['eks:DescribeCluster'],
      resources: [arnOf(names, 'eks', `cluster/${clusterName}`)],
    },
    {
      sid: 'ReadTheQueue',
      why: 'news of instances',
      actions: ['sqs:DeleteMessage', 'sqs:GetQueueUrl', 'sqs:ReceiveMessage'],
      resources: [queueArn(names)],
    },
  ];
}

function profiles(names: AccountNames): readonly Statement[] {
  const { region, clusterName, nodeRoles } = names;
  const own = iamArn(names, `instance-profile/karpenter/${region}/${clusterName}/*`);
  const tags = (kind: 'RequestTag' | 'ResourceTag') => ({
    StringEquals: {
      [`aws:${kind}/${OWNED}${clusterName}`]: 'owned',
      [`aws:${kind}/${REGION}`]: region,
    },
    StringLike: { [`aws:${kind}/${NODE_CLASS}`]: '*' },
  });
  return [
    {
      sid: 'GiveNodesTheirRole',
      why: 'instances get the role of nodes, and no other can be handed on',
      actions: ['iam:PassRole'],
      resources: nodeRoles.map((role) => iamArn(names, `role/${role}`)),
      conditions: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn'] } },
    },
    {
      sid: 'MakeProfiles',
      why: 'an instance profile for each node class with a role',
      actions: ['iam:CreateInstanceProfile', 'iam:TagInstanceProfile'],
      resources: [own],
      conditions: tags('RequestTag'),
    },
    {
      sid: 'ChangeOwnProfiles',
      why: 'the same, and their end',
      actions: ['iam:AddRoleToInstanceProfile', 'iam:DeleteInstanceProfile', 'iam:RemoveRoleFromInstanceProfile'],
      resources: [own],
      conditions: tags('ResourceTag'),
    },
    {
      sid: 'FindProfiles',
      why: 'those that node classes name, and those of its own',
      actions: ['iam:GetInstanceProfile', 'iam:ListInstanceProfiles'],
      resources: [iamArn(names, 'instance-profile/*')],
    },
  ];
}

/** Reads only; whoever does without the look at the set-up may leave them out. */
function lookingOver(names: AccountNames): readonly Statement[] {
  const { clusterName, nodeRoles, controllerRole } = names;
  return [
    {
      sid: 'LookOverOwnRole',
      why: 'the look at the set-up when it starts (dovetail doctor): which of these rights are missing',
      actions: ['iam:ListAttachedRolePolicies', 'iam:SimulatePrincipalPolicy'],
      resources: [iamArn(names, `role/${controllerRole}`)],
      isOptional: true,
    },
    {
      sid: 'LookOverNodeRole',
      why: 'the same: can nodes join',
      actions: ['iam:GetRole', 'iam:ListAttachedRolePolicies'],
      resources: nodeRoles.map((role) => iamArn(names, `role/${role}`)),
      isOptional: true,
    },
    {
      sid: 'LookOverAccess',
      why: 'the same: the access entry of the nodes’ role',
      actions: ['eks:DescribeAccessEntry'],
      resources: [arnOf(names, 'eks', `access-entry/${clusterName}/*`)],
      isOptional: true,
    },
    {
      sid: 'LookOverQueue',
      why: 'the same: may EventBridge write into the queue, and which rules do',
      actions: ['sqs:GetQueueAttributes'],
      resources: [queueArn(names)],
      isOptional: true,
    },
    {
      sid: 'LookOverRules',
      why: 'the same',
      actions: ['events:DescribeRule', 'events:ListRuleNamesByTarget'],
      resources: [arnOf(names, 'events', 'rule/*')],
      isOptional: true,
    },
  ];
}

/** A policy as IAM takes it. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly object[];
}

/** The policy of the controller's role. */
export function controllerPolicy(names: AccountNames): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: controllerStatements(names).map(({ sid, actions, resources, conditions }) => ({
      Sid: sid,
      Effect: 'Allow',
      Action: actions,
      Resource: resources,
      ...(conditions === undefined ? {} : { Condition: conditions }),
    })),
  };
}
