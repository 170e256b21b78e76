// Rules that are not planned for: each is named, and a plain pod has none.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PodShape } from '../model/index.ts';
import { unsupportedRules } from './index.ts';

const PLAIN: PodShape = {
  namespace: 'default',
  labels: { app: 'x' },
  requests: { cpu: 100, pods: 1 },
  nodeSelector: { 'kubernetes.io/arch': 'arm64' },
  requiredNodeTerms: [
    { matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }], matchFields: [] },
    { matchExpressions: [], matchFields: [] },
  ],
  preferredNodeTerms: [],
  tolerations: [{ key: '', operator: 'Exists', value: '' }],
  topologySpread: [],
  podAffinity: [],
  podAntiAffinity: [],
  hostPorts: [],
  volumes: [],
  priority: 0,
};

const AFFINITY = {
  topologyKey: 'kubernetes.io/hostname',
  namespaces: [],
  matchLabelKeys: [],
  mismatchLabelKeys: [],
};
const ON_NAME = { key: 'metadata.name', operator: 'In', values: ['n'] } as const;
const NODE_AFFINITY = 'spec.affinity.nodeAffinity';

const TABLE: readonly (readonly [string, Partial<PodShape>, string])[] = [
  [
    'a hard topology spread',
    {
      topologySpread: [
        {
          topologyKey: 'topology.kubernetes.io/zone',
          maxSkew: 1,
          whenUnsatisfiable: 'DoNotSchedule',
          nodeAffinityPolicy: 'Honor',
          nodeTaintsPolicy: 'Ignore',
          matchLabelKeys: [],
        },
      ],
    },
    'spec.topologySpreadConstraints',
  ],
  ['required pod affinity', { podAffinity: [AFFINITY] }, 'spec.affinity.podAffinity'],
  ['preferred pod affinity', { podAffinity: [{ ...AFFINITY, weight: 1 }] }, 'spec.affinity.podAffinity'],
  ['required pod anti-affinity', { podAntiAffinity: [AFFINITY] }, 'spec.affinity.podAntiAffinity'],
  ['preferred pod anti-affinity', { podAntiAffinity: [{ ...AFFINITY, weight: 9 }] }, 'spec.affinity.podAntiAffinity'],
  [
    'preferred node affinity',
    { preferredNodeTerms: [{ weight: 1, term: { matchExpressions: [], matchFields: [] } }] },
    `${NODE_AFFINITY}.preferredDuringSchedulingIgnoredDuringExecution`,
  ],
  [
    'node affinity by field',
    { requiredNodeTerms: [...PLAIN.requiredNodeTerms, { matchExpressions: [], matchFields: [ON_NAME] }] },
    `${NODE_AFFINITY}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchFields`,
  ],
  ['a host port', { hostPorts: [{ hostIp: '', port: 80, protocol: 'TCP' }] }, 'spec.containers.ports.hostPort'],
  ['a volume', { volumes: [{ claimName: 'c', driver: '', nodeTerms: [] }] }, 'spec.volumes'],
];

describe('a pod', () => {
  it('with a selector, required affinity, tolerations and labels can be planned', () => {
    assert.deepEqual(unsupportedRules(PLAIN), []);
  });

  for (const [name, part, field] of TABLE) {
    it(`with ${name} is left out because of ${field}`, () => {
      const rules = unsupportedRules({ ...PLAIN, ...part });
      assert.deepEqual(
        rules.map((rule) => rule.field),
        [field],
      );
      assert.match(rules[0]?.message ?? '', /^pods with .+ are left out until this rule is planned for$/);
    });
  }

  it('with several of them hears of all', () => {
    const shape = Object.assign({}, PLAIN, ...TABLE.map(([, part]) => part)) as PodShape;
    const fields = unsupportedRules(shape).map((rule) => rule.field);
    assert.deepEqual(fields, [...new Set(TABLE.map(([, , field]) => field))]);
  });
});
