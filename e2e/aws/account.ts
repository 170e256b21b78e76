// An account for tests: a VPC with subnets in three zones, security groups, a role, an EKS cluster, a queue. Made through
// moto's own address, so that the proxy's journal has nothing but the calls of the controller.
import {
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { CreateInstanceProfileCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { nodeTrust } from '../../controller/aws-iam/index.ts';
import { ACCOUNT, KUBERNETES_VERSION, REGION } from './moto/index.ts';

export const CLUSTER_NAME = 'test';

/** The role of nodes. */
export const NODE_ROLE = `KarpenterNodeRole-${CLUSTER_NAME}`;

/** Tags by which node classes of tests find their network. */
export const DISCOVERY = { 'karpenter.sh/discovery': CLUSTER_NAME } as const;

/** What was made. */
export interface TestAccount {
  readonly ec2: EC2Client;
  readonly sqs: SQSClient;
  readonly iam: IAMClient;
  readonly subnetIds: readonly string[];
  readonly groupIds: readonly string[];
  readonly queueUrl: string;
  close(): void;
}

const ZONES = ['a', 'b', 'c'] as const;
const CREDENTIALS = { accessKeyId: 'tests', secretAccessKey: 'tests' };

/** Makes it. */
export async function makeAccount(motoPort: number): Promise<TestAccount> {
  const common = { region: REGION, endpoint: `http://127.0.0.1:${motoPort}`, credentials: CREDENTIALS };
  const ec2 = new EC2Client(common);
  const iam = new IAMClient(common);
  const sqs = new SQSClient(common);
  const eks = new EKSClient(common);
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const subnetIds: string[] = [];
  for (const [index, zone] of ZONES.entries()) {
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({
        VpcId: Vpc?.VpcId,
        CidrBlock: `10.0.${16 * (index + 1)}.0/20`,
        AvailabilityZone: `${REGION}${zone}`,
      }),
    );
    subnetIds.push(Subnet?.SubnetId ?? '');
  }
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: Vpc?.VpcId, GroupName: 'nodes', Description: 'nodes of tests' }),
  );
  const Tags = Object.entries(DISCOVERY).map(([Key, Value]) => ({ Key, Value }));
  await ec2.send(new CreateTagsCommand({ Resources: [...subnetIds, GroupId], Tags }));
  const trust = JSON.stringify(nodeTrust());
  await iam.send(new CreateRoleCommand({ RoleName: NODE_ROLE, AssumeRolePolicyDocument: trust }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'by-hand' }));
  await eks.send(
    new CreateClusterCommand({
      name: CLUSTER_NAME,
      version: KUBERNETES_VERSION,
      roleArn: `arn:aws:iam::${ACCOUNT}:role/cluster`,
      resourcesVpcConfig: { subnetIds, securityGroupIds: [GroupId] },
      kubernetesNetworkConfig: { serviceIpv4Cidr: '10.100.0.0/16' },
    }),
  );
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: CLUSTER_NAME }));
  return {
    ec2,
    sqs,
    iam,
    subnetIds,
    groupIds: [GroupId],
    queueUrl: QueueUrl,
    close: () => {
      for (const client of [ec2, iam, sqs, eks]) client.destroy();
    },
  };
}
