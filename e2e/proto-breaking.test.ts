// `npm run e2e:proto`: shows that the contract is guarded. It works on a copy of the checkout's contract: untouched it
// passes the check, with a field removed it fails. Needs Go, which fetches protovalidate's .proto file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));

interface CheckOutcome {
  readonly status: number | null;
  readonly output: string;
}

/** Runs the contract's check on a copy, changed by `edit` (path below proto/dovetail/v1, old text, new text). */
function checkCopy(edit?: readonly [path: string, find: RegExp, replace: string]): CheckOutcome {
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-breaking-'));
  try {
    for (const path of ['proto', 'scripts', 'buf.yaml', 'package.json']) {
      cpSync(join(rootDirectory, path), join(directory, path), { recursive: true });
    }
    symlinkSync(join(rootDirectory, 'node_modules'), join(directory, 'node_modules'));
    if (edit !== undefined) {
      const [path, find, replace] = edit;
      const file = join(directory, 'proto/dovetail/v1', path);
      const before = readFileSync(file, 'utf8');
      assert.match(before, find, `${path} has no longer what this test removes`);
      writeFileSync(file, before.replace(find, replace));
    }
    const run = spawnSync(process.execPath, ['scripts/proto-check.ts'], { cwd: directory, encoding: 'utf8' });
    return { status: run.status, output: `${run.stdout}${run.stderr}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('the contract as committed passes its check', () => {
  const { status, output } = checkCopy();
  assert.equal(status, 0, output);
});

test('removing a field fails the check and names the field', () => {
  const { status, output } = checkCopy([
    'scheduler_service.proto',
    / {2}\/\/ Seed of whatever the search draws\.[^\n]*\n {2}uint32 seed = 4;\n/,
    '',
  ]);
  assert.notEqual(status, 0);
  assert.match(output, /field "4" with name "seed" on message "SolveOptions" was deleted/);
});

test('changing the type of a field fails the check', () => {
  const { status, output } = checkCopy(['scheduler_service.proto', /uint32 seed = 4;/, 'string seed = 4;']);
  assert.notEqual(status, 0);
  assert.match(output, /"seed" on message "SolveOptions" changed type/);
});

test('adding a field passes the check', () => {
  const { status, output } = checkCopy([
    'scheduler_service.proto',
    /uint32 seed = 4;/,
    'uint32 seed = 4;\n  // A field of a later version.\n  bool later = 15;',
  ]);
  assert.equal(status, 0, output);
});
