// Nodes that have to go, on the simulated cluster and cloud: drained in order, within budgets, and without leaving anything.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { type ApiObject, KINDS } from '../../controller/ports/index.ts';
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

/** A run with pods of one app on one node. */
async function runWithPods(t: TestContext, replicas: number, template: object = {}, pod: object = {}) {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', { ...AMD64, ...template }));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', replicas, pod));
  await run.until('the pods run', () => runningPods(run, 'web').length === replicas);
  await run.until('the node is ready', () => conditionsOf(run.objects(KINDS.nodeClaims)[0]).Ready === 'True');
  return run;
}

const nameOf = (object: ApiObject | undefined) => ({ name: String(object?.metadata.name) });

const hasEnded = (run: Run, id: string): boolean =>
  run.cloud.journal.some((entry) => entry.instanceId === id && entry.what === 'instance.terminated');

const instanceOf = (claim: ApiObject | undefined): string =>
  String((claim?.status as { providerID?: string })?.providerID)
    .split('/')
    .at(-1) ?? '';

test('deleting a NodeClaim moves its pods to another node, ends the instance, and leaves nothing', async (t) => {
  const run = await runWithPods(t, 3);
  const [claim] = run.objects(KINDS.nodeClaims);
  const [node] = run.objects(KINDS.nodes);
  await run.cluster.delete(KINDS.nodeClaims, nameOf(claim));
  await run.until(
    'the claim is gone',
    () => run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim)) === undefined,
  );
  assert.equal(run.cluster.api.storage.get(KINDS.nodes, nameOf(node)), undefined);
  assert.ok(hasEnded(run, instanceOf(claim)), JSON.stringify(run.cloud.journal.slice(-5)));
  await run.until('the pods run again', () => runningPods(run, 'web').length === 3);
  assert.equal(run.objects(KINDS.nodeClaims).length, 1);
  const told = run.events.filter(({ name }) => name === claim?.metadata.name).map(({ message }) => message);
  assert.match(
    String(told.find((message) => message.startsWith('Launched'))),
    /^Launched instance i-\w+: \S+ in us-west-2\w, spot$/,
  );
  assert.ok(told.includes(`Terminated instance ${instanceOf(claim)}`), told.join('\n'));
});

test('deleting the Node does the same', async (t) => {
  const run = await runWithPods(t, 3);
  const [claim] = run.objects(KINDS.nodeClaims);
  const [node] = run.objects(KINDS.nodes);
  await run.cluster.delete(KINDS.nodes, nameOf(node));
  await run.until(
    'the claim is gone',
    () => run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim)) === undefined,
  );
  assert.equal(run.cluster.api.storage.get(KINDS.nodes, nameOf(node)), undefined);
  assert.ok(hasEnded(run, instanceOf(claim)));
  await run.until('the pods run again', () => runningPods(run, 'web').length === 3);
});

test('a budget holds a drain up until it allows it', async (t) => {
  const run = await runWithPods(t, 3);
  const [claim] = run.objects(KINDS.nodeClaims);
  const budget = { namespace: 'default', name: 'web' };
  await run.cluster.create(KINDS.podDisruptionBudgets, {
    metadata: budget,
    spec: { maxUnavailable: 0, selector: { matchLabels: { app: 'web' } } },
  });
  await run.clock.advance(5_000);
  await run.cluster.delete(KINDS.nodeClaims, nameOf(claim));
  await run.clock.advance(120_000);
  assert.equal(runningPods(run, 'web').length, 3, 'pods were evicted against their budget');
  // More and more seldom, up to once in ten seconds for each of the three.
  const tries = run.tries.filter(({ point }) => point === 'pod.evict').length;
  assert.ok(tries > 30 && tries < 75, `${tries} evictions were tried in two minutes`);
  assert.ok(run.events.some(({ reason, message }) => reason === 'FailedDraining' && /violates a PDB/.test(message)));
  assert.equal(conditionsOf(run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim))).Drained, 'Unknown');
  await run.cluster.patch(KINDS.podDisruptionBudgets, budget, { type: 'merge', body: { spec: { maxUnavailable: 1 } } });
  await run.until(
    'the claim is gone',
    () => run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim)) === undefined,
  );
  await run.until('the pods run', () => runningPods(run, 'web').length === 3);
});

test('a pod that may not be disrupted holds the drain up, until the grace period of the node is over', async (t) => {
  const run = await runWithPods(t, 2, { terminationGracePeriod: '10m' });
  const [claim] = run.objects(KINDS.nodeClaims);
  const [kept] = runningPods(run, 'web');
  const name = { namespace: 'default', ...nameOf(kept) };
  const annotations = { 'karpenter.sh/do-not-disrupt': 'true' };
  await run.cluster.patch(KINDS.pods, name, { type: 'merge', body: { metadata: { annotations } } });
  await run.clock.advance(1_000);
  await run.cluster.delete(KINDS.nodeClaims, nameOf(claim));
  await run.clock.advance(400_000);
  const isThere = () => run.cluster.api.storage.get(KINDS.pods, name)?.metadata.uid === kept?.metadata.uid;
  assert.ok(isThere(), 'a protected pod was evicted');
  await run.until(
    'the claim is gone',
    () => run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim)) === undefined,
  );
  assert.equal(isThere(), false);
  assert.ok(run.events.some(({ reason }) => reason === 'Disrupted'));
});

test('a claim whose node never joins goes after its time, and its pods get another', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  run.cloud.addFault({ neverJoins: true, count: 1 });
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', 2));
  await run.until('the first claim is there', () => run.objects(KINDS.nodeClaims).length === 1);
  const [claim] = run.objects(KINDS.nodeClaims);
  await run.clock.advance(14 * 60_000);
  assert.notEqual(run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim)), undefined, run.describe());
  await run.until('the pods run', () => runningPods(run, 'web').length === 2, 600_000);
  await run.until(
    'the claim is gone',
    () => run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim)) === undefined,
  );
  assert.equal(run.cloud.journal.filter(({ what }) => what === 'instance.launched').length, 2);
});

test('a claim that is deleted before its node has joined stays until its instance has ended', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', 2));
  const isLaunched = () => conditionsOf(run.objects(KINDS.nodeClaims)[0]).Launched === 'True';
  await run.until('the claim is launched', isLaunched);
  const [claim] = run.objects(KINDS.nodeClaims);
  await run.cluster.delete(KINDS.nodeClaims, nameOf(claim));
  await run.until(
    'the claim is gone',
    () => run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim)) === undefined,
  );
  assert.ok(hasEnded(run, instanceOf(claim)), 'the claim was gone before its instance');
});

test('an instance that was launched just before a crash ends with its claim, although the claim never knew of it', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  run.killAt({ when: 'after', point: 'instance.launch' });
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', 2));
  await run.until('it is killed', () => run.isKilled);
  const [claim] = run.objects(KINDS.nodeClaims);
  assert.equal(instanceOf(claim), 'undefined');
  const id = run.cloud.journal.find(({ what }) => what === 'instance.launched')?.instanceId ?? '';
  await run.cluster.delete(KINDS.nodeClaims, nameOf(claim));
  run.startController();
  await run.until(
    'the claim is gone',
    () => run.cluster.api.storage.get(KINDS.nodeClaims, nameOf(claim)) === undefined,
  );
  assert.ok(hasEnded(run, id), 'the claim was gone before its instance');
});
