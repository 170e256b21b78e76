// Fields that are accepted, as Karpenter accepts them, and that nothing carries out yet. Whoever builds one removes its
// line. What is not listed is planned with or carried out, or is no behaviour of its own.
import { EC2_NODE_CLASS } from './ec2-node-class.ts';
import { type AnyObject, effectiveSpec } from './effective.ts';
import { NODE_CLAIM } from './node-claim.ts';
import { NODE_POOL } from './node-pool.ts';
import { isMapping, type Resource } from './schema/index.ts';

/** One field of a spec, and what it waits for. */
export interface NotBuiltField {
  /** From the spec on. */
  readonly field: string;
  /** The missing piece, as a noun: "consolidation". */
  readonly waitsFor: string;
}

/** One place where a user wrote such a field. */
export interface NotBuiltYet {
  /** From the object's root on. */
  readonly path: readonly string[];
  readonly waitsFor: string;
}

const DISRUPTION = 'consolidation';
const EXPIRATION = 'expiration';

/** The fields of each resource, by kind. */
export const NOT_BUILT_YET: Readonly<Record<string, readonly NotBuiltField[]>> = {
  [NODE_POOL.kind]: [
    { field: 'disruption.consolidateAfter', waitsFor: DISRUPTION },
    { field: 'disruption.consolidationPolicy', waitsFor: DISRUPTION },
    { field: 'disruption.budgets', waitsFor: 'disruption within budgets' },
    { field: 'template.spec.expireAfter', waitsFor: EXPIRATION },
    { field: 'replicas', waitsFor: 'pools with a fixed number of nodes' },
  ],
  [NODE_CLAIM.kind]: [{ field: 'expireAfter', waitsFor: EXPIRATION }],
  [EC2_NODE_CLASS.kind]: [],
};

/**
 * Where a spec has fields that nothing carries out yet, in the order of the table. Those that would be the same if nobody had
 * written them are left out: the API server and the webhook fill such fields in. Pure. O(size of the spec) for each field.
 */
export function notBuiltYet(resource: Resource, object: AnyObject): NotBuiltYet[] {
  const fields = NOT_BUILT_YET[resource.kind] ?? [];
  const found = fields
    .filter(({ field }) => holds(object.spec, field.split('.')))
    .map(({ field, waitsFor }) => ({ path: ['spec', ...field.split('.')], waitsFor }));
  return found.filter(({ path }) => {
    const unwritten = { spec: effectiveSpec(resource, without(object, path) as AnyObject) };
    return JSON.stringify(valueAt(object, path)) !== JSON.stringify(valueAt(unwritten, path));
  });
}

type Path = NotBuiltYet['path'];

function valueAt(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return value;
  return typeof value === 'object' && value !== null ? valueAt((value as AnyObject)[key], rest) : undefined;
}

/** The value without the field at the path, which is there. Copies what it changes. */
function without(value: unknown, [key = '', ...rest]: Path): unknown {
  const copy: Record<string, unknown> = { ...(value as AnyObject) };
  if (rest.length === 0) delete copy[key];
  else copy[key] = without(copy[key], rest);
  return copy;
}

/** Whether a path of names leads to something under a value. */
function holds(value: unknown, [name = '', ...rest]: readonly string[]): boolean {
  if (!isMapping(value) || !Object.hasOwn(value, name)) return false;
  const found = value[name];
  if (found === undefined || found === null) return false;
  return rest.length === 0 || holds(found, rest);
}

/** One warning for each thing that is missing, naming the fields that wait for it. */
export function notBuiltWarnings(found: readonly NotBuiltYet[]): string[] {
  const byPiece = new Map<string, string[]>();
  for (const { path, waitsFor } of found) {
    const fields = byPiece.get(waitsFor) ?? [];
    fields.push(path.join('.'));
    byPiece.set(waitsFor, fields);
  }
  return [...byPiece].map(([piece, fields]) => `${fields.join(', ')}: accepted, but not carried out yet (${piece})`);
}
