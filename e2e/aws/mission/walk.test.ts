// The mission's walk-through, every `aws` and `kubectl` command of it in its order and as it is printed: first what becomes of
// it as printed, then with exactly the commands run that `dovetail doctor` printed. `npm run mission:transcript` writes what was
// typed and what came back into docs/mission-transcript.md, whose introduction says what stands in for what.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readAudit } from '../../controller/index.ts';
import { IMAGES } from '../moto/index.ts';
import { rolePolicies } from '../proxy/index.ts';
import { CLUSTER_NAME } from './account.ts';
import { commandsInDocument, writeTranscript } from './document.ts';
import type { Ran } from './shell.ts';
import { userDataOf, Walk } from './walk.ts';

const DOCTOR = 'npx dovetail doctor --cluster-name $CLUSTER_NAME --interruption-queue $CLUSTER_NAME --context test';
const CONTROLLER_ROLE = `KarpenterControllerRole-${CLUSTER_NAME}`;

let walk: Walk;
/** What doctor printed to be run. */
let commands: readonly string[] = [];
/** From this line of the proxy's journal on the controller may do what its role allows. */
let judgedFrom = 0;

before(async () => {
  walk = await Walk.start();
});
after(async () => {
  await walk?.world.close();
});

/** What it said; that it is still looking it says on slow machines only. */
function said({ output }: Ran): string {
  return output.replace(/^look at the account: .*\n/gm, '');
}

function assertAllWell(all: readonly Ran[]): void {
  for (const { command, output, status } of all) assert.equal(status, 0, `${command}\n${output}`);
}

