// Tables come back as they went in, and a table that was cut is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeColumn, decodeTable, encodeTable } from './table.ts';

const cell = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.boolean(),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.constant(null),
);
const row = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), cell, { noNullPrototype: true });

test('any rows of plain values come back equal', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      const stored = JSON.parse(JSON.stringify(encodeTable(rows)));
      assert.deepEqual(decodeTable(stored), JSON.parse(JSON.stringify(rows)));
    }),
    { numRuns: 200 },
  );
});

test('a column that the table lacks is empty in every row', () => {
  const column = decodeColumn(encodeTable([{ a: 1 }, { a: 2 }]), 'b');
  assert.equal(column.at(0), undefined);
  assert.ok(!column.isComplete());
});

test('a column with fewer rows than the table is refused', () => {
  assert.throws(() => decodeTable({ ...encodeTable([{ a: 1 }]), rowCount: 2 }), /wrong length/);
});

test('a column with more distinct values than positions can count is refused', () => {
  const rows = Array.from({ length: 65_536 }, (_, index) => ({ a: index }));
  assert.throws(() => encodeTable(rows), /too many distinct values/);
});
