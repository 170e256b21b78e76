// The condition that names what an object asks for and that nothing carries out yet. For information only: never part of
// Ready.
import type { ConditionSet } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { notBuiltWarnings, notBuiltYet, type Resource } from '../resources/index.ts';

const TYPE = 'AllFieldsSupported';

/** Sets the condition, or takes it away where there is nothing to name. */
export function noteUnbuilt(conditions: ConditionSet, resource: Resource, object: ApiObject): void {
  const warnings = notBuiltWarnings(notBuiltYet(resource, object));
  if (warnings.length === 0) conditions.remove(TYPE);
  else conditions.set({ type: TYPE, status: 'False', reason: 'NotBuiltYet', message: warnings.join('; ') });
}
