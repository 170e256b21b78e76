// The quick look at a message against protovalidate, over every message of the contract's requests: it lets nothing pass
// that the library refuses, and it leaves to it only long texts whose code points need counting.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import { createValidator } from '@bufbuild/protovalidate';
import fc from 'fast-check';
import {
  ExplainRequestSchema,
  ListOfferingsRequestSchema,
  SessionRequestSchema,
  SolveRequestSchema,
} from '../../proto/index.ts';
import { createQuickRules } from './quick-rules.ts';

/** Every message that requests are made of. */
const MESSAGES = messagesWithin([
  SolveRequestSchema,
  ExplainRequestSchema,
  SessionRequestSchema,
  ListOfferingsRequestSchema,
]);

/** 200 code points of two UTF-16 units each. */
const LONG_PAIRS = '🂡'.repeat(200);

const RUN_COUNT = 6000;

const validator = createValidator();
const isSurelyValid = createQuickRules();

test('what the library refuses never passes the quick look', () => {
  let refusedCount = 0;
  forEachMessage((schema, message) => {
    if (validator.validate(schema, message).kind === 'valid') return;
    refusedCount++;
    assert.ok(!isSurelyValid(schema, message), `${schema.typeName} breaks a rule and passes`);
  });
  assert.ok(refusedCount > RUN_COUNT / 20, `only ${refusedCount} messages break a rule`);
});

test('what keeps its rules passes the quick look, but for long texts of pairs', () => {
  let validCount = 0;
  forEachMessage((schema, message) => {
    if (validator.validate(schema, message).kind !== 'valid') return;
    validCount++;
    if (!holdsLongPairs(message)) assert.ok(isSurelyValid(schema, message), schema.typeName);
  });
  assert.ok(validCount > RUN_COUNT / 20, `only ${validCount} messages keep their rules`);
});

function forEachMessage(run: (schema: DescMessage, message: Message) => void): void {
  const drawn = fc.constantFrom(...MESSAGES).chain((schema) => fc.tuple(fc.constant(schema), messageOf(schema, 2)));
  fc.assert(
    fc.property(drawn, ([schema, message]) => run(schema, message)),
    { numRuns: RUN_COUNT },
  );
}

function messagesWithin(roots: readonly DescMessage[]): DescMessage[] {
  const found = new Map<string, DescMessage>();
  const waiting = [...roots];
  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) {
    if (found.has(schema.typeName)) continue;
    found.set(schema.typeName, schema);
    waiting.push(...schema.fields.flatMap((field) => (field.message === undefined ? [] : [field.message])));
  }
  return [...found.values()];
}

/** A message with most of its fields as they should be; those it holds go `depth` deep. */
function messageOf(schema: DescMessage, depth: number): fc.Arbitrary<Message> {
  const members = schema.members.map((member) => {
    if (member.kind !== 'oneof') return fc.option(contentOf(member, depth), { nil: undefined, freq: 3 });
    const cases = member.fields.map((field) =>
      contentOf(field, depth).map((value) => ({ case: field.localName, value })),
    );
    return fc.option(fc.oneof(...cases), { nil: undefined, freq: 10 });
  });
  return fc
    .tuple(...members)
    .map((values) =>
      create(schema, Object.fromEntries(values.map((value, index) => [schema.members[index]!.localName, value]))),
    );
}

/** Values of a field at and around the bounds that the contract has. */
function contentOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.fieldKind === 'list') return fc.array(elementOf(field, depth), { maxLength: 2 });
  if (field.fieldKind === 'map') {
    return fc.dictionary(TEXT, elementOf(field, depth), { maxKeys: 2 });
  }
  return elementOf(field, depth);
}

const TEXT = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'TCP', 'In', 'default', '100m', '0f'.repeat(32)) },
  { weight: 1, arbitrary: fc.constantFrom('', 'é'.repeat(70), LONG_PAIRS, 'x'.repeat(254), 'y'.repeat(400)) },
);
const WHOLE = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 50 }) }, fc.constantFrom(0, 101, 70_000));

function elementOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.message !== undefined) {
    return depth > 0 ? messageOf(field.message, depth - 1) : fc.constant(create(field.message));
  }
  if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.map(({ number }) => number), 99);
  switch (field.scalar) {
    case ScalarType.STRING:
      return TEXT;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 4 });
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return fc.oneof(
        { weight: 4, arbitrary: WHOLE.map(BigInt) },
        fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n),
      );
    case ScalarType.DOUBLE:
      return fc.oneof(WHOLE, fc.constantFrom(-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY));
    case ScalarType.INT32:
      return fc.oneof({ weight: 6, arbitrary: WHOLE }, fc.constantFrom(-1, -(2 ** 31)));
    default:
      return WHOLE;
  }
}

/** Whether a long text whose code points take two units each is anywhere within. */
function holdsLongPairs(value: unknown): boolean {
  if (value === LONG_PAIRS) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, each]) => key === LONG_PAIRS || holdsLongPairs(each));
}
