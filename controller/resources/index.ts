// The door of controller/resources: NodePool, NodeClaim and EC2NodeClass, described once. Types, CRDs, defaults and the
// check come from that description. Pure; it knows the contract's messages as little as the API server.
export { changeViolations, RESOURCES, specViolations, statusViolations, withSchemaDefaults } from './check.ts';
export { crdFiles } from './crd-files.ts';
export { EC2_NODE_CLASS, type NodeClassSpec } from './ec2-node-class.ts';
export {
  type AnyObject,
  type EffectiveNodeClassSpec,
  effectiveNodeClaimSpec,
  effectiveNodeClassSpec,
  effectiveNodePoolSpec,
  effectiveSpec,
  IMAGE_FIELDS,
} from './effective.ts';
export { type EffectiveNodeClaimSpec, NODE_CLAIM, type NodeClaimSpec } from './node-claim.ts';
export { type EffectiveNodePoolSpec, NODE_POOL, type NodePoolSpec } from './node-pool.ts';
export { type NotBuiltYet, notBuiltWarnings, notBuiltYet } from './not-built-yet.ts';
export type { Resource, Violation } from './schema/index.ts';
export { customResourceDefinition, isMapping } from './schema/index.ts';
export { NODE_CLASS_GROUP, NODE_CLASS_KIND } from './template-fields.ts';
