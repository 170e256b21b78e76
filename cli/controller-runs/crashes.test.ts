// The controller is killed before and after each of its external writes, in a launch and in a drain, and started again: no
// second instance, no lost pod, no leaked instance, no stuck finalizer. What is true is read from the cluster and from the
// cloud's journal, never from the controller.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { type ApiObject, KINDS } from '../../controller/ports/index.ts';
import {
  AMD64,
  conditionsOf,
  createPool,
  deploymentObject,
  type KillPoint,
  poolObject,
  Run,
  runningPods,
  startSettledEngine,
} from './testing/index.ts';

const engine = await startSettledEngine();
after(() => engine.close());

const REPLICAS = 3;

/** How long a killed controller is away. */
const AWAY_MS = 20_000;

/** Every write in the course of a launch. */
const LAUNCH_POINTS = [
  'nodeclass.mark',
  'nodeclass.status',
  'nodepool.hash',
  'nodepool.status',
  'nodeclaim.create',
  'instance.launch',
  'nodeclaim.labels',
  'nodeclaim.status',
  'node.register',
  'instance.tag',
  'nodeclaim.tagged',
  'node.initialize',
  'nodeclaim.upkeep',
] as const;

/** Every write in the course of a drain. */
const DRAIN_POINTS = [
  'node.delete',
  'node.taint',
  'nodeclaim.drain',
  'pod.evict',
  'instance.terminate',
  'node.finalizer.remove',
  'nodeclaim.finalizer.remove',
] as const;

/** Every write in the course of the end of a claim whose node has not joined. */
const EARLY_END_POINTS = ['instance.terminate', 'nodeclaim.terminating', 'nodeclaim.finalizer.remove'] as const;

/** Every write in the course of a launch that finds no capacity. */
const SHORTAGE_POINTS = ['nodeclaim.delete.insufficient_capacity', 'nodeclaim.finalizer.remove'] as const;

const bothSides = (points: readonly string[]): KillPoint[] =>
  points.flatMap((point) => [
    { when: 'before' as const, point },
    { when: 'after' as const, point },
  ]);

function isSettled(run: Run): boolean {
  const claims = run.objects(KINDS.nodeClaims);
  return (
    runningPods(run, 'web').length === REPLICAS &&
    claims.length > 0 &&
    claims.every((claim) => conditionsOf(claim).Ready === 'True' && claim.metadata.deletionTimestamp === undefined)
  );
}

const providerOf = (object: ApiObject): string =>
  String(
    (object.status as { providerID?: string }).providerID ?? (object.spec as { providerID?: string }).providerID ?? '',
  );

/** What holds once everything has come to rest: claims, nodes and instances are the same things. */
function assertNothingLeft(run: Run): void {
  const claims = run.objects(KINDS.nodeClaims).map(providerOf).sort();
  const nodes = run.objects(KINDS.nodes).map(providerOf).sort();
  assert.deepEqual(nodes, claims, run.describe());
  const alive = new Set<string>();
  for (const { what, instanceId = '' } of run.cloud.journal) {
    if (what === 'instance.launched') alive.add(instanceId);
    if (what === 'instance.shutting-down' || what === 'instance.terminated') alive.delete(instanceId);
  }
  assert.deepEqual([...alive].sort(), claims.map((provider) => provider.split('/').at(-1)).sort(), run.describe());
}

/** The instances that were launched for each claim. */
function assertOneInstanceAClaim(run: Run): void {
  const launched = new Map<string, number>();
  for (const { what, launchId = '' } of run.cloud.journal) {
    if (what === 'instance.launched') launched.set(launchId, (launched.get(launchId) ?? 0) + 1);
  }
  assert.deepEqual(
    [...launched.values()].filter((count) => count > 1),
    [],
  );
}

/** Lets the controller run into its death, be away for a while, and come back. */
async function dieAndComeBack(run: Run, kill: KillPoint): Promise<void> {
  await run.until(`${kill.when} ${kill.point} is reached`, () => run.isKilled);
  await run.clock.advance(AWAY_MS);
  run.startController();
}

for (const kill of bothSides(LAUNCH_POINTS)) {
  test(`killed ${kill.when} ${kill.point}, a launch is taken up again`, async (t) => {
    const run = Run.open(t, engine);
    run.startController();
    run.killAt(kill);
    await createPool(run, poolObject('default', AMD64));
    await run.cluster.create(KINDS.deployments, deploymentObject('web', REPLICAS));
    await dieAndComeBack(run, kill);
    await run.until('all is well', () => isSettled(run));
    // Long enough for whatever is left over to be collected.
    await run.clock.advance(180_000);
    assertOneInstanceAClaim(run);
    assert.equal(run.cloud.journal.filter(({ what }) => what === 'instance.launched').length, 1, run.describe());
    assertNothingLeft(run);
  });
}

