// From objects to one request: what takes part, what is left out with which words, what is an error and where.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { KubernetesObject } from './fields.ts';
import { formatPlace, type Manifests, readManifests } from './manifests.ts';
import { buildSolveInput, type Finding, formatFinding, type SolveInputOptions } from './solve-request.ts';

const MISSION = new URL('../../examples/mission/', import.meta.url);

/** Reads manifests and renders findings with their places. */
function build(files: Readonly<Record<string, string>>, options: SolveInputOptions = {}) {
  const manifests: Manifests = { objects: [], warnings: [], errors: [] };
  for (const [file, text] of Object.entries(files)) readManifests(file, text, manifests);
  assert.deepEqual(manifests.errors, []);
  const input = buildSolveInput(
    manifests.objects.map(({ object }) => object),
    options,
  );
  const show = (finding: Finding) => {
    const manifest = manifests.objects.find(({ object }) => object === finding.object);
    const place = manifest === undefined ? '' : `${formatPlace(manifest.locate(finding.path))}: `;
    return `${place}${formatFinding(finding)}`;
  };
  return { input, request: input.request, warnings: input.warnings.map(show), errors: input.errors.map(show) };
}

const POOL = 'apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {name: default}\n';
const CLASS =
  'apiVersion: karpenter.k8s.aws/v1\nkind: EC2NodeClass\nmetadata: {name: default}\nstatus: {subnets: [{zone: a}]}\n';
const USABLE = { 'pool.yaml': `${POOL}spec: {template: {spec: {}}}\n`, 'class.yaml': CLASS };

describe("the mission's manifests", () => {
  const files = Object.fromEntries(
    readdirSync(MISSION)
      .sort()
      .map((file) => [file, readFileSync(new URL(file, MISSION), 'utf8')]),
  );

  test('make three pools and five pods, with a word on everything that is left out', () => {
    const scales = [{ kind: 'deployment', name: 'inflate', replicas: 5 }];
    const { request, warnings, errors } = build(files, { scales });
    assert.deepEqual(errors, []);
    assert.deepEqual(
      request.nodePools.map(({ name, nodeClass }) => [name, nodeClass]),
      [
        ['default', 'default'],
        ['spot-optimized', 'spot-config'],
        ['stable', 'default'],
      ],
    );
    assert.equal(request.podGroups.length, 1);
    assert.equal(request.podGroups[0]?.names.length, 5);
    assert.equal(request.podGroups[0]?.shape?.requests?.cpuMilli, 1000n);
    assert.deepEqual(warnings, [
      '05-metrics-service-and-servicemonitor.yaml:1: Service karpenter/karpenter-metrics: plays no part in planning: left out',
      '05-metrics-service-and-servicemonitor.yaml:16: ServiceMonitor karpenter/karpenter: plays no part in planning: left out',
      '01-default-nodepool-and-nodeclass.yaml:44: EC2NodeClass default: spec.subnetSelectorTerms: its subnets are not looked up here: every zone of the region counts as usable',
      '03-spot-optimized.yaml:34: EC2NodeClass spot-config: spec.subnetSelectorTerms: its subnets are not looked up here: every zone of the region counts as usable',
      '04-gpu-workloads.yaml:15: NodePool gpu-workloads: spec.template.spec.nodeClassRef: the pool is left out: its EC2NodeClass gpu-config is not in the input: add it',
      '06-stable.yaml:5: NodePool stable: spec: its template says nothing: the pool uses the node class "default" and every instance type; write spec.template.spec.requirements to choose',
    ]);
  });

  test('the fragment merged into the pool by a patch is warned about its t3', () => {
    const patched = (files['01-default-nodepool-and-nodeclass.yaml'] ?? '').replace(
      '["c", "m", "r"]',
      '["c", "m", "r", "t3"]',
    );
    const { warnings } = build({ '01.yaml': patched });
    assert.ok(
      warnings.some(
        (line) => line.startsWith('01.yaml:18: NodePool default:') && line.includes('"t3" is an instance family'),
      ),
    );
  });
});

describe('pools', () => {
  test('without any the input is refused, with what to add', () => {
    assert.match(build({ 'class.yaml': CLASS }).errors[0] ?? '', /has no NodePool: add one with its EC2NodeClass/);
  });

  test('without one that can be used it is refused too', () => {
    const { warnings, errors } = build({ 'pool.yaml': USABLE['pool.yaml'] });
    assert.match(warnings[0] ?? '', /its EC2NodeClass default is not in the input/);
    assert.deepEqual(errors, ['none of the 1 NodePools of the input can be used: see the warnings']);
  });

  test('with a wrong field are an error and nothing else', () => {
    const pool = `${POOL}spec:\n  limits:\n    cpu: "-1"\n`;
    const { errors } = build({ 'pool.yaml': pool, 'class.yaml': CLASS });
    assert.deepEqual(errors, [
      'pool.yaml:6: NodePool default: spec.limits.cpu: "-1" is negative: amounts of resources are 0 or more',
    ]);
  });

  test('of an older version are left out, saying which is understood', () => {
    const old = USABLE['pool.yaml'].replace('karpenter.sh/v1', 'karpenter.sh/v1beta1');
    assert.match(
      build({ ...USABLE, 'old.yaml': old }).warnings[0] ?? '',
      /understood as karpenter.sh\/v1, not as karpenter.sh\/v1beta1/,
    );
  });
});

