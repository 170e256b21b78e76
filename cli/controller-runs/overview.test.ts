// What people are shown of a run is what there is: nodes in their states, pods by workload, prices, why pods wait, and the
// reasons of the very plan that was carried out.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { catalogueOf } from '../../controller/engine-client/index.ts';
import { ClusterObserver, type NodeState } from '../../controller/overview/index.ts';
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

/** A run with its controller and somebody who looks at it. */
function observedRun(t: Parameters<typeof Run.open>[0]): { readonly run: Run; readonly observer: ClusterObserver } {
  const run = Run.open(t, engine);
  const end = new AbortController();
  let observer: ClusterObserver | undefined;
  const controller = run.startController({
    onPlanning: (asked) => observer?.notePlanning(asked),
    onPlanned: (note) => observer?.notePlan(note),
  });
  observer = new ClusterObserver(
    {
      cluster: 'test',
      stores: controller.stores,
      clock: run.clock,
      engine: engine.unsettled,
      catalogue: catalogueOf(run.cloud),
      hearsPlans: true,
      bound: { stores: controller.stores, settings: {} },
    },
    end.signal,
  );
  t.after(() => end.abort());
  return { run, observer };
}

test('a node is shown in every state of its life, with what is planned for it and then with what runs on it', async (t) => {
  const { run, observer } = observedRun(t);
  await createPool(run, poolObject('default', AMD64));
  const states: NodeState[] = [];
  let firstId: string | undefined;
  observer.subscribe(() => {
    const { nodes } = observer.overview();
    firstId ??= nodes[0]?.id;
    const node = nodes.find(({ id }) => id === firstId);
    if (node !== undefined && states.at(-1) !== node.state) states.push(node.state);
  });
  await run.cluster.create(KINDS.deployments, deploymentObject('inflate', 5));
  await run.until('a node is planned', () => observer.overview().nodes.length === 1);
  const [planned] = observer.overview().nodes;
  assert.equal(planned?.isExpected, true);
  assert.equal(planned?.instanceType, 'm7i.xlarge');
  assert.equal(planned?.capacityType, 'spot');
  assert.deepEqual(planned?.cpu, { used: 2_500, of: 3_920 });
  assert.deepEqual(planned?.pods, [{ workload: 'deployment/inflate', namespace: 'default', count: 5 }]);
  assert.equal(planned?.pricePerHour, 0.08);
  assert.equal(planned?.isEstimate, false);
  const [waiting] = observer.overview().waiting;
  assert.equal(waiting?.count, 5);
  assert.equal(waiting?.kind, 'planned');
  await run.until('five pods run', () => runningPods(run, 'inflate').length === 5);
  const overview = observer.overview();
  const [ready] = overview.nodes;
  assert.equal(ready?.id, planned?.id);
  assert.equal(ready?.state, 'ready');
  assert.equal(ready?.nodeName, run.objects(KINDS.nodes)[0]?.metadata.name);
  assert.equal(ready?.isExpected, false);
  assert.deepEqual(ready?.cpu, { used: 2_500, of: 3_920 });
  assert.deepEqual(ready?.memory, { used: 5 * 512 * 2 ** 20, of: 14_162 * 2 ** 20 });
  assert.deepEqual(ready?.pods, [{ workload: 'deployment/inflate', namespace: 'default', count: 5 }]);
  assert.deepEqual(overview.waiting, []);
  assert.deepEqual(
    [overview.totals.nodes, overview.totals.ready, overview.totals.running, overview.totals.pricePerHour],
    [1, 1, 5, 0.08],
  );
  const laterMs = run.clock.nowMs() + 90_000;
  await run.until('time goes by', () => run.clock.nowMs() >= laterMs);
  assert.equal(observer.overview().timeMs, run.clock.nowMs(), 'ages do not go on where nothing changes');
  run.cloud.interruptSpot(ready?.instanceId ?? '');
  await run.until('the node is gone', () => !observer.overview().nodes.some(({ id }) => id === ready?.id));
  assert.deepEqual(states, ['planned', 'launching', 'registering', 'ready', 'draining']);
});

test('the reasons that are shown are of the plan that was carried out, also with capacity on its way', async (t) => {
  const { run, observer } = observedRun(t);
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('first', 5));
  await run.until('a node is planned', () => observer.overview().decisions.length === 1);
  // The first node is in flight, with room for two of these.
  await run.cluster.create(KINDS.deployments, deploymentObject('second', 6));
  await run.until('a second one is planned', () => observer.overview().decisions.length === 2);
  const isExplained = () => observer.overview().decisions.every(({ reasons }) => reasons !== 'waiting');
  await run.until('reasons are there', isExplained);
  const [second, first] = observer.overview().decisions;
  assert.equal(first?.reasons, 'given');
  assert.equal(second?.reasons, 'given');
  // The five that the first node was ordered for keep their place there, and are not planned for again.
  assert.equal(second?.onExisting, 2);
  assert.equal(second?.podCount, 4);
  const [nodes] = first?.nodes ?? [];
  assert.match(nodes?.why ?? '', /cheapest/);
  assert.ok((nodes?.notChosen.length ?? 0) > 0);
  assert.ok((nodes?.notChosen[0]?.difference ?? -1) >= 0, 'what is cheaper and no use comes before the next one');
  assert.ok(nodes?.notChosen.every(({ why }) => why !== ''));
});

