// 300 nodes at once, where 20 are: the controller on a simulated cluster, moto behind the proxy, which throttles by EC2's own
// token buckets (their figures and source are in proxy/buckets.ts). What a launch and the start of a node take is said here:
// moto launches as fast as it can, and no instance of its starts a kubelet.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../controller/clock/index.ts';
import { type RunningController, startController } from '../../controller/main/index.ts';
import { type ApiObject, KINDS } from '../../controller/ports/index.ts';
import { EC2_NODE_CLASS, NODE_POOL, withSchemaDefaults } from '../../controller/resources/index.ts';
import { Kubelets, startControlPlane } from '../../controller/simulated-cluster/index.ts';
import { CLUSTER_NAME } from './account.ts';
import { type AwsWorld, NODE_CLASS_SPEC, startAwsWorld } from './aws-world.ts';
import { type PlanningService, startPlanningService } from './planning-service.ts';
import { TokenBuckets } from './proxy/index.ts';

/** From a CreateFleet to its answer, beside what moto takes; and from a claim's instance to a node that is ready. */
const LAUNCH_MS = 3_000;
const BOOT_MS = 30_000;

const BEFORE = 20;
const BURST = 300;
/** Pods of one node: a node of m7i.large has 1,930 m for them. */
const PODS_PER_NODE = 4;
const MOST_MS = 180_000;

