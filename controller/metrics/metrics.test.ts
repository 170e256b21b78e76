// What is recorded and what is read from the stores, as the text that comes of it, on stores that a test fills.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { ClusterIndex, createRawStores, PROJECTIONS } from '../state/index.ts';
import { ControllerMetrics, clusterGauges, gauge, METRICS, PodTimes, poolGauges } from './index.ts';
import { LIMITS } from './limits.ts';
import { QuantileWindow } from './quantile-window.ts';
import { parseStrictly, scrapedValue } from './testing/index.ts';
import { labelText, valueText } from './text.ts';

const read = (metrics: ControllerMetrics) => parseStrictly([...metrics.text()].join(''));

function open() {
  const clock = new DrivenClock({ settle: async () => {} });
  const metrics = new ControllerMetrics(() => clock.monotonicMs());
  const stores = createRawStores(PROJECTIONS);
  const index = new ClusterIndex(stores);
  const podTimes = new PodTimes(stores, clock, metrics);
  for (const source of [clusterGauges({ stores, index, clock }), poolGauges(stores), podTimes.gauges]) {
    metrics.observeState(source);
  }
  return { clock, metrics, stores, podTimes };
}

const at = (clock: DrivenClock, ms = 0): string => new Date(clock.nowMs() + ms).toISOString();
let version = 0;

function node(name: string, clock: DrivenClock): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      creationTimestamp: at(clock),
      labels: { 'karpenter.sh/nodepool': 'web', 'topology.kubernetes.io/zone': 'a"b', 'kubernetes.io/arch': 'amd64' },
    },
    spec: { providerID: `aws:///a/i-${name}` },
    status: {
      capacity: { cpu: '4', memory: '8Gi', pods: '20' },
      allocatable: { cpu: '3900m', memory: '7Gi', pods: '20' },
    },
  };
}

interface PodParts {
  readonly phase?: string;
  readonly nodeName?: string;
  readonly conditions?: readonly object[];
  readonly owner?: string;
}

function pod(name: string, clock: DrivenClock, { phase = 'Pending', nodeName, conditions = [], owner }: PodParts = {}) {
  version += 1;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: name,
      resourceVersion: String(version),
      creationTimestamp: new Date(clock.nowMs() - clock.monotonicMs()).toISOString(),
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: 'o', uid: 'o' }] }),
    },
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      containers: [{ name: 'main', resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '200m' } } }],
    },
    status: { phase, conditions },
  } as ApiObject;
}

const condition = (type: string, status: string, clock: DrivenClock, reason = '') => ({
  type,
  status,
  reason,
  lastTransitionTime: at(clock),
});

describe('what is recorded', () => {
  test('counts, and is told by label set, with what has no labels from the start', () => {
    const { metrics } = open();
    metrics.count('karpenter_nodes_created_total', { nodepool: 'web', zone: 'a' });
    metrics.count('karpenter_nodes_created_total', { zone: 'a', nodepool: 'web' }, 2);
    metrics.count('karpenter_nodes_created_total', { nodepool: 'odd "\\\n', zone: '' });
    const scraped = read(metrics);
    assert.equal(scrapedValue(scraped, 'karpenter_nodes_created_total', { nodepool: 'web' }), 3);
    assert.equal(scrapedValue(scraped, 'karpenter_nodes_created_total', { nodepool: 'odd "\\\n' }), 1);
    assert.equal(scrapedValue(scraped, 'karpenter_interruption_deleted_messages_total'), 0);
    assert.equal(scraped.has('karpenter_nodes_terminated_total'), false);
  });

  test('a histogram has rising buckets, and what is above all bounds counts', () => {
    const { metrics } = open();
    for (const seconds of [0.5, 1, 1.5, 5_000, -3]) {
      metrics.observe('karpenter_nodeclaims_termination_duration_seconds', { nodepool: 'web' }, seconds);
    }
    const scraped = read(metrics);
    const bucket = (le: string) =>
      scrapedValue(scraped, 'karpenter_nodeclaims_termination_duration_seconds', { le }, '_bucket');
    assert.deepEqual([bucket('1'), bucket('2'), bucket('2048'), bucket('+Inf')], [3, 4, 4, 5]);
    assert.equal(scrapedValue(scraped, 'karpenter_nodeclaims_termination_duration_seconds', {}, '_sum'), 5_003);
  });

  test('a summary has quantiles of the last ten minutes, and counts all', async () => {
    const { metrics, clock } = open();
    const name = 'karpenter_nodes_termination_duration_seconds';
    for (let seconds = 1; seconds <= 100; seconds += 1) metrics.observe(name, { nodepool: 'web' }, seconds);
    const quantile = (q: string) => scrapedValue(read(metrics), name, { quantile: q }) ?? Number.NaN;
    assert.equal(read(metrics).get(name)?.type, 'summary');
    assert.deepEqual([quantile('0'), quantile('1')], [1, 100]);
    for (const [q, wanted] of [
      ['0.5', 50],
      ['0.9', 90],
      ['0.99', 99],
    ] as const) {
      assert.ok(Math.abs(quantile(q) - wanted) <= wanted * LIMITS.summaryError, `${q}: ${quantile(q)}`);
    }
    await clock.advance(LIMITS.summaryWindowMs + 1);
    assert.ok(Number.isNaN(quantile('0.5')));
    assert.equal(scrapedValue(read(metrics), name, {}, '_count'), 100);
  });

  test('is bounded, and says what it has lost', () => {
    const { metrics } = open();
    for (let index = 0; index <= LIMITS.seriesCount; index += 1) {
      metrics.count('karpenter_nodes_drained_total', { nodepool: `pool-${index}` });
    }
    const scraped = read(metrics);
    assert.equal(scraped.get('karpenter_nodes_drained_total')?.samples.length, LIMITS.seriesCount);
    assert.equal(scrapedValue(scraped, 'dovetail_metrics_lost_series'), 1);
  });
});

