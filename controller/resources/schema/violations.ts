// The check of a value against its schema, with the verdicts of the API server: shape first, and rules only over values
// of the right shape. Fields that the schema does not know are no violation: the API server drops them.
import { isMapping } from './defaults.ts';
import type { AnyRule, FieldNode, ListNode, MapNode, RecordNode, SchemaNode, TextNode, WholeNode } from './language.ts';

/** Keys and list positions from where the check began. */
export type ViolationPath = readonly (string | number)[];

/** One thing that is wrong. */
export interface Violation {
  readonly path: ViolationPath;
  /** A sentence without its subject, which is the field: "must be one of A, B". */
  readonly message: string;
}

/** A change of an object, for the rules that look at both sides. */
export interface Change {
  readonly old: unknown;
}

/**
 * Everything that is wrong with a value whose defaults are filled in, in the order of the schema; empty when all is well.
 * As with the API server, rules are looked at only when every shape is right. O(size of the value × rules).
 *
 * @param change the value that it takes the place of, for the rules over changes
 */
export function violations(node: SchemaNode, value: unknown, path: ViolationPath = [], change?: Change): Violation[] {
  const shapes: Violation[] = [];
  checkShape(node, value, path, shapes);
  if (shapes.length > 0) return shapes;
  const broken: Violation[] = [];
  checkRules(node, value, path, broken, change);
  return broken;
}

function checkShape(node: SchemaNode, value: unknown, path: ViolationPath, found: Violation[]): void {
  const wrong = (message: string): void => void found.push({ path, message });
  switch (node.type) {
    case 'text':
      if (typeof value !== 'string') wrong(`must be text, but is ${show(value)}${quoteHint(value)}`);
      else checkText(node, value, wrong);
      return;
    case 'whole':
      if (typeof value !== 'number' || !Number.isInteger(value)) wrong(`must be a whole number, but is ${show(value)}`);
      else checkWhole(node, value, wrong);
      return;
    case 'flag':
      if (typeof value !== 'boolean') wrong(`must be true or false, but is ${show(value)}`);
      return;
    case 'quantity':
      if (typeof value === 'number' && Number.isInteger(value)) return;
      if (typeof value !== 'string' || !regex(node.pattern).test(value)) {
        wrong(`${show(value)} is no amount: write a whole number, or text such as 500m or 16Gi`);
      }
      return;
    case 'list':
      checkList(node, value, path, found);
      return;
    case 'map':
      checkMap(node, value, path, found);
      return;
    case 'record':
      checkRecord(node, value, path, found);
  }
}

function checkText(node: TextNode, value: string, wrong: (message: string) => void): void {
  const { oneOf, pattern, minLength = 0, maxLength, format } = node;
  if (oneOf !== undefined && !oneOf.includes(value)) {
    wrong(`is ${show(value)}: use one of ${oneOf.join(', ')}`);
    return;
  }
  // Lengths are those of Unicode characters, as the API server counts.
  const length = [...value].length;
  if (length < minLength) wrong(value === '' ? 'must not be empty' : `must have at least ${minLength} characters`);
  if (maxLength !== undefined && length > maxLength)
    wrong(`has ${length} characters: at most ${maxLength} are allowed`);
  if (pattern !== undefined && !regex(pattern).test(value)) {
    wrong(`is ${show(value)}, which does not match ${pattern}`);
  }
  if (format === 'date-time' && !isMoment(value)) wrong(`is ${show(value)}: write a moment as 2026-01-31T12:00:00Z`);
}

/** The forms of a moment that the API server takes. */
const MOMENT =
  /^(\d{4})-(0\d|1[0-2])-([0-2]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})$/;

function isMoment(value: string): boolean {
  const [, year = 0, month = 0, day = 0] = MOMENT.exec(value)?.slice(0, 4).map(Number) ?? [];
  // Day 0 of the next month is the last of this one.
  return month > 0 && day > 0 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const INT32 = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };

function checkWhole(node: WholeNode, value: number, wrong: (message: string) => void): void {
  const { minimum, maximum, format, asScale } = node;
  if ((minimum !== undefined && value < minimum) || (maximum !== undefined && value > maximum)) {
    wrong(`must be a whole number ${rangeText(minimum, maximum)}, but is ${value}`);
  }
  if (asScale === true && (value < 0 || value > INT32.maximum)) {
    wrong(`must be a whole number ${rangeText(0, INT32.maximum)}, but is ${value}`);
  }
  if (format === 'int32' && (value < INT32.minimum || value > INT32.maximum)) {
    wrong(`must be a whole number ${rangeText(INT32.minimum, INT32.maximum)}, but is ${value}`);
  }
}

