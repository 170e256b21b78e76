// JSON merge patch (RFC 7386) and JSON patch (RFC 6902): both over plain JSON, neither knows what it patches.
import { badRequest } from './errors.ts';
import { copyJson, type Fields, isFields, isSameJson } from './json.ts';

/** RFC 7386: objects are merged, null removes, everything else replaces. The target is not changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return copyJson(patch);
  const result: Fields = isFields(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** A JSON patch that does not fit what it patches. The API answers it with 422. */
export class UnfitPatch extends Error {}

/** RFC 6902. The target is not changed. Throws UnfitPatch for a path that is not there or a test that fails. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations');
  // The root is a field, so that it can be replaced like any other.
  const document: Fields = { root: copyJson(target) };
  for (const operation of patch as readonly Operation[]) applyOperation(document, operation);
  return document.root;
}

function applyOperation(document: Fields, operation: Operation): void {
  const path = pointer(operation.path);
  switch (operation.op) {
    case 'test':
      if (!isSameJson(read(document, path), operation.value)) throw new UnfitPatch(`testing ${operation.path} failed`);
      return;
    case 'add':
      add(document, path, copyJson(operation.value));
      return;
    case 'replace':
      read(document, path);
      replace(document, path, copyJson(operation.value));
      return;
    case 'remove':
      remove(document, path);
      return;
    case 'copy':
      add(document, path, copyJson(read(document, pointer(operation.from))));
      return;
    case 'move': {
      const from = pointer(operation.from);
      const moved = read(document, from);
      remove(document, from);
      add(document, path, moved);
      return;
    }
    default:
      throw badRequest(`unexpected kind of JSON patch operation: ${operation.op}`);
  }
}

function pointer(path: string | undefined): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) {
    throw badRequest(`not a JSON pointer: ${path}`);
  }
  const steps = path.split('/').slice(1);
  return ['root', ...steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))];
}

function read(document: Fields, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const step of path) {
    const next = Array.isArray(value) ? value[indexIn(value, step, false)] : isFields(value) ? value[step] : undefined;
    if (next === undefined) throw new UnfitPatch(`there is nothing at ${shown(path)}`);
    value = next;
  }
  return value;
}

function holderOf(document: Fields, path: readonly string[]): readonly [holder: unknown, last: string] {
  return [read(document, path.slice(0, -1)), path.at(-1) as string];
}

function add(document: Fields, path: readonly string[], value: unknown): void {
  if (path.length === 1) {
    document.root = value;
    return;
  }
  const [holder, last] = holderOf(document, path);
  if (Array.isArray(holder)) holder.splice(last === '-' ? holder.length : indexIn(holder, last, true), 0, value);
  else if (isFields(holder)) holder[last] = value;
  else throw new UnfitPatch(`nothing can be added at ${shown(path)}`);
}

function replace(document: Fields, path: readonly string[], value: unknown): void {
  if (path.length === 1) {
    document.root = value;
    return;
  }
  const [holder, last] = holderOf(document, path);
  if (Array.isArray(holder)) holder[indexIn(holder, last, false)] = value;
  else (holder as Fields)[last] = value;
}

function remove(document: Fields, path: readonly string[]): void {
  read(document, path);
  const [holder, last] = holderOf(document, path);
  if (Array.isArray(holder)) holder.splice(indexIn(holder, last, false), 1);
  else delete (holder as Fields)[last];
}

function indexIn(list: readonly unknown[], step: string, mayAppend: boolean): number {
  const index = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : Number.NaN;
  if (!(index < list.length + (mayAppend ? 1 : 0))) throw new UnfitPatch(`there is no entry ${step} in the list`);
  return index;
}

function shown(path: readonly string[]): string {
  return `/${path.slice(1).join('/')}`;
}
