// What the metrics of a controller say after pods have come, nodes have been interrupted and deleted: on the simulated cluster
// and cloud, with the real planning service.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ControllerMetrics } from '../../controller/metrics/index.ts';
import { parseStrictly, scrapedValue } from '../../controller/metrics/testing/index.ts';
import { KINDS } from '../../controller/ports/index.ts';
import {
  AMD64,
  createPool,
  deploymentObject,
  poolObject,
  Run,
  runningPods,
  startSettledEngine,
} from './testing/index.ts';

const engine = await startSettledEngine();
after(() => engine.close());

test('claims, nodes, pods, calls and messages are counted through a life with an interruption and a deletion', async (t) => {
  const run = Run.open(t, engine);
  const metrics = new ControllerMetrics(() => run.clock.monotonicMs());
  const controller = run.startController({ metrics });
  const read = () => parseStrictly([...metrics.text()].join(''));
  const value = (name: string, labels: Readonly<Record<string, string>> = {}, suffix = '') =>
    scrapedValue(read(), name, labels, suffix);
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', 3));
  await run.until('the pods run', () => runningPods(run, 'web').length === 3);
  const nodepool = 'default';
  assert.equal(value('karpenter_nodeclaims_created_total', { reason: 'provisioned', nodepool }), 1);
  assert.equal(value('karpenter_nodes_created_total', { nodepool }), 1);
  assert.equal(value('karpenter_pods_startup_duration_seconds', {}, '_count'), 3);
  assert.equal(value('karpenter_pods_provisioning_startup_duration_seconds', {}, '_count'), 3);
  assert.equal(value('karpenter_pods_scheduling_decision_duration_seconds', {}, '_count'), 3);
  assert.equal(value('karpenter_cluster_state_synced'), 1);
  const create = { method: 'Create', controller: 'nodeclaim.lifecycle', provider: 'aws' };
  assert.equal(value('karpenter_cloudprovider_duration_seconds', create, '_count'), 1);
  assert.ok((value('controller_runtime_reconcile_total', { controller: 'nodepool', result: 'success' }) ?? 0) > 0);

  const [claim] = run.objects(KINDS.nodeClaims);
  const [node] = run.objects(KINDS.nodes);
  const { providerID } = (claim?.status ?? {}) as { readonly providerID?: string };
  run.cloud.interruptSpot(providerID?.split('/').at(-1) ?? '');
  await run.until('the claim is gone', () =>
    run.objects(KINDS.nodeClaims).every(({ metadata }) => metadata.name !== claim?.metadata.name),
  );
  await run.until('the pods run', () => runningPods(run, 'web').length === 3);
  const spot = { nodepool, capacity_type: 'spot' };
  assert.equal(value('karpenter_nodeclaims_disrupted_total', { ...spot, reason: 'spot_interrupted' }), 1);
  assert.equal(value('karpenter_nodeclaims_terminated_total', spot), 1);
  assert.equal(value('karpenter_nodeclaims_termination_duration_seconds', { nodepool }, '_count'), 1);
  assert.equal(value('karpenter_nodeclaims_instance_termination_duration_seconds', { nodepool }, '_count'), 1);
  assert.equal(value('karpenter_interruption_received_messages_total', { message_type: 'spot_interrupted' }), 1);
  // The cloud also says when the instance has ended.
  const messages = read().get('karpenter_interruption_received_messages_total')?.samples ?? [];
  const messageCount = messages.reduce((sum, sample) => sum + sample.value, 0);
  assert.equal(value('karpenter_interruption_message_queue_duration_seconds', {}, '_count'), messageCount);
  assert.equal(value('karpenter_interruption_deleted_messages_total'), messageCount);
  assert.equal(value('karpenter_nodes_terminated_total', { nodepool }), 1);
  assert.equal(value('karpenter_nodes_drained_total', { nodepool }), 1);
  assert.equal(value('karpenter_nodes_termination_duration_seconds', { nodepool }, '_count'), 1);
  assert.equal(value('karpenter_nodes_lifetime_duration_seconds', { nodepool }, '_count'), 1);
  assert.equal(value('karpenter_pods_eviction_requests_total', { code: '200' }), 3);
  assert.equal(value('karpenter_pods_drained_total', { reason: 'Forceful Termination' }), 3);
  const [left] = run.objects(KINDS.nodes);
  const nodesTold = (read().get('karpenter_nodes_current_lifetime_seconds')?.samples ?? []).map(
    ({ labels }) => labels.node_name,
  );
  assert.deepEqual(nodesTold, [left?.metadata.name]);
  assert.notEqual(left?.metadata.name, node?.metadata.name);

  await controller.stop();
  assert.ok(!read().has('karpenter_cluster_state_synced'), 'who leads no more tells of the cluster');
  const created = read().get('karpenter_nodes_created_total')?.samples ?? [];
  assert.equal(
    created.reduce((sum, sample) => sum + sample.value, 0),
    2,
  );
});

test('a launch that finds no capacity counts what was refused, the claim, and the call', async (t) => {
  const run = Run.open(t, engine);
  const metrics = new ControllerMetrics(() => run.clock.monotonicMs());
  run.startController({ metrics });
  await createPool(run, poolObject('default', AMD64));
  run.cloud.exhaust({ zone: 'us-west-2a' });
  run.cloud.exhaust({ zone: 'us-west-2b' });
  run.cloud.exhaust({ zone: 'us-west-2c' });
  await run.cluster.create(KINDS.deployments, deploymentObject('web', 1));
  await run.until('a launch has failed', () => run.writes.includes('nodeclaim.delete.insufficient_capacity'));
  const scraped = parseStrictly([...metrics.text()].join(''));
  const ended = { reason: 'insufficient_capacity', nodepool: 'default' };
  assert.ok((scrapedValue(scraped, 'karpenter_nodeclaims_disrupted_total', ended) ?? 0) >= 1);
  const failed = { method: 'Create', error: 'InsufficientCapacityError' };
  assert.ok((scrapedValue(scraped, 'karpenter_cloudprovider_errors_total', failed) ?? 0) >= 1);
  const refused = scraped.get('karpenter_cloudprovider_instance_launch_failures_total')?.samples ?? [];
  assert.ok(refused.length > 0);
  assert.ok(refused.every(({ labels }) => /^us-west-2/.test(labels.zone ?? '') && labels.zone_id !== ''));
});
