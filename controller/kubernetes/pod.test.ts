// Pods to shapes: each field that decides where a pod may run, and what is said of a field that is wrong.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  NodeInclusionPolicy,
  Operator,
  TaintEffect,
  TolerationOperator,
  UnsatisfiablePolicy,
} from '../../proto/index.ts';
import { type ClusterFacts, clusterFacts, NO_CLUSTER_FACTS } from './cluster-facts.ts';
import { formatPath, InputError, type KubernetesObject } from './fields.ts';
import { groupPods } from './grouping.ts';
import type { PodContext } from './pod.ts';

function shapeOf(spec: KubernetesObject, facts: ClusterFacts = NO_CLUSTER_FACTS, more: Partial<PodContext> = {}) {
  const pod = { metadata: { name: 'p', labels: { app: 'web', unread: 'x' } }, spec: { containers: [], ...spec } };
  const { groups, refused } = groupPods([pod], { facts, ...more });
  if (refused[0] !== undefined) throw refused[0].error;
  assert.ok(groups[0]?.shape !== undefined);
  return groups[0].shape;
}

const term = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] };

describe('a shape', () => {
  test('has the default namespace where none is written', () => assert.equal(shapeOf({}).namespace, 'default'));

  test('keeps the labels that a selector of the input reads and no other', () => {
    assert.deepEqual(shapeOf({}).labels, {});
    const spread = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } };
    assert.deepEqual(shapeOf({ topologySpreadConstraints: [spread] }).labels, { app: 'web' });
    assert.deepEqual(shapeOf({}, NO_CLUSTER_FACTS, { selectedLabelKeys: new Set(['unread']) }).labels, { unread: 'x' });
  });

  test('takes tolerations with the defaults of Kubernetes', () => {
    const [first, second] = shapeOf({
      tolerations: [{ key: 'a', value: 'b', effect: 'NoSchedule', tolerationSeconds: 5 }, { operator: 'Exists' }],
    }).tolerations;
    assert.equal(first?.operator, TolerationOperator.EQUAL);
    assert.equal(first?.effect, TaintEffect.NO_SCHEDULE);
    assert.equal(second?.operator, TolerationOperator.EXISTS);
    assert.equal(second?.effect, TaintEffect.UNSPECIFIED);
  });

  test('takes required and preferred node affinity', () => {
    const shape = shapeOf({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term, term] },
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, preference: term }],
        },
      },
    });
    assert.equal(shape.requiredNodeTerms.length, 2);
    assert.equal(shape.requiredNodeTerms[0]?.matchExpressions[0]?.operator, Operator.IN);
    assert.equal(shape.preferredNodeTerms[0]?.weight, 7);
  });

  test('takes spreads with their policies', () => {
    const [spread] = shapeOf({
      topologySpreadConstraints: [
        {
          topologyKey: 'zone',
          maxSkew: 2,
          whenUnsatisfiable: 'ScheduleAnyway',
          minDomains: 3,
          nodeTaintsPolicy: 'Honor',
          matchLabelKeys: ['pod-template-hash'],
        },
      ],
    }).topologySpreadConstraints;
    assert.equal(spread?.maxSkew, 2);
    assert.equal(spread?.whenUnsatisfiable, UnsatisfiablePolicy.SCHEDULE_ANYWAY);
    assert.equal(spread?.minDomains, 3);
    assert.equal(spread?.nodeTaintsPolicy, NodeInclusionPolicy.HONOR);
    assert.equal(spread?.nodeAffinityPolicy, NodeInclusionPolicy.UNSPECIFIED);
    assert.equal(spread?.labelSelector, undefined);
    assert.deepEqual(spread?.matchLabelKeys, ['pod-template-hash']);
  });

  test('tells required affinity by the weight 0, and an empty selector from an absent one', () => {
    const { podAffinity } = shapeOf({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', namespaceSelector: {} }],
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 4, podAffinityTerm: { topologyKey: 'host', labelSelector: {} } },
          ],
        },
      },
    });
    assert.deepEqual(
      podAffinity.map(({ weight, topologyKey }) => [weight, topologyKey]),
      [
        [0, 'zone'],
        [4, 'host'],
      ],
    );
    assert.equal(podAffinity[0]?.labelSelector, undefined);
    assert.notEqual(podAffinity[0]?.namespaceSelector, undefined);
    assert.notEqual(podAffinity[1]?.labelSelector, undefined);
  });

  test('loses everything soft and nothing else when preferences are dropped', () => {
    const shape = shapeOf(
      {
        affinity: {
          nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term }] },
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }],
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'host' } }],
          },
        },
        topologySpreadConstraints: [
          { topologyKey: 'a', whenUnsatisfiable: 'ScheduleAnyway' },
          { topologyKey: 'b', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      },
      NO_CLUSTER_FACTS,
      { dropPreferences: true },
    );
    assert.equal(shape.preferredNodeTerms.length, 0);
    assert.deepEqual(
      shape.podAntiAffinity.map(({ topologyKey }) => topologyKey),
      ['zone'],
    );
    assert.deepEqual(
      shape.topologySpreadConstraints.map(({ topologyKey }) => topologyKey),
      ['b'],
    );
  });

  test('takes host ports of regular containers only, and every port on the host network', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 81, hostPort: 8081, hostIP: '10.0.0.1', protocol: 'UDP' }];
    const spec = { containers: [{ ports }], initContainers: [{ ports: [{ containerPort: 1, hostPort: 9 }] }] };
    assert.deepEqual(
      shapeOf(spec).hostPorts.map(({ hostIp, port, protocol }) => [hostIp, port, protocol]),
      [['10.0.0.1', 8081, 'UDP']],
    );
    assert.deepEqual(
      shapeOf({ ...spec, hostNetwork: true }).hostPorts.map(({ port }) => port),
      [80, 8081],
    );
  });

  test("takes the priority that admission wrote, else the class's, else the default class's", () => {
    const facts = clusterFacts({
      priorityClasses: [
        { metadata: { name: 'high' }, value: 1000 },
        { metadata: { name: 'usual' }, value: 10, globalDefault: true },
      ],
    });
    assert.equal(shapeOf({ priority: 5, priorityClassName: 'high' }, facts).priority, 5);
    assert.equal(shapeOf({ priorityClassName: 'high' }, facts).priority, 1000);
    assert.equal(shapeOf({}, facts).priority, 10);
    assert.equal(shapeOf({ priorityClassName: 'system-node-critical' }, facts).priority, 2000001000);
    assert.equal(shapeOf({ priorityClassName: 'high' }).priority, 0);
  });

  test('gets overhead, selector and tolerations of its RuntimeClass', () => {
    const facts = clusterFacts({
      runtimeClasses: [
        {
          metadata: { name: 'kata' },
          overhead: { podFixed: { cpu: '250m' } },
          scheduling: { nodeSelector: { kata: 'yes' }, tolerations: [{ key: 'kata', operator: 'Exists' }] },
        },
      ],
    });
    const shape = shapeOf({ runtimeClassName: 'kata', nodeSelector: { disk: 'ssd' } }, facts);
    assert.equal(shape.requests?.cpuMilli, 250n);
    assert.deepEqual(shape.nodeSelector, { kata: 'yes', disk: 'ssd' });
    assert.equal(shape.tolerations[0]?.key, 'kata');
  });
});