async function runningCluster(t: TestContext): Promise<Run> {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', REPLICAS));
  await run.until('all is well', () => isSettled(run));
  await run.clock.advance(30_000);
  return run;
}

for (const kill of bothSides(DRAIN_POINTS)) {
  test(`killed ${kill.when} ${kill.point}, a drain is taken up again`, async (t) => {
    const run = await runningCluster(t);
    const name = { name: String(run.objects(KINDS.nodeClaims)[0]?.metadata.name) };
    run.killAt(kill);
    await run.cluster.delete(KINDS.nodeClaims, name);
    await dieAndComeBack(run, kill);
    const isGone = () => run.cluster.api.storage.get(KINDS.nodeClaims, name) === undefined;
    await run.until('the claim is gone and its pods run', () => isGone() && isSettled(run), 600_000);
    await run.clock.advance(180_000);
    assertOneInstanceAClaim(run);
    assertNothingLeft(run);
  });
}

for (const kill of bothSides(EARLY_END_POINTS)) {
  test(`killed ${kill.when} ${kill.point}, the end of a claim without a node is taken up again`, async (t) => {
    const run = Run.open(t, engine);
    run.startController();
    await createPool(run, poolObject('default', AMD64));
    await run.cluster.create(KINDS.deployments, deploymentObject('web', REPLICAS));
    const isLaunched = () => conditionsOf(run.objects(KINDS.nodeClaims)[0]).Launched === 'True';
    await run.until('the claim is launched', isLaunched);
    const name = { name: String(run.objects(KINDS.nodeClaims)[0]?.metadata.name) };
    run.killAt(kill);
    await run.cluster.delete(KINDS.nodeClaims, name);
    await dieAndComeBack(run, kill);
    const isGone = () => run.cluster.api.storage.get(KINDS.nodeClaims, name) === undefined;
    await run.until('the claim is gone and its pods run', () => isGone() && isSettled(run), 600_000);
    await run.clock.advance(180_000);
    assertOneInstanceAClaim(run);
    assertNothingLeft(run);
  });
}

for (const kill of bothSides(SHORTAGE_POINTS)) {
  test(`killed ${kill.when} ${kill.point}, a shortage leaves nothing behind`, async (t) => {
    const run = Run.open(t, engine);
    run.startController();
    const zone = 'us-west-2a';
    run.cloud.exhaust({ zone });
    run.killAt(kill);
    await createPool(run, poolObject('default', AMD64));
    const pinned = { nodeSelector: { 'topology.kubernetes.io/zone': zone } };
    await run.cluster.create(KINDS.deployments, deploymentObject('web', REPLICAS, pinned));
    await dieAndComeBack(run, kill);
    run.cloud.restock();
    await run.until('all is well', () => isSettled(run), 600_000);
    await run.clock.advance(180_000);
    assertOneInstanceAClaim(run);
    assertNothingLeft(run);
  });
}

test('a claim that is deleted while its launch is under way leaves no instance behind', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', REPLICAS));
  await run.until('the launch is under way', () => run.cloud.journal.some(({ what }) => what === 'call.launch'));
  await run.cluster.delete(KINDS.nodeClaims, { name: String(run.objects(KINDS.nodeClaims)[0]?.metadata.name) });
  await run.until('all is well', () => isSettled(run), 600_000);
  await run.clock.advance(180_000);
  assertOneInstanceAClaim(run);
  assertNothingLeft(run);
});

test('an instance whose launch was never answered is found by the next try', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  run.cloud.addFault({ loseAnswer: true, count: 1 });
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('web', REPLICAS));
  await run.until('all is well', () => isSettled(run));
  assert.equal(run.cloud.journal.filter(({ what }) => what === 'instance.launched').length, 1);
  await run.clock.advance(180_000);
  assertNothingLeft(run);
});

test('these are all the writes of a launch and a drain', async (t) => {
  const run = await runningCluster(t);
  const launch = new Set(run.writes);
  assert.deepEqual([...launch].sort(), [...LAUNCH_POINTS].sort());
  const name = { name: String(run.objects(KINDS.nodeClaims)[0]?.metadata.name) };
  await run.cluster.delete(KINDS.nodeClaims, name);
  await run.until('it is gone', () => run.cluster.api.storage.get(KINDS.nodeClaims, name) === undefined);
  const drain = [...new Set(run.writes)].filter((point) => !launch.has(point));
  assert.deepEqual(drain.sort(), [...DRAIN_POINTS].sort());
});
