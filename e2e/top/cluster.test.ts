// top on a live cluster: a real API server with nodes that Karpenter's claims made and one that they did not, and pods on
// them. Needs Go, for the control plane.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type ApiObject, KINDS } from '../../controller/ports/index.ts';
import { RealCluster } from '../cluster/index.ts';

const run = promisify(execFile);

let real: RealCluster;
before(async () => {
  real = await RealCluster.start();
  await real.createNamespace('shop');
  const cluster = real.adapter();
  for (const [name, labels] of NODES) await cluster.create(KINDS.nodes, { metadata: { name, labels } });
  for (const [name] of NODES) {
    const status = {
      capacity: { cpu: '2', memory: '8Gi', pods: '29' },
      allocatable: { cpu: '2', memory: '8Gi', pods: '29' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: '' }],
    };
    await cluster.patch(KINDS.nodes, { name }, { type: 'merge', body: { status }, subresource: 'status' });
  }
  for (const name of ['web-1', 'web-2', 'web-3'])
    await cluster.create(KINDS.pods, pod(name, 'ip-10-0-0-1.ec2.internal'));
});
after(() => real?.stop());

const PLACE = { 'topology.kubernetes.io/region': 'eu-west-1', 'topology.kubernetes.io/zone': 'eu-west-1a' };
const NODES: readonly (readonly [name: string, labels: Record<string, string>])[] = [
  [
    'ip-10-0-0-1.ec2.internal',
    {
      ...PLACE,
      team: 'shop',
      'node.kubernetes.io/instance-type': 'm5.large',
      'eks.amazonaws.com/capacityType': 'ON_DEMAND',
    },
  ],
  ['edge-7', { ...PLACE, 'node.kubernetes.io/instance-type': 'a-machine-of-our-own' }],
];

function pod(name: string, nodeName: string): ApiObject {
  const requests = { cpu: '500m', memory: '1Gi' };
  return {
    metadata: { name, namespace: 'shop' },
    spec: { nodeName, containers: [{ name: 'main', image: 'x', resources: { requests } }] },
  };
}

async function top(...args: string[]): Promise<string[]> {
  const { stdout } = await run(process.execPath, ['bin/dovetail.js', 'top', '--context', 'test', ...args], {
    env: { ...process.env, KUBECONFIG: real.controlPlane.kubeconfig },
  });
  return stdout.trimEnd().split('\n');
}

test('nodes of a live cluster are shown with what runs on them, and with the prices of their region', async () => {
  const lines = await top('--sort', 'name');
  assert.match(lines[1] ?? '', /^edge-7 +ready +a-machine-of-our-own +- +eu-west-1a +0% +0% +0 +\? +\d+s$/);
  assert.match(
    lines[2] ?? '',
    /^ip-10-0-0-1 +ready +m5\.large +on-demand +eu-west-1a +75% +38% +3 +~?\$0\.\d{4} +\d+s$/,
  );
  assert.equal(lines[4], '2 nodes, 2 ready, cpu 38%, memory 19%; 3 pods, none waits');
  assert.match(lines[5] ?? '', /^~?\$0\.\d{4}\/hour, ~?\$[\d.]+\/month; 1 node without a price$/);
});

test('nodes of a live cluster are chosen by any of their labels', async () => {
  const lines = await top('--node-selector', 'team=shop', '--resources', 'memory');
  assert.match(lines[0] ?? '', /ZONE +MEMORY +PODS/);
  assert.match(lines[1] ?? '', /^ip-10-0-0-1 /);
  assert.match(lines[3] ?? '', /^1 node, 1 ready, memory 38%/);
});
