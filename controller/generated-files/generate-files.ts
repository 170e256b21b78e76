// Writes a folder of files that are made from code, or checks that what is committed is what would be written. For commands
// of developers; the controller itself never runs it.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is generated, and how to do it again. */
export interface Generation {
  /** The folder, which holds nothing else. */
  readonly directory: URL;
  /** Its name for messages. */
  readonly name: string;
  /** Content by file name. */
  readonly files: ReadonlyMap<string, string>;
  /** The command that writes it. */
  readonly command: string;
}

/** Writes the files. With --check on the command line it changes nothing and fails the process when they are stale. */
export function generateFiles({ directory, name, files, command }: Generation): void {
  const path = fileURLToPath(directory);
  const committed = new Map(namesIn(path).map((file) => [file, readFileSync(join(path, file), 'utf8')]));
  const stale = [...new Set([...files.keys(), ...committed.keys()])]
    .filter((file) => files.get(file) !== committed.get(file))
    .sort();
  if (process.argv.includes('--check')) {
    if (stale.length === 0) console.log(`${name} is fresh`);
    else {
      console.error(`${name} is stale, run "${command}" and commit: ${stale.join(', ')}`);
      process.exitCode = 1;
    }
    return;
  }
  mkdirSync(path, { recursive: true });
  for (const file of stale) rmSync(join(path, file), { force: true });
  for (const [file, content] of files) writeFileSync(join(path, file), content);
  console.log(`wrote ${name}: ${stale.length === 0 ? 'nothing changed' : stale.join(', ')}`);
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // Not there yet.
    return [];
  }
}
