// The journal of a cloud as a file of JSON, one entry a line. Each entry is in the file before anything else happens, so
// that whoever reads it after a kill misses none.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { JournalEntry } from '../journal.ts';

/** A file that entries are written to. */
export interface JournalFile {
  write(entry: JournalEntry): void;
  close(): void;
}

/** Opens a file and writes behind what is in it. */
export function openJournalFile(path: string): JournalFile {
  const file = openSync(path, 'a');
  return {
    write: (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(file),
  };
}

/** All entries of a file. The end of a line that is still being written is left out. */
export function readJournalFile(path: string): JournalEntry[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line) as JournalEntry);
}
