// Reads fields of Kubernetes objects that came from files or an API server and may have any shape. Every reader takes
// the value and where it stands, answers undefined for what is absent or null, and throws an InputError that names the
// field for what has the wrong type. Not here: what the fields mean.

/** A Kubernetes object, or any mapping inside one, before its fields are checked. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

/** Where a value stands in its object; the root is undefined. Cheap to make: it becomes text only in an error. */
export interface FieldPath {
  readonly parent: FieldPath | undefined;
  readonly key: string | number;
}

/** Something the user has to change in the input. */
export class InputError extends Error {
  /** Keys and list positions from the object's root to the field. */
  readonly path: readonly (string | number)[];

  constructor(path: FieldPath | undefined, message: string) {
    super(message);
    this.name = 'InputError';
    this.path = pathKeys(path);
  }
}

/** Throws for the first of what a check found wrong. */
export function refuseWrong(found: readonly Pick<InputError, 'path' | 'message'>[]): void {
  const [first] = found;
  if (first !== undefined) throw new InputError(pathOf(...first.path), first.message);
}

/** The path of `key` under `parent`. */
export function at(parent: FieldPath | undefined, key: string | number): FieldPath {
  return { parent, key };
}

/** A path made of several keys, outermost first. */
export function pathOf(...keys: readonly (string | number)[]): FieldPath | undefined {
  let path: FieldPath | undefined;
  for (const key of keys) path = at(path, key);
  return path;
}

/** The keys of a path, outermost first. */
export function pathKeys(path: FieldPath | undefined): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let step = path; step !== undefined; step = step.parent) keys.push(step.key);
  return keys.reverse();
}

/** A path as people write it: spec.containers[0].resources.requests["nvidia.com/gpu"]. */
export function formatPath(keys: readonly (string | number)[]): string {
  let text = '';
  for (const key of keys) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) text += text === '' ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

/** A short rendering of a value for messages. */
export function show(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A mapping, or undefined when it is absent. */
export function mapping(value: unknown, path: FieldPath | undefined): KubernetesObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError(path, `must be a mapping of fields, but is ${show(value)}`);
  }
  return value as KubernetesObject;
}

/** A mapping that has to be there. */
export function requiredMapping(value: unknown, path: FieldPath | undefined): KubernetesObject {
  const found = mapping(value, path);
  if (found === undefined) throw new InputError(path, 'is missing');
  return found;
}

const EMPTY: readonly unknown[] = [];

/** A list; an absent one is empty. */
export function list(value: unknown, path: FieldPath | undefined): readonly unknown[] {
  if (value === undefined || value === null) return EMPTY;
  if (!Array.isArray(value)) throw new InputError(path, `must be a list, but is ${show(value)}`);
  return value;
}

/** Text, or undefined when it is absent. */
export function text(value: unknown, path: FieldPath | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') {
    const hint = typeof value === 'object' ? '' : `: write it in quotes ("${String(value)}")`;
    throw new InputError(path, `must be text, but is ${show(value)}${hint}`);
  }
  return value;
}

/** Text that has to be there and not be empty. */
export function requiredText(value: unknown, path: FieldPath | undefined): string {
  const found = text(value, path);
  if (found === undefined || found === '') throw new InputError(path, 'is missing');
  return found;
}

/** One of a fixed set of texts, or undefined when it is absent or empty. */
export function choice<const Value extends string>(
  value: unknown,
  path: FieldPath | undefined,
  allowed: readonly Value[],
): Value | undefined {
  const found = text(value, path);
  if (found === undefined || found === '') return undefined;
  const match = allowed.find((candidate) => candidate === found);
  if (match === undefined) throw new InputError(path, `is ${show(found)}: use one of ${allowed.join(', ')}`);
  return match;
}

/** True or false, or undefined when it is absent. */
export function flag(value: unknown, path: FieldPath | undefined): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new InputError(path, `must be true or false, but is ${show(value)}`);
  return value;
}

/** A whole number within bounds, or undefined when it is absent. */
export function integer(
  value: unknown,
  path: FieldPath | undefined,
  minimum: number,
  maximum: number,
): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw new InputError(path, `must be a whole number from ${minimum} to ${maximum}, but is ${show(value)}`);
  }
  return value;
}

/** A mapping of texts (labels, selectors); an absent one is empty. */
export function textMap(value: unknown, path: FieldPath | undefined): Record<string, string> {
  const found = mapping(value, path);
  if (found === undefined) return {};
  const texts: Record<string, string> = {};
  for (const key in found) {
    const entry = found[key];
    if (key === '__proto__') throw new InputError(path, 'has the key __proto__, which is not allowed');
    texts[key] = typeof entry === 'string' ? entry : (text(entry, at(path, key)) ?? '');
  }
  return texts;
}

/** A list of texts; an absent one is empty. */
export function textList(value: unknown, path: FieldPath | undefined): string[] {
  return list(value, path).map((entry, index) => {
    const found = text(entry, at(path, index));
    if (found === undefined) throw new InputError(at(path, index), 'must be text, but is empty');
    return found;
  });
}

// Paths that every object is read at, made once.
const METADATA_PATH = pathOf('metadata');
const NAME_PATH = pathOf('metadata', 'name');
const NAMESPACE_PATH = pathOf('metadata', 'namespace');
const LABELS_PATH = pathOf('metadata', 'labels');
const OWNERS_PATH = pathOf('metadata', 'ownerReferences');

/** metadata.name of an object. */
export function nameOf(object: KubernetesObject): string {
  return requiredText(mapping(object.metadata, METADATA_PATH)?.name, NAME_PATH);
}

/** metadata.namespace of an object; `default` where none is written. */
export function namespaceOf(object: KubernetesObject): string {
  const written = text(mapping(object.metadata, METADATA_PATH)?.namespace, NAMESPACE_PATH);
  return written === undefined || written === '' ? 'default' : written;
}

/** metadata.labels of an object. */
export function labelsOf(object: KubernetesObject): Record<string, string> {
  return textMap(mapping(object.metadata, METADATA_PATH)?.labels, LABELS_PATH);
}

/** One entry of metadata.ownerReferences. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly controller: boolean;
}

const NO_OWNERS: readonly OwnerReference[] = [];

/** metadata.ownerReferences of an object. */
export function ownersOf(object: KubernetesObject): readonly OwnerReference[] {
  const path = OWNERS_PATH;
  const written = mapping(object.metadata, METADATA_PATH)?.ownerReferences;
  if (written === undefined || written === null) return NO_OWNERS;
  return list(written, path).map((entry, index) => {
    const owner = requiredMapping(entry, at(path, index));
    return {
      apiVersion: text(owner.apiVersion, at(at(path, index), 'apiVersion')) ?? '',
      kind: text(owner.kind, at(at(path, index), 'kind')) ?? '',
      name: text(owner.name, at(at(path, index), 'name')) ?? '',
      controller: owner.controller === true,
    };
  });
}
