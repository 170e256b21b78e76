// The account as the article's reader has it before the first command: an EKS cluster in a VPC with three subnets, and the
// security group that EKS made for it. Nothing is tagged, there are no roles of Karpenter's and no queue. Made through moto's
// own address.
import { CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { ACCOUNT, KUBERNETES_VERSION, REGION } from '../moto/index.ts';

/** The name that the article gives it. */
export const CLUSTER_NAME = 'mi-cluster-eks';

/** What was made. */
export interface MissionAccount {
  readonly ec2: EC2Client;
  readonly subnetIds: readonly string[];
  readonly clusterSecurityGroupId: string;
}

/** Makes it. */
export async function makeMissionAccount(motoPort: number): Promise<MissionAccount> {
  const credentials = { accessKeyId: 'eksctl', secretAccessKey: 'eksctl' };
  const common = { region: REGION, endpoint: `http://127.0.0.1:${motoPort}`, credentials };
  const ec2 = new EC2Client(common);
  const eks = new EKSClient(common);
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '192.168.0.0/16' }));
  const VpcId = Vpc?.VpcId;
  const subnetIds: string[] = [];
  for (const [index, zone] of ['a', 'b', 'c'].entries()) {
    const CidrBlock = `192.168.${64 * index}.0/18`;
    const AvailabilityZone = `${REGION}${zone}`;
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone }));
    subnetIds.push(Subnet?.SubnetId ?? '');
  }
  const GroupName = `eks-cluster-sg-${CLUSTER_NAME}`;
  const Description = 'made by EKS for the cluster';
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName, Description }));
  await eks.send(
    new CreateClusterCommand({
      name: CLUSTER_NAME,
      version: KUBERNETES_VERSION,
      roleArn: `arn:aws:iam::${ACCOUNT}:role/cluster`,
      resourcesVpcConfig: { subnetIds },
      kubernetesNetworkConfig: { serviceIpv4Cidr: '10.100.0.0/16' },
    }),
  );
  eks.destroy();
  return { ec2, subnetIds, clusterSecurityGroupId: GroupId };
}
