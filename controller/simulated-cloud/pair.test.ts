// The simulated pair at work: instances become nodes of the cluster, pods run on them, and all of it takes the same course
// for the same seed. What the operations answer one by one is in the contract suites.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { type ApiObject, KINDS, type LaunchOffering } from '../ports/index.ts';
import { Kubelets, SimulatedCluster, startControlPlane } from '../simulated-cluster/index.ts';
import { SimulatedCloud } from './index.ts';
import { nodeClassObject, smallCloudFacts, smallNodeTypes } from './testing/index.ts';

const NAMESPACE = 'default';

function pair(seed: number) {
  const clock = new DrivenClock();
  const cluster = new SimulatedCluster({ clock, seed });
  const kubelets = new Kubelets({ cluster, clock, seed });
  const cloud = new SimulatedCloud({ clock, facts: smallCloudFacts(), seed, cluster, agents: kubelets });
  const end = new AbortController();
  startControlPlane(cluster, { signal: end.signal });
  const running = kubelets.run(end.signal);
  const objects = (kind: (typeof KINDS)[keyof typeof KINDS]): ApiObject[] => [...cluster.api.storage.values(kind)];
  const close = async (): Promise<void> => {
    end.abort();
    cloud.close();
    await running;
  };
  return { clock, cluster, cloud, objects, close };
}

type Pair = ReturnType<typeof pair>;

function deployment(name: string, replicas: number): ApiObject {
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', resources: { requests: { cpu: '900m', memory: '1Gi' } } }] },
      },
    },
  };
}

/** Launches for a claim that is not in the cluster, and does by hand what the controller does at registration. */
async function launch({ clock, cluster, cloud, objects }: Pair, name: string, offerings: readonly LaunchOffering[]) {
  const nodeClass = nodeClassObject();
  const resolving = cloud.resolveNodeClass(nodeClass);
  await clock.advance(1_000);
  const { status } = await resolving;
  const nodeClaim: ApiObject = { metadata: { name, uid: name, labels: { 'karpenter.sh/nodepool': 'default' } } };
  const launching = cloud.launch({
    nodeClaim,
    nodeClass: { ...nodeClass, status },
    offerings,
    nodeTypes: smallNodeTypes(),
    launchId: name,
    tags: {},
  });
  await clock.advance(60_000);
  const result = await launching;
  assert.equal(result.kind, 'launched');
  const providerId = result.kind === 'launched' ? result.instance.providerId : '';
  const node = objects(KINDS.nodes).find(({ spec }) => (spec as { providerID: string }).providerID === providerId);
  assert.ok(node !== undefined, 'no node joined');
  const spec = node.spec as { taints: readonly { key: string }[] };
  const taints = spec.taints.filter(({ key }) => key !== 'karpenter.sh/unregistered');
  await cluster.replace(KINDS.nodes, { ...node, spec: { ...spec, taints } });
  return { node, instance: result.kind === 'launched' ? result.instance : undefined };
}

const LARGE: readonly LaunchOffering[] = [
  { instanceType: 'm7i.xlarge', zone: 'us-west-2a', capacityType: 'on-demand' },
];

function runningOf({ objects }: Pair, app: string): number {
  return objects(KINDS.pods).filter(
    ({ metadata, status }) => metadata.labels?.app === app && (status as { phase: string }).phase === 'Running',
  ).length;
}

async function scaleTwoDeployments(seed: number): Promise<{ journal: string; pods: string }> {
  const run = pair(seed);
  const { clock, cluster, cloud, objects, close } = run;
  await cluster.create(KINDS.deployments, deployment('web', 3));
  await cluster.create(KINDS.deployments, deployment('jobs', 3));
  await clock.advance(2_000);
  await launch(run, 'first', LARGE);
  assert.equal(await clock.advanceUntil(() => runningOf(run, 'web') + runningOf(run, 'jobs') === 4, 60_000), true);
  await launch(run, 'second', LARGE);
  assert.equal(await clock.advanceUntil(() => runningOf(run, 'web') + runningOf(run, 'jobs') === 6, 60_000), true);
  const scale = (name: string, replicas: number) =>
    cluster.patch(KINDS.deployments, { namespace: NAMESPACE, name }, { type: 'merge', body: { spec: { replicas } } });
  await scale('web', 1);
  await scale('jobs', 5);
  assert.equal(
    await clock.advanceUntil(() => runningOf(run, 'web') === 1 && runningOf(run, 'jobs') === 5, 60_000),
    true,
  );
  const pods = JSON.stringify(objects(KINDS.pods));
  const journal = JSON.stringify(cloud.journal);
  await close();
  return { journal, pods };
}

test('two deployments scale over nodes of the simulated cloud, the same way for the same seed', async () => {
  const first = await scaleTwoDeployments(7);
  const second = await scaleTwoDeployments(7);
  assert.equal(second.journal, first.journal);
  assert.equal(second.pods, first.pods);
  const other = await scaleTwoDeployments(8);
  assert.notEqual(other.journal, first.journal);
});

test('the node of an instance that ends is called unreachable, and its object goes', async () => {
  const run = pair(1);
  const { clock, cloud, cluster, close } = run;
  const { node, instance } = await launch(run, 'first', LARGE);
  const name = { name: String(node.metadata.name) };
  cloud.kill(String(instance?.id));
  const isUnreachable = () => {
    const spec = cluster.api.storage.get(KINDS.nodes, name)?.spec as
      | { taints?: { key: string; effect: string }[] }
      | undefined;
    return (
      spec?.taints?.some(({ key, effect }) => key === 'node.kubernetes.io/unreachable' && effect === 'NoExecute') ??
      false
    );
  };
  assert.equal(await clock.advanceUntil(isUnreachable, 60_000), true);
  assert.equal(await clock.advanceUntil(() => cluster.api.storage.get(KINDS.nodes, name) === undefined, 60_000), true);
  await close();
});
