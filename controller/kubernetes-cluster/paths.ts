// Paths and queries of the API.
import type { Kind, ObjectName, Selection } from '../ports/index.ts';

/** The path of a kind's objects, in one namespace or in all. */
export function collectionPath(kind: Kind, namespace: string | undefined): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  if (namespace === undefined) return `${root}/${kind.plural}`;
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`;
}

/** The path of one object. Throws where a namespace is missing, or there is one too many: no such path exists. */
export function objectPath(kind: Kind, name: ObjectName, subresource?: string): string {
  assertPlace(kind, name.namespace);
  if (name.name === '') throw new Error(`path of a ${kind.kind}: it has no name`);
  const path = `${collectionPath(kind, name.namespace)}/${encodeURIComponent(name.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** Throws unless the namespace is there exactly for namespaced kinds. */
export function assertPlace(kind: Kind, namespace: string | undefined): void {
  if ((namespace !== undefined) === kind.namespaced) return;
  throw new Error(`path of a ${kind.kind}: it ${kind.namespaced ? 'needs a namespace' : 'has no namespace'}`);
}

/** The query of what is there; empty without any. */
export function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** The part of a query that selects. */
export function selectionQuery({ labelSelector, fieldSelector }: Selection): Record<string, string | undefined> {
  return { labelSelector, fieldSelector };
}
