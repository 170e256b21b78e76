// A shape's text: the same however its lists and maps are ordered, another one for every single change.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PodShape } from '../model/index.ts';
import { nodeConstraintsKey, resourcesText, shapeKey, tolerationsKey } from './index.ts';
import { nodeTerm, podShape, requirement } from './testing/index.ts';

const SELECTOR = {
  matchLabels: { app: 'web', tier: 'front' },
  matchExpressions: [requirement('track', 'In', 'a', 'b'), requirement('old', 'DoesNotExist')],
};
const SPREAD = {
  topologyKey: 'zone',
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: SELECTOR,
  minDomains: 2,
  nodeAffinityPolicy: 'Honor',
  nodeTaintsPolicy: 'Ignore',
  matchLabelKeys: ['app', 'hash'],
} as const;
const AFFINITY = {
  weight: 5,
  topologyKey: 'host',
  labelSelector: SELECTOR,
  namespaces: ['ns-1', 'ns-2'],
  namespaceSelector: { matchLabels: { team: 'a' }, matchExpressions: [] },
  matchLabelKeys: ['m-1', 'm-2'],
  mismatchLabelKeys: ['n-1', 'n-2'],
};
const TOLERATION = { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' } as const;
const TERM = {
  matchExpressions: [requirement('disk', 'In', 'ssd', 'nvme'), requirement('gen', 'Gt', '4')],
  matchFields: [requirement('metadata.name', 'In', 'node-1')],
};
const VOLUME = {
  claimName: 'data',
  driver: 'ebs',
  nodeTerms: [nodeTerm(requirement('zone', 'In', 'a')), nodeTerm(requirement('zone', 'In', 'b'))],
};

/** A shape that uses every field, each list with two members. */
const RICH = podShape({
  namespace: 'shop',
  labels: { app: 'web', tier: 'front' },
  requests: { cpu: 100, memory: 200, pods: 1 },
  nodeSelector: { arch: 'arm64', os: 'linux' },
  requiredNodeTerms: [TERM, nodeTerm(requirement('b', 'Exists'))],
  preferredNodeTerms: [
    { weight: 10, term: TERM },
    { weight: 20, term: nodeTerm(requirement('c', 'Exists')) },
  ],
  tolerations: [TOLERATION, { key: '', operator: 'Exists', value: '' }],
  topologySpread: [SPREAD, { ...SPREAD, topologyKey: 'host' }],
  podAffinity: [AFFINITY, { ...AFFINITY, topologyKey: 'zone' }],
  podAntiAffinity: [AFFINITY, { ...AFFINITY, topologyKey: 'zone' }],
  hostPorts: [
    { hostIp: '', port: 80, protocol: 'TCP' },
    { hostIp: '', port: 81, protocol: 'TCP' },
  ],
  volumes: [VOLUME, { ...VOLUME, claimName: 'logs' }],
  priority: 7,
});

/** Replaces the first member of a list. */
function first<T>(list: readonly T[], changes: Partial<T>): T[] {
  return list.map((item, index) => (index === 0 ? { ...item, ...changes } : item));
}

function withoutKey<T extends object, K extends keyof T>(from: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = from;
  return rest;
}

const spread = (changes: Partial<PodShape['topologySpread'][number]>): Partial<PodShape> => ({
  topologySpread: first(RICH.topologySpread, changes),
});
const affinity = (changes: Partial<PodShape['podAffinity'][number]>): Partial<PodShape> => ({
  podAffinity: first(RICH.podAffinity, changes),
});
const toleration = (changes: Partial<PodShape['tolerations'][number]>): Partial<PodShape> => ({
  tolerations: first(RICH.tolerations, changes),
});
const term = (changes: Partial<PodShape['requiredNodeTerms'][number]>): Partial<PodShape> => ({
  requiredNodeTerms: first(RICH.requiredNodeTerms, changes),
});
const expression = (changes: Partial<(typeof TERM.matchExpressions)[number]>): Partial<PodShape> =>
  term({ matchExpressions: first(TERM.matchExpressions, changes) });
const volume = (changes: Partial<PodShape['volumes'][number]>): Partial<PodShape> => ({
  volumes: first(RICH.volumes, changes),
});
const port = (changes: Partial<PodShape['hostPorts'][number]>): Partial<PodShape> => ({
  hostPorts: first(RICH.hostPorts, changes),
});

/** One change each; no two of them, and none and any of them, may read the same. */
const CHANGES: readonly (readonly [string, Partial<PodShape>])[] = [
  ['namespace', { namespace: 'other' }],
  ['a label value', { labels: { app: 'web', tier: 'back' } }],
  ['a label key', { labels: { app: 'web', layer: 'front' } }],
  ['a label less', { labels: { app: 'web' } }],
  ['label values swapped', { labels: { app: 'front', tier: 'web' } }],
  ['no labels', { labels: {} }],
  ['a request', { requests: { cpu: 101, memory: 200, pods: 1 } }],
  ['requests swapped', { requests: { cpu: 200, memory: 100, pods: 1 } }],
  ['a request more', { requests: { cpu: 100, memory: 200, pods: 1, 'nvidia.com/gpu': 1 } }],
  ['a selector value', { nodeSelector: { arch: 'amd64', os: 'linux' } }],
  ['a selector less', { nodeSelector: { arch: 'arm64' } }],
  ['labels as selector', { labels: { arch: 'arm64', os: 'linux' }, nodeSelector: { app: 'web', tier: 'front' } }],
  ['no required terms', { requiredNodeTerms: [] }],
  ['a term less', { requiredNodeTerms: RICH.requiredNodeTerms.slice(0, 1) }],
  ['an empty term more', { requiredNodeTerms: [...RICH.requiredNodeTerms, nodeTerm()] }],
  [
    'the conditions of two terms in one',
    { requiredNodeTerms: [{ ...TERM, matchExpressions: [...TERM.matchExpressions, requirement('b', 'Exists')] }] },
  ],
  ['a condition less', term({ matchExpressions: TERM.matchExpressions.slice(0, 1) })],
  ["a condition's key", expression({ key: 'disks' })],
  ["a condition's operator", expression({ operator: 'NotIn' })],
  ["a condition's values", expression({ values: ['ssd'] })],
  ["a condition's number", term({ matchExpressions: [TERM.matchExpressions[0]!, requirement('gen', 'Gt', '5')] })],
  ['no fields', term({ matchFields: [] })],
  ['a field as label', term({ matchExpressions: [...TERM.matchExpressions, ...TERM.matchFields], matchFields: [] })],
  ['no preferred terms', { preferredNodeTerms: [] }],
  ['a preferred weight', { preferredNodeTerms: first(RICH.preferredNodeTerms, { weight: 11 }) }],
  ['a preferred term', { preferredNodeTerms: first(RICH.preferredNodeTerms, { term: nodeTerm() }) }],
  ['no tolerations', { tolerations: [] }],
  ['a toleration less', { tolerations: RICH.tolerations.slice(0, 1) }],
  ["a toleration's key", toleration({ key: 'other' })],
  ["a toleration's operator", toleration({ operator: 'Exists' })],
  ["a toleration's value", toleration({ value: 'cpu' })],
  ["a toleration's effect", toleration({ effect: 'NoExecute' })],
  ['a toleration of every effect', { tolerations: [withoutKey(TOLERATION, 'effect'), RICH.tolerations[1]!] }],
  ['no spread', { topologySpread: [] }],
  ["a spread's key", spread({ topologyKey: 'rack' })],
  ["a spread's skew", spread({ maxSkew: 2 })],
  ["a spread's mode", spread({ whenUnsatisfiable: 'ScheduleAnyway' })],
  ["a spread's selector", spread({ labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] } })],
  ["a spread's empty selector", spread({ labelSelector: { matchLabels: {}, matchExpressions: [] } })],
  ['a spread without selector', { topologySpread: [withoutKey(SPREAD, 'labelSelector'), RICH.topologySpread[1]!] }],
  [
    "a spread's selector as conditions",
    spread({
      labelSelector: {
        matchLabels: {},
        matchExpressions: [
          requirement('app', 'In', 'web'),
          requirement('tier', 'In', 'front'),
          ...SELECTOR.matchExpressions,
        ],
      },
    }),
  ],
  ["a spread's domains", spread({ minDomains: 3 })],
  ['a spread without domains', { topologySpread: [withoutKey(SPREAD, 'minDomains'), RICH.topologySpread[1]!] }],
  ["a spread's affinity policy", spread({ nodeAffinityPolicy: 'Ignore' })],
  ["a spread's taints policy", spread({ nodeTaintsPolicy: 'Honor' })],
  ["a spread's label keys", spread({ matchLabelKeys: ['app'] })],
  ['no affinity', { podAffinity: [] }],
  ['affinity less', { podAffinity: RICH.podAffinity.slice(0, 1) }],
  ["an affinity's weight", affinity({ weight: 6 })],
  ['a required affinity', { podAffinity: [withoutKey(AFFINITY, 'weight'), RICH.podAffinity[1]!] }],
  ["an affinity's key", affinity({ topologyKey: 'rack' })],
  ["an affinity's selector", affinity({ labelSelector: { matchLabels: {}, matchExpressions: [] } })],
  ['an affinity without selector', { podAffinity: [withoutKey(AFFINITY, 'labelSelector'), RICH.podAffinity[1]!] }],
  ["an affinity's namespaces", affinity({ namespaces: ['ns-1'] })],
  ["an affinity's namespace selector", affinity({ namespaceSelector: { matchLabels: {}, matchExpressions: [] } })],
  [
    'an affinity without namespace selector',
    { podAffinity: [withoutKey(AFFINITY, 'namespaceSelector'), RICH.podAffinity[1]!] },
  ],
  ["an affinity's label keys", affinity({ matchLabelKeys: ['m-1'] })],
  ["an affinity's other label keys", affinity({ mismatchLabelKeys: ['n-1'] })],
  [
    "an affinity's label keys and other label keys swapped",
    affinity({ matchLabelKeys: AFFINITY.mismatchLabelKeys, mismatchLabelKeys: AFFINITY.matchLabelKeys }),
  ],
  ['no anti-affinity', { podAntiAffinity: [] }],
  ['anti-affinity less', { podAntiAffinity: RICH.podAntiAffinity.slice(0, 1) }],
  ["a port's address", port({ hostIp: '10.0.0.1' })],
  ["a port's number", port({ port: 8080 })],
  ["a port's protocol", port({ protocol: 'UDP' })],
  ['no ports', { hostPorts: [] }],
  ["a volume's claim", volume({ claimName: 'other' })],
  ["a volume's driver", volume({ driver: 'efs' })],
  ["a volume's terms", volume({ nodeTerms: VOLUME.nodeTerms.slice(0, 1) })],
  ["that a volume's claim is shared", volume({ sharedClaim: 'data' })],
  ['what decides where a shared volume is made', volume({ sharedClaim: 'data', topologyKeys: ['zone'] })],
  ["what keeps a volume's claim from being used", volume({ obstacle: { kind: 'lost', object: '' } })],
  ['no volumes', { volumes: [] }],
  ['priority', { priority: 8 }],
];

