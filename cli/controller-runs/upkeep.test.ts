// What happens around nodes, on the simulated cluster and cloud: interruptions, garbage, classes and pools that come and go,
// claims that somebody made by hand, and a planning service or a leader that is replaced.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { type ApiObject, KINDS } from '../../controller/ports/index.ts';
import { nodeClassObject } from '../../controller/simulated-cloud/testing/index.ts';
import {
  AMD64,
  conditionsOf,
  createPool,
  deploymentObject,
  poolObject,
  Run,
  runningPods,
  startSettledEngine,
} from './testing/index.ts';

const engine = await startSettledEngine();
after(() => engine.close());

const nameOf = (object: ApiObject | undefined) => ({ name: String(object?.metadata.name) });
const instanceOf = (object: ApiObject | undefined): string =>
  (object?.status as { providerID?: string } | undefined)?.providerID?.split('/').at(-1) ?? '';
const isThere = (
  run: Run,
  kind: (typeof KINDS)['nodes'] | (typeof KINDS)['nodeClaims'],
  object: ApiObject | undefined,
) => run.cluster.api.storage.get(kind, nameOf(object)) !== undefined;
const journal = (run: Run, what: string, instanceId?: string) =>
  run.cloud.journal.filter(
    (entry) => entry.what === what && (instanceId === undefined || entry.instanceId === instanceId),
  );

async function runWithPods(t: TestContext, replicas: number, template: object = AMD64): Promise<Run> {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', template));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', replicas));
  await run.until('the pods run', () => runningPods(run, 'web').length === replicas);
  await run.until('the claim is ready', () => conditionsOf(run.objects(KINDS.nodeClaims)[0]).Ready === 'True');
  return run;
}

test('a spot instance that will be taken back is replaced before it goes, by another offering', async (t) => {
  const run = await runWithPods(t, 3);
  const [claim] = run.objects(KINDS.nodeClaims);
  const id = instanceOf(claim);
  run.cloud.interruptSpot(id);
  await run.until('another claim is there', () => run.objects(KINDS.nodeClaims).length === 2, 10_000);
  assert.equal(journal(run, 'instance.terminated', id).length, 0);
  assert.ok(run.events.some(({ reason, kind }) => reason === 'SpotInterrupted' && kind === 'NodeClaim'));
  await run.until('the old one is gone', () => !isThere(run, KINDS.nodeClaims, claim));
  await run.until('the pods run', () => runningPods(run, 'web').length === 3);
  const offeringOf = (object: ApiObject | undefined) =>
    ['node.kubernetes.io/instance-type', 'topology.kubernetes.io/zone', 'karpenter.sh/capacity-type'].map(
      (key) => object?.metadata.labels?.[key],
    );
  assert.notDeepEqual(offeringOf(run.objects(KINDS.nodeClaims)[0]), offeringOf(claim));
});

test('a recommendation to move is told and nothing else', async (t) => {
  const run = await runWithPods(t, 1);
  const [claim] = run.objects(KINDS.nodeClaims);
  run.cloud.announce('rebalance_recommendation', instanceOf(claim));
  await run.clock.advance(30_000);
  assert.ok(run.events.some(({ reason }) => reason === 'SpotRebalanceRecommendation'));
  assert.equal(run.objects(KINDS.nodeClaims)[0]?.metadata.deletionTimestamp, undefined);
});

test('an instance that has broken is given up without waiting for its pods', async (t) => {
  const run = await runWithPods(t, 2);
  const [claim] = run.objects(KINDS.nodeClaims);
  await run.cluster.create(KINDS.podDisruptionBudgets, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { maxUnavailable: 0, selector: { matchLabels: { app: 'web' } } },
  });
  await run.clock.advance(5_000);
  run.cloud.announce('system_status', instanceOf(claim));
  await run.until('the claim is gone', () => !isThere(run, KINDS.nodeClaims, claim));
  await run.until('the pods run', () => runningPods(run, 'web').length === 2);
});

test('an instance that vanishes takes its claim and its node along, and its pods get another', async (t) => {
  const run = await runWithPods(t, 2);
  const [claim] = run.objects(KINDS.nodeClaims);
  const [node] = run.objects(KINDS.nodes);
  run.cloud.kill(instanceOf(claim));
  await run.until('the claim is gone', () => !isThere(run, KINDS.nodeClaims, claim), 600_000);
  assert.equal(isThere(run, KINDS.nodes, node), false);
  await run.until('the pods run', () => runningPods(run, 'web').length === 2, 600_000);
});

test('a claim whose node and instance were taken away behind its back is collected', async (t) => {
  const run = await runWithPods(t, 1);
  const [claim] = run.objects(KINDS.nodeClaims);
  const [node] = run.objects(KINDS.nodes);
  await run.cluster.delete(KINDS.deployments, { namespace: 'default', name: 'web' });
  await run.cluster.patch(KINDS.nodes, nameOf(node), { type: 'merge', body: { metadata: { finalizers: [] } } });
  await run.cluster.delete(KINDS.nodes, nameOf(node));
  run.cloud.kill(instanceOf(claim));
  await run.until('the claim is gone', () => !isThere(run, KINDS.nodeClaims, claim), 300_000);
});

