// What objects mean: all that their manifests leave out.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AnyObject, effectiveNodeClaimSpec, effectiveNodeClassSpec, effectiveNodePoolSpec } from './effective.ts';

describe('a NodePool', () => {
  test('of which nothing is written is filled in', () => {
    assert.deepEqual(effectiveNodePoolSpec({}), {
      template: {
        spec: {
          requirements: [],
          expireAfter: '720h',
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
        },
      },
      disruption: {
        consolidateAfter: '0s',
        consolidationPolicy: 'WhenEmptyOrUnderutilized',
        budgets: [{ nodes: '10%' }],
      },
    });
  });

  test('keeps what is written, and its manifest stays as it was', () => {
    const spec = {
      weight: 7,
      disruption: { consolidateAfter: 'Never', budgets: [] },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { expireAfter: 'Never', nodeClassRef: { name: 'gpu' }, taints: [] },
      },
    };
    const before = structuredClone(spec);
    const effective = effectiveNodePoolSpec({ spec });
    assert.deepEqual(spec, before);
    assert.equal(effective.template.spec.expireAfter, 'Never');
    assert.deepEqual(effective.template.spec.nodeClassRef, {
      group: 'karpenter.k8s.aws',
      kind: 'EC2NodeClass',
      name: 'gpu',
    });
    assert.deepEqual(effective.template.metadata, { labels: { a: 'b' } });
    assert.deepEqual(effective.disruption.budgets, []);
    assert.equal(effective.weight, 7);
  });

  test('filled in twice is the same', () => {
    const once = effectiveNodePoolSpec({ spec: { disruption: { budgets: [{}] } } });
    assert.deepEqual(effectiveNodePoolSpec({ spec: once }), once);
    assert.deepEqual(once.disruption.budgets, [{ nodes: '10%' }]);
  });
});

describe('a NodeClaim', () => {
  test('expires after a month unless it says otherwise', () => {
    assert.equal(effectiveNodeClaimSpec({ spec: {} }).expireAfter, '720h');
    assert.equal(effectiveNodeClaimSpec({ spec: { expireAfter: 'Never' } }).expireAfter, 'Never');
  });
});

describe('an EC2NodeClass', () => {
  const rows: readonly (readonly [spec: AnyObject, family: unknown, terms: unknown])[] = [
    [{}, 'AL2023', [{ alias: 'al2023@latest' }]],
    [{ amiFamily: 'AL2023' }, 'AL2023', [{ alias: 'al2023@latest' }]],
    [{ amiFamily: 'Bottlerocket' }, 'Bottlerocket', [{ alias: 'bottlerocket@latest' }]],
    [{ amiFamily: 'Windows2022' }, 'Windows2022', [{ alias: 'windows2022@latest' }]],
    [{ amiSelectorTerms: [{ alias: 'al2@v20250101' }] }, 'AL2', [{ alias: 'al2@v20250101' }]],
    [{ amiFamily: 'Custom', amiSelectorTerms: [{ id: 'ami-1' }] }, 'Custom', [{ id: 'ami-1' }]],
    [{ amiFamily: 'Custom', amiSelectorTerms: [{ alias: 'al2@latest' }] }, 'Custom', [{ alias: 'al2@latest' }]],
    // Nothing is guessed where something is wrong.
    [{ amiFamily: 'Custom' }, 'Custom', undefined],
    [{ amiFamily: 'Ubuntu' }, 'Ubuntu', undefined],
    [{ amiSelectorTerms: [{ id: 'ami-1' }] }, undefined, [{ id: 'ami-1' }]],
    [{ amiSelectorTerms: 5 }, undefined, 5],
  ];
  for (const [spec, family, terms] of rows) {
    test(`with ${JSON.stringify(spec)} has the image family ${family} and its terms`, () => {
      const effective = effectiveNodeClassSpec({ spec });
      assert.equal(effective.amiFamily, family);
      assert.deepEqual(effective.amiSelectorTerms, terms);
    });
  }

  test('has metadata options one by one', () => {
    assert.deepEqual(
      effectiveNodeClassSpec({ spec: { metadataOptions: { httpTokens: 'optional' } } }).metadataOptions,
      {
        httpEndpoint: 'enabled',
        httpProtocolIPv6: 'disabled',
        httpPutResponseHopLimit: 1,
        httpTokens: 'optional',
      },
    );
  });
});