test('pods without a place are shown with the reason and the change that would let them in', async (t) => {
  const { run, observer } = observedRun(t);
  await createPool(run, poolObject('default', AMD64));
  const giant = deploymentObject('giant', 2, {
    containers: [{ name: 'main', resources: { requests: { cpu: '4000' } } }],
  });
  await run.cluster.create(KINDS.deployments, giant);
  await run.until('they are left out', () => observer.overview().waiting[0]?.kind === 'left-out');
  await run.until('reasons are there', () => observer.overview().decisions[0]?.reasons === 'given');
  const { waiting, decisions, nodes } = observer.overview();
  assert.equal(nodes.length, 0);
  assert.equal(waiting[0]?.count, 2);
  assert.match(waiting[0]?.why ?? '', /pool default: .*cpu/);
  const [leftOut] = decisions[0]?.leftOut ?? [];
  assert.equal(leftOut?.workload, 'deployment/giant');
  assert.match(leftOut?.change ?? '', /cpu/);
  // The same plan is made every ten seconds as long as they wait, and is shown once.
  await run.clock.advance(60_000);
  assert.equal(observer.overview().decisions.length, 1);
});

test('the price is shown beside what these pods cost at least, which is of its time until it is proven anew', async (t) => {
  const { run, observer } = observedRun(t);
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('inflate', 5));
  await run.until('a node is planned', () => observer.overview().nodes.length === 1);
  assert.equal(observer.overview().bound?.kind, 'missing', 'asked for while a node is ordered');
  const proven = (podCount: number) => () => {
    const { bound } = observer.overview();
    return bound?.kind === 'proven' && bound.isOfNow && bound.podCount === podCount;
  };
  await run.until('a bound on five pods is proven', proven(5));
  const { bound, totals } = observer.overview();
  assert.ok(bound?.kind === 'proven');
  assert.ok(bound.pricePerHour > 0.04 && bound.pricePerHour <= totals.pricePerHour, JSON.stringify(bound));
  assert.deepEqual([bound.keptPerHour, bound.leftOut, bound.isConverged, bound.hasEstimates], [0, 0, true, false]);
  const replicas = { type: 'merge', body: { spec: { replicas: 12 } } } as const;
  await run.cluster.patch(KINDS.deployments, { namespace: 'default', name: 'inflate' }, replicas);
  await run.until('the seven others wait', () => observer.overview().totals.waiting > 5);
  const old = observer.overview().bound;
  assert.ok(old?.kind === 'proven' && !old.isOfNow && old.podCount === 5, JSON.stringify(old));
  await run.until('a bound on twelve pods is proven', proven(12));
});

test('nodes that no pool made stay and are paid for in the bound, and what nothing on sale holds is left out of it', async (t) => {
  const { run, observer } = observedRun(t);
  await createPool(run, poolObject('default', AMD64));
  const allocatable = { cpu: '2', memory: '8Gi', pods: '20' };
  const labels = {
    'kubernetes.io/arch': 'amd64',
    'node.kubernetes.io/instance-type': 'm7i.xlarge',
    'topology.kubernetes.io/zone': 'us-west-2a',
    'karpenter.sh/capacity-type': 'on-demand',
  };
  await run.cluster.create(KINDS.nodes, {
    metadata: { name: 'mine', labels },
    spec: { providerID: 'aws:///here/i-mine' },
    status: { allocatable, capacity: allocatable, conditions: [{ type: 'Ready', status: 'True' }] },
  });
  await run.cluster.create(KINDS.deployments, deploymentObject('inflate', 3));
  const giant = { containers: [{ name: 'main', resources: { requests: { cpu: '4000' } } }] };
  await run.cluster.create(KINDS.deployments, deploymentObject('giant', 2, giant));
  await run.until('a bound is proven', () => {
    const { bound } = observer.overview();
    return bound?.kind === 'proven' && bound.isOfNow && bound.leftOut === 2;
  });
  const { bound, nodes, totals } = observer.overview();
  assert.ok(bound?.kind === 'proven');
  assert.equal(nodes.length, 1, 'three pods fit the node that is there');
  assert.ok(totals.pricePerHour > 0);
  assert.deepEqual([bound.pricePerHour, bound.keptPerHour], [totals.pricePerHour, totals.pricePerHour]);
});
