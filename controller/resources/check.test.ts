// The check of whole objects, without an API server: the mission's manifests pass, and what is wrong is named. That it says
// what a real API server says is shown by e2e/crds.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { changeViolations, RESOURCES, specViolations, statusViolations } from './check.ts';
import { EC2_NODE_CLASS } from './ec2-node-class.ts';
import { NODE_CLAIM } from './node-claim.ts';
import { NODE_POOL } from './node-pool.ts';
import type { Resource } from './schema/index.ts';

type Row = readonly [resource: Resource, spec: object, field: string, message: RegExp];

const requirement = (written: object): object => ({ template: { spec: { requirements: [written] } } });
const terms = [{ id: 'x' }];
const classOf = (written: object): object => ({
  role: 'r',
  subnetSelectorTerms: [{ id: 'subnet-1' }],
  securityGroupSelectorTerms: [{ id: 'sg-1' }],
  ...written,
});

const REQUIREMENT = 'spec.template.spec.requirements.0';
const ROWS: readonly Row[] = [
  [NODE_POOL, requirement({ key: 'a', operator: 'In' }), `${REQUIREMENT}.values`, /at least one value/],
  [NODE_POOL, requirement({ key: 'a', operator: 'Gt', values: ['-1'] }), `${REQUIREMENT}.values`, /0 or more/],
  [
    NODE_POOL,
    requirement({ key: 'a', operator: 'In', values: ['x'], minValues: 2 }),
    `${REQUIREMENT}.minValues`,
    /more different values/,
  ],
  [NODE_POOL, requirement({ key: 'karpenter.sh/x', operator: 'Exists' }), `${REQUIREMENT}.key`, /controller's own/],
  [NODE_POOL, requirement({ key: 'karpenter.sh/nodepool', operator: 'Exists' }), `${REQUIREMENT}.key`, /its pool/],
  [
    NODE_POOL,
    requirement({ key: 'karpenter.k8s.aws/instance-typ', operator: 'Exists' }),
    `${REQUIREMENT}.key`,
    /misspell/,
  ],
  [
    NODE_POOL,
    { template: { metadata: { labels: { 'karpenter.sh/x': 'y' } } } },
    'spec.template.metadata.labels',
    /own/,
  ],
  [NODE_POOL, { disruption: { budgets: [{ schedule: '@daily' }] } }, 'spec.disruption.budgets', /go together/],
  [NODE_POOL, { disruption: { budgets: [{ nodes: '101%' }] } }, 'spec.disruption.budgets.0.nodes', /101%/],
  [NODE_POOL, { replicas: 1, weight: 1 }, 'spec.weight', /no weight/],
  [NODE_POOL, { replicas: 1, limits: { cpu: 1 } }, 'spec.limits', /nothing else/],
  [NODE_CLAIM, { requirements: [] }, 'spec.nodeClassRef', /is missing/],
  [EC2_NODE_CLASS, {}, 'spec.subnetSelectorTerms', /is missing/],
  [EC2_NODE_CLASS, classOf({ instanceProfile: 'p' }), 'spec', /not both/],
  [EC2_NODE_CLASS, classOf({ subnetSelectorTerms: [] }), 'spec.subnetSelectorTerms', /at least one term/],
  [EC2_NODE_CLASS, classOf({ subnetSelectorTerms: terms }), 'spec.subnetSelectorTerms.0.id', /"x"/],
  [EC2_NODE_CLASS, classOf({ amiFamily: 'Custom' }), 'spec.amiSelectorTerms', /select one/],
  [EC2_NODE_CLASS, classOf({ amiSelectorTerms: [{ name: 'n' }] }), 'spec.amiFamily', /name no alias/],
  [
    EC2_NODE_CLASS,
    classOf({ amiFamily: 'AL2', amiSelectorTerms: [{ alias: 'al2023@latest' }] }),
    'spec.amiFamily',
    /AL2023 or Custom/,
  ],
  [EC2_NODE_CLASS, classOf({ amiSelectorTerms: [{ alias: 'al2023' }] }), 'spec.amiSelectorTerms.0.alias', /@latest/],
  [EC2_NODE_CLASS, classOf({ blockDeviceMappings: [{ ebs: {} }] }), 'spec.blockDeviceMappings.0.ebs', /volumeSize or/],
  [EC2_NODE_CLASS, classOf({ kubelet: { kubeReserved: { cpu: '-1' } } }), 'spec.kubelet.kubeReserved', /negative/],
  [EC2_NODE_CLASS, classOf({ kubelet: { evictionHard: { a: '1%' } } }), 'spec.kubelet.evictionHard', /takes only/],
  [EC2_NODE_CLASS, classOf({ tags: { 'kubernetes.io/cluster/a': 'owned' } }), 'spec.tags', /which cluster/],
];

describe('the check of an object', () => {
  for (const [resource, spec, field, message] of ROWS) {
    test(`names ${field} of the ${resource.kind} ${JSON.stringify(spec).slice(0, 100)}`, () => {
      const [first] = specViolations(resource, { spec });
      assert.equal(first?.path.join('.'), field);
      assert.match(first?.message ?? '', message);
    });
  }

  test('finds nothing wrong with the manifests of the mission', () => {
    const directory = fileURLToPath(new URL('../../examples/mission/', import.meta.url));
    let checked = 0;
    for (const file of globSync('0[1346]-*.yaml', { cwd: directory })) {
      for (const document of parseAllDocuments(readFileSync(join(directory, file), 'utf8'))) {
        const object = document.toJS() as { readonly kind: string };
        const resource = RESOURCES.find(({ kind }) => kind === object.kind);
        assert.ok(resource !== undefined, object.kind);
        assert.deepEqual(specViolations(resource, object), [], `${file} ${object.kind}`);
        checked += 1;
      }
    }
    assert.equal(checked, 6);
  });

  test('looks at changes: the kind of a pool stays, and so does a whole claim', () => {
    const changed = (resource: Resource, spec: object, old: object): string[] =>
      changeViolations(resource, { spec }, { spec: old }).map(({ path }) => path.join('.'));
    assert.deepEqual(changed(NODE_POOL, { weight: 2 }, { weight: 1 }), []);
    assert.deepEqual(changed(NODE_POOL, { replicas: 2 }, {}), ['spec.replicas']);
    const ref = (group: string): object => ({ template: { spec: { nodeClassRef: { group } } } });
    assert.deepEqual(changed(NODE_POOL, ref('b'), ref('a')), ['spec.template.spec.nodeClassRef.group']);
    const claim = { nodeClassRef: { group: 'g', kind: 'k', name: 'n' }, requirements: [] };
    assert.deepEqual(changed(NODE_CLAIM, claim, { ...claim, expireAfter: '720h' }), []);
    assert.deepEqual(changed(NODE_CLAIM, claim, { ...claim, expireAfter: '1h' }), ['spec']);
  });

  test('looks at what the controller writes', () => {
    assert.deepEqual(statusViolations(NODE_POOL, {}), []);
    assert.deepEqual(statusViolations(NODE_POOL, { status: { nodes: 1 } }), []);
    const condition = { type: 'Ready', status: 'Maybe', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const [first] = statusViolations(NODE_CLAIM, { status: { conditions: [condition] } });
    assert.equal(first?.path.join('.'), 'status.conditions.0.status');
  });
});
