// Rights that can be tried without doing anything: reads, as dry runs where EC2 has them, and the making of a launch template
// as a dry run. Whatever else a call comes to, it was not refused for lack of a right.
import {
  CreateLaunchTemplateCommand,
  DescribeAvailabilityZonesCommand,
  DescribeCapacityReservationsCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeLaunchTemplatesCommand,
  DescribePlacementGroupsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSpotPriceHistoryCommand,
  DescribeSubnetsCommand,
} from '@aws-sdk/client-ec2';
import { DescribeClusterCommand } from '@aws-sdk/client-eks';
import { ListInstanceProfilesCommand } from '@aws-sdk/client-iam';
import { GetProductsCommand } from '@aws-sdk/client-pricing';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { CloudError } from '../../ports/index.ts';
import { type CallOptions, callAws } from '../calls.ts';
import { classOfError } from '../errors.ts';
import { clusterTags, NODE_POOL_TAG, tagList } from '../tags.ts';
import type { Scene } from './scene.ts';

/** What trying came to. */
export interface Tried {
  readonly denied: readonly string[];
  /** Those that can't be tried, or where something else went wrong before anybody looked at rights. */
  readonly unknown: readonly string[];
}

/** Tries what can be tried. */
export async function deniedByTrying(scene: Scene, actions: readonly string[]): Promise<Tried> {
  const probes = probesOf(scene);
  const denied: string[] = [];
  const unknown: string[] = [];
  for (const action of [...new Set(actions)].sort()) {
    const probe = probes.get(action);
    const outcome = probe === undefined ? 'unknown' : await outcomeOf(scene, action, probe);
    if (outcome === 'denied') denied.push(action);
    if (outcome === 'unknown') unknown.push(action);
  }
  return { denied, unknown };
}

type Probe = (call: CallOptions) => Promise<unknown>;

async function outcomeOf({ signal }: Scene, action: string, probe: Probe): Promise<'allowed' | 'denied' | 'unknown'> {
  try {
    await callAws(action, probe, signal);
    return 'allowed';
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const what = classOfError(error);
    if (what === 'denied') return 'denied';
    return what === 'unclear' || what === 'throttled' ? 'unknown' : 'allowed';
  }
}

function probesOf({ clients, names, settings }: Scene): ReadonlyMap<string, Probe> {
  const { ec2, eks, iam, pricing, sqs, ssm } = clients;
  const DryRun = true;
  const tags = { ...clusterTags(names.clusterName, 'none'), [NODE_POOL_TAG]: 'none' };
  const parameter = '/aws/service/eks/optimized-ami/none';
  return new Map<string, Probe>([
    ['ec2:DescribeAvailabilityZones', (call) => ec2.send(new DescribeAvailabilityZonesCommand({ DryRun }), call)],
    ['ec2:DescribeCapacityReservations', (call) => ec2.send(new DescribeCapacityReservationsCommand({ DryRun }), call)],
    ['ec2:DescribeImages', (call) => ec2.send(new DescribeImagesCommand({ DryRun, Owners: ['self'] }), call)],
    [
      'ec2:DescribeInstanceTypeOfferings',
      (call) => ec2.send(new DescribeInstanceTypeOfferingsCommand({ DryRun }), call),
    ],
    ['ec2:DescribeInstanceTypes', (call) => ec2.send(new DescribeInstanceTypesCommand({ DryRun }), call)],
    ['ec2:DescribeInstances', (call) => ec2.send(new DescribeInstancesCommand({ DryRun }), call)],
    ['ec2:DescribeLaunchTemplates', (call) => ec2.send(new DescribeLaunchTemplatesCommand({ DryRun }), call)],
    ['ec2:DescribePlacementGroups', (call) => ec2.send(new DescribePlacementGroupsCommand({ DryRun }), call)],
    ['ec2:DescribeSecurityGroups', (call) => ec2.send(new DescribeSecurityGroupsCommand({ DryRun }), call)],
    ['ec2:DescribeSpotPriceHistory', (call) => ec2.send(new DescribeSpotPriceHistoryCommand({ DryRun }), call)],
    ['ec2:DescribeSubnets', (call) => ec2.send(new DescribeSubnetsCommand({ DryRun }), call)],
    [
      'ec2:CreateLaunchTemplate',
      (call) =>
        ec2.send(
          new CreateLaunchTemplateCommand({
            DryRun,
            LaunchTemplateName: 'karpenter.k8s.aws/doctor',
            LaunchTemplateData: { InstanceType: 'm5.large' },
            TagSpecifications: [{ ResourceType: 'launch-template', Tags: tagList(tags) }],
          }),
          call,
        ),
    ],
    ['eks:DescribeCluster', (call) => eks.send(new DescribeClusterCommand({ name: names.clusterName }), call)],
    ['iam:ListInstanceProfiles', (call) => iam.send(new ListInstanceProfilesCommand({ MaxItems: 1 }), call)],
    [
      'pricing:GetProducts',
      (call) => pricing.send(new GetProductsCommand({ ServiceCode: 'AmazonEC2', MaxResults: 1 }), call),
    ],
    ['sqs:GetQueueUrl', (call) => sqs.send(new GetQueueUrlCommand({ QueueName: settings.interruptionQueue }), call)],
    ['ssm:GetParameter', (call) => ssm.send(new GetParameterCommand({ Name: parameter }), call)],
  ]);
}