test('an instance whose claim lost its finalizer to somebody is ended, with its node', async (t) => {
  const run = await runWithPods(t, 1);
  const [claim] = run.objects(KINDS.nodeClaims);
  const id = instanceOf(claim);
  await run.cluster.delete(KINDS.deployments, { namespace: 'default', name: 'web' });
  await run.cluster.patch(KINDS.nodeClaims, nameOf(claim), { type: 'merge', body: { metadata: { finalizers: [] } } });
  await run.cluster.delete(KINDS.nodeClaims, nameOf(claim));
  await run.until('the instance ends', () => journal(run, 'instance.terminated', id).length === 1, 600_000);
  await run.until('the node is gone', () => run.objects(KINDS.nodes).length === 0, 600_000);
});

test('a node class that is in use waits for its claims, says for which, and goes after them', async (t) => {
  const run = await runWithPods(t, 1);
  const [claim] = run.objects(KINDS.nodeClaims);
  await run.cluster.delete(KINDS.ec2NodeClasses, { name: 'default' });
  await run.clock.advance(30_000);
  assert.equal(run.objects(KINDS.ec2NodeClasses).length, 1);
  const told = run.events.find(({ reason }) => reason === 'WaitingOnNodeClaimTermination');
  assert.equal(told?.message, `Waiting on NodeClaim termination for ${claim?.metadata.name}`);
  assert.equal(conditionsOf(run.objects(KINDS.nodePools)[0]).Ready, 'False');
  await run.cluster.delete(KINDS.deployments, { namespace: 'default', name: 'web' });
  await run.cluster.delete(KINDS.nodeClaims, nameOf(claim));
  await run.until('the class is gone', () => run.objects(KINDS.ec2NodeClasses).length === 0);
  assert.equal(journal(run, 'call.forgetNodeClass').length, 1);
});

test('a pool without its class is not ready, names it, and becomes ready once it is there', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await run.cluster.create(KINDS.nodePools, poolObject());
  await run.cluster.create(KINDS.deployments, deploymentObject('web', 1));
  await run.clock.advance(15_000);
  const [pool] = run.objects(KINDS.nodePools);
  assert.equal(conditionsOf(pool).Ready, 'False');
  assert.match(JSON.stringify(pool?.status), /NodeClassNotFound/);
  assert.equal(run.objects(KINDS.nodeClaims).length, 0);
  await run.cluster.create(KINDS.ec2NodeClasses, nodeClassObject());
  // Sooner than pods ask again by themselves.
  await run.until('a claim is there', () => run.objects(KINDS.nodeClaims).length === 1, 3_000);
  await run.until('the pod runs', () => runningPods(run, 'web').length === 1);
});

test('deleting a pool takes its claims along, in order', async (t) => {
  const run = await runWithPods(t, 2);
  const [claim] = run.objects(KINDS.nodeClaims);
  await run.cluster.delete(KINDS.nodePools, { name: 'default' });
  await run.until('the claim is gone', () => !isThere(run, KINDS.nodeClaims, claim));
  assert.equal(run.objects(KINDS.nodes).length, 0);
  assert.equal(journal(run, 'instance.shutting-down', instanceOf(claim)).length, 1);
});

test('a claim that somebody makes by hand becomes a node of no pool', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await run.cluster.create(KINDS.ec2NodeClasses, nodeClassObject());
  await run.clock.advance(5_000);
  await run.cluster.create(KINDS.nodeClaims, {
    metadata: { name: 'mine' },
    spec: {
      nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
      requirements: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['m7i.xlarge'] }],
      resources: { requests: { cpu: '3' } },
    },
  });
  await run.until('it is ready', () => conditionsOf(run.objects(KINDS.nodeClaims)[0]).Ready === 'True');
  assert.equal(run.objects(KINDS.nodes)[0]?.metadata.labels?.['karpenter.sh/nodepool'], undefined);
  await run.cluster.delete(KINDS.nodeClaims, { name: 'mine' });
  await run.until('it is gone', () => run.objects(KINDS.nodeClaims).length === 0);
  assert.equal(run.objects(KINDS.nodes).length, 0);
});

test('pods that come to a node and go from it are noted on its claim, and so is that it may be consolidated', async (t) => {
  const run = await runWithPods(t, 2, { ...AMD64 });
  const claim = () => run.objects(KINDS.nodeClaims)[0];
  await run.until('it may be consolidated', () => conditionsOf(claim()).Consolidatable === 'True');
  const eventTime = () => (claim()?.status as { lastPodEventTime?: string } | undefined)?.lastPodEventTime ?? '';
  const before = eventTime();
  await run.clock.advance(60_000);
  // What a new leader finds has been there before: nothing has come or gone.
  run.startController();
  await run.clock.advance(60_000);
  assert.equal(eventTime(), before);
  await run.cluster.patch(
    KINDS.deployments,
    { namespace: 'default', name: 'web' },
    { type: 'merge', body: { spec: { replicas: 1 } } },
  );
  await run.until('the event is noted', () => eventTime() > before, 60_000);
});

test('a controller that another one has taken over from stops deciding', async (t) => {
  const run = Run.open(t, engine);
  const first = run.startController();
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', 1));
  await run.until('the pod runs', () => runningPods(run, 'web').length === 1);
  const second = run.startController();
  await run.cluster.create(KINDS.deployments, deploymentObject('more', 6));
  await run.until('the pods run', () => runningPods(run, 'more').length === 6);
  assert.ok(first.isReady() && second.isReady());
  assert.equal(run.deposedCount, 1, 'the first controller was not told');
  assert.equal(run.objects(KINDS.nodeClaims).length, 2, run.describe());
});
