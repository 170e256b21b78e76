// The whole controller on real parts: a process of its own with only its RBAC, a real control plane, and a simulated cloud
// whose nodes join it. Users do what users do, by kubectl. Cases follow one another in one cluster. Needs Go, for the
// control plane.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { amountOf } from '../../controller/kubernetes/index.ts';
import { scrapedValue } from '../../controller/metrics/testing/index.ts';
import { readAudit } from './audit.ts';
import { type KubeObject, OWN_POD } from './controlled-cluster.ts';
import type { ControllerProcess } from './controller-process.ts';
import { LIMITS } from './limits.ts';
import { deployment, instances, nodesOf, noEviction, runningPods, teamPool, untilRunning } from './objects.ts';
import { PlanningService, tlsFiles } from './planning-service.ts';
import { RealWorld } from './real-world.ts';
import { assertDeclared, untold } from './scrape.ts';

/** Rights that these cases may have no use for, with the reason to have them. */
const MAY_BE_UNUSED: ReadonlyMap<string, string> = new Map([
  ['/events patch', 'only for what is told again after minutes'],
  ...['create', 'list', 'patch', 'delete'].map(
    (verb) => [`/configmaps ${verb}`, 'records of launches on EC2'] as const,
  ),
  ['/namespaces get', 'the UID of kube-system, for tags of EC2'],
  ['/services get', 'the address of DNS, for user data of EC2'],
]);

/** Metrics that these cases have nothing for, with the reason; each has a test elsewhere. */
const UNTOLD: ReadonlyMap<string, string> = new Map([
  ['karpenter_nodes_total_daemon_requests', 'there is no DaemonSet'],
  ['karpenter_nodes_total_daemon_limits', 'there is no DaemonSet'],
  ['karpenter_cloudprovider_errors_total', 'every launch found a zone that has capacity'],
  ['karpenter_cloudprovider_instance_type_cpu_cores', 'the simulated cloud describes no types: EC2 does'],
  ['karpenter_cloudprovider_instance_type_memory_bytes', 'the simulated cloud describes no types: EC2 does'],
  ['karpenter_pods_provisioning_scheduling_undecided_time_seconds', 'a plan is about a pod within seconds'],
  ['karpenter_pods_provisioning_unbound_time_seconds', 'no pod waits that has been given a place'],
  ['karpenter_pods_provisioning_unstarted_time_seconds', 'no pod waits that has been given a place'],
]);

interface Event {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly kind: string; readonly name: string };
}

