// Grouping changes nothing but the number of groups: pods grouped and pods one by one have the same shapes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toJsonString } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type PodGroup, PodShapeSchema } from '../../proto/index.ts';
import { clusterFacts, NO_CLUSTER_FACTS } from './cluster-facts.ts';
import type { KubernetesObject } from './fields.ts';
import { FingerprintTable } from './fingerprint.ts';
import { groupPods, selectedLabelKeys } from './grouping.ts';

/** Shapes by pod name, as text. */
function shapesByName(groups: readonly PodGroup[]): Map<string, string> {
  const shapes = new Map<string, string>();
  for (const { shape, names } of groups) {
    assert.ok(shape !== undefined);
    for (const name of names) shapes.set(name, toJsonString(PodShapeSchema, shape));
  }
  return shapes;
}

const cpu = fc.constantFrom('1', '1000m', '2', 1);
const key = fc.constantFrom('app', 'tier', 'zone');
const value = fc.constantFrom('a', 'b');
const labels = fc.dictionary(key, value, { maxKeys: 3 });
const selector = fc.option(fc.record({ matchLabels: labels }), { nil: undefined });
const resources = fc.record(
  {
    requests: fc.dictionary(fc.constantFrom('cpu', 'memory'), cpu),
    limits: fc.dictionary(fc.constantFrom('cpu'), cpu),
  },
  { requiredKeys: [] },
);
const container = fc.record(
  {
    name: fc.constantFrom('x', 'y'),
    resources: fc.oneof(resources, fc.constant(null)),
    restartPolicy: fc.constantFrom('Always', undefined),
    ports: fc.array(fc.record({ containerPort: fc.constantFrom(80, 81), hostPort: fc.constantFrom(0, 80) }), {
      maxLength: 1,
    }),
  },
  { requiredKeys: [] },
);
const podTerms = fc.array(fc.record({ topologyKey: key, labelSelector: selector }), { maxLength: 1 });
const spec = fc.record(
  {
    containers: fc.array(container, { minLength: 1, maxLength: 2 }),
    initContainers: fc.array(container, { maxLength: 2 }),
    nodeSelector: labels,
    tolerations: fc.array(fc.record({ key, operator: fc.constant('Exists') }), { maxLength: 1 }),
    topologySpreadConstraints: fc.array(fc.record({ topologyKey: key, labelSelector: selector }), { maxLength: 1 }),
    affinity: fc.record(
      {
        podAntiAffinity: fc.record({ requiredDuringSchedulingIgnoredDuringExecution: podTerms }),
        nodeAffinity: fc.record({
          preferredDuringSchedulingIgnoredDuringExecution: fc.constant([{ weight: 1, preference: {} }]),
        }),
      },
      { requiredKeys: [] },
    ),
    overhead: fc.dictionary(fc.constantFrom('cpu'), cpu),
    resources,
    priority: fc.constantFrom(0, 1),
    priorityClassName: fc.constantFrom('high', 'low'),
    runtimeClassName: fc.constantFrom('kata'),
    hostNetwork: fc.boolean(),
    volumes: fc.array(
      fc.record({ name: fc.constant('v'), persistentVolumeClaim: fc.record({ claimName: fc.constantFrom('c', 'd') }) }),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: ['containers'] },
);
const status = fc.record(
  {
    containerStatuses: fc.array(
      fc.record({
        name: fc.constantFrom('x', 'y'),
        resources,
        allocatedResources: fc.dictionary(fc.constantFrom('cpu'), cpu),
      }),
      { maxLength: 2 },
    ),
    conditions: fc.array(
      fc.record({ type: fc.constant('PodResizePending'), reason: fc.constantFrom('Infeasible', 'Deferred') }),
      {
        maxLength: 1,
      },
    ),
  },
  { requiredKeys: [] },
);
const pod = fc.record(
  { namespace: fc.constantFrom('default', 'other', undefined), labels, spec, status },
  { requiredKeys: ['spec'] },
);

type DrawnPod = typeof pod extends fc.Arbitrary<infer Drawn> ? Drawn : never;

/** Copies `base` with one part of `other`, so that two pods often differ in exactly one field. */
function withOnePart(base: DrawnPod, other: DrawnPod, part: number): DrawnPod {
  const specKeys = Object.keys(other.spec) as (keyof typeof other.spec)[];
  const specKey = specKeys[part % (specKeys.length + 4)];
  if (specKey !== undefined && specKey !== 'containers') {
    return { ...base, spec: { ...base.spec, [specKey]: other.spec[specKey] } };
  }
  const [first = {}, ...rest] = base.spec.containers;
  const [donor = {}] = other.spec.containers;
  switch (part % 7) {
    case 0:
      return { ...base, namespace: other.namespace };
    case 1:
      return { ...base, labels: other.labels ?? {} };
    case 2:
      return { ...base, status: other.status ?? {} };
    case 3:
      return { ...base, spec: { ...base.spec, containers: [{ ...first, name: donor.name ?? 'x' }, ...rest] } };
    case 4:
      return { ...base, spec: { ...base.spec, containers: [{ ...first, ports: donor.ports ?? [] }, ...rest] } };
    case 5:
      return { ...base, spec: { ...base.spec, initContainers: [first] } };
    default:
      return { ...base, spec: { ...base.spec, initContainers: [{ ...first, restartPolicy: 'Always' as const }] } };
  }
}

const pods = fc.tuple(pod, fc.array(fc.tuple(pod, fc.nat(1000)), { maxLength: 12 })).map(([base, others]) =>
  [base, ...others.map(([other, part]) => withOnePart(base, other, part))].map(
    ({ namespace, labels: written, ...rest }, index): KubernetesObject => ({
      ...rest,
      metadata: { name: `pod-${index}`, ...(namespace === undefined ? {} : { namespace }), labels: written },
    }),
  ),
);

const facts = clusterFacts({
  priorityClasses: [{ metadata: { name: 'high' }, value: 9 }],
  runtimeClasses: [{ metadata: { name: 'kata' }, overhead: { podFixed: { cpu: '1' } } }],
  claims: [{ metadata: { name: 'c' }, spec: { volumeName: 'pv' } }],
  persistentVolumes: [{ metadata: { name: 'pv' }, spec: { csi: { driver: 'd' } } }],
});

describe('groupPods', () => {
  test('gives every pod the shape that it has alone', () => {
    fc.assert(
      fc.property(pods, (all) => {
        const context = { facts, selectedLabelKeys: selectedLabelKeys(all) };
        const together = shapesByName(groupPods(all, context).groups);
        for (const one of all) {
          const [[name, shape] = ['', '']] = shapesByName(groupPods([one], context).groups);
          assert.equal(together.get(name), shape);
        }
        assert.equal(together.size, all.length);
      }),
      { numRuns: 400 },
    );
  });

  test('puts pods that are written alike into one group, whatever plays no part', () => {
    const replica = (name: string, image: string, labels: KubernetesObject) => ({
      metadata: { name, labels, annotations: { name }, uid: name },
      spec: { containers: [{ image, env: [{ name }], resources: { requests: { cpu: '1' } } }], nodeName: '' },
    });
    const { groups } = groupPods(
      [replica('a', 'x', { hash: '1' }), replica('b', 'y', { hash: '2' }), replica('c', 'z', {})],
      { facts: NO_CLUSTER_FACTS },
    );
    assert.deepEqual(
      groups.map(({ names }) => names),
      [['a', 'b', 'c']],
    );
  });

  test('a StatefulSet of 500 with volumes of its own in 3 zones is 3 groups', () => {
    const zones = ['a', 'b', 'c'];
    const claims: KubernetesObject[] = [];
    const persistentVolumes: KubernetesObject[] = [];
    const all: KubernetesObject[] = [];
    for (let index = 0; index < 500; index++) {
      const name = `db-${index}`;
      const nodeSelectorTerms = [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zones[index % 3]] }] }];
      claims.push({ metadata: { name: `data-${name}` }, spec: { volumeName: `pv-${index}` } });
      persistentVolumes.push({
        metadata: { name: `pv-${index}` },
        spec: { nodeAffinity: { required: { nodeSelectorTerms } } },
      });
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: `data-${name}` } }];
      all.push({ metadata: { name }, spec: { containers: [], volumes } });
    }
    const { groups } = groupPods(all, { facts: clusterFacts({ claims, persistentVolumes }) });
    assert.deepEqual(
      groups.map(({ names }) => names.length),
      [167, 167, 166],
    );
    assert.equal(groups[0]?.shape?.volumes[0]?.claimName, 'data-*');
  });

  test('keeps a resize that was found impossible apart from one that waits', () => {
    const resizing = (name: string, reason: string) => ({
      metadata: { name },
      spec: { containers: [{ name: 'c', resources: { requests: { cpu: '2' } } }] },
      status: {
        containerStatuses: [{ name: 'c', resources: { requests: { cpu: '1' } } }],
        conditions: [{ type: 'PodResizePending', reason }],
      },
    });
    const { groups } = groupPods([resizing('a', 'Infeasible'), resizing('b', 'Deferred')], { facts: NO_CLUSTER_FACTS });
    assert.deepEqual(
      groups.map(({ shape }) => shape?.requests?.cpuMilli),
      [1000n, 2000n],
    );
  });

  test('refuses pods with a wrong field and groups the others', () => {
    const bad = (name: string) => ({
      metadata: { name },
      spec: { containers: [{ resources: { requests: { cpu: 'x' } } }] },
    });
    const good = { metadata: { name: 'good' }, spec: { containers: [] } };
    const nameless = { metadata: {}, spec: { containers: [] } };
    const all = [bad('a'), good, bad('b'), nameless, { metadata: { name: 'no spec' } }];
    const { groups, refused } = groupPods(all, { facts: NO_CLUSTER_FACTS });
    assert.deepEqual(
      groups.map(({ names }) => names),
      [['good']],
    );
    assert.deepEqual(
      refused.map(({ pod: each }) => all.indexOf(each as (typeof all)[number])),
      [0, 2, 3, 4],
    );
  });
});