describe('volumes', () => {
  const claim = (name: string, spec: KubernetesObject) => ({ metadata: { name }, spec });
  const zoneTerm = (zone: string) => ({
    matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }],
  });
  const volume = (name: string, zone: string, more: KubernetesObject = {}) => ({
    metadata: { name },
    spec: {
      csi: { driver: 'ebs.csi.aws.com' },
      nodeAffinity: { required: { nodeSelectorTerms: [zoneTerm(zone)] } },
      ...more,
    },
  });
  const mounting = (claimName: string) => ({
    volumes: [
      { name: 'v', persistentVolumeClaim: { claimName } },
      { name: 'e', emptyDir: {} },
    ],
  });

  test('a bound claim is where its volume is', () => {
    const facts = clusterFacts({
      claims: [claim('c', { volumeName: 'pv' })],
      persistentVolumes: [volume('pv', 'us-east-1a')],
    });
    const { volumes } = shapeOf(mounting('c'), facts);
    assert.equal(volumes.length, 1);
    assert.equal(volumes[0]?.driver, 'ebs.csi.aws.com');
    assert.deepEqual(volumes[0]?.nodeTerms[0]?.matchExpressions[0]?.values, ['us-east-1a']);
  });

  test('a claim to be bound may be where its storage class allows', () => {
    const storageClasses = [
      {
        metadata: { name: 'gp3' },
        provisioner: 'ebs.csi.aws.com',
        allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a', 'b'] }] }],
      },
    ];
    const facts = clusterFacts({ claims: [claim('c', { storageClassName: 'gp3' })], storageClasses });
    assert.deepEqual(shapeOf(mounting('c'), facts).volumes[0]?.nodeTerms[0]?.matchExpressions[0]?.values, ['a', 'b']);
  });

  test('a claim without a class takes the newest default one', () => {
    const defaultClass = (name: string, creationTimestamp: string) => ({
      metadata: { name, creationTimestamp, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: name,
    });
    const storageClasses = [defaultClass('new', '2026-02-01T00:00:00Z'), defaultClass('old', '2025-02-01T00:00:00Z')];
    const facts = clusterFacts({ claims: [claim('c', {})], storageClasses });
    assert.equal(shapeOf(mounting('c'), facts).volumes[0]?.driver, 'new');
  });

  test('a claim that nobody knows is still there, and so is an ephemeral one', () => {
    const ephemeral = { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } }] };
    assert.deepEqual(
      shapeOf(mounting('gone')).volumes.map(({ claimName }) => claimName),
      ['gone'],
    );
    assert.deepEqual(
      shapeOf(ephemeral).volumes.map(({ claimName }) => claimName),
      ['*-scratch'],
    );
  });

  test('a local volume ties a pod to no host name', () => {
    const local = volume('pv', 'x', {
      local: { path: '/mnt' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['gone'] }] },
          ],
        },
      },
    });
    const facts = clusterFacts({ claims: [claim('c', { volumeName: 'pv' })], persistentVolumes: [local] });
    assert.deepEqual(shapeOf(mounting('c'), facts).volumes[0]?.nodeTerms, []);
  });
});

