// The corpus means what it says: the same seed gives the same problem, sizes are what the dimensions ask for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CORPUS, findCase } from './corpus.ts';
import {
  type GeneratedProblem,
  generateExistingNodes,
  generateKarpenterMix,
  generateWorkloads,
} from './generators/index.ts';
import { openRandom } from './random.ts';

const spread = (pods: GeneratedProblem['pods']): Set<string> =>
  new Set(pods.map((pod) => JSON.stringify((pod.spec.containers as { resources: unknown }[])[0]?.resources)));

for (const { name, generate } of CORPUS) {
  test(`case ${name} is the same for the same seed and another for another seed`, () => {
    assert.deepEqual(generate('smoke', 5), generate('smoke', 5));
    assert.notDeepEqual(generate('smoke', 5), generate('smoke', 6));
  });

  test(`case ${name} names every pod once`, () => {
    const { pods, runningPods } = generate('smoke', 1);
    const names = [...pods, ...runningPods].map((pod) => pod.metadata.name);
    assert.ok(names.length > 0);
    assert.equal(new Set(names).size, names.length);
  });
}

test('a case name that does not exist is answered with those that do', () => {
  assert.throws(() => findCase('web'), /karpenter-mix-1000, .*existing-nodes/);
});

test("Karpenter's mix has as many pods of each kind, each with its own rule", () => {
  const { pods } = generateKarpenterMix({ podCount: 1003, typeCount: 400 }, openRandom(1));
  const counts = new Map<string, number>();
  for (const { metadata, spec } of pods) {
    const kind = metadata.name.replace(/-[0-9]+$/, '');
    const rule = Object.keys({ ...spec, ...(spec.affinity as object | undefined) }).filter((key) =>
      /^(topo|podA)/.test(key),
    );
    counts.set(`${kind} ${rule}`, (counts.get(`${kind} ${rule}`) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), {
    'generic ': 203,
    'zonal-spread topologySpreadConstraints': 200,
    'hostname-spread topologySpreadConstraints': 200,
    'zonal-affinity podAffinity': 200,
    'hostname-anti-affinity podAntiAffinity': 200,
  });
});

test('workloads have as many pods, pools and daemonsets as their dimensions say', () => {
  const problem = generateWorkloads(
    { region: 'us-east-1', podCount: 500, workloadCount: 40, gpuShare: 0.2, poolCount: 3, daemonSetCount: 4 },
    openRandom(2),
  );
  assert.equal(problem.pods.length, 500);
  assert.equal(new Set(problem.pods.map((pod) => pod.metadata.labels.app)).size, 40);
  assert.equal(problem.nodePools.length, 5);
  assert.equal(problem.daemonSets.length, 4);
});

test('pods that are all different have as many requests as there are pods', () => {
  const { pods } = generateWorkloads({ region: 'us-east-1', podCount: 300, workloadCount: 'each-pod' }, openRandom(3));
  assert.equal(pods.length, 300);
  assert.equal(spread(pods).size, 300);
});

test('running pods fit on the nodes they run on', () => {
  const { nodes, runningPods } = generateExistingNodes(
    {
      pending: { region: 'us-east-1', podCount: 10, workloadCount: 2 },
      nodeCount: 40,
      podsPerNodeCount: 10,
      cordonedShare: 0.5,
    },
    openRandom(4),
  );
  assert.equal(nodes.length, 40);
  assert.equal(runningPods.length, 400);
  const cordoned = nodes.filter((node) => node.spec.unschedulable === true).length;
  assert.ok(cordoned > 5 && cordoned < 35, `${cordoned}`);
  for (const node of nodes) {
    const running = runningPods.filter((pod) => pod.spec.nodeName === node.metadata.name);
    assert.equal(running.length, 10);
    const totalMilli = running.reduce((sum, pod) => {
      const [container] = pod.spec.containers as { resources: { requests: { cpu: string } } }[];
      return sum + Number.parseInt(container?.resources.requests.cpu ?? '', 10);
    }, 0);
    assert.ok(
      totalMilli > 0 && totalMilli <= Number.parseInt(node.status.allocatable.cpu ?? '', 10),
      node.metadata.name,
    );
  }
});
