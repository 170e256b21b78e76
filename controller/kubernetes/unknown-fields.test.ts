// Fields of pods that nobody reads: where they are and what is said of them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatPath, type KubernetesObject } from './fields.ts';
import { unreadFields } from './unknown-fields.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const term = (more: KubernetesObject = {}) => ({ matchExpressions: [{ key: 'a', operator: 'Exists' }], ...more });
const nodeTerms = (...terms: KubernetesObject[]) => ({ nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: terms } } });

const ROWS: readonly (readonly [spec: KubernetesObject, path: string, message: RegExp])[] = [
  [{ topologySpreadConstraint: [] }, 'spec.topologySpreadConstraint', /mean topologySpreadConstraints\?/],
  [{ toleration: [] }, 'spec.toleration', /mean tolerations\?/],
  [{ NodeSelector: {} }, 'spec.NodeSelector', /mean nodeSelector\?/],
  [{ nothingLikeIt: 1 }, 'spec.nothingLikeIt', /no pod has such a field; correct or remove it \(known here are/],
  [{ affinity: { podAntiAfinity: {} } }, 'spec.affinity.podAntiAfinity', /mean podAntiAffinity\?/],
  [
    { affinity: { nodeAffinity: { required: {} } } },
    'spec.affinity.nodeAffinity.required',
    new RegExp(`mean ${REQUIRED}\\?`),
  ],
  [
    { affinity: nodeTerms(term(), { matchExpression: [] }) },
    `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[1].matchExpression`,
    /mean matchExpressions\?/,
  ],
  [
    { affinity: nodeTerms({ matchFields: [{ key: 'metadata.namespace', operator: 'In', values: ['x'] }] }) },
    `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[0].matchFields[0].key`,
    /metadata\.namespace is no field .* use metadata\.name/,
  ],
  [
    { affinity: { podAffinity: { [PREFERRED]: [{ weight: 1, podAffinityTerm: { topologyKeys: 'z' } }] } } },
    `spec.affinity.podAffinity.${PREFERRED}[0].podAffinityTerm.topologyKeys`,
    /mean topologyKey\?/,
  ],
  [
    { topologySpreadConstraints: [{ topologyKey: 'z', selector: {} }] },
    'spec.topologySpreadConstraints[0].selector',
    /known here are maxSkew/,
  ],
  [{ tolerations: [{ key: 'a', operater: 'Exists' }] }, 'spec.tolerations[0].operater', /mean operator\?/],
  [{ resourceClaims: [{ name: 'gpu' }] }, 'spec.resourceClaims', /devices of resource claims are not planned for/],
];

describe('a field that nobody reads', () => {
  for (const [spec, path, message] of ROWS) {
    test(`${path} is named with what to do`, () => {
      const found = unreadFields({ spec });
      assert.deepEqual(
        found.map((field) => formatPath(field.path)),
        [path],
      );
      assert.match(found[0]?.message ?? '', message);
    });
  }
});

test('a pod with every field of scheduling has none that nobody reads', () => {
  const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] };
  const podTerm = {
    topologyKey: 'z',
    namespaces: ['x'],
    labelSelector: selector,
    namespaceSelector: selector,
    matchLabelKeys: ['a'],
    mismatchLabelKeys: ['b'],
  };
  const podAffinity = { [REQUIRED]: [podTerm], [PREFERRED]: [{ weight: 1, podAffinityTerm: podTerm }] };
  const fields = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] };
  const spec = {
    containers: [{ name: 'any', whatever: true }],
    nodeSelector: { anything: 'goes' },
    tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoExecute', tolerationSeconds: 3 }],
    affinity: {
      nodeAffinity: {
        [REQUIRED]: { nodeSelectorTerms: [term(fields)] },
        [PREFERRED]: [{ weight: 1, preference: term() }],
      },
      podAffinity,
      podAntiAffinity: podAffinity,
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'z',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: selector,
        minDomains: 2,
        nodeAffinityPolicy: 'Honor',
        nodeTaintsPolicy: 'Honor',
        matchLabelKeys: ['a'],
      },
    ],
  };
  assert.deepEqual(unreadFields({ spec }), []);
});
