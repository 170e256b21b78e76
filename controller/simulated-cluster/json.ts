// Plain JSON: copies, comparison, and what makes stored objects unchangeable. It knows nothing of Kubernetes.
import { isDeepStrictEqual } from 'node:util';

/** A JSON object that may be written to. */
export type Fields = { [field: string]: unknown };

/** Whether a value is an object of JSON (no list, not null). */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy as it would come over the wire: what JSON can't carry (undefined) is gone. */
export function copyJson<Value>(value: Value): Value {
  return copyOf(value) as Value;
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => (entry === undefined ? null : copyOf(entry)));
  if (typeof value !== 'object' || value === null) return value;
  const copy: Fields = {};
  for (const [key, entry] of Object.entries(value)) if (entry !== undefined) copy[key] = copyOf(entry);
  return copy;
}

/** Makes a value unchangeable, all the way down. Parts that are so already are not walked through again. */
export function freezeJson<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const entry of Object.values(value)) freezeJson(entry);
  return Object.freeze(value);
}

/** Whether two values are the same JSON; the order of fields does not count. */
export function isSameJson(a: unknown, b: unknown): boolean {
  return a === b || isDeepStrictEqual(a, b);
}
