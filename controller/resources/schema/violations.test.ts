// The check of a value against a schema: what is named, where, and in which order.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  defaulted,
  flag,
  list,
  map,
  moment,
  oneOf,
  optional,
  quantity,
  record,
  required,
  text,
  violations,
  whole,
  withDefaults,
  withRules,
} from './index.ts';

const schema = withRules(
  record('', {
    name: required(text('', { pattern: '^[a-z]+$', minLength: 2, maxLength: 3 })),
    kind: optional(oneOf(['a', 'b'], '')),
    count: optional(whole('', { minimum: 1, maximum: 9 })),
    small: optional(whole('', { format: 'int32' })),
    scaled: optional(whole('', { asScale: true })),
    on: optional(flag('')),
    amount: optional(quantity('', '^[0-9]+m?$')),
    at: optional(moment('')),
    labels: optional(map(text('', { maxLength: 1 }), '', { maxProperties: 2 })),
    set: optional(list(text(''), '', { minItems: 1, maxItems: 3, merge: 'set' })),
    keyed: optional(list(record('', { type: required(text('')) }), '', { merge: { byKey: 'type' } })),
    deep: defaulted(record('', { size: defaulted(whole(''), 4) }), {}),
  }),
  {
    cel: 'self.deep.size < 10',
    message: 'is too large',
    field: '.deep',
    holds: ({ deep }) => deep.size < 10,
  },
  {
    cel: 'self.name == oldSelf.name',
    message: 'cannot be changed',
    field: '.name',
    holdsOnChange: (self, old) => self.name === old.name,
  },
);

const pathsOf = (value: unknown): string[] =>
  violations(schema.node, withDefaults(schema.node, value)).map(({ path }) => path.join('.'));

describe('the check', () => {
  const good: readonly object[] = [
    { name: 'ab' },
    { name: 'abc', kind: 'b', count: 9, small: -1, scaled: 0, on: false, amount: 5, labels: { x: '' } },
    { name: 'ab', amount: '5m', at: '2024-02-29T23:59:59.5+02:00', set: ['a', 'b'], keyed: [{ type: 'a' }] },
    { name: 'ab', kind: null, labels: null, set: null, unknown: 5 },
  ];
  for (const value of good) test(`accepts ${JSON.stringify(value)}`, () => assert.deepEqual(pathsOf(value), []));

  const bad: readonly (readonly [value: unknown, ...paths: string[]])[] = [
    ['text', ''],
    [[], ''],
    [{}, 'name'],
    [{ name: null }, 'name'],
    [{ name: 5 }, 'name'],
    [{ name: 'a' }, 'name'],
    [{ name: 'abcd' }, 'name'],
    [{ name: 'AB' }, 'name'],
    [{ name: 'ab', kind: 'c' }, 'kind'],
    [{ name: 'ab', count: 0 }, 'count'],
    [{ name: 'ab', count: 10 }, 'count'],
    [{ name: 'ab', count: 1.5 }, 'count'],
    [{ name: 'ab', small: 2 ** 31 }, 'small'],
    [{ name: 'ab', scaled: -1 }, 'scaled'],
    [{ name: 'ab', on: 'true' }, 'on'],
    [{ name: 'ab', amount: '5k' }, 'amount'],
    [{ name: 'ab', amount: 1.5 }, 'amount'],
    [{ name: 'ab', at: '2026-02-29T00:00:00Z' }, 'at'],
    [{ name: 'ab', at: '2026-01-01' }, 'at'],
    [{ name: 'ab', labels: { x: 'xx', y: 'yy' } }, 'labels.x', 'labels.y'],
    [{ name: 'ab', labels: { x: '', y: '', z: '' } }, 'labels'],
    [{ name: 'ab', set: [] }, 'set'],
    [{ name: 'ab', set: ['a', 'b', 'c', 'd'] }, 'set'],
    [{ name: 'ab', set: ['a', 'b', 'a'] }, 'set.2'],
    [{ name: 'ab', keyed: [{ type: 'a' }, { type: 'a' }] }, 'keyed.1'],
    [{ name: 'ab', keyed: [{}] }, 'keyed.0.type'],
    [{ name: 'ab', deep: { size: 10 } }, 'deep'],
    [{ name: 'ab', deep: { size: '10' }, count: 0 }, 'count', 'deep.size'],
  ];
  for (const [value, ...paths] of bad) {
    test(`names ${paths.join(' and ') || 'the root'} of ${JSON.stringify(value)}`, () =>
      assert.deepEqual(pathsOf(value), paths));
  }

  test('holds rules over changes against what was there before, and against nothing when there was nothing', () => {
    const now = withDefaults(schema.node, { name: 'ab' });
    const changed = violations(schema.node, now, ['spec'], { old: withDefaults(schema.node, { name: 'cd' }) });
    assert.deepEqual(changed, [{ path: ['spec', 'name'], message: 'cannot be changed' }]);
    assert.deepEqual(violations(schema.node, now, [], { old: now }), []);
    assert.deepEqual(violations(schema.node, now), []);
  });

  test('says what was found and what to write', () => {
    const messages = violations(schema.node, withDefaults(schema.node, { name: 5, kind: 'c' })).map(
      ({ message }) => message,
    );
    assert.deepEqual(messages, ['must be text, but is 5: write it in quotes ("5")', 'is "c": use one of a, b']);
  });
});

describe('defaults', () => {
  test('fill what is missing or null, from the outside in, and change nothing of their input', () => {
    const value = Object.freeze({ name: 'ab', deep: null });
    assert.deepEqual(withDefaults(schema.node, value), { name: 'ab', deep: { size: 4 } });
    assert.deepEqual(withDefaults(schema.node, { name: 'ab', deep: { size: 5 } }), { name: 'ab', deep: { size: 5 } });
  });

  test('leave values of a wrong shape to the check', () => {
    assert.deepEqual(withDefaults(schema.node, { deep: 'x', set: 'y' }), { deep: 'x', set: 'y' });
    assert.equal(withDefaults(schema.node, 'x'), 'x');
  });
});
