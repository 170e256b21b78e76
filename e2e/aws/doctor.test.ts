// `dovetail doctor` on an account that was set up by the commands of the mission, as printed: it names each trap, and once
// exactly the commands that it prints have been run by the AWS CLI, it has nothing more to say. Access entries and IAM's
// simulation are the proxy's, by an evaluator of ours; all else is moto's.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DeleteTagsCommand } from '@aws-sdk/client-ec2';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import {
  type AwsClients,
  type DoctorOptions,
  type DoctorSettings,
  examine,
  openClients,
  type Report,
} from '../../controller/aws-cloud/index.ts';
import { systemClock } from '../../controller/clock/index.ts';
import { KINDS } from '../../controller/ports/index.ts';
import { SimulatedCluster } from '../../controller/simulated-cluster/index.ts';
import { CLUSTER_NAME, DISCOVERY, NODE_ROLE } from './account.ts';
import { type AwsWorld, NODE_CLASS_SPEC, startAwsWorld } from './aws-world.ts';
import { instanceOf, launchRequests, resolvedClass } from './launches.ts';
import { ACCOUNT, awsCli, REGION } from './moto/index.ts';
import { rolePolicies } from './proxy/index.ts';

const CONTROLLER_ROLE = `KarpenterControllerRole-${CLUSTER_NAME}`;
const SETTINGS: DoctorSettings = {
  clusterName: CLUSTER_NAME,
  clusterEndpoint: '',
  interruptionQueue: CLUSTER_NAME,
  isolatedVpc: false,
};
const BIN = fileURLToPath(new URL('../../bin/', import.meta.url));

let world: AwsWorld;
let clients: AwsClients;
let directory: string;

before(async () => {
  world = await startAwsWorld({ hasAdministrator: true });
  clients = await openClients({ region: REGION, endpoint: world.proxy.endpoint });
  await world.cluster.create(KINDS.ec2NodeClasses, { metadata: { name: 'default' }, spec: NODE_CLASS_SPEC });
  directory = mkdtempSync(join(tmpdir(), 'dovetail-doctor-'));
  // What npx finds in a checkout.
  script('npx', `shift\nexec "${process.execPath}" "${BIN}dovetail.js" "$@"`);
  // Version 1 of the CLI has an old address for SQS, which only the flag overrides.
  script('aws', `exec ${awsCli()} --endpoint-url "${world.proxy.endpoint}" "$@"`);
});
afterEach(() => world.proxy.faults.clear());
after(async () => {
  clients?.close();
  rmSync(directory, { recursive: true, force: true });
  await world?.close();
});

