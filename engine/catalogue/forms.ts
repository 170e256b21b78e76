// Type forms as text and back: a table of columns with each different value once. Of 1,400 EC2 types most share most of
// their facts, so this is a tenth of the plain JSON, to write, to copy and to read. Nothing outside the catalogue's
// buffer depends on it.
import type { TypeForm } from './input.ts';

/** Columns of one kind of record: for each row the position of its value in the column's table, -1 where it is absent. */
interface Table {
  readonly keys: string[];
  readonly values: unknown[][];
  readonly rows: number[][];
}

interface EncodedForms {
  /** For each type 0 (EC2 facts) or 1 (explicit). */
  readonly kinds: number[];
  readonly ec2: Table;
  readonly explicit: Table;
}

/** The forms as text, in their order. */
export function encodeForms(forms: readonly TypeForm[]): string {
  const ec2 = forms.flatMap((form) => (form.kind === 'ec2' ? [form.facts] : []));
  const explicit = forms.flatMap(({ ...form }) => {
    if (form.kind === 'ec2') return [];
    const { kind: _, ...rest } = form;
    return [rest];
  });
  const encoded: EncodedForms = {
    kinds: forms.map((form) => (form.kind === 'ec2' ? 0 : 1)),
    ec2: encodeTable(ec2),
    explicit: encodeTable(explicit),
  };
  return JSON.stringify(encoded);
}

/** The forms from such a text. Equal values are shared between them. */
export function decodeForms(text: string): TypeForm[] {
  const { kinds, ec2, explicit } = JSON.parse(text) as EncodedForms;
  const facts = decodeTable(ec2);
  const others = decodeTable(explicit);
  let nextEc2 = 0;
  let nextExplicit = 0;
  return kinds.map((kind) =>
    kind === 0
      ? ({ kind: 'ec2', facts: facts[nextEc2++] } as unknown as TypeForm)
      : ({ kind: 'explicit', ...others[nextExplicit++] } as unknown as TypeForm),
  );
}

function encodeTable(records: readonly object[]): Table {
  const columns = new Map<string, { values: unknown[]; rows: number[]; known: Map<unknown, number> }>();
  records.forEach((record, row) => {
    for (const [key, value] of Object.entries(record)) {
      if (value === undefined) continue;
      let column = columns.get(key);
      if (column === undefined) {
        column = { values: [], rows: [], known: new Map() };
        columns.set(key, column);
      }
      while (column.rows.length < row) column.rows.push(-1);
      let position = column.known.get(value);
      if (position === undefined) {
        // Equal objects that are not the same one are found by their text.
        const text = typeof value === 'object' ? JSON.stringify(value) : value;
        position = column.known.get(text);
        if (position === undefined) {
          position = column.values.length;
          column.values.push(value);
          column.known.set(text, position);
        }
        column.known.set(value, position);
      }
      column.rows.push(position);
    }
  });
  const ordered = [...columns].sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    keys: ordered.map(([key]) => key),
    values: ordered.map(([, column]) => column.values),
    rows: ordered.map(([, column]) => {
      while (column.rows.length < records.length) column.rows.push(-1);
      return column.rows;
    }),
  };
}

function decodeTable({ keys, values, rows }: Table): Record<string, unknown>[] {
  const count = rows[0]?.length ?? 0;
  const records: Record<string, unknown>[] = [];
  for (let row = 0; row < count; row++) {
    const record: Record<string, unknown> = {};
    for (let column = 0; column < keys.length; column++) {
      const position = rows[column]![row]!;
      if (position >= 0) record[keys[column]!] = values[column]![position];
    }
    records.push(record);
  }
  return records;
}
