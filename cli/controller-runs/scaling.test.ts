// The controller on a simulated cluster and cloud with the real planning service: pods that wait get nodes, and nodes take
// their whole course.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { KINDS } from '../../controller/ports/index.ts';
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

test('five pods that wait get one node, and run on it', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('inflate', 5));
  await run.until('five pods run', () => runningPods(run, 'inflate').length === 5);
  const isReady = () => conditionsOf(run.objects(KINDS.nodeClaims)[0]).Ready === 'True';
  await run.until('the claim is ready', isReady);
  const [claim, ...others] = run.objects(KINDS.nodeClaims);
  assert.equal(others.length, 0, run.describe());
  assert.deepEqual(claim?.metadata.finalizers, ['karpenter.sh/termination']);
  const labels = run.objects(KINDS.nodes)[0]?.metadata.labels ?? {};
  assert.equal(labels['karpenter.sh/registered'], 'true');
  assert.equal(labels['karpenter.sh/initialized'], 'true');
  assert.equal(labels['karpenter.sh/nodepool'], 'default');
  // Asked again every ten seconds while they waited, and never for more.
  assert.equal(run.writes.filter((point) => point === 'instance.launch').length, 1);
  await run.until(
    'the pool counts its node',
    () => (run.objects(KINDS.nodePools)[0]?.status as { nodes?: number } | undefined)?.nodes === 1,
  );
  const status = run.objects(KINDS.nodePools)[0]?.status as { resources: Record<string, string> } | undefined;
  assert.equal(status?.resources.cpu, '4');
  const nominated = run.events.filter(({ reason }) => reason === 'Nominated');
  assert.ok(nominated.some(({ message }) => message === `Pod should schedule on: nodeclaim/${claim?.metadata.name}`));
});

test('pods that come while a launch is under way get a plan at once, which counts what is on its way', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('first', 5));
  await run.until('the first claim is there', () => run.objects(KINDS.nodeClaims).length === 1);
  const isLaunched = () => conditionsOf(run.objects(KINDS.nodeClaims)[0]).Launched === 'True';
  assert.equal(isLaunched(), false);
  // Two of these find room on the node to come, the others do not.
  await run.cluster.create(KINDS.deployments, deploymentObject('second', 6));
  await run.until('the second claim is there', () => run.objects(KINDS.nodeClaims).length === 2, 2_500);
  assert.equal(isLaunched(), false, 'the plan waited for the launch');
  const requests = run
    .objects(KINDS.nodeClaims)
    .map(({ spec }) => (spec as { resources: { requests: { cpu: string } } }).resources.requests.cpu);
  assert.deepEqual(requests.sort(), ['2', '2500m'], 'the second claim is not for the four pods without room only');
  await run.until('all pods run', () => runningPods(run, 'first').length + runningPods(run, 'second').length === 11);
  assert.equal(run.objects(KINDS.nodeClaims).length, 2);
});

test('a pod that nothing helps is told why, and the others are not held up', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run);
  const huge = { containers: [{ name: 'main', resources: { requests: { cpu: '500' } } }] };
  await run.cluster.create(KINDS.deployments, deploymentObject('huge', 1, huge));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', 1));
  await run.until('the small one runs', () => runningPods(run, 'web').length === 1);
  const failed = run.events.filter(({ reason, name }) => reason === 'FailedScheduling' && name.startsWith('huge'));
  assert.match(failed[0]?.message ?? '', /^Failed to schedule pod, pool default: /);
});

test('a pool at its limit makes no further node', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', AMD64, { limits: { cpu: '4' } }));
  await run.cluster.create(KINDS.deployments, deploymentObject('inflate', 12));
  await run.until('the node is full', () => runningPods(run, 'inflate').length === 7);
  await run.clock.advance(60_000);
  assert.equal(run.objects(KINDS.nodeClaims).length, 1, run.describe());
  assert.ok(run.events.some(({ reason, message }) => reason === 'FailedScheduling' && /limit/.test(message)));
});

const hasFailed = (run: Run, app: string): boolean =>
  run.events.some(({ reason, name }) => reason === 'FailedScheduling' && name.startsWith(app));

test('a zone without capacity is left out of the next plan at once', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', AMD64));
  const [zone = '', ...others] = ['us-west-2a', 'us-west-2b', 'us-west-2c'];
  run.cloud.exhaust({ zone });
  const inZone = (key: string, values: readonly string[]) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }],
      },
    },
  });
  const affinity = inZone('topology.kubernetes.io/zone', [zone]);
  await run.cluster.create(KINDS.deployments, deploymentObject('pinned', 1, { affinity }));
  await run.until('the shortage is known', () =>
    run.events.some(({ reason }) => reason === 'InsufficientCapacityError'),
  );
  // Offerings that were not tried yet are tried one plan after the other, each as soon as the one before has failed.
  const isOut = () => run.objects(KINDS.nodeClaims).length === 0;
  await run.until('the zone is known to be out', () => isOut() && hasFailed(run, 'pinned'), 15_000);
  const timesOf = (point: string) => run.tries.filter((one) => one.point === point).map(({ atMs }) => atMs);
  const [, secondMs = Number.NaN] = timesOf('nodeclaim.create');
  const [failedMs = Number.NaN] = timesOf('nodeclaim.delete.insufficient_capacity');
  assert.ok(secondMs - failedMs < 500, `the next claim came ${secondMs - failedMs} ms after the shortage`);
  assert.ok(run.log.some(({ message }) => message === 'no capacity for nodeclaim'));
  assert.ok(!run.log.some(({ level, fields }) => level === 'error' || 'error' in fields));
  await run.cluster.create(KINDS.deployments, deploymentObject('free', 3));
  await run.until('pods elsewhere run', () => runningPods(run, 'free').length === 3);
  const zones = run.objects(KINDS.nodes).map(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'] ?? '');
  assert.ok(
    zones.every((found) => others.includes(found)),
    String(zones),
  );
  run.cloud.restock();
  // The shortage passes after three minutes.
  await run.until('the pinned pod runs', () => runningPods(run, 'pinned').length === 1, 400_000);
});
