// Rules that bounds leave out: that each of them is seen, and taken out where pods bring it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PriceInput } from './questions.ts';
import { hasUncountedRules, withoutUncountedRules } from './uncounted-rules.ts';

const labelSelector = { matchLabels: { app: 'web' } };
const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

function problemOf(podSpec: object, poolSpec: object = {}, otherPoolSpec: object = poolSpec): PriceInput {
  const pool = (name: string, spec: object) => ({ metadata: { name }, spec: { template: { spec: {} }, ...spec } });
  return {
    nodePools: [pool('one', poolSpec), pool('two', otherPoolSpec)],
    instanceTypes: [{ name: 'large', capacity: { cpu: '8', memory: '32Gi' }, offerings: [] }],
    pods: [{ metadata: { name: 'a' }, spec: { containers: [], ...podSpec } }],
  } as unknown as PriceInput;
}

const spread = (whenUnsatisfiable: string, topologyKey: string) => ({
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector }],
});
const required = (kind: string, topologyKey: string) => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector }] } },
});
const preferred = (kind: string) => ({
  affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] } },
});

const OF_PODS: readonly (readonly [string, object])[] = [
  ['a spread over zones', spread('DoNotSchedule', ZONE)],
  ['a spread over hosts', spread('DoNotSchedule', HOST)],
  ['a spread that may be broken', spread('ScheduleAnyway', ZONE)],
  ['an affinity', required('podAffinity', HOST)],
  ['pods that keep apart over zones', required('podAntiAffinity', ZONE)],
  ['a preferred node', preferred('nodeAffinity')],
  ['a preferred neighbour', preferred('podAffinity')],
];

for (const [what, spec] of OF_PODS) {
  test(`${what} is seen, and gone once it is taken out`, () => {
    const problem = problemOf(spec);
    assert.equal(hasUncountedRules(problem), true);
    assert.equal(hasUncountedRules(withoutUncountedRules(problem)), false);
  });
}

test('pods that keep apart on hosts, and required nodes, are counted by bounds and stay', () => {
  for (const spec of [required('podAntiAffinity', HOST), { affinity: { nodeAffinity: { required: true } } }, {}]) {
    const problem = problemOf(spec);
    assert.equal(hasUncountedRules(problem), false);
    const [pod] = withoutUncountedRules(problem).pods;
    const { affinity } = pod!.spec as { affinity?: object };
    const before = (spec as { affinity?: object }).affinity;
    for (const [kind, terms] of Object.entries(before ?? {})) {
      assert.deepEqual((affinity as Record<string, unknown>)[kind], terms);
    }
  }
});

test('pools with weights that differ, limits, minValues and taints that discourage are seen', () => {
  assert.equal(hasUncountedRules(problemOf({}, { weight: 5 }, { weight: 5 })), false);
  assert.equal(hasUncountedRules(problemOf({}, { weight: 5 }, {})), true);
  assert.equal(hasUncountedRules(problemOf({}, { limits: { cpu: '4' } })), true);
  assert.equal(hasUncountedRules(problemOf({}, { limits: { nodes: 0 } })), true);
  assert.equal(hasUncountedRules(problemOf({}, { limits: {} })), false);
  // More than one node of the largest type for the one pod that there is.
  assert.equal(hasUncountedRules(problemOf({}, { limits: { cpu: '8', memory: '40Gi', nodes: 1 } })), false);
  const template = (spec: object) => ({ template: { spec } });
  assert.equal(hasUncountedRules(problemOf({}, template({ requirements: [{ key: 'a', minValues: 2 }] }))), true);
  assert.equal(hasUncountedRules(problemOf({}, template({ taints: [{ effect: 'PreferNoSchedule' }] }))), true);
  assert.equal(hasUncountedRules(problemOf({}, template({ taints: [{ effect: 'NoSchedule' }] }))), false);
});