function script(name: string, body: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** Runs a line as a user does, against the proxy. */
async function run(line: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const env = {
    ...process.env,
    PATH: [directory, process.env.PATH].join(delimiter),
    AWS_ENDPOINT_URL: world.proxy.endpoint,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    ...more,
  };
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', line], { env });
  return stdout;
}

function look(more: Partial<Omit<DoctorOptions, 'settings'>> & { readonly settings?: Partial<DoctorSettings> } = {}) {
  const { settings, ...rest } = more;
  return examine({
    clients,
    cluster: world.cluster,
    subject: { role: CONTROLLER_ROLE },
    readsAwsAuth: true,
    ...rest,
    settings: { ...SETTINGS, ...settings },
  });
}

function problems({ findings }: Report): string[] {
  return findings.map(({ check, problem }) => `${check}: ${problem}`);
}

describe('an account as the mission sets it up', () => {
  test('the mission’s commands, as printed', async () => {
    // The account of the tests has done some of it already.
    await world.account.sqs.send(new DeleteQueueCommand({ QueueUrl: world.account.queueUrl }));
    const policy = 'arn:aws:iam::aws:policy/';
    const trust = '{"Version":"2012-10-17","Statement":[]}';
    await run(`aws iam create-role --role-name ${CONTROLLER_ROLE} --assume-role-policy-document '${trust}'`);
    await run(
      `aws iam attach-role-policy --role-name ${CONTROLLER_ROLE} --policy-arn ${policy}AmazonEKSWorkerNodePolicy`,
    );
    for (const name of [
      'AmazonEKSWorkerNodePolicy',
      'AmazonEC2ContainerRegistryReadOnly',
      'AmazonSSMManagedInstanceCore',
    ]) {
      await run(`aws iam attach-role-policy --role-name ${NODE_ROLE} --policy-arn ${policy}${name}`);
    }
    const queue = `${CLUSTER_NAME}-karpenter-interruption`;
    const rule = `${CLUSTER_NAME}-karpenter-spot-interruption`;
    const pattern = '{"source":["aws.ec2"],"detail-type":["EC2 Spot Instance Interruption Warning"]}';
    await run(`aws sqs create-queue --queue-name ${queue}`);
    await run(`aws events put-rule --name ${rule} --event-pattern '${pattern}'`);
    await run(
      `aws events put-targets --rule ${rule} --targets "Id"="1","Arn"="arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}"`,
    );
  });

  test('each trap is named, and nothing else', async () => {
    const report = await look({ settings: { defaultInstanceProfile: 'KarpenterNodeInstanceProfile-test' } });
    assert.deepEqual(report.unchecked, []);
    const found = problems(report);
    for (const [index, pattern] of [
      /^setting: defaultInstanceProfile \(KarpenterNodeInstanceProfile-test\) changes nothing/,
      /^permissions: .*KarpenterControllerRole-test lacks \d+ rights: .*ec2:CreateFleet, .*AmazonEKSWorkerNodePolicy is for nodes/,
      /^queue: There is no queue test, .* There is test-karpenter-interruption, which nobody reads/,
      /^rules: 0 of 4 rules/,
      /^node-role: .*lacks the policy AmazonEKS_CNI_Policy/,
      /^access-entry: The cluster lets nobody in with the role KarpenterNodeRole-test/,
    ].entries()) {
      assert.match(found[index] ?? '', pattern);
    }
    assert.equal(found.length, 6);
  });

  test('a controller with that role says which rights it can tell of, when IAM says nothing', async () => {
    world.proxy.faults.policies = await rolePolicies(world.motoPort, CONTROLLER_ROLE);
    const report = await look({ subject: 'caller' });
    const [permissions = ''] = problems(report).filter((one) => one.startsWith('permissions'));
    assert.match(permissions, /lacks \d+ rights: ec2:CreateLaunchTemplate, /);
    assert.match(permissions, /pricing:GetProducts, sqs:GetQueueUrl, ssm:GetParameter/);
    assert.doesNotMatch(permissions, /ec2:DescribeSubnets|eks:DescribeCluster/);
    const unknown = report.unchecked.find(({ check }) => check === 'permissions');
    assert.match(unknown?.why ?? '', /can't be tried: .*ec2:TerminateInstances.*iam:PassRole/);
  });

  test('with exactly the commands that it prints, it is silent', async () => {
    const { findings } = await look();
    for (const line of findings.flatMap(({ commands }) => commands)) await run(line);
    const report = await look();
    assert.deepEqual(problems(report), []);
    assert.deepEqual(report.unchecked, []);
  });

  test('the controller’s own look has all the rights that it takes', async () => {
    world.proxy.faults.policies = await rolePolicies(world.motoPort, CONTROLLER_ROLE);
    const report = await look({ subject: 'caller', readsAwsAuth: false });
    assert.deepEqual(problems(report), []);
    assert.deepEqual(report.unchecked, []);
  });
});

describe('one thing wrong', () => {
  test('a queue without a policy, and a rule that is disabled', async () => {
    const queue = 'other';
    await run(`aws sqs create-queue --queue-name ${queue}`);
    await run(`aws events disable-rule --name ${CLUSTER_NAME}-karpenter-state-change`);
    const found = problems(await look({ settings: { interruptionQueue: queue } }));
    assert.match(found[0] ?? '', /^permissions: .*lacks 3 rights: sqs:/);
    assert.match(found[1] ?? '', /^queue-policy: The queue other has no policy that lets EventBridge write/);
    assert.match(found[2] ?? '', /^rules: 0 of 4/);
    const report = await look();
    assert.match(problems(report).join(), /^rules: The rule test-karpenter-state-change is disabled/);
    for (const line of report.findings.flatMap(({ commands }) => commands)) await run(line);
    assert.deepEqual(problems(await look()), []);
  });

  test('three rules of four', async () => {
    await run(`aws events remove-targets --rule ${CLUSTER_NAME}-karpenter-rebalance --ids 1`);
    const report = await look();
    assert.match(
      problems(report).join(),
      /^rules: 3 of 4 .*Nobody hears that spot instances are likely to be taken back\.$/,
    );
    for (const line of report.findings.flatMap(({ commands }) => commands)) await run(line);
    assert.deepEqual(problems(await look()), []);
  });

  test('subnets and security groups without the tag', async () => {
    const Tags = Object.keys(DISCOVERY).map((Key) => ({ Key }));
    const { subnetIds, groupIds, ec2 } = world.account;
    await ec2.send(new DeleteTagsCommand({ Resources: [...subnetIds, ...groupIds], Tags }));
    const report = await look();
    const [subnets, groups, ...rest] = problems(report);
    assert.match(
      subnets ?? '',
      /^subnets: There are no subnets that the EC2NodeClass default selects \(tagged karpenter.sh\/discovery=test\)/,
    );
    assert.match(groups ?? '', /^security-groups: There are no security groups/);
    assert.deepEqual(rest, []);
    for (const line of report.findings.flatMap(({ commands }) => commands)) await run(line);
    assert.deepEqual(problems(await look()), []);
  });

  test('a cluster that does not exist, and one that is in another region', async () => {
    const nobody = await look({ settings: { clusterName: 'nobody' } });
    assert.match(problems(nobody).join('\n'), /^cluster: There is no EKS cluster nobody in us-west-2/m);
    const clusterHost = 'abc.gr7.eu-central-1.eks.amazonaws.com';
    const elsewhere = await look({ settings: { clusterName: 'nobody' }, clusterHost });
    assert.match(problems(elsewhere).join('\n'), /^region: .*its API server is in eu-central-1/m);
  });

  test('a role that does not exist, of the controller and of nodes', async () => {
    const cluster = new SimulatedCluster({ clock: systemClock() });
    const spec = { ...NODE_CLASS_SPEC, role: 'nobody' };
    await cluster.create(KINDS.ec2NodeClasses, { metadata: { name: 'default' }, spec });
    const found = problems(await look({ cluster, subject: { role: 'nobody' } }));
    assert.match(found[0] ?? '', /^controller-role: There is no role nobody/);
    assert.match(found[1] ?? '', /^node-role: There is no role nobody for nodes/);
  });

  test('no credentials', async () => {
    const message = 'The security token included in the request is invalid.';
    world.proxy.faults.plan('GetCallerIdentity', {
      kind: 'refuse',
      code: 'InvalidClientTokenId',
      message,
      status: 403,
    });
    const report = await look();
    assert.match(
      problems(report).join(),
      /^credentials: AWS knows nobody here: .*token included in the request is invalid/,
    );
    assert.deepEqual(report.unchecked, [{ check: 'everything else', why: 'it takes credentials and a way to AWS' }]);
  });

  test('instances of another cluster with the same name', async () => {
    const cluster = new SimulatedCluster({ clock: systemClock(), seed: 2 });
    await cluster.create(KINDS.namespaces, { metadata: { name: 'karpenter' } });
    const cloud = await world.openCloud({ cluster });
    const [request] = launchRequests(await resolvedClass(cloud), 1);
    assert.ok(request !== undefined);
    const { id } = await instanceOf(cloud, request);
    const found = problems(await look());
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? '',
      new RegExp(`^cluster-uid: 1 instances of another cluster .*${id}\\. They are left alone`),
    );
    await cloud.terminate([id]);
    assert.deepEqual(problems(await look()), []);
  });
});

describe('the command', () => {
  const COMMAND = `npx dovetail doctor --cluster-name ${CLUSTER_NAME} --interruption-queue ${CLUSTER_NAME}`;

  test('what it can’t look at it says, and ends with 0', async () => {
    const text = await run(COMMAND);
    assert.match(text, /^Not checked of cluster test \(account 123456789012, us-west-2\):\n {2}EC2NodeClasses: /);
  });

  test('what is wrong it says in lines or as JSON, and ends with 1', async () => {
    const environment = { AWS_DEFAULT_INSTANCE_PROFILE: 'old' };
    const failed = await run(COMMAND, environment).catch((error: unknown) => error as { code: number; stdout: string });
    assert.ok(typeof failed !== 'string');
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /^1 thing is wrong with cluster test .*:\n\nsetting: .*\n {2}kubectl set env /);
    const asJson = await run(`${COMMAND} -o json`, environment).catch((error: unknown) => error as { stdout: string });
    assert.ok(typeof asJson !== 'string');
    const { findings } = JSON.parse(asJson.stdout) as Report;
    assert.deepEqual(
      findings.map(({ check }) => check),
      ['setting'],
    );
  });
});
