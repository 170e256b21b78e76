// What has to change in a value to make another of it, as a JSON Patch (RFC 6902). Lists are replaced whole. Pure.
import { isDeepStrictEqual } from 'node:util';
import { isMapping } from '../resources/index.ts';

/** One step of a patch. */
export type PatchStep =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** The steps from one value to another, in the order of their keys; empty where they are equal. O(size of both). */
export function patchBetween(before: unknown, after: unknown, path = ''): PatchStep[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isMapping(before) || !isMapping(after)) return [{ op: 'replace', path, value: after }];
  const steps: PatchStep[] = [];
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) steps.push({ op: 'remove', path: below(path, key) });
  }
  for (const [key, value] of Object.entries(after)) {
    if (Object.hasOwn(before, key)) steps.push(...patchBetween(before[key], value, below(path, key)));
    else steps.push({ op: 'add', path: below(path, key), value });
  }
  return steps;
}

function below(path: string, key: string): string {
  return `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
