// What is said of pools that are well-formed and probably not what was meant.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { effectiveNodePoolSpec } from '../resources/index.ts';
import { nodePoolAdvice, requirementAdvice } from './advice.ts';
import { type FieldPath, formatPath, type KubernetesObject, pathKeys, pathOf } from './fields.ts';
import { nodePoolSpec } from './node-pool.ts';

function adviceOn(spec: KubernetesObject | undefined): string[] {
  const pool = { metadata: { name: 'pool' }, spec };
  return nodePoolAdvice(pool, nodePoolSpec(pool)).map(
    ({ path, message }) => `${formatPath(pathKeys(path))}: ${message}`,
  );
}

describe('advice', () => {
  test('is given on a family written as a category', () => {
    const key = 'karpenter.k8s.aws/instance-category';
    const [advice, ...others] = adviceOn({
      template: { spec: { requirements: [{ key, operator: 'In', values: ['c', 'm', 't3'] }] } },
    });
    assert.equal(
      advice,
      'spec.template.spec.requirements[0].values: "t3" is an instance family, not a category: write "t" here, or use the key karpenter.k8s.aws/instance-family (it matches nothing)',
    );
    assert.deepEqual(others, []);
  });

  test('is given on a pool without a template, also once the API server has filled one in, and on no ordinary one', () => {
    assert.match(adviceOn({ disruption: {} })[0] ?? '', /^spec: .*every instance type/);
    const { template } = effectiveNodePoolSpec({});
    assert.equal(adviceOn({ template }).length, 1);
    assert.deepEqual(adviceOn({ template: { spec: { requirements: [] } } }), []);
    assert.deepEqual(adviceOn({ template: { spec: { nodeClassRef: { name: 'gpu' } } } }), []);
    assert.deepEqual(adviceOn({ template: { metadata: { labels: { team: 'a' } } } }), []);
  });

  test('is given on limits of what no node has', () => {
    const limits = { cpu: 1, memory: 1, nodes: 1, 'nvidia.com/gpu': 1, 'hugepages-2Mi': 1, CPU: 1 };
    assert.deepEqual(adviceOn({ limits, template: { metadata: { labels: { team: 'a' } } } }), [
      'spec.limits.CPU: limits nothing: no node has such a resource; the plain ones are cpu, memory, ephemeral-storage, pods, nodes',
    ]);
  });

  test('on values is for EC2: catalogues of one’s own may name their types as they like', () => {
    const requirements = [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['small'] }];
    assert.deepEqual(adviceOn({ template: { spec: { requirements } } }), []);
  });

  test('of what is excluded says so', () => {
    const path = pathOf('spec', 'requirements') as FieldPath;
    const [advice] = requirementAdvice(
      [{ key: 'kubernetes.io/arch', operator: 'NotIn', values: ['arm'] }],
      path,
      'of EC2',
    );
    assert.equal(advice?.message, '"arm" is none of the values amd64, arm64 (it excludes nothing)');
  });

  const rows: readonly (readonly [key: string, value: string, wrong: RegExp | undefined])[] = [
    ['karpenter.sh/capacity-type', 'spot', undefined],
    ['karpenter.sh/capacity-type', 'reserved', undefined],
    ['karpenter.sh/capacity-type', 'ondemand', /written "on-demand"/],
    ['karpenter.sh/capacity-type', 'Spot', /written "spot"/],
    ['karpenter.sh/capacity-type', 'cheap', /none of the values spot, on-demand, reserved/],
    ['kubernetes.io/arch', 'x86_64', /written "amd64"/],
    ['beta.kubernetes.io/arch', 'arm64', undefined],
    ['kubernetes.io/os', 'Linux', /written "linux"/],
    ['topology.kubernetes.io/zone', 'us-west-2', /region: .*us-west-2a/],
    ['topology.kubernetes.io/zone', 'us-west-2a', undefined],
    ['topology.kubernetes.io/zone', 'us-east-1-bos-1a', undefined],
    ['node.kubernetes.io/instance-type', 'm7i', /has a dot/],
    ['node.kubernetes.io/instance-type', 'u-6tb1.metal', undefined],
    ['karpenter.k8s.aws/instance-family', 'm7i.large', /not a family/],
    ['karpenter.k8s.aws/instance-category', 'hpc', undefined],
    ['karpenter.k8s.aws/instance-category', 'hpc7g', /write "hpc" here/],
    ['karpenter.k8s.aws/instance-cpu', '4', undefined],
    ['karpenter.k8s.aws/instance-cpu', 'four', /no whole number/],
    ['team', 'x86_64', undefined],
    ['constructor', 'x', undefined],
  ];
  for (const [key, value, wrong] of rows) {
    test(`of ${key} ${value} is ${wrong === undefined ? 'not given' : `like ${wrong}`}`, () => {
      const path = pathOf('spec', 'requirements') as FieldPath;
      const advice = requirementAdvice([{ key, operator: 'In', values: [value] }], path, 'of EC2');
      assert.equal(advice.length, wrong === undefined ? 0 : 1);
      if (wrong !== undefined) assert.match(advice[0]?.message ?? '', wrong);
    });
  }
});