describe('objects', () => {
  const pod = (name: string, spec = '{containers: []}') =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

  test('of the same kind and name are an error at the second', () => {
    const { errors } = build({ ...USABLE, 'a.yaml': pod('p'), 'b.yaml': pod('p') });
    assert.deepEqual(errors, [
      'b.yaml:3: Pod p: metadata.name: there are two objects Pod p: names are unique, so rename or remove one',
    ]);
  });

  test('without a name are an error', () => {
    assert.match(
      build({ ...USABLE, 'a.yaml': 'kind: Pod\nspec: {}\n' }).errors[0] ?? '',
      /^a.yaml:1: Pod \(without a name\): metadata.name: is missing/,
    );
  });

  test('that are wrong in a template are shown in the template', () => {
    const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - resources:
          requests:
            memory: 1GB
`;
    const { errors } = build({ ...USABLE, 'web.yaml': deployment });
    assert.deepEqual(
      [...new Set(errors)],
      [
        'web.yaml:11: Deployment web: spec.template.spec.containers[0].resources.requests.memory: "1GB" is not a quantity: write a number with an optional unit, like 500m, 2 or 1.5Gi',
      ],
    );
  });

  test('CronJobs are not counted, and it is said', () => {
    const cron = 'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {}\n';
    assert.match(build({ ...USABLE, 'cron.yaml': cron }).warnings[0] ?? '', /pods of CronJobs are not counted/);
  });

  test('a priority class that is not there is noted once', () => {
    const text = `{containers: [], priorityClassName: high}`;
    const { warnings } = build({ ...USABLE, 'a.yaml': pod('a', text), 'b.yaml': pod('b', text) });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /a.yaml:4: Pod a: spec.priorityClassName: PriorityClass high is not in the input/);
  });

  test('pods on nodes are on the nodes that are there, and noted when the node is not', () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {allocatable: {cpu: 2}}\n';
    const { request, warnings } = build({
      ...USABLE,
      'node.yaml': node,
      'a.yaml': pod('a', '{nodeName: n1, containers: []}'),
      'b.yaml': pod('b', '{nodeName: n2, containers: []}'),
    });
    assert.equal(request.podGroups.length, 0);
    assert.deepEqual(
      request.nodes[0]?.pods.map(({ names }) => names),
      [['a']],
    );
    assert.match(warnings[0] ?? '', /1 pods run on nodes that are not in the input \(n2\)/);
  });

  test('DaemonSets become one pod each, and theirs are not pending', () => {
    const set =
      'apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: logs, namespace: kube-system}\nspec: {template: {spec: {containers: [{resources: {requests: {cpu: 50m}}}]}}}\n';
    const { request, errors } = build({ ...USABLE, 'set.yaml': set });
    assert.deepEqual(errors, []);
    assert.equal(request.daemonSets[0]?.namespace, 'kube-system');
    assert.equal(request.daemonSets[0]?.shape?.requests?.cpuMilli, 50n);
    assert.equal(request.podGroups.length, 0);
  });

  test('labels of pods that a running pod repels are kept', () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n';
    const running = pod(
      'a',
      '{nodeName: n1, containers: [], affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, labelSelector: {matchLabels: {app: x}}}]}}}',
    );
    const waiting =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: b, labels: {app: x, other: y}}\nspec: {containers: []}\n';
    const { request } = build({ ...USABLE, 'n.yaml': node, 'a.yaml': running, 'b.yaml': waiting });
    assert.deepEqual(request.podGroups[0]?.shape?.labels, { app: 'x' });
  });

  test('claims of a StatefulSet take their storage class', () => {
    const set = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  template: {spec: {containers: []}}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {storageClassName: gp3}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: gp3}
provisioner: ebs.csi.aws.com
`;
    const { request } = build({ ...USABLE, 'set.yaml': set });
    assert.equal(request.podGroups.length, 1);
    assert.equal(request.podGroups[0]?.shape?.volumes[0]?.driver, 'ebs.csi.aws.com');
  });

  test('a scale that means nothing is an error', () => {
    const scales = [{ kind: 'deployment', name: 'nothing', replicas: 1 }];
    assert.match(build(USABLE, { scales }).errors[0] ?? '', /--scale: deployment\/nothing is not in the input/);
  });

  test('the objects behind the request are known for each of its entries', () => {
    const { input } = build({ ...USABLE, 'a.yaml': pod('a') });
    const names = (objects: readonly KubernetesObject[]) => objects.map((object) => object.kind);
    assert.deepEqual(names(input.sources.podGroups), ['Pod']);
    assert.deepEqual(names(input.sources.nodePools), ['NodePool']);
    assert.deepEqual(names(input.sources.nodeClasses), ['EC2NodeClass']);
  });
});

test('namespaces come with their labels, and a wrong label is an error at its place', () => {
  const namespace = (label: string) =>
    `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    team: ${label}\n`;
  const { request, warnings } = build({ ...USABLE, 'namespace.yaml': namespace('red') });
  assert.deepEqual(
    request.namespaces.map(({ name, labels }) => [name, labels]),
    [['shop', { team: 'red', 'kubernetes.io/metadata.name': 'shop' }]],
  );
  assert.deepEqual(warnings, []);
  const wrong = build({ ...USABLE, 'namespace.yaml': namespace('1') });
  assert.match(wrong.errors.join('\n'), /^namespace.yaml:6: Namespace shop: metadata\.labels\.team/);
});
