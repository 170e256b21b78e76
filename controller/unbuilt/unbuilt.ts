// The condition that names what an object asks for and that nothing carries out yet. For information only: never part of
// Ready.
import type { ConditionSet } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { type AnyObject, notBuiltWarnings, notBuiltYet, type Resource } from '../resources/index.ts';

const TYPE = 'AllFieldsSupported';

/**
 * Sets the condition, or takes it away where there is nothing to name. What the API server filled in is not named: `defaults`
 * is the spec of an object that says nothing.
 */
export function noteUnbuilt(conditions: ConditionSet, resource: Resource, object: ApiObject, defaults: unknown): void {
  const found = notBuiltYet(resource, object as AnyObject).filter(({ path }) => {
    const written = JSON.stringify(valueAt(object, path));
    return written !== JSON.stringify(valueAt({ spec: defaults }, path));
  });
  const warnings = notBuiltWarnings(found);
  if (warnings.length === 0) conditions.remove(TYPE);
  else conditions.set({ type: TYPE, status: 'False', reason: 'NotBuiltYet', message: warnings.join('; ') });
}

function valueAt(object: unknown, path: readonly (string | number)[]): unknown {
  let value = object;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value;
}
