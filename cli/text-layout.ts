// Text for terminals of 80 columns: wrapping and columns. Knows nothing of what is shown.

/** Columns that text is kept within. */
export const TEXT_WIDTH = 80;

/** A text in lines of at most `width`, broken between words; a word longer than that has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A paragraph: the first line after `indent`, the others two columns further in. */
export function paragraph(text: string, indent: number): string[] {
  const [first = '', ...rest] = wrap(text, TEXT_WIDTH - indent - 2);
  return [`${' '.repeat(indent)}${first}`, ...rest.map((line) => `${' '.repeat(indent + 2)}${line}`)];
}

/**
 * Rows under headings: the first column is wrapped to what the others leave of the width, the others are aligned to the
 * right.
 */
export function figures(headings: readonly string[], rows: readonly (readonly string[])[], indent: number): string[] {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const taken = widths.slice(1).reduce((sum, width) => sum + width + 2, 0);
  const longest = Math.min(widths[0] ?? 0, Math.max(MOST_SQUEEZED, TEXT_WIDTH - indent - taken));
  return [headings, ...rows].flatMap((row) => {
    const [first = '', ...rest] = wrap(row[0] ?? '', longest);
    const cells = row.slice(1).map((cell, column) => cell.padStart(widths[column + 1] ?? 0));
    const line = [first.padEnd(longest), ...cells].join('  ').trimEnd();
    return [line, ...rest.map((more) => `  ${more}`)].map((each) => `${' '.repeat(indent)}${each}`);
  });
}

/** The first column is never narrower. */
const MOST_SQUEEZED = 24;

/** A number with commas between thousands. */
export function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** "1 type", "2 types", "1,200 types". */
export function counted(count: number, noun: string): string {
  return `${thousands(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Rows whose columns stand below each other, two spaces apart; those of `right` are aligned to the right. */
export function alignedColumns(rows: readonly (readonly string[])[], right: ReadonlySet<number>): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, row) => Math.max(most, (row[column] ?? '').length), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
