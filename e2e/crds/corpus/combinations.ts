// Changes by hand for rules that look at several fields at once, which variants of one field don't reach. Each lays fields
// over a base's spec.
import type { Base, Json } from './bases.ts';

/** Fields laid over the spec of a base, at the top; undefined takes one away. */
export interface Combination {
  readonly kind: Base['kind'];
  readonly base: string;
  readonly fields: Json;
}

const pool = (fields: Json, base = 'dynamic'): Combination => ({ kind: 'NodePool', base, fields });
const nodeClass = (fields: Json, base = 'least'): Combination => ({ kind: 'EC2NodeClass', base, fields });

const nodeClassRef = { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' };
const template = (spec: Json): Json => ({ template: { spec: { nodeClassRef, requirements: [], ...spec } } });

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'Gte', 'Lte'];
const VALUES: readonly unknown[] = [
  undefined,
  [],
  ['a'],
  ['5'],
  ['0'],
  ['-1'],
  ['+5'],
  ['-0'],
  ['5.0'],
  ['1', '2'],
  ['a', 'b', 'c'],
  ['a', 'a'],
  [''],
  ['x'.repeat(64)],
  ['9223372036854775808'],
];

const requirementCases = OPERATORS.flatMap((operator) =>
  VALUES.flatMap((values) =>
    [undefined, 1, 2, 3].map((minValues) => ({ key: 'example.com/a', operator, values, minValues })),
  ),
);

const FAMILIES = ['AL2', 'AL2023', 'Bottlerocket', 'Custom', 'Windows2019', 'Windows2022', 'Windows2025', undefined];
const ALIASES = ['al2', 'al2023', 'bottlerocket', 'windows2019', 'windows2022', 'windows2025'];

const tags = { a: 'b' };
const primary = { networkCardIndex: 0, deviceIndex: 0, interfaceType: 'interface' };
const efa = (networkCardIndex: number, deviceIndex: number) => ({
  networkCardIndex,
  deviceIndex,
  interfaceType: 'efa-only',
});

/** Every way to write some of the fields of a term. */
function terms(fields: Json): Json[] {
  return Object.entries(fields).reduce<Json[]>(
    (all, [key, value]) => all.flatMap((term) => [term, { ...term, [key]: value }]),
    [{}],
  );
}

/** Each term alone, twice, and beside a plain one. */
function termLists(field: string, fields: Json, base = 'least'): Combination[] {
  const [name = '', value] = Object.entries(fields)[0] ?? [];
  return terms(fields).flatMap((term) =>
    [[term], [term, term], [term, { [name]: value }]].map((list) => nodeClass({ [field]: list }, base)),
  );
}

