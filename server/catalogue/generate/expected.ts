// Turns what Karpenter computed into compact tables: the expected figures that expected.test.ts holds ours against.

import { type EncodedTable, encodeTable } from '../table.ts';

/** One type under one node class as the Go program prints it. */
interface ComputedType {
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly capacity: Readonly<Record<string, number>>;
  readonly overhead: Readonly<Record<string, number>>;
  readonly compatible: boolean;
}

/** The stored figures: for each case a table with a row for each type. */
export interface StoredExpected {
  readonly madeBy: string;
  readonly cases: Readonly<Record<string, EncodedTable>>;
}

/** Rows have `name`, `compatible`, and a column for each `label KEY`, `capacity RESOURCE` and `overhead RESOURCE`. */
export function buildExpected(computed: unknown, madeBy: string): StoredExpected {
  const cases: Record<string, EncodedTable> = {};
  for (const [name, types] of Object.entries(computed as Record<string, Record<string, ComputedType>>)) {
    const rows = Object.keys(types)
      .sort()
      .map((type) => flatten(type, types[type]!));
    cases[name] = encodeTable(rows);
  }
  return { madeBy, cases };
}

function flatten(name: string, type: ComputedType): Record<string, unknown> {
  const row: Record<string, unknown> = { name, compatible: type.compatible };
  for (const [key, values] of Object.entries(type.labels)) row[`label ${key}`] = values.join();
  for (const [key, amount] of Object.entries(type.capacity)) row[`capacity ${key}`] = amount;
  for (const [key, amount] of Object.entries(type.overhead)) row[`overhead ${key}`] = amount;
  return row;
}
