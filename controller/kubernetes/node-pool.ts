// NodePools (karpenter.sh/v1) as the contract's NodePools, and what is said about them. What a manifest leaves out is
// filled in, and what is wrong found, by controller/resources.
import { create } from '@bufbuild/protobuf';
import { type NodePool, NodePoolSchema } from '../../proto/index.ts';
import {
  type EffectiveNodePoolSpec,
  effectiveNodePoolSpec,
  NODE_CLASS_GROUP,
  NODE_CLASS_KIND,
  NODE_POOL,
  specViolations,
} from '../resources/index.ts';
import { poolRequirements, taints } from './constraints.ts';
import {
  at,
  type FieldPath,
  InputError,
  integer,
  type KubernetesObject,
  mapping,
  nameOf,
  pathOf,
  refuseWrong,
  requiredText,
  textMap,
} from './fields.ts';
import { limitResources } from './resources.ts';

const SPEC = pathOf('spec') as FieldPath;
const TEMPLATE = at(SPEC, 'template');
const TEMPLATE_SPEC = at(TEMPLATE, 'spec');
const NODE_CLASS_REF = at(TEMPLATE_SPEC, 'nodeClassRef');

/**
 * What a NodePool means, with all that its manifest leaves out.
 *
 * @throws InputError for what the API server would refuse, naming the field; but for a pool without spec
 */
export function nodePoolSpec(pool: KubernetesObject): EffectiveNodePoolSpec {
  refuseWrong(specViolations(NODE_POOL, { spec: pool.spec ?? {} }));
  return effectiveNodePoolSpec(pool);
}

/**
 * The contract's NodePool.
 *
 * @param nodeClass name of the node class in the request; empty where instance types are given explicitly
 * @throws InputError naming the field that can't be understood
 */
export function nodePoolMessage(pool: KubernetesObject, spec: EffectiveNodePoolSpec, nodeClass: string): NodePool {
  const template = spec.template.spec;
  const metadata = mapping(spec.template.metadata, at(TEMPLATE, 'metadata'));
  const limits = mapping(spec.limits, at(SPEC, 'limits'));
  return create(NodePoolSchema, {
    name: nameOf(pool),
    weight: integer(spec.weight, at(SPEC, 'weight'), 1, 100) ?? 0,
    requirements: poolRequirements(template.requirements, at(TEMPLATE_SPEC, 'requirements')),
    labels: textMap(metadata?.labels, at(at(TEMPLATE, 'metadata'), 'labels')),
    taints: taints(template.taints, at(TEMPLATE_SPEC, 'taints')),
    startupTaints: taints(template.startupTaints, at(TEMPLATE_SPEC, 'startupTaints')),
    ...(limits === undefined ? {} : { limits: limitResources(limits, at(SPEC, 'limits')) }),
    nodeClass,
  });
}

/** Why a NodePool takes no part in planning, or undefined when it does. */
export function unusableNodePool(pool: KubernetesObject, spec: EffectiveNodePoolSpec): string | undefined {
  const metadata = mapping(pool.metadata, pathOf('metadata'));
  if (metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null) return 'it is being deleted';
  if (spec.replicas !== undefined) {
    return 'it has spec.replicas: such a pool keeps a fixed number of nodes and adds none for pods';
  }
  const { group, kind } = spec.template.spec.nodeClassRef;
  if (group !== NODE_CLASS_GROUP || kind !== NODE_CLASS_KIND) {
    return `its node class is of kind ${kind} (${group}), and only ${NODE_CLASS_KIND} (${NODE_CLASS_GROUP}) is known`;
  }
  return undefined;
}

/** The node class that a NodeClaim or NodePool refers to, by its name. */
export function nodeClassName(spec: EffectiveNodePoolSpec): string {
  return requiredText(spec.template.spec.nodeClassRef.name, at(NODE_CLASS_REF, 'name'));
}

/** Refuses two taints of the same key and effect, which no node can carry. */
export function checkTaintsUnique(spec: EffectiveNodePoolSpec): void {
  const seen = new Set<string>();
  for (const field of ['taints', 'startupTaints'] as const) {
    const path = at(TEMPLATE_SPEC, field);
    for (const [index, taint] of taints(spec.template.spec[field], path).entries()) {
      const identity = `${taint.key}:${taint.effect}`;
      if (seen.has(identity)) {
        throw new InputError(at(path, index), `repeats a taint with the key ${taint.key} and the same effect`);
      }
      seen.add(identity);
    }
  }
}
