// `dovetail controller` on a real control plane, with moto behind the fault proxy as EC2: the mission's first manifests become
// instances, and instances end. No instance of moto's ever starts a kubelet: the test makes their nodes itself.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DescribeLaunchTemplateVersionsCommand, type Instance as Ec2Instance } from '@aws-sdk/client-ec2';
import { ControlledCluster, type ControllerProcess, readAudit } from '../controller/index.ts';
import { CLUSTER_NAME } from './account.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';
import { everyInstance } from './launches.ts';
import { REGION } from './moto/index.ts';

interface Claim {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly taints?: readonly object[] };
  readonly status?: { readonly providerID?: string; readonly capacity?: object; readonly allocatable?: object };
}

describe('dovetail controller on EC2', () => {
  let aws: AwsWorld;
  let cluster: ControlledCluster;
  let controller: ControllerProcess;

  before(async () => {
    aws = await startAwsWorld();
    cluster = await ControlledCluster.startCluster(CLUSTER_NAME);
    controller = cluster.startControllerWith({
      // The control plane is newer than the images that moto is seeded with: EKS says which version those are for.
      flags: [`--interruption-queue=${CLUSTER_NAME}`, '--eks-control-plane'],
      environment: {
        AWS_REGION: REGION,
        AWS_ENDPOINT_URL: aws.proxy.endpoint,
        AWS_ACCESS_KEY_ID: 'tests',
        AWS_SECRET_ACCESS_KEY: 'tests',
      },
    });
  });
  after(async () => {
    await cluster?.stop();
    await aws?.close();
  });

  async function claims(): Promise<Claim[]> {
    return (await cluster.get('nodeclaims')) as unknown as Claim[];
  }

  async function living(): Promise<Ec2Instance[]> {
    return (await everyInstance(aws)).filter(({ State }) => State?.Name === 'running');
  }

  /** What a kubelet would do. */
  async function join(claim: Claim, index: number): Promise<void> {
    const name = `ip-10-0-0-${index}.${REGION}.compute.internal`;
    const { providerID, capacity, allocatable } = claim.status ?? {};
    const taint = { key: 'karpenter.sh/unregistered', effect: 'NoExecute' };
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { ...claim.metadata.labels, 'kubernetes.io/hostname': name } },
      spec: { providerID, taints: [...(claim.spec.taints ?? []), taint] },
    });
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'posted by a test' }];
    const status = JSON.stringify({ status: { capacity, allocatable, conditions } });
    await cluster.kubectl('patch', 'node', name, '--subresource=status', '--type=merge', '-p', status);
  }

  test('the mission’s node class is ready, with what was found in the account', async () => {
    await cluster.applyMission('01-default-nodepool-and-nodeclass.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'ec2nodeclass/default');
    const [nodeClass] = await cluster.get('ec2nodeclasses');
    assert.equal(nodeClass?.status.subnets.length, 3);
    assert.equal(nodeClass?.status.securityGroups.length, 1);
    assert.match(nodeClass?.status.instanceProfile, new RegExp(`^${CLUSTER_NAME}_`));
    assert.ok(nodeClass?.status.amis.length >= 4);
    const conditions = nodeClass?.status.conditions as {
      readonly type: string;
      readonly observedGeneration?: number;
    }[];
    assert.ok(conditions.every(({ observedGeneration }) => observedGeneration === 1));
  });

  test('pods that wait become an instance, launched as the node class says', async () => {
    await cluster.applyMission('02-inflate-deployment.yaml');
    await cluster.kubectl('scale', 'deployment/inflate', '--replicas=5');
    await cluster.waitUntil('every claim has an instance', async () => {
      const all = await claims();
      return all.length > 0 && all.every(({ status }) => (status?.providerID ?? '') !== '');
    });
    const [claim] = await claims();
    const found = await living();
    assert.equal(found.length, (await claims()).length);
    const instance = found.find(({ InstanceId = '' }) => claim?.status?.providerID?.endsWith(InstanceId));
    const tags = Object.fromEntries((instance?.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
    assert.equal(tags['karpenter.sh/nodepool'], 'default');
    assert.equal(tags.ManagedBy, 'Karpenter');
    assert.equal(tags[`kubernetes.io/cluster/${CLUSTER_NAME}`], 'owned');
    assert.equal(claim?.metadata.labels?.['node.kubernetes.io/instance-type'], instance?.InstanceType);
    const fleet = aws.proxy.journal.findLast(
      ({ action, parameters }) => action === 'CreateFleet' && parameters.get('DryRun') !== 'true',
    );
    const LaunchTemplateName = fleet?.parameters.get(
      'LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName',
    );
    const { LaunchTemplateVersions = [] } = await aws.account.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName }),
    );
    const data = LaunchTemplateVersions[0]?.LaunchTemplateData;
    assert.deepEqual(data?.BlockDeviceMappings?.[0]?.Ebs, {
      DeleteOnTermination: true,
      Iops: 3000,
      Throughput: 125,
      VolumeSize: 100,
      VolumeType: 'gp3',
    });
    assert.equal(data?.MetadataOptions?.HttpTokens, 'required');
    const userData = Buffer.from(data?.UserData ?? '', 'base64').toString();
    assert.match(userData, /Nodo Karpenter iniciado/);
    assert.match(userData, /kind: NodeConfig/);
    assert.match(userData, /cidr: 10\.100\.0\.0\/16/);
  });

  test('nodes that join are taken in, and the pods are bound to them', async () => {
    for (const [index, claim] of (await claims()).entries()) await join(claim, index + 10);
    await cluster.waitUntil('the pods have nodes', async () => {
      const pods = await cluster.get('pods', '-n', 'default');
      return pods.length === 5 && pods.every(({ spec }) => spec.nodeName !== undefined);
    });
    await cluster.waitUntil('the claims are Ready', async () => {
      const text = await cluster.kubectl('get', 'nodeclaims', '-o', 'jsonpath={.items[*].status.conditions}');
      return /"status":"True","type":"Ready"/.test(text);
    });
  });

  test('a claim that is deleted takes its instance with it', async () => {
    await cluster.kubectl('scale', 'deployment/inflate', '--replicas=0');
    await cluster.waitUntil('the pods are going', async () =>
      (await cluster.get('pods', '-n', 'default')).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    );
    // No kubelet ends them.
    await cluster.kubectl('delete', 'pods', '--all', '-n', 'default', '--force', '--grace-period=0', '--wait=false');
    await cluster.kubectl('delete', 'nodeclaims', '--all', '--wait=false');
    await cluster.waitUntil('nothing runs any more', async () => (await living()).length === 0);
    await cluster.waitUntil('the claims are gone', async () => (await claims()).length === 0);
  });

  test('it has said once what is missing around it', async () => {
    await cluster.waitUntil('it has looked', async () =>
      controller.lines.some(({ message }) => message === 'parts of the set-up were not looked at'),
    );
    const said = controller.lines.filter(({ message }) => String(message).startsWith('set-up: '));
    assert.deepEqual(
      said.map(({ level, check }) => `${level} ${check}`),
      ['WARN queue-policy', 'WARN rules', 'WARN node-role', 'WARN node-role', 'WARN node-role'],
    );
    assert.match(JSON.stringify(said[0]), /aws sqs set-queue-attributes/);
  });

  test('it ends in good order, was refused nothing, and complained of nothing', async () => {
    controller.signal('SIGTERM');
    assert.equal(await controller.ended, 'code 0');
    assert.deepEqual(controller.complaints, []);
    assert.deepEqual(readAudit(cluster.controlPlane.auditFile).refused, []);
  });
});