test('quantiles are as near as promised over six orders of magnitude', () => {
  const window = new QuantileWindow();
  const values = Array.from({ length: 1_000 }, (_, index) => 0.01 * 1.014 ** index);
  for (const value of values) window.observe(value, 0);
  for (const [index, found] of window.quantiles([0.1, 0.5, 0.9, 0.99], 0).entries()) {
    const exact = values[[100, 500, 900, 990][index]! - 1]!;
    assert.ok(Math.abs(found - exact) <= exact * LIMITS.summaryError * 1.001, `${found} for ${exact}`);
  }
});

test('values and labels are written as Prometheus reads them', () => {
  assert.deepEqual([1, 0.25, 1e21, Number.POSITIVE_INFINITY, Number.NaN].map(valueText), [
    '1',
    '0.25',
    '1e+21',
    '+Inf',
    'NaN',
  ]);
  assert.equal(labelText(['a', 'b'], ['x\\y"z\n', '']), 'a="x\\\\y\\"z\\n",b=""');
});

test('the reader of tests refuses what Prometheus would refuse', () => {
  const help = '# HELP a text\n';
  const cases = [
    `${help}# TYPE a gauge\na 1\na 2\n`,
    `${help}# TYPE a gauge\na{x="1"} 1\na{y="1"} 2\n`,
    `${help}# TYPE a gauge\na 1\n${help}`,
    `${help}# TYPE a gauge\na 1\n# TYPE a gauge\na{x="2"} 1\n`,
    `${help}# TYPE a gauge\nb 1\n`,
    `${help}# TYPE a gauge\na one\n`,
    `${help}# TYPE a gauge\na{x="1"y="2"} 1\n`,
    `${help}# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n`,
    `${help}# TYPE a gauge\n`,
    '# TYPE a gauge\na 1\n',
  ];
  for (const text of cases) assert.throws(() => parseStrictly(text), `accepted: ${text}`);
});

