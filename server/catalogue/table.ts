// A table as JSON that compresses well and parses fast: for every column the distinct values once, and for every row
// the position of its value. Neither a general serialiser nor a schema: rows are plain JSON values.

/** Position that means "this row has no value in this column". */
const ABSENT = -1;

/** One column: distinct values, and for each row an index into them or ABSENT. */
export interface EncodedColumn {
  readonly values: readonly unknown[];
  readonly at: readonly number[];
}

/** A whole table by column name. */
export interface EncodedTable {
  readonly rowCount: number;
  readonly columns: Readonly<Record<string, EncodedColumn>>;
}

/** Encodes rows of plain JSON values. A key that is missing or undefined in a row stays missing after decoding. */
export function encodeTable(rows: readonly object[]): EncodedTable {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].sort();
  const columns: Record<string, EncodedColumn> = {};
  for (const name of names) columns[name] = encodeColumn(rows.map((row) => (row as Record<string, unknown>)[name]));
  return { rowCount: rows.length, columns };
}

function encodeColumn(cells: readonly unknown[]): EncodedColumn {
  const values: unknown[] = [];
  const positions = new Map<string, number>();
  const at = cells.map((cell) => {
    if (cell === undefined) return ABSENT;
    const text = JSON.stringify(cell);
    let position = positions.get(text);
    if (position === undefined) {
      position = values.length;
      values.push(cell);
      positions.set(text, position);
    }
    return position;
  });
  return { values, at };
}

/**
 * Decodes what encodeTable made. Equal nested values are one shared object: treat rows as read-only. Throws where the
 * columns are not as long as the table says.
 */
export function decodeTable(table: EncodedTable): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = Array.from({ length: table.rowCount }, () => ({}));
  for (const [name, column] of Object.entries(table.columns)) {
    if (column.at.length !== table.rowCount) throw new Error(`read table: column is too short (column=${name})`);
    for (let row = 0; row < rows.length; row += 1) {
      const position = column.at[row]!;
      if (position !== ABSENT) rows[row]![name] = column.values[position];
    }
  }
  return rows;
}