function rangeText(minimum: number | undefined, maximum: number | undefined): string {
  if (maximum === undefined) return `of ${minimum} or more`;
  return minimum === undefined ? `of ${maximum} or less` : `from ${minimum} to ${maximum}`;
}

function checkList(node: ListNode, value: unknown, path: ViolationPath, found: Violation[]): void {
  const wrong = (message: string): void => void found.push({ path, message });
  if (!Array.isArray(value)) {
    wrong(`must be a list, but is ${show(value)}`);
    return;
  }
  const { minItems = 0, maxItems, merge, items } = node;
  if (value.length < minItems) wrong(`must have at least ${minItems} ${minItems === 1 ? 'entry' : 'entries'}`);
  if (maxItems !== undefined && value.length > maxItems) {
    wrong(`has ${value.length} entries: at most ${maxItems} are allowed`);
    return;
  }
  for (const [index, entry] of value.entries()) checkShape(items, entry, [...path, index], found);
  if (merge === undefined || merge === 'atomic') return;
  const seen = new Set<string>();
  for (const [index, entry] of value.entries()) {
    const identity = merge === 'set' ? entry : isMapping(entry) ? entry[merge.byKey] : undefined;
    const key = JSON.stringify(identity) ?? '';
    if (seen.has(key)) found.push({ path: [...path, index], message: `repeats ${show(identity)}` });
    seen.add(key);
  }
}

function checkMap(node: MapNode, value: unknown, path: ViolationPath, found: Violation[]): void {
  if (!isMapping(value)) {
    found.push({ path, message: `must be a mapping, but is ${show(value)}` });
    return;
  }
  const entries = Object.entries(value);
  if (node.maxProperties !== undefined && entries.length > node.maxProperties) {
    const message = `has ${entries.length} entries: at most ${node.maxProperties} are allowed`;
    found.push({ path, message });
    return;
  }
  for (const [key, entry] of entries) checkShape(node.values, entry, [...path, key], found);
}

function checkRecord(node: RecordNode, value: unknown, path: ViolationPath, found: Violation[]): void {
  if (!isMapping(value)) {
    found.push({ path, message: `must be a mapping of fields, but is ${show(value)}` });
    return;
  }
  for (const [name, field] of Object.entries(node.fields)) {
    if (Object.hasOwn(value, name)) checkShape(field.schema, value[name], [...path, name], found);
    else if (field.required) found.push({ path: [...path, name], message: 'is missing' });
  }
}

/** Rules over a value and everything in it. The shapes have been checked. */
function checkRules(
  node: SchemaNode,
  value: unknown,
  path: ViolationPath,
  found: Violation[],
  change: Change | undefined,
): void {
  for (const rule of node.rules) {
    if (!breaks(rule, value, change)) continue;
    const place = rule.field === undefined ? path : [...path, rule.field.slice(1)];
    found.push({ path: place, message: rule.message });
  }
  for (const [key, schema, entry] of partsOf(node, value)) {
    checkRules(schema, entry, [...path, key], found, changeOfPart(node, key, change));
  }
}

function breaks(rule: AnyRule, value: unknown, change: Change | undefined): boolean {
  // The shape has been checked, which is all that a rule asks of its value.
  if ('holds' in rule) return !rule.holds(value as never);
  return change !== undefined && !rule.holdsOnChange(value as never, change.old as never);
}

function* partsOf(node: SchemaNode, value: unknown): Generator<[string | number, SchemaNode, unknown]> {
  if (node.type === 'list' && Array.isArray(value)) {
    for (const [index, entry] of value.entries()) yield [index, node.items, entry];
  } else if (node.type === 'map' && isMapping(value)) {
    for (const [key, entry] of Object.entries(value)) yield [key, node.values, entry];
  } else if (node.type === 'record' && isMapping(value)) {
    for (const [name, field] of Object.entries<FieldNode>(node.fields)) {
      if (Object.hasOwn(value, name)) yield [name, field.schema, value[name]];
    }
  }
}

/** What a part was before; nothing where it was not there, or where parts of a list can't be told apart. */
function changeOfPart(node: SchemaNode, key: string | number, change: Change | undefined): Change | undefined {
  if (node.type === 'list' || change === undefined || !isMapping(change.old)) return undefined;
  return Object.hasOwn(change.old, key) ? { old: change.old[key] } : undefined;
}

/** The engine keeps compiled expressions itself. */
function regex(pattern: string): RegExp {
  return new RegExp(pattern, 'u');
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function quoteHint(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? `: write it in quotes ("${value}")` : '';
}