/** Every list and map of a value in an order that `pick` decides. */
function reordered(value: unknown, pick: (count: number) => number): unknown {
  const shuffled = <T>(items: readonly T[]): T[] => {
    const rest = [...items];
    return items.map(() => rest.splice(pick(rest.length), 1)[0]!);
  };
  if (Array.isArray(value)) return shuffled(value.map((item) => reordered(item, pick)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(shuffled(Object.entries(value)).map(([key, item]) => [key, reordered(item, pick)]));
}

describe('the key of a shape', () => {
  test('is the same for every order of its lists and maps, but for lists whose order says what is given up first', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(1000)), (numbers) => {
        const pick = (count: number): number => numbers.next().value % count;
        const shuffled = reordered(RICH, pick) as PodShape;
        const { preferredNodeTerms, topologySpread, podAffinity, podAntiAffinity } = RICH;
        const permuted = { ...shuffled, preferredNodeTerms, topologySpread, podAffinity, podAntiAffinity };
        assert.equal(shapeKey(permuted), shapeKey(RICH));
        assert.equal(nodeConstraintsKey(permuted), nodeConstraintsKey(RICH));
        assert.equal(tolerationsKey(permuted.tolerations), tolerationsKey(RICH.tolerations));
        assert.equal(resourcesText(permuted.requests), resourcesText(RICH.requests));
      }),
      { numRuns: 50 },
    );
  });

  test('is another one after every single change', () => {
    const seen = new Map([[shapeKey(RICH), 'no change']]);
    for (const [name, change] of CHANGES) {
      const key = shapeKey({ ...RICH, ...change });
      assert.equal(seen.get(key), undefined, `${name} reads like ${seen.get(key)}`);
      seen.set(key, name);
    }
  });

  test('tells the fields of the plainest shape apart', () => {
    const seen = new Map([[shapeKey(podShape()), 'no change']]);
    for (const field of Object.keys(RICH) as (keyof PodShape)[]) {
      const key = shapeKey(podShape({ [field]: RICH[field] }));
      assert.equal(seen.get(key), undefined, `${field} reads like ${seen.get(key)}`);
      seen.set(key, field);
    }
  });

  test('is another one for another order of preferences', () => {
    const [first] = RICH.preferredNodeTerms;
    const terms = [first!, { ...first!, weight: first!.weight + 1 }];
    const key = shapeKey(podShape({ preferredNodeTerms: terms }));
    assert.notEqual(shapeKey(podShape({ preferredNodeTerms: terms.toReversed() })), key);
  });

  test('takes a request of 0 for none', () => {
    assert.equal(shapeKey(podShape({ requests: { cpu: 0 } })), shapeKey(podShape()));
  });

  test('has a change in the table for every field of a shape', () => {
    const changed = new Set(CHANGES.flatMap(([, change]) => Object.keys(change)));
    assert.deepEqual([...changed].sort(), Object.keys(RICH).sort());
  });
});