export const COMBINATIONS: readonly Combination[] = [
  ...requirementCases.map((requirement) => pool(template({ requirements: [requirement] }))),
  ...requirementCases.map(
    (requirement): Combination => ({
      kind: 'NodeClaim',
      base: 'claim',
      fields: { requirements: [requirement] },
    }),
  ),
  pool({ template: undefined }),
  pool({ template: {} }),
  pool({ template: { spec: {} } }),
  pool({ template: { metadata: {} } }),
  pool({ disruption: {} }),
  pool({ disruption: { consolidationPolicy: 'WhenEmpty' } }),
  pool({ disruption: { consolidateAfter: '1m', budgets: [] } }),
  pool({ disruption: { consolidateAfter: '1m', budgets: [{}] } }),
  pool({ disruption: { consolidateAfter: '1m', budgets: [{ nodes: '1', schedule: '@daily' }] } }),
  pool({ disruption: { consolidateAfter: '1m', budgets: [{ nodes: '1', duration: '1h' }] } }),
  pool({ disruption: { consolidateAfter: '1m', budgets: [{ nodes: '1', reasons: ['Empty', 'Empty'] }] } }),
  pool({ disruption: { consolidateAfter: '1m', budgets: [{ nodes: '1', reasons: [] }] } }),
  ...[{}, { nodes: 5 }, { cpu: 5 }, { nodes: 5, cpu: 5 }, undefined].flatMap((limits) =>
    [undefined, 3].flatMap((weight) => [undefined, 0, 3].map((replicas) => pool({ limits, weight, replicas }))),
  ),
  ...FAMILIES.flatMap((amiFamily) => [
    ...ALIASES.map((name) => nodeClass({ amiFamily, amiSelectorTerms: [{ alias: `${name}@latest` }] })),
    nodeClass({ amiFamily, amiSelectorTerms: [{ id: 'ami-1' }] }),
    nodeClass({ amiFamily, amiSelectorTerms: [] }),
    nodeClass({ amiFamily, amiSelectorTerms: undefined }),
    nodeClass({ amiFamily, amiSelectorTerms: [{ alias: 'al2@latest' }, { alias: 'al2023@latest' }] }),
  ]),
  ...['role', 'instanceProfile', 'both', 'none'].map((which) =>
    nodeClass({
      role: which === 'role' || which === 'both' ? 'r' : undefined,
      instanceProfile: which === 'instanceProfile' || which === 'both' ? 'p' : undefined,
    }),
  ),
  ...termLists('subnetSelectorTerms', { tags, id: 'subnet-1' }),
  ...termLists('securityGroupSelectorTerms', { tags, id: 'sg-1', name: 'n' }),
  ...termLists('capacityReservationSelectorTerms', {
    tags,
    id: 'cr-1',
    ownerID: '012345678901',
    instanceMatchCriteria: 'open',
  }),
  ...termLists(
    'amiSelectorTerms',
    { tags, id: 'ami-1', name: 'n', owner: 'o', alias: 'al2023@latest', ssmParameter: 's' },
    'terms',
  ),
  nodeClass({ capacityReservationSelectorTerms: [] }),
  ...terms({ name: 'n', id: 'pg-1' }).map((placementGroupSelector) => nodeClass({ placementGroupSelector })),
  ...[
    [],
    [primary],
    [primary, primary],
    [efa(0, 0)],
    [efa(1, 0)],
    [primary, efa(0, 1)],
    [primary, efa(0, 1), efa(0, 2)],
    [primary, efa(1, 0), efa(2, 0)],
    [primary, efa(1, 0), { ...primary, networkCardIndex: 1 }],
    [{ ...primary, networkCardIndex: 1 }],
  ].map((networkInterfaces) => nodeClass({ networkInterfaces })),
  ...[
    [{ rootVolume: true }, { rootVolume: true }],
    [{ rootVolume: true }, { rootVolume: false }],
    [{ rootVolume: true }, {}],
    [{ ebs: {} }],
    [{ ebs: { volumeSize: '18Ti' } }],
    [{ ebs: { volumeSize: '59Ti' } }],
    [{ ebs: { volumeSize: '59001Gi' } }],
    [{ ebs: { snapshotID: '', volumeInitializationRate: 200 } }],
    [{ ebs: { volumeSize: '1Gi', volumeInitializationRate: 200 } }],
    [{ ebs: { snapshotID: 's', volumeInitializationRate: 200 } }],
  ].map((blockDeviceMappings) => nodeClass({ blockDeviceMappings })),
  ...[
    { imageGCHighThresholdPercent: 80, imageGCLowThresholdPercent: 80 },
    { imageGCHighThresholdPercent: 79, imageGCLowThresholdPercent: 80 },
    { imageGCHighThresholdPercent: 81, imageGCLowThresholdPercent: 80 },
    { imageGCHighThresholdPercent: 81 },
    { imageGCLowThresholdPercent: 80 },
    { evictionSoft: { 'memory.available': '1%' } },
    { evictionSoftGracePeriod: { 'memory.available': '1m' } },
    { evictionSoft: {}, evictionSoftGracePeriod: {} },
    { evictionSoft: {} },
    { evictionSoft: { 'memory.available': '1%' }, evictionSoftGracePeriod: { 'nodefs.available': '1m' } },
    { evictionSoft: { 'memory.available': '1%' }, evictionSoftGracePeriod: { 'memory.available': '1m' } },
    { kubeReserved: { cpu: '-1' } },
    { systemReserved: { cpu: '-1' } },
  ].map((kubelet) => nodeClass({ kubelet })),
  ...[{}, { udpTimeout: 30 }, { udpStreamTimeout: 60 }].map((connectionTracking) => nodeClass({ connectionTracking })),
];

/** Changes of a stored base: rules that look at what was there before. */
export const CHANGES: readonly Combination[] = [
  pool({ weight: 11 }),
  pool({ replicas: 3, weight: undefined, limits: undefined }),
  pool({ replicas: undefined }, 'static'),
  pool({ replicas: 4 }, 'static'),
  pool({ replicas: 0 }, 'static'),
  pool(template({ nodeClassRef: { ...nodeClassRef, group: 'other' } }), 'least'),
  pool(template({ nodeClassRef: { ...nodeClassRef, kind: 'Other' } }), 'least'),
  pool(template({ nodeClassRef: { ...nodeClassRef, name: 'other' } }), 'least'),
  { kind: 'NodeClaim', base: 'claim', fields: {} },
  { kind: 'NodeClaim', base: 'claim', fields: { expireAfter: '1h' } },
  { kind: 'NodeClaim', base: 'claim', fields: { taints: undefined } },
  nodeClass({ role: 'other' }),
  nodeClass({ role: undefined, instanceProfile: 'p' }),
  nodeClass({ amiFamily: 'Bottlerocket' }),
];
