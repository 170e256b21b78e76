// Defaulting as the API server does it by a CRD's schema: nulls go, what is missing gets its default, from the outside in.
// Values of a wrong shape are left as they are, for violations.ts to name.
import type { SchemaNode } from './language.ts';

/** The value with the schema's defaults. Pure: copies what it changes. O(size of the value and of the defaults). */
export function withDefaults(node: SchemaNode, value: unknown): unknown {
  switch (node.type) {
    case 'record': {
      if (!isMapping(value)) return value;
      const filled: Record<string, unknown> = {};
      for (const [name, written] of Object.entries(value)) {
        const field = Object.hasOwn(node.fields, name) ? node.fields[name] : undefined;
        // Nulls of fields stand for nothing, and fields that nobody knows are left for others to judge.
        if (field === undefined) filled[name] = written;
        else if (written !== null) filled[name] = withDefaults(field.schema, written);
      }
      for (const [name, { schema, fallback }] of Object.entries(node.fields)) {
        if (fallback !== undefined && !Object.hasOwn(filled, name)) {
          filled[name] = withDefaults(schema, structuredClone(fallback));
        }
      }
      return filled;
    }
    case 'map': {
      if (!isMapping(value)) return value;
      const entries = Object.entries(value).filter(([, written]) => written !== null);
      return Object.fromEntries(entries.map(([key, written]) => [key, withDefaults(node.values, written)]));
    }
    case 'list':
      return Array.isArray(value) ? value.map((entry) => withDefaults(node.items, entry)) : value;
    default:
      return value;
  }
}

/** True for a mapping, as opposed to a list, null and plain values. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