describe('a field that is wrong is named', () => {
  const rows: readonly (readonly [spec: KubernetesObject, field: string, message: RegExp])[] = [
    [{ containers: 'x' }, 'spec.containers', /must be a list/],
    [
      { containers: [{ resources: { requests: { cpu: '-1' } } }] },
      'spec.containers[0].resources.requests.cpu',
      /negative/,
    ],
    [
      { containers: [{ resources: { requests: { 'a/b': 'x' } } }] },
      'spec.containers[0].resources.requests["a/b"]',
      /not a quantity/,
    ],
    [{ nodeSelector: { a: true } }, 'spec.nodeSelector.a', /write it in quotes \("true"\)/],
    [{ tolerations: [{ key: 'a', operator: 'Equals' }] }, 'spec.tolerations[0].operator', /use one of Equal, Exists/],
    [{ tolerations: [{ value: 'a' }] }, 'spec.tolerations[0].operator', /must be Exists/],
    [{ topologySpreadConstraints: [{}] }, 'spec.topologySpreadConstraints[0].topologyKey', /is missing/],
    [
      { topologySpreadConstraints: [{ topologyKey: 'a', maxSkew: 0 }] },
      'spec.topologySpreadConstraints[0].maxSkew',
      /from 1 to/,
    ],
    [{ priority: 1.5 }, 'spec.priority', /whole number/],
    [{ containers: [{ ports: [{ hostPort: 70000 }] }] }, 'spec.containers[0].ports[0].hostPort', /from 0 to 65535/],
    [
      { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } },
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms',
      /at least one term/,
    ],
    [
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Gte', values: ['1'] }] }],
            },
          },
        },
      },
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator',
      /unknown operator "Gte"/,
    ],
  ];
  for (const [spec, field, message] of rows) {
    test(field, () => {
      assert.throws(
        () => shapeOf(spec),
        (error: unknown) =>
          error instanceof InputError && formatPath(error.path) === field && message.test(error.message),
      );
    });
  }

  test('a value nested without end is refused and does not overflow the stack', () => {
    let nested: unknown = 'x';
    for (let depth = 0; depth < 10_000; depth++) nested = { a: nested };
    assert.throws(() => shapeOf({ affinity: nested }), /nested deeper than/);
  });
});
