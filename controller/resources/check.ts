// The check of whole objects: what the API server refuses by our CRDs, this finds, without one. For the command line, and
// for the webhook's own messages.

import { EC2_NODE_CLASS } from './ec2-node-class.ts';
import type { AnyObject } from './effective.ts';
import { NODE_CLAIM } from './node-claim.ts';
import { NODE_POOL } from './node-pool.ts';
import type { Resource } from './schema/index.ts';
import { type Violation, violations, withDefaults } from './schema/index.ts';

/** The custom resources, in the order in which they are applied. */
export const RESOURCES = [NODE_POOL, NODE_CLAIM, EC2_NODE_CLASS] as const;

/** What is wrong with the spec of an object that is created; paths begin at the object's root. */
export function specViolations(resource: Resource, object: AnyObject): Violation[] {
  if (!hasSpec(object)) {
    return resource.specRequired ? [{ path: ['spec'], message: 'is missing' }] : [];
  }
  return violations(resource.spec.node, filledSpec(resource, object), ['spec']);
}

/** The same for an object that takes the place of an older one. */
export function changeViolations(resource: Resource, object: AnyObject, old: AnyObject): Violation[] {
  if (!hasSpec(object) || !hasSpec(old)) return specViolations(resource, object);
  return violations(resource.spec.node, filledSpec(resource, object), ['spec'], { old: filledSpec(resource, old) });
}

/** What is wrong with the status of an object; paths begin at the object's root. */
export function statusViolations(resource: Resource, object: AnyObject): Violation[] {
  if (object.status === undefined || object.status === null) return [];
  return violations(resource.status.node, withDefaults(resource.status.node, object.status), ['status']);
}

/** An object's spec with the defaults that the API server fills in by the schema, and no more. */
export function withSchemaDefaults(resource: Resource, object: AnyObject): unknown {
  return filledSpec(resource, object);
}

function hasSpec(object: AnyObject): boolean {
  return object.spec !== undefined && object.spec !== null;
}

function filledSpec(resource: Resource, object: AnyObject): unknown {
  return withDefaults(resource.spec.node, object.spec);
}
