// The page of a real controller on a real control plane, with no rights but the controller's: it shows what kubectl shows, and
// changes nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Shown } from '../../controller/page/index.ts';
import type { ControllerProcess } from './controller-process.ts';
import { nodesOf, untilRunning } from './objects.ts';
import { RealWorld } from './real-world.ts';

let world: RealWorld;
let controller: ControllerProcess;
before(async () => {
  world = await RealWorld.start();
  controller = world.startController('--page', '--page-port=0');
});
after(() => world?.stop());

async function shown(url: string): Promise<Shown> {
  return (await (await fetch(`${url}/state`)).json()) as Shown;
}

test('the page of a controller shows the nodes and pods of its cluster, with plans and reasons, and takes no orders', async () => {
  await world.applyMission('01-default-nodepool-and-nodeclass.yaml');
  await world.applyMission('02-inflate-deployment.yaml');
  await world.kubectl('scale', 'deployment/inflate', '--replicas=5');
  await untilRunning(world, 'inflate', 5);
  await world.waitUntil('the page is open', () => controller.says('showing the cluster on a page'));
  const url = String(controller.lines.find(({ message }) => message === 'showing the cluster on a page')?.page);
  // The controller's own Pod is an object that no kubelet starts.
  const isAtRest = ({ overview: { nodes, workloads } }: Shown): boolean =>
    nodes.every(({ state }) => state === 'ready') &&
    workloads.some(({ workload, running }) => workload === 'deployment/inflate' && running === 5);
  await world.waitUntil('all nodes are shown as ready', async () => isAtRest(await shown(url)));
  const { overview, actions } = await shown(url);
  assert.equal(actions, undefined);
  const nodes = await nodesOf(world, 'default');
  assert.deepEqual(
    overview.nodes.map(({ nodeName }) => nodeName).sort(),
    nodes.map(({ metadata }) => metadata.name).sort(),
  );
  for (const { nodeName, instanceType, zone, pricePerHour = 0 } of overview.nodes) {
    const labels = nodes.find(({ metadata }) => metadata.name === nodeName)?.metadata.labels ?? {};
    assert.equal(instanceType, labels['node.kubernetes.io/instance-type']);
    assert.equal(zone, labels['topology.kubernetes.io/zone']);
    assert.ok(pricePerHour > 0);
  }
  assert.ok(
    overview.decisions.length > 0 &&
      overview.decisions.every(({ nodes: kinds }) => kinds.every(({ why }) => why !== '')),
  );
  const headers = { 'content-type': 'application/json' };
  const refused = await fetch(`${url}/actions/scale`, { method: 'POST', headers, body: '{}' });
  assert.equal(refused.status, 404);
  assert.deepEqual(controller.complaints, []);
});
