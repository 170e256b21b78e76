// `npm run crds`: writes deploy/crds/ from the descriptions of the resources. With --check it changes nothing and fails
// when what is committed is stale.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crdFiles } from './crd-files.ts';

const directory = fileURLToPath(new URL('../../deploy/crds/', import.meta.url));

const wanted = crdFiles();
const committed = new Map(namesIn(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
const stale = [...new Set([...wanted.keys(), ...committed.keys()])]
  .filter((name) => wanted.get(name) !== committed.get(name))
  .sort();
if (process.argv.includes('--check')) {
  if (stale.length === 0) console.log('deploy/crds is fresh');
  else {
    console.error(`deploy/crds is stale, run "npm run crds" and commit: ${stale.join(', ')}`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(directory, { recursive: true });
  for (const name of stale) rmSync(join(directory, name), { force: true });
  for (const [name, content] of wanted) writeFileSync(join(directory, name), content);
  console.log(`wrote deploy/crds: ${stale.length === 0 ? 'nothing changed' : stale.join(', ')}`);
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // Not there yet.
    return [];
  }
}
