// The hash of a NodePool's template: when it changes, nodes that were made from the old one have drifted. Requirements are
// not in it: whether a node still meets them can be seen on the node.
import type { EffectiveNodePoolSpec } from '../resources/index.ts';
import { type GoValue, goDuration, goSet, goText, goTextMap, structHash } from '../struct-hash/index.ts';

/** By which rule the hash is made: Karpenter's third. */
export const NODE_POOL_HASH_RULE = 'v3';

type Taint = NonNullable<EffectiveNodePoolSpec['template']['spec']['taints']>[number];

/** Equal to what Karpenter 1.14 writes for the same pool. */
export function nodePoolHash(spec: EffectiveNodePoolSpec): string {
  const { metadata, spec: node } = spec.template;
  const { group, kind, name } = node.nodeClassRef;
  const { expireAfter, terminationGracePeriod } = node;
  return structHash({
    kind: 'struct',
    name: 'NodeClaimTemplate',
    fields: [
      ['ObjectMeta', metaValue(metadata?.labels, metadata?.annotations)],
      [
        'Spec',
        {
          kind: 'struct',
          name: 'NodeClaimTemplateSpec',
          fields: [
            ['Taints', goSet(node.taints, taintValue)],
            ['StartupTaints', goSet(node.startupTaints, taintValue)],
            [
              'NodeClassRef',
              {
                kind: 'struct',
                name: 'NodeClassReference',
                fields: [
                  ['Kind', goText(kind)],
                  ['Name', goText(name)],
                  ['Group', goText(group)],
                ],
              },
            ],
            ['TerminationGracePeriod', durationValue('Duration', terminationGracePeriod)],
            ['ExpireAfter', expireAfter === 'Never' ? undefined : durationValue('NillableDuration', expireAfter)],
          ],
        },
      ],
    ],
  });
}

function metaValue(
  labels: Readonly<Record<string, string>> | undefined,
  annotations: Readonly<Record<string, string>> | undefined,
): GoValue | undefined {
  if (labels === undefined && annotations === undefined) return undefined;
  return {
    kind: 'struct',
    name: 'ObjectMeta',
    fields: [
      ['Labels', goTextMap(labels)],
      ['Annotations', goTextMap(annotations)],
    ],
  };
}

function taintValue({ key, value, effect }: Taint): GoValue {
  return {
    kind: 'struct',
    name: 'Taint',
    fields: [
      ['Key', goText(key)],
      ['Value', goText(value)],
      ['Effect', goText(effect)],
    ],
  };
}

/** A struct around a duration, which Go's embedding makes a field of its type's name. */
function durationValue(name: string, written: string | undefined): GoValue | undefined {
  if (written === undefined) return undefined;
  return { kind: 'struct', name, fields: [['Duration', goDuration(written)]] };
}