describe('dovetail controller on a real control plane', () => {
  let world: RealWorld;
  let controller: ControllerProcess;
  before(async () => {
    world = await RealWorld.start();
    controller = world.startController();
  });
  after(async () => {
    await world?.stop();
  });

  async function eventsIn(namespace: string, reason: string): Promise<Event[]> {
    const events = (await world.get('events', '-n', namespace)) as unknown as Event[];
    return events.filter((event) => event.reason === reason);
  }

  test('the mission: five pods wait, and run on new nodes of the pool', async () => {
    await world.applyMission('01-default-nodepool-and-nodeclass.yaml');
    await world.applyMission('02-inflate-deployment.yaml');
    await world.kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'ec2nodeclass/default', 'nodepool/default');
    await world.kubectl('scale', 'deployment/inflate', '--replicas=5');
    const pods = await untilRunning(world, 'inflate', 5);
    const nodes = await nodesOf(world, 'default');
    const names = new Set(nodes.map(({ metadata }) => metadata.name));
    assert.ok(pods.every(({ spec }) => names.has(spec.nodeName)));
    await world.waitUntil('nodes are initialized', async () =>
      (await nodesOf(world, 'default')).every(
        ({ metadata }) => metadata.labels?.['karpenter.sh/initialized'] === 'true',
      ),
    );
    for (const { metadata, spec } of nodes) {
      assert.match(spec.providerID, /^aws:\/\/\/us-west-2[abc]\/i-/);
      for (const label of [
        'node.kubernetes.io/instance-type',
        'karpenter.sh/capacity-type',
        'topology.kubernetes.io/zone',
        'topology.kubernetes.io/region',
      ]) {
        assert.ok(metadata.labels?.[label], `${metadata.name} has no label ${label}`);
      }
    }
    assert.equal(await controller.health('/healthz'), 200);
    assert.equal(await controller.health('/readyz'), 200);
  });

  test('pods are told where they will go, and the own Pod what was launched', async () => {
    await world.waitUntil('launches are told on the own Pod', async () =>
      (await eventsIn('karpenter', 'Launched')).some(({ involvedObject }) => involvedObject.name === OWN_POD),
    );
    const nominated = await eventsIn('default', 'Nominated');
    assert.ok(nominated.some(({ involvedObject }) => involvedObject.name.startsWith('inflate-')));
    const launched = await eventsIn('default', 'Launched');
    assert.ok(launched.some(({ involvedObject }) => involvedObject.kind === 'NodeClaim'));
  });

  test('most pods run on the nodes that were planned for them, and nothing but the record of it is left', async () => {
    await world.apply(
      teamPool('packed', ['m7i.xlarge']),
      deployment('packed-large', 6, '1900m', 'packed'),
      deployment('packed-small', 12, '600m', 'packed'),
    );
    const pods = [
      ...(await untilRunning(world, 'packed-large', 6)),
      ...(await untilRunning(world, 'packed-small', 12)),
    ];
    const recordOf = ({ metadata }: KubeObject) => metadata.annotations?.['dovetail/nominated'];
    const recorded = pods.filter((pod) => recordOf(pod) !== undefined);
    assert.ok(recorded.length > pods.length / 2, `only ${recorded.length} of ${pods.length} pods were nominated`);
    // A node that is opened first may have room beside its own pods for those of one that is still closed.
    const there = recorded.filter((pod) => recordOf(pod) === pod.spec.nodeName);
    assert.ok(
      there.length > pods.length / 2,
      `only ${there.length} of ${pods.length} pods are where they were planned`,
    );
    for (const { status } of pods) assert.equal(status.nominatedNodeName, undefined);
    assert.ok(controller.says('nominated pods for node'));
  });

  test('a node that is deleted waits for a disruption budget, then goes with its instance', async () => {
    await world.apply(deployment('guarded', 1, '100m'), noEviction('guarded'));
    const [pod] = await untilRunning(world, 'guarded', 1);
    const node = pod?.spec.nodeName as string;
    await world.kubectl('delete', 'node', node, '--wait=false');
    await world.waitUntil('the drain is told to be blocked', async () =>
      (await eventsIn('default', 'FailedDraining')).some(({ message }) => message.includes('violates a PDB')),
    );
    await sleep(LIMITS.stillMs);
    assert.equal((await runningPods(world, 'guarded'))[0]?.metadata.name, pod?.metadata.name);
    const [left] = (await world.get('nodes')).filter(({ metadata }) => metadata.name === node);
    assert.ok(left?.spec.taints.some(({ key }: { key: string }) => key === 'karpenter.sh/disrupted'));
    await world.kubectl('delete', 'pdb', 'guarded');
    await world.waitUntil('the node is gone', async () =>
      (await world.get('nodes')).every(({ metadata }) => metadata.name !== node),
    );
    const id = String(left?.spec.providerID).split('/').at(-1);
    assert.ok(world.journal().some(({ what, instanceId }) => what === 'instance.terminated' && instanceId === id));
    await untilRunning(world, 'guarded', 1);
    await untilRunning(world, 'inflate', 5);
  });

  test('a NodeClaim that is deleted takes its node with it, and its pods run elsewhere', async () => {
    const [claim] = await world.get('nodeclaims');
    const name = String(claim?.metadata.name);
    await world.kubectl('delete', 'nodeclaim', name, '--wait=false');
    await world.waitUntil('the claim and its node are gone', async () => {
      const left = [...(await world.get('nodeclaims')), ...(await world.get('nodes'))];
      return left.every(({ metadata }) => metadata.name !== name && metadata.name !== claim?.status.nodeName);
    });
    await untilRunning(world, 'inflate', 5);
    await world.waitUntil('its end is told on the own Pod', async () =>
      (await eventsIn('karpenter', 'Terminated')).some(({ message }) => message.includes(name)),
    );
  });

  test('where a grace period has been given, a budget does not hold a node beyond it', async () => {
    await world.apply(
      teamPool('brief', ['m7i.large'], { template: { terminationGracePeriod: '10s' } }),
      deployment('brief', 1, '1', 'brief'),
      noEviction('brief'),
    );
    const [pod] = await untilRunning(world, 'brief', 1);
    const [claim] = await world.get('nodeclaims', '-l', 'karpenter.sh/nodepool=brief');
    await world.kubectl('delete', 'nodeclaim', String(claim?.metadata.name), '--wait=false');
    await world.waitUntil('the claim is gone', async () =>
      (await world.get('nodeclaims')).every(({ metadata }) => metadata.name !== claim?.metadata.name),
    );
    const [next] = await untilRunning(world, 'brief', 1);
    assert.notEqual(next?.metadata.name, pod?.metadata.name);
  });

  test('a pool grows to its limit and no further', async () => {
    await world.apply(
      teamPool('capped', ['m7i.xlarge'], { spec: { limits: { cpu: '4' } } }),
      deployment('capped', 2, '3', 'capped'),
    );
    await untilRunning(world, 'capped', 1);
    await world.waitUntil('the pod that is left is told why', async () =>
      (await eventsIn('default', 'FailedScheduling')).some(
        ({ involvedObject, message }) => involvedObject.name.startsWith('capped-') && /limit/i.test(message),
      ),
    );
    await sleep(LIMITS.stillMs);
    assert.equal((await nodesOf(world, 'capped')).length, 1);
    assert.equal((await runningPods(world, 'capped')).length, 1);
  });

  test('zones without capacity are passed over', async () => {
    await world.cloud.exhaust({ zone: 'us-west-2a' });
    await world.cloud.exhaust({ zone: 'us-west-2b' });
    await world.apply(teamPool('zoned', ['m7i.xlarge']), deployment('zoned', 2, '3', 'zoned'));
    await untilRunning(world, 'zoned', 2);
    const zones = (await nodesOf(world, 'zoned')).map(
      ({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'],
    );
    assert.deepEqual(zones, ['us-west-2c', 'us-west-2c']);
    await world.cloud.restock();
  });

  test('a spot instance that is taken back is replaced, and its end is counted', async () => {
    await world.apply(
      teamPool('spot', ['m7i.large'], {
        template: {
          requirements: [
            { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['m7i.large', 'm7i.xlarge'] },
            { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] },
          ],
        },
      }),
      deployment('spot', 1, '1', 'spot'),
    );
    await untilRunning(world, 'spot', 1);
    const [claim] = await world.get('nodeclaims', '-l', 'karpenter.sh/nodepool=spot');
    await world.cloud.interruptSpot(String(claim?.status.providerID).split('/').at(-1) ?? '');
    await world.waitUntil('the claim is gone', async () =>
      (await world.get('nodeclaims')).every(({ metadata }) => metadata.name !== claim?.metadata.name),
    );
    await untilRunning(world, 'spot', 1);
    const scraped = await controller.metrics();
    const labels = { reason: 'spot_interrupted', nodepool: 'spot', capacity_type: 'spot' };
    assert.equal(scrapedValue(scraped, 'karpenter_nodeclaims_disrupted_total', labels), 1);
  });

  test('one scrape has every metric that is declared, as it is declared, and series of what is there', async () => {
    const scraped = await controller.metrics();
    assertDeclared(scraped);
    assert.deepEqual(
      untold(scraped).filter((name) => !UNTOLD.has(name)),
      [],
    );
    const nodes = await world.get('nodes');
    const named = (name: string, label: string): string[] =>
      (scraped.get(name)?.samples ?? []).map(({ labels }) => labels[label] ?? '').sort();
    assert.deepEqual(
      named('karpenter_nodes_current_lifetime_seconds', 'node_name'),
      nodes.map(({ metadata }) => metadata.name).sort(),
    );
    assert.equal(scrapedValue(scraped, 'leader_election_master_status'), 1);
    for (const { metadata, status } of nodes) {
      for (const [resource, unit] of [
        ['cpu', 'milli'],
        ['memory', 'whole'],
      ] as const) {
        const labels = { node_name: metadata.name, resource_type: resource };
        const wanted = amountOf(status.allocatable[resource], unit) / (unit === 'milli' ? 1_000 : 1);
        assert.equal(scrapedValue(scraped, 'karpenter_nodes_allocatable', labels), wanted);
      }
    }
  });

  test('a controller that is killed after a launch finds its instance again and launches no second one', async () => {
    const launches = () => world.journal().filter(({ what }) => what === 'instance.launched');
    const before = launches().length;
    await world.apply(teamPool('crash', ['m7i.large']), deployment('crash', 1, '1', 'crash'));
    const deadline = performance.now() + LIMITS.waitMs;
    while (launches().length === before) {
      assert.ok(performance.now() < deadline, await world.describe());
      await sleep(5);
    }
    controller.signal('SIGKILL');
    assert.equal(await controller.ended, 'SIGKILL');
    controller = world.startController();
    await untilRunning(world, 'crash', 1);
    assert.equal(launches().length, before + 1);
    const { cloud, claims } = await instances(world);
    assert.deepEqual(cloud, claims);
  });

  test('a standby is ready, and takes over at once from a leader that is told to end', async () => {
    const standby = world.startController();
    await world.waitUntil('the standby is ready', async () => (await standby.health('/readyz')) === 200);
    assert.ok(!standby.says('became leader'));
    controller.signal('SIGTERM');
    assert.equal(await controller.ended, 'code 0');
    assert.ok(controller.says('released the lease'));
    await world.waitUntil('the standby leads', () => standby.says('became leader'));
    controller = standby;
    await world.kubectl('scale', 'deployment/crash', '--replicas=3');
    await untilRunning(world, 'crash', 3);
    const { cloud, claims } = await instances(world);
    assert.deepEqual(cloud, claims);
  });

  test('a pool of spot nodes with no spot capacity left says so, and keeps no claim', async () => {
    await world.cloud.exhaust({ capacityType: 'spot' });
    const spot = [{ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] }];
    await world.apply(
      teamPool('scarce', [], { template: { requirements: spot } }),
      deployment('scarce', 12, '1500m', 'scarce'),
    );
    await world.waitUntil('every pod is told why it waits', async () => {
      const told = (await eventsIn('default', 'FailedScheduling')).filter(
        ({ involvedObject, message }) => involvedObject.name.startsWith('scarce-') && message.includes('pool scarce'),
      );
      return new Set(told.map(({ involvedObject }) => involvedObject.name)).size === 12;
    });
    await world.waitUntil(
      'no claim is left',
      async () => (await world.get('nodeclaims', '-l', 'karpenter.sh/nodepool=scarce')).length === 0,
    );
    assert.ok(controller.says('no capacity for nodeclaim'));
    await world.kubectl('delete', 'deployment', 'scarce');
    await world.cloud.restock();
  });

  test('the planning service may be elsewhere, behind mutual TLS', async () => {
    const service = new PlanningService(await tlsFiles(world));
    try {
      const flags = await service.flags();
      const next = world.startController(...flags);
      await world.waitUntil('the next one is ready', async () => (await next.health('/readyz')) === 200);
      controller.signal('SIGTERM');
      assert.equal(await controller.ended, 'code 0');
      controller = next;
      await world.waitUntil('the next one leads', () => next.says('became leader'));
      await world.kubectl('scale', 'deployment/crash', '--replicas=4');
      await untilRunning(world, 'crash', 4);
      const scraped = await controller.metrics();
      assertDeclared(scraped);
      assert.equal(scrapedValue(scraped, 'karpenter_cluster_state_synced'), 1);
      assert.ok(!scraped.has('karpenter_scheduler_queue_depth'), 'the service elsewhere tells its own metrics');
    } finally {
      await service.end();
    }
  });

  test('no log has a line that is an error', () => {
    assert.equal(world.controllers.length, 4);
    for (const { complaints } of world.controllers) assert.deepEqual(complaints, []);
  });

  test('nothing was refused for lack of a right, and no right is unused without a reason', () => {
    const { callCount, refused, unused } = readAudit(world.controlPlane.auditFile);
    assert.ok(callCount > 100, `the audit has only ${callCount} calls of the controller`);
    assert.deepEqual(refused, []);
    assert.deepEqual(
      unused.filter((right) => !MAY_BE_UNUSED.has(right)),
      [],
    );
  });
});