describe('the mission as printed', () => {
  test('steps 1 to 4: variables, roles, profile and tags', async () => {
    walk.transcript.heading('As printed, steps 1 to 4: variables, roles, profile, tags');
    for (const name of ['01-variables', '02-controller-role', '03-node-role', '04-tags']) {
      assertAllWell(await walk.article(name));
    }
  });

  test('step 5: the controller starts, and its log names each trap that is there by now', async () => {
    walk.transcript.heading('Step 5: the controller');
    assertAllWell(await walk.article('05-helm'));
    walk.world.nodes.start();
    const controller = await walk.leader();
    await walk.waitUntil('it has looked at the set-up', () =>
      controller.says('parts of the set-up were not looked at'),
    );
    const traps = controller.lines.filter(({ message }) => message.startsWith('set-up: '));
    assert.deepEqual(
      traps.map(({ level, check }) => `${level} ${check}`),
      ['WARN setting', 'WARN permissions', 'WARN queue', 'WARN rules', 'WARN node-role'],
    );
    const [, permissions, queue, rules, nodeRole] = traps.map(({ message }) => message);
    assert.match(permissions ?? '', /lacks \d+ rights: ec2:CreateFleet, .*AmazonEKSWorkerNodePolicy is for nodes/);
    assert.match(queue ?? '', /There is no queue mi-cluster-eks, which --interruption-queue names/);
    assert.match(rules ?? '', /0 of 4 rules/);
    assert.match(nodeRole ?? '', /lacks the policy AmazonEKS_CNI_Policy/);
    // Its ServiceAccount may not read aws-auth: whether the cluster lets nodes in it does not know, and says so.
    const unchecked = controller.lines.find(({ unchecked }) => unchecked !== undefined)?.unchecked;
    assert.match(JSON.stringify(unchecked), /"check":"access-entry"/);
  });

  test('steps 6 and 7: five pods run on a node of the pool, though there is no queue', async () => {
    walk.transcript.heading('Steps 6 and 7: NodePool, EC2NodeClass, five pods');
    assertAllWell(await walk.article('06-nodepool'));
    const [made, scaled] = await walk.article('07-inflate', /"message":"launched nodeclaim"/);
    assertAllWell([made as Ran, scaled as Ran]);
    await walk.untilRunning('inflate', 5);
    const [nodes, pods] = await walk.article('08-look');
    assert.match(nodes?.output ?? '', / Ready /);
    assert.equal(pods?.output.match(/ Running /g)?.length, 5);
    assert.ok((await walk.leader()).lines.some(({ error }) => /queue does not exist/.test(String(error))));
  });

  test('the root volume is the gp3 one that the node class asks for, and IMDSv2 is asked for without being named', async () => {
    for (const { BlockDeviceMappings, MetadataOptions, ...data } of await walk.launchTemplates('default')) {
      assert.deepEqual(BlockDeviceMappings, [
        {
          DeviceName: '/dev/xvda',
          Ebs: { DeleteOnTermination: true, Iops: 3000, Throughput: 125, VolumeSize: 100, VolumeType: 'gp3' },
        },
      ]);
      assert.equal(MetadataOptions?.HttpTokens, 'required');
      assert.match(userDataOf(data), /Nodo Karpenter iniciado: /);
    }
  });

  test('pools for spot and GPUs are taken as they are printed', async () => {
    walk.transcript.heading('Advanced configuration: pools for spot and for GPUs');
    walk.transcript.say('The article prints these as YAML alone; they are applied as it applies the first.');
    assertAllWell([
      await walk.applyPrinted('03-spot-optimized.yaml'),
      await walk.applyPrinted('04-gpu-workloads.yaml'),
    ]);
    // The article has no node class gpu-config.
    await walk.type('kubectl wait --for=condition=Ready=false --timeout=60s nodepool/gpu-workloads');
    await walk.type('kubectl wait --for=condition=Ready --timeout=60s nodepool/spot-optimized');
    const pools = await walk.type('kubectl get nodepools');
    assert.match(pools.output, /^gpu-workloads +gpu-config +0 +False /m);
    assert.match(pools.output, /^spot-optimized +spot-config +0 +True /m);
  });

  test('interruption handling, monitoring and troubleshooting answer as they can', async () => {
    walk.transcript.heading('Interruption handling');
    assertAllWell(await walk.article('09-interruption'));
    walk.transcript.heading('Monitoring');
    walk.transcript.say('The cluster has neither the Prometheus Operator nor metrics-server.');
    const monitoring = await walk.applyPrinted('05-metrics-service-and-servicemonitor.yaml');
    assert.match(monitoring.output, /service\/karpenter-metrics created/);
    assert.match(monitoring.output, /no matches for kind "ServiceMonitor"/);
    const [logs, described, events, nodes, top] = await walk.article('10-commands');
    assert.match(logs?.output ?? '', /"message":"set-up: The controller's role/);
    assert.match(described?.output ?? '', /Name: +default[\s\S]+Type: +Ready/);
    assert.match(events?.output ?? '', /Launched .*: Launched instance i-\w+: [\w.-]+ in us-west-2[abc], spot/);
    assert.match(nodes?.output ?? '', / Ready /);
    assert.match(top?.output ?? '', /Metrics API not available/);
    walk.transcript.heading('Troubleshooting');
    const [role, subnets, errors] = await walk.article('11-nothing-launched');
    assert.match(role?.output ?? '', /"RoleName": "KarpenterControllerRole-mi-cluster-eks"/);
    assert.equal(subnets?.output.match(/"SubnetId"/g)?.length, 3);
    // The only errors are those of the queue that is not there.
    const complaints = (errors?.output ?? '').trim().split('\n');
    assert.ok(
      complaints.every((line) => /interruption/.test(line)),
      complaints.join('\n'),
    );
    assertAllWell([await walk.applyPrinted('06-stable.yaml'), ...(await walk.article('12-costs'))]);
  });

  test('doctor names each trap and nothing else', async () => {
    walk.transcript.heading('What doctor says of it');
    const ran = await walk.typeAnyhow(
      `${DOCTOR} --default-instance-profile KarpenterNodeInstanceProfile-$CLUSTER_NAME`,
    );
    assert.equal(ran.status, 1);
    const lines = said(ran).split('\n');
    const problems = lines.filter((line) => /^[a-z-]+: /.test(line));
    for (const [index, pattern] of [
      /^setting: defaultInstanceProfile \(KarpenterNodeInstanceProfile-mi-cluster-eks\) changes nothing/,
      /^permissions: .*lacks \d+ rights: .*AmazonEKSWorkerNodePolicy is for nodes/,
      /^queue: There is no queue mi-cluster-eks, .* There is mi-cluster-eks-karpenter-interruption, which nobody reads/,
      /^rules: 0 of 4 rules/,
      /^node-role: .*lacks the policy AmazonEKS_CNI_Policy/,
      /^access-entry: The cluster lets nobody in with the role KarpenterNodeRole-mi-cluster-eks/,
    ].entries()) {
      assert.match(problems[index] ?? '', pattern);
    }
    assert.equal(problems.length, 6);
    assert.doesNotMatch(ran.output, /^Not checked/m);
    commands = lines.filter((line) => line.startsWith('  ')).map((line) => line.trim());
  });
});

describe('with the commands that doctor printed', () => {
  test('each of them is taken, and doctor is silent', async () => {
    walk.transcript.heading('Exactly the commands that doctor printed');
    assert.ok(commands.length >= 10);
    for (const command of commands) await walk.type(command);
    const ran = await walk.type(DOCTOR);
    assert.equal(said(ran), '');
  });

  test('a controller that may do what its role allows and nothing else starts without a word about the set-up', async () => {
    walk.transcript.heading('From here on the proxy refuses what the policies of the controller’s role do not allow');
    walk.world.proxy.faults.policies = await rolePolicies(walk.world.motoPort, CONTROLLER_ROLE);
    judgedFrom = walk.world.proxy.journal.length;
    await walk.type('kubectl rollout restart -n karpenter deployment/karpenter');
    await walk.type('kubectl rollout status -n karpenter deployment/karpenter');
    const controller = await walk.leader();
    await walk.waitUntil('it has looked at the set-up', () =>
      controller.says('looked at the set-up: nothing is missing'),
    );
    assert.deepEqual(
      controller.lines.filter(({ message }) => message.startsWith('set-up: ')),
      [],
    );
  });

  test('a spot notice through EventBridge drains the node and replaces it', async (context) => {
    walk.transcript.heading('A spot notice, through EventBridge');
    const [claim] = await walk.claims('default');
    const { name = '', labels = {} } = claim?.metadata ?? {};
    assert.equal(labels['karpenter.sh/capacity-type'], 'spot');
    await walk.type(
      "INSTANCE_ID=$(kubectl get nodeclaims -l karpenter.sh/nodepool=default -o jsonpath='{.items[0].status.providerID}' | cut -d/ -f5)",
    );
    const from = walk.world.proxy.journal.length;
    const detail = '"{\\"instance-id\\": \\"\'$INSTANCE_ID\'\\", \\"instance-action\\": \\"terminate\\"}"';
    const event = `"Source": "aws.ec2", "DetailType": "EC2 Spot Instance Interruption Warning", "Detail": ${detail}`;
    await walk.type(`aws events put-events --entries '[{${event}}]'`);
    const putMs = performance.now();
    await walk.waitUntil('the claim goes', async () =>
      (await walk.world.cluster.get('nodeclaims')).every(
        ({ metadata }) => metadata.name !== name || metadata.deletionTimestamp !== undefined,
      ),
    );
    context.diagnostic(`from the CLI's answer to the claim's deletion: ${Math.round(performance.now() - putMs)} ms`);
    await walk.waitUntil('the claim is gone', async () =>
      (await walk.world.cluster.get('nodeclaims')).every(({ metadata }) => metadata.name !== name),
    );
    const pods = await walk.untilRunning('inflate', 5);
    context.diagnostic(`to five pods that run elsewhere: ${Math.round(performance.now() - putMs)} ms`);
    assert.ok(pods.every(({ spec }) => spec.nodeName !== claim?.status.nodeName));
    assert.equal(await walk.instanceState(claim), 'terminated');
    const { output } = await walk.type('kubectl get events -n default --field-selector reason=SpotInterrupted');
    assert.match(output, new RegExp(`nodeclaim/${name} `));
    await walk.type('kubectl get nodeclaims');
    // The offering is out of the next plan.
    const again = walk
      .overrides(from)
      .filter(
        ({ instanceType, zone, isSpot }) =>
          isSpot &&
          instanceType === labels['node.kubernetes.io/instance-type'] &&
          zone === labels['topology.kubernetes.io/zone'],
      );
    assert.ok(walk.overrides(from).length > 0);
    assert.deepEqual(again, []);
  });

  test('the spot pool’s nodes have their instance stores as a RAID 0', async () => {
    walk.transcript.heading('A pod for the spot pool');
    await walk.applyOwn('batch.yaml');
    await walk.untilRunning('batch', 1);
    for (const template of await walk.launchTemplates('spot-optimized')) {
      assert.match(userDataOf(template), /localStorage:\n\s+strategy: RAID0/);
    }
    const [claim] = await walk.claims('spot-optimized');
    assert.equal(claim?.metadata.labels?.['karpenter.sh/capacity-type'], 'spot');
  });

  test('the GPU pool gets a GPU type once its node class is there', async () => {
    walk.transcript.heading('A pod for the GPU pool, with the node class that the article leaves out');
    await walk.applyOwn('gpu-config.yaml');
    await walk.untilRunning('training', 1);
    const [claim] = await walk.claims('gpu-workloads');
    assert.match(claim?.metadata.labels?.['karpenter.k8s.aws/instance-category'] ?? '', /^[gp]$/);
    assert.ok(Number(claim?.status.allocatable['nvidia.com/gpu']) >= 1);
    assert.equal(claim?.metadata.labels?.['karpenter.sh/capacity-type'], 'on-demand');
    await walk.type('kubectl get nodeclaims -l karpenter.sh/nodepool=gpu-workloads');
  });

  test('a node class of Windows2022 launches its image, with what PowerShell is to do', async () => {
    walk.transcript.heading('Windows, as the article’s questions have it');
    await walk.applyOwn('windows.yaml');
    await walk.untilRunning('iis', 1);
    const images = IMAGES.filter(({ name }) => name.startsWith('Windows_Server-2022-'));
    for (const template of await walk.launchTemplates('windows')) {
      assert.ok(
        images.some(({ ami_id }) => ami_id === template.ImageId),
        template.ImageId,
      );
      assert.match(userDataOf(template), /^<powershell>[\s\S]+-EKSClusterName 'mi-cluster-eks'/);
    }
    const [claim] = await walk.claims('windows');
    assert.equal(claim?.metadata.labels?.['kubernetes.io/os'], 'windows');
  });

  test('with all spot capacity gone, a pool that allows it falls back to on-demand, and one that does not says so', async (context) => {
    walk.transcript.heading('All spot capacity is gone');
    walk.world.proxy.faults.exhaust({ capacityType: 'spot' });
    await walk.applyOwn('web.yaml');
    await walk.untilRunning('web', 1);
    const [claim] = await walk.claims('default');
    assert.equal(claim?.metadata.labels?.['karpenter.sh/capacity-type'], 'on-demand');
    context.diagnostic(`launches until on-demand: ${walk.fleets('default').length}`);
    await walk.type('kubectl scale deployment batch --replicas=40');
    const why =
      "kubectl get events --field-selector reason=FailedScheduling | grep -o -m 1 'pool spot-optimized: instance[^;]*'";
    await walk.waitUntil('the pods of the spot pool are told why they wait', async () =>
      (await walk.world.cluster.get('events', '--field-selector=reason=FailedScheduling')).some((event) =>
        JSON.stringify(event).includes('pool spot-optimized: instance types'),
      ),
    );
    const { output } = await walk.type(why);
    assert.match(output, /would hold the pod, but none of their offerings can be had/);
    context.diagnostic(`launches of the spot pool until it said so: ${walk.fleets('spot-optimized').length}`);
    await walk.type('kubectl get nodeclaims');
    const spot = await walk.claims('spot-optimized');
    assert.ok(spot.every(({ metadata }) => metadata.labels?.['karpenter.sh/capacity-type'] === 'spot'));
  });

  test('nothing was refused to it, neither by its role in the account nor by that in the cluster', () => {
    const judged = walk.world.proxy.journal.slice(judgedFrom);
    assert.ok(judged.length > 100);
    const denied = judged.filter(({ status, code }) => status === 403 || code === 'UnauthorizedOperation');
    assert.deepEqual(
      denied.map(({ service, action }) => `${service}:${action}`),
      [],
    );
    assert.deepEqual(readAudit(walk.world.cluster.controlPlane.auditFile).refused, []);
  });
});

test('docs/mission-transcript.md has the commands of this walk: npm run mission:transcript writes it', () => {
  writeTranscript(walk.transcript);
  assert.deepEqual(commandsInDocument(), walk.transcript.commands);
});
