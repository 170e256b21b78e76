// Broken and odd variants of a value, made from the schema it has: every field left out, of another type, at and beyond
// each of its bounds. Driven by Karpenter's schema, so that what it can refuse is tried.
import type { OpenApi } from '../crd.ts';
import { KEYS, TEXTS } from './samples.ts';

/** A variant: what was done and the whole value after it. `undefined` stands for left out. */
export interface Variant {
  readonly what: string;
  readonly value: unknown;
}

const OTHER_TYPES: readonly unknown[] = ['text', 5, 1.5, true, [], {}, null];
/** Words of a schema that say something about texts and keys. */
const LIMITED = ['type', 'pattern', 'format', 'minLength', 'maxLength', 'x-kubernetes-validations'];
const FEW_TEXTS: readonly string[] = ['', 'a b', '\u65e5\u672c', 'a'.repeat(2000)];
const NUMBERS: readonly number[] = [0, 1, -1, 1.5, 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1];

/**
 * All variants of a value and of everything in it. A field whose schema says what another's did is tried with a few texts
 * and keys only.
 *
 * @param known what the schemas of fields said so far; grows
 */
export function* variants(schema: OpenApi, value: unknown, path: string, known: Set<string>): Generator<Variant> {
  for (const other of own(schema, value, known)) yield { what: `${path} = ${brief(other)}`, value: other };
  if (Array.isArray(value)) {
    for (const [index, entry] of value.entries()) {
      for (const variant of variants(schema.items ?? {}, entry, `${path}[${index}]`, known)) {
        yield { what: variant.what, value: value.with(index, variant.value) };
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, entry] of Object.entries(value)) {
      const part = schema.properties?.[key] ?? schema.additionalProperties ?? {};
      yield { what: `${path}.${key} left out`, value: { ...value, [key]: undefined } };
      for (const variant of variants(part, entry, `${path}.${key}`, known)) {
        yield { what: variant.what, value: { ...value, [key]: variant.value } };
      }
    }
  }
}

/** Other values for the same place. */
function* own(schema: OpenApi, value: unknown, known: Set<string>): Generator<unknown> {
  const isNew = isNewTo(known, schema);
  yield* OTHER_TYPES;
  if (schema.enum !== undefined) yield* schema.enum;
  if (typeof value === 'string' || schema['x-kubernetes-int-or-string'] === true) yield* texts(schema, isNew);
  if (typeof value === 'number') yield* numbers(schema);
  if (Array.isArray(value)) yield* lists(schema, value);
  else if (schema.additionalProperties !== undefined) yield* mappings(schema, value as object, isNew);
}

/** Remembers what a schema says of texts and keys; true where that was not known. */
function isNewTo(known: Set<string>, schema: OpenApi): boolean {
  const said = JSON.stringify(LIMITED.map((word) => schema[word]));
  const saysOnlyThatItIsThere = schema['x-kubernetes-validations']?.every(({ rule }) => rule === "self != ''") ?? true;
  if (schema.type === 'string' && !schema.pattern && !schema.format && saysOnlyThatItIsThere) return false;
  if (known.has(said)) return false;
  known.add(said);
  return true;
}

/** One in so many of the texts that a field's pattern refuses is asked about; of those it takes, every one. */
const REFUSED_STRIDE = 4;

function* texts({ minLength, maxLength, pattern, format }: OpenApi, isNew: boolean): Generator<string> {
  if (!isNew) yield* FEW_TEXTS;
  else {
    const takes = pattern === undefined ? /^\d{4}-/ : new RegExp(pattern);
    const hasForm = pattern !== undefined || format !== undefined;
    for (const [index, text] of TEXTS.entries()) {
      if (!hasForm || takes.test(text) || index % REFUSED_STRIDE === 0) yield text;
    }
  }
  for (const bound of [minLength, maxLength]) {
    if (bound === undefined) continue;
    for (const length of [bound - 1, bound, bound + 1]) if (length >= 0) yield 'a'.repeat(length);
  }
}

function* numbers({ minimum, maximum }: OpenApi): Generator<number> {
  yield* NUMBERS;
  for (const bound of [minimum, maximum]) if (bound !== undefined) yield* [bound - 1, bound, bound + 1];
}

function* lists({ minItems, maxItems }: OpenApi, value: readonly unknown[]): Generator<readonly unknown[]> {
  const [first] = value;
  for (const count of [0, 2, minItems, maxItems, maxItems === undefined ? undefined : maxItems + 1]) {
    if (count !== undefined) yield new Array<unknown>(count).fill(first);
  }
  yield value.toReversed();
}

function* mappings({ maxProperties }: OpenApi, value: object, isNew: boolean): Generator<object> {
  const [sample = 'x'] = Object.values(value) as unknown[];
  for (const key of isNew ? KEYS : KEYS.slice(0, 3)) {
    yield { ...value, [key]: sample };
    yield { [key]: sample };
  }
  for (const count of maxProperties === undefined ? [] : [maxProperties, maxProperties + 1]) {
    yield Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, sample]));
  }
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'left out';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
