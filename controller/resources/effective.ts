// What the objects mean: everything that a manifest leaves out, filled in. One function for each resource, for everybody:
// the command line, the controller, the webhook and hashes see the same. Pure; what is written is never changed, and what
// has a wrong shape is left for the check (check.ts) to name.

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
import { isMapping, withDefaults } from './schema/index.ts';

/** An object of the API server or of a file, whatever its fields. */
export type AnyObject = Readonly<Record<string, unknown>>;

/** An EC2NodeClass's spec with the image decided. */
export interface EffectiveNodeClassSpec extends FilledNodeClassSpec {
  readonly amiFamily: ImageFamily;
  readonly amiSelectorTerms: NonNullable<FilledNodeClassSpec['amiSelectorTerms']>;
}

/**
 * A NodePool's spec with the template, the node class `default`, disruption and all else that is left out. The type holds
 * for objects without violations. O(size of the spec).
 */
export function effectiveNodePoolSpec(pool: AnyObject): EffectiveNodePoolSpec {
  return withDefaults(NODE_POOL.spec.node, pool.spec ?? {}) as EffectiveNodePoolSpec;
}

/** A NodeClaim's spec with what is left out. The type holds for objects without violations. */
export function effectiveNodeClaimSpec(claim: AnyObject): EffectiveNodeClaimSpec {
  return withDefaults(NODE_CLAIM.spec.node, claim.spec ?? {}) as EffectiveNodeClaimSpec;
}

/**
 * An EC2NodeClass's spec with what is left out: the schema's defaults, and the image, where a schema has no default for
 * it. A family alone means the newest image of its alias, an alias alone means its family, neither means Amazon Linux
 * 2023. The type holds for objects without violations.
 */
export function effectiveNodeClassSpec(nodeClass: AnyObject): EffectiveNodeClassSpec {
  const filled = withDefaults(EC2_NODE_CLASS.spec.node, nodeClass.spec ?? {});
  return (isMapping(filled) ? { ...filled, ...imageChoice(filled) } : filled) as EffectiveNodeClassSpec;
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