describe('gauges of nodes', () => {
  test('tell what they have, what pods on them take, and what is used of all', async () => {
    const { clock, metrics, stores } = open();
    stores.nodes.upsert(node('one', clock));
    stores.pods.upsert(pod('web', clock, { phase: 'Running', nodeName: 'one' }));
    stores.pods.upsert(pod('agent', clock, { phase: 'Running', nodeName: 'one', owner: 'DaemonSet' }));
    stores.pods.upsert(pod('done', clock, { phase: 'Succeeded', nodeName: 'one' }));
    await clock.advance(60_000);
    const scraped = read(metrics);
    const of = (name: string, resource: string) =>
      scrapedValue(scraped, `karpenter_nodes_${name}`, { node_name: 'one', resource_type: resource });
    const rows = [
      ['allocatable', 3.9, 7 * 2 ** 30, 20],
      ['system_overhead', 0.1, 2 ** 30, 0],
      ['total_pod_requests', 0.2, 2 * 2 ** 30, 2],
      ['total_pod_limits', 0.4, undefined, 2],
      ['total_daemon_requests', 0.1, 2 ** 30, 1],
      ['total_daemon_limits', 0.2, undefined, 1],
    ] as const;
    for (const [name, ...amounts] of rows) {
      assert.deepEqual(
        ['cpu', 'memory', 'pods'].map((resource) => of(name, resource)),
        amounts,
        name,
      );
    }
    const [sample] = scraped.get('karpenter_nodes_current_lifetime_seconds')?.samples ?? [];
    assert.equal(sample?.value, 60);
    const { nodepool, zone, region, managed, phase } = sample?.labels ?? {};
    assert.deepEqual([nodepool, zone, region, managed, phase], ['web', 'a"b', '', 'false', '']);
    const used = scrapedValue(scraped, 'karpenter_cluster_utilization_percent', { resource_type: 'pods' });
    assert.equal(used, 10);
    assert.equal(scrapedValue(scraped, 'karpenter_cluster_state_node_count'), 1);
    assert.equal(scrapedValue(scraped, 'karpenter_cluster_state_synced'), 0);
    assert.equal(scrapedValue(scraped, 'karpenter_cluster_state_unsynced_time_seconds'), 60);
  });

  test('tell pods apart that ask for different things, or hold them while they are resized', () => {
    const { clock, metrics, stores } = open();
    stores.nodes.upsert(node('one', clock));
    const [small, large, resized] = ['small', 'large', 'resized'].map((name) =>
      pod(name, clock, { phase: 'Running', nodeName: 'one' }),
    ) as [ApiObject, ApiObject, ApiObject];
    const asking = (cpu: string) => [{ name: 'main', resources: { requests: { cpu } } }];
    stores.pods.upsert(small);
    stores.pods.upsert({ ...large, spec: { ...(large.spec as object), containers: asking('2') } });
    const held = [{ name: 'main', resources: { requests: { cpu: '1' } } }];
    stores.pods.upsert({ ...resized, status: { ...(resized.status as object), containerStatuses: held } });
    const resource = { resource_type: 'cpu' };
    assert.equal(scrapedValue(read(metrics), 'karpenter_nodes_total_pod_requests', resource), 3.1);
  });

  test('are gone with their node', () => {
    const { clock, metrics, stores } = open();
    stores.nodes.upsert(node('one', clock));
    stores.nodes.upsert(node('two', clock));
    stores.nodes.remove({ name: 'one' });
    const text = [...metrics.text()].join('');
    assert.doesNotMatch(text, /node_name="one"/);
    assert.match(text, /node_name="two"/);
  });

  test('are right while a node changes in the middle of a reading', () => {
    const { clock, metrics, stores } = open();
    for (let index = 0; index < 200; index += 1) stores.nodes.upsert(node(`node-${index}`, clock));
    let text = '';
    for (const piece of metrics.text()) {
      stores.nodes.remove({ name: 'node-0' });
      stores.nodes.upsert(node('node-0', clock));
      text += piece;
    }
    assert.equal(parseStrictly(text).get('karpenter_nodes_current_lifetime_seconds')?.samples.length, 200);
  });
});

test('NodePools tell their usage and their limits while they are there', () => {
  const { metrics, stores } = open();
  const pool = {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: 'web' },
    spec: { limits: { cpu: '100', 'ephemeral-storage': '1Ti' } },
    status: { resources: { cpu: '12500m', nodes: '3' } },
  };
  stores.nodePools.upsert(pool);
  const of = (name: string, resource: string) =>
    scrapedValue(read(metrics), `karpenter_nodepools_${name}`, { nodepool: 'web', resource_type: resource });
  assert.deepEqual([of('usage', 'cpu'), of('usage', 'nodes')], [12.5, 3]);
  assert.deepEqual([of('limit', 'cpu'), of('limit', 'ephemeral_storage')], [100, 2 ** 40]);
  stores.nodePools.remove({ name: 'web' });
  assert.equal(of('usage', 'cpu'), undefined);
});