interface Claim extends ApiObject {
  readonly spec: { readonly taints?: readonly object[]; readonly startupTaints?: readonly object[] };
  readonly status?: {
    readonly providerID?: string;
    readonly capacity?: object;
    readonly allocatable?: object;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

describe('a burst of nodes', () => {
  let world: AwsWorld;
  let service: PlanningService;
  let controller: RunningController;
  let kubelets: Kubelets;
  const clock = systemClock();
  const end = new AbortController();
  const complaints: string[] = [];

  before(async () => {
    world = await startAwsWorld();
    const { cluster } = world;
    kubelets = new Kubelets({ cluster, clock, seed: 1 });
    startControlPlane(cluster, { signal: end.signal });
    void kubelets.run(end.signal);
    service = await startPlanningService();
    const quiet = () => undefined;
    const complain = (fields: object, message: string) => void complaints.push(`${message} ${JSON.stringify(fields)}`);
    controller = startController({
      cluster,
      cloud: await world.openCloud(),
      clock,
      engine: { scheduler: service.scheduler, offerings: service.offerings },
      settings: {
        clusterName: CLUSTER_NAME,
        batchIdleMs: 1_000,
        batchMaxMs: 10_000,
        preferencePolicy: 'Respect',
        minValuesPolicy: 'Strict',
      },
      events: { record: quiet },
      log: { debug: quiet, info: quiet, warn: quiet, error: complain },
      random: Math.random,
      leaseEpoch: 1n,
    });
    await cluster.create(KINDS.ec2NodeClasses, {
      metadata: { name: 'default' },
      spec: withSchemaDefaults(EC2_NODE_CLASS, {
        spec: { ...NODE_CLASS_SPEC, amiSelectorTerms: [{ alias: 'al2023@latest' }] },
      }),
    });
    const requirements = [
      { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['m7i.large'] },
      { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['on-demand'] },
    ];
    const nodeClassRef = { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' };
    await cluster.create(KINDS.nodePools, {
      metadata: { name: 'default' },
      spec: withSchemaDefaults(NODE_POOL, { spec: { template: { spec: { nodeClassRef, requirements } } } }),
    });
    void startNodes();
  });
  after(async () => {
    await controller?.stop();
    end.abort();
    await service?.close();
    await world?.close();
  });

  async function claims(): Promise<readonly Claim[]> {
    return [...world.cluster.api.storage.values(KINDS.nodeClaims)] as readonly Claim[];
  }

  /** What kubelets would do, so long after their instance was launched. */
  async function startNodes(): Promise<void> {
    const seen = new Set<string>();
    while (!end.signal.aborted) {
      for (const claim of await claims()) {
        const { providerID = '' } = claim.status ?? {};
        if (providerID === '' || seen.has(providerID)) continue;
        seen.add(providerID);
        const index = seen.size;
        setTimeout(() => void join(claim, index), BOOT_MS).unref();
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function join({ metadata, spec, status = {} }: Claim, index: number): Promise<void> {
    if (end.signal.aborted) return;
    const name = `ip-10-0-${Math.trunc(index / 250)}-${index % 250}.us-west-2.compute.internal`;
    const taint = { key: 'karpenter.sh/unregistered', effect: 'NoExecute' };
    const labels = { ...metadata.labels, 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' };
    await world.cluster.create(KINDS.nodes, {
      metadata: { name, labels },
      spec: { providerID: status.providerID, taints: [...(spec.taints ?? []), ...(spec.startupTaints ?? []), taint] },
      status: {
        capacity: status.capacity,
        allocatable: status.allocatable,
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'posted by a test' }],
      },
    });
    kubelets.startNode(name);
  }

  async function scale(nodes: number): Promise<void> {
    const replicas = nodes * PODS_PER_NODE;
    const key = { namespace: 'default', name: 'inflate' };
    if ((await world.cluster.get(KINDS.deployments, key)) !== undefined) {
      await world.cluster.patch(KINDS.deployments, key, { type: 'merge', body: { spec: { replicas } } });
      return;
    }
    const containers = [{ name: 'main', image: 'pause', resources: { requests: { cpu: '450m' } } }];
    const labels = { app: 'inflate' };
    await world.cluster.create(KINDS.deployments, {
      metadata: { ...key },
      spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    });
  }

  async function untilReady(nodes: number): Promise<void> {
    for (let look = 0; ; look += 1) {
      const ready = (await claims()).filter(({ status }) =>
        status?.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True'),
      );
      if (ready.length >= nodes) return;
      assert.ok(look < 800, `${ready.length} of ${nodes} nodes are Ready; ${complaints.slice(-3).join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  test('300 nodes beside 20 are Ready in less than three minutes, by fewer calls than there are nodes, tags aside', async (context) => {
    world.proxy.faults.plan('CreateFleet', { kind: 'delay', ms: LAUNCH_MS }, 1_000);
    await scale(BEFORE);
    await untilReady(BEFORE);
    world.proxy.faults.buckets = new TokenBuckets();
    const from = world.proxy.journal.length;
    const startMs = performance.now();
    await scale(BEFORE + BURST);
    await untilReady(BEFORE + BURST);
    const tookMs = performance.now() - startMs;
    const calls = world.proxy.journal.slice(from).filter(({ service }) => service === 'ec2');
    const byAction = Map.groupBy(calls, ({ action }) => action);
    const throttled = calls.filter(({ code }) => code === 'RequestLimitExceeded').length;
    const table = [...byAction].map(([action, { length }]) => `${action} ${length}`).join(', ');
    context.diagnostic(
      `${BURST} nodes, ${BURST * PODS_PER_NODE} pods: ${Math.round(tookMs / 100) / 10} s, launch ${LAUNCH_MS} ms, boot ${BOOT_MS} ms`,
    );
    context.diagnostic(`EC2 calls: ${calls.length}, ${throttled} of them throttled: ${table}`);
    assert.equal((await claims()).length, BEFORE + BURST);
    assert.ok(tookMs < MOST_MS, `${tookMs} ms`);
    // Launches that are asked for within a second go together, however slowly claims come to it on a busy machine; each node is
    // tagged once; the rest is what is looked at each minute. Nothing is asked for a pod.
    const count = (action: string): number => byAction.get(action)?.length ?? 0;
    assert.ok(count('CreateFleet') <= BURST / 4, table);
    assert.ok(count('CreateTags') <= BURST + throttled, table);
    assert.ok(calls.length - count('CreateTags') <= BURST, table);
  });
});
