// What the objects mean: everything that a manifest leaves out, filled in. One function for everybody: the command line, the
// controller, the webhook and hashes see the same. Pure; what is written is never changed, and what has a wrong shape is
// left for the check (check.ts) to name.

import {
  aliasName,
  DEFAULT_IMAGE_FAMILY,
  familyOfAlias,
  IMAGE_FAMILIES,
  type ImageFamily,
} from './ec2-image-family.ts';
import { EC2_NODE_CLASS, type FilledNodeClassSpec } from './ec2-node-class.ts';
import { type EffectiveNodeClaimSpec, NODE_CLAIM } from './node-claim.ts';
import { type EffectiveNodePoolSpec, NODE_POOL } from './node-pool.ts';
import { isMapping, type Resource, withDefaults } from './schema/index.ts';

/** An object of the API server or of a file, whatever its fields. */
export type AnyObject = Readonly<Record<string, unknown>>;

/** An EC2NodeClass's spec with the image decided. */
export interface EffectiveNodeClassSpec extends FilledNodeClassSpec {
  readonly amiFamily: ImageFamily;
  readonly amiSelectorTerms: NonNullable<FilledNodeClassSpec['amiSelectorTerms']>;
}

/** Fields of an EC2NodeClass's spec that a schema has no default for, because what they are depends on each other. */
export const IMAGE_FIELDS = ['amiFamily', 'amiSelectorTerms'] as const;

/**
 * An object's spec with all that is left out: the defaults of the schema and, for an EC2NodeClass, the image. A family alone
 * means the newest image of its alias, an alias alone means its family, neither means Amazon Linux 2023. Filling in twice is
 * filling in once. O(size of the spec).
 */
export function effectiveSpec(resource: Resource, object: AnyObject): unknown {
  const filled = withDefaults(resource.spec.node, object.spec ?? {});
  return resource.kind === EC2_NODE_CLASS.kind && isMapping(filled) ? { ...filled, ...imageChoice(filled) } : filled;
}

/** `effectiveSpec` of a NodePool. The type holds for objects without violations. */
export function effectiveNodePoolSpec(pool: AnyObject): EffectiveNodePoolSpec {
  return effectiveSpec(NODE_POOL, pool) as EffectiveNodePoolSpec;
}

/** `effectiveSpec` of a NodeClaim. The type holds for objects without violations. */
export function effectiveNodeClaimSpec(claim: AnyObject): EffectiveNodeClaimSpec {
  return effectiveSpec(NODE_CLAIM, claim) as EffectiveNodeClaimSpec;
}

/** `effectiveSpec` of an EC2NodeClass. The type holds for objects without violations. */
export function effectiveNodeClassSpec(nodeClass: AnyObject): EffectiveNodeClassSpec {
  return effectiveSpec(EC2_NODE_CLASS, nodeClass) as EffectiveNodeClassSpec;
}

/** The two fields that choose an image, as far as they can be told from each other. */
function imageChoice(spec: AnyObject): AnyObject {
  const { amiFamily: family, amiSelectorTerms: terms } = spec;
  if (terms === undefined) {
    const chosen = family === undefined ? DEFAULT_IMAGE_FAMILY : IMAGE_FAMILIES.find((known) => known === family);
    if (chosen === undefined || chosen === 'Custom') return {};
    return { amiFamily: chosen, amiSelectorTerms: [{ alias: `${aliasName(chosen)}@latest` }] };
  }
  if (family !== undefined || !Array.isArray(terms)) return {};
  const aliases = terms.map((term: unknown) => (isMapping(term) ? familyOfAlias(term.alias) : undefined));
  const named = aliases.find((known) => known !== undefined);
  return named === undefined ? {} : { amiFamily: named };
}