describe('selectedLabelKeys', () => {
  test('finds every label that some selector reads', () => {
    const selectorOf = (name: string) => ({ matchExpressions: [{ key: name, operator: 'Exists' }] });
    const found = selectedLabelKeys([
      { spec: { topologySpreadConstraints: [{ labelSelector: { matchLabels: { a: '1' } }, matchLabelKeys: ['b'] }] } },
      {
        spec: {
          affinity: {
            podAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { labelSelector: selectorOf('c'), mismatchLabelKeys: ['d'] },
              ],
            },
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                { podAffinityTerm: { labelSelector: selectorOf('e') } },
              ],
            },
          },
        },
      },
      { spec: { nodeSelector: { no: 'x' } } },
      {},
    ]);
    assert.deepEqual([...found].sort(), ['a', 'b', 'c', 'd', 'e']);
  });
});

describe('FingerprintTable', () => {
  test('gives equal numbers to equal values and different numbers to different ones', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 40 }), (values) => {
        const table = new FingerprintTable();
        const numbers = values.map((each) => {
          table.begin();
          table.value(each, undefined);
          return table.lookup();
        });
        const texts = values.map((each) => JSON.stringify(dropMinusZero(each)));
        for (const [index, number] of numbers.entries()) {
          assert.equal(numbers.indexOf(number), texts.indexOf(texts[index] as string));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('tells values apart whose hashes are equal', () => {
    // Of so many values about ten pairs share one of 2^32 hashes.
    const table = new FingerprintTable();
    const valueCount = 300_000;
    for (let index = 0; index < valueCount; index++) {
      table.begin();
      table.primitive(index);
      table.primitive((index * 7919) % valueCount);
      assert.equal(table.lookup(), index);
    }
  });

  test('keeps its answers while it grows', () => {
    const table = new FingerprintTable();
    const number = (each: number) => {
      table.begin();
      table.value({ key: [each, each % 7] }, undefined);
      return table.lookup();
    };
    for (let index = 0; index < 5000; index++) assert.equal(number(index), index);
    for (let index = 0; index < 5000; index++) assert.equal(number(index), index);
    assert.equal(table.size, 5000);
  });
});

/** JSON writes 0 for -0, and so does a map's key. */
function dropMinusZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