describe('times of pods', () => {
  const name = 'web';
  const gauges = [
    'unstarted',
    'unbound',
    'provisioning_unstarted',
    'provisioning_unbound',
    'provisioning_scheduling_undecided',
  ];
  const ages = (metrics: ControllerMetrics) =>
    gauges.map((each) => scrapedValue(read(metrics), `karpenter_pods_${each}_time_seconds`, { name }));

  test('are told while a pod waits, and recorded when it is bound and when it is ready', async () => {
    const { clock, metrics, stores, podTimes } = open();
    const waits = condition('PodScheduled', 'False', clock, 'Unschedulable');
    stores.pods.upsert(pod(name, clock, { conditions: [waits] }));
    await clock.advance(2_000);
    assert.deepEqual(ages(metrics), [2, 2, undefined, undefined, 2]);
    podTimes.decided(stores.pods.get({ namespace: 'shop', name })!, true);
    await clock.advance(3_000);
    assert.deepEqual(ages(metrics), [5, 5, 3, 3, undefined]);
    const bound = condition('PodScheduled', 'True', clock);
    stores.pods.upsert(pod(name, clock, { nodeName: 'one', conditions: [bound] }));
    assert.deepEqual(ages(metrics), [5, undefined, 3, undefined, undefined]);
    await clock.advance(4_000);
    const ready = [bound, condition('Ready', 'True', clock)];
    stores.pods.upsert(pod(name, clock, { phase: 'Running', nodeName: 'one', conditions: ready }));
    assert.deepEqual(
      ages(metrics),
      gauges.map(() => undefined),
    );
    const sum = (metric: string) =>
      scrapedValue(read(metrics), `karpenter_pods_${metric}_duration_seconds`, {}, '_sum');
    const sums = ['scheduling_decision', 'bound', 'provisioning_bound', 'startup', 'provisioning_startup'].map(sum);
    assert.deepEqual(sums, [2, 5, 3, 9, 7]);
    const [state] = read(metrics).get('karpenter_pods_state')?.samples ?? [];
    const { phase, scheduled, ready: isReady, node: where } = state?.labels ?? {};
    assert.deepEqual([phase, scheduled, isReady, where], ['Running', 'true', 'true', 'one']);
  });

  test('are forgotten with the pod, and not taken for those of another of its name', () => {
    const { clock, metrics, stores } = open();
    stores.pods.upsert(pod(name, clock));
    stores.pods.remove({ namespace: 'shop', name });
    assert.deepEqual(
      ages(metrics),
      gauges.map(() => undefined),
    );
    assert.equal(read(metrics).has('karpenter_pods_state'), false);
    stores.pods.upsert(pod(name, clock));
    const other = pod(name, clock, { phase: 'Running', conditions: [condition('Ready', 'True', clock)] });
    stores.pods.upsert({ ...other, metadata: { ...other.metadata, uid: 'another' } });
    assert.equal(scrapedValue(read(metrics), 'karpenter_pods_startup_duration_seconds', {}, '_count'), 0);
  });

  test('a plan without a place for a pod decides, and promises nothing', async () => {
    const { clock, metrics, stores, podTimes } = open();
    stores.pods.upsert(pod(name, clock, { conditions: [condition('PodScheduled', 'False', clock, 'Unschedulable')] }));
    await clock.advance(1_000);
    podTimes.decided(stores.pods.get({ namespace: 'shop', name })!, false);
    assert.deepEqual(ages(metrics), [1, 1, undefined, undefined, undefined]);
  });
});

test('sources end with whoever leads', () => {
  const { metrics } = open();
  const end = new AbortController();
  metrics.observeState(() => [gauge('workqueue_depth', [[{ name: 'q', controller: 'q' }, 3]])], end.signal);
  assert.equal(scrapedValue(read(metrics), 'workqueue_depth'), 3);
  end.abort();
  assert.equal(read(metrics).has('workqueue_depth'), false);
});

test('every metric is declared with labels that it can have and a name that says its unit', () => {
  for (const [metric, { type, unit, labels, help }] of Object.entries(METRICS)) {
    assert.equal(new Set(labels).size, labels.length, metric);
    assert.equal(/_total$/.test(metric), type === 'counter', metric);
    assert.equal(/_seconds$/.test(metric), unit === 'seconds', metric);
    assert.equal(/_percent$/.test(metric), unit === 'percent', metric);
    assert.match(help, /\.$/, metric);
    if (type === 'histogram') {
      const { buckets } = METRICS[metric as 'karpenter_pods_bound_duration_seconds'];
      assert.ok(
        buckets.length > 0 && buckets.every((bound, index) => index === 0 || bound > buckets[index - 1]!),
        metric,
      );
    }
  }
});
