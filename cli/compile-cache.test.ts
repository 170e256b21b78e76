// The command keeps its compiled code between starts, workers included, and not where the user has switched that off.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../bin/dovetail.js', import.meta.url));

/** Runs `dovetail --version` with a temporary folder of its own and answers how many files of code lie in it then. */
function filesKept(more: NodeJS.ProcessEnv): number {
  const folder = mkdtempSync(join(tmpdir(), 'dovetail-cache-'));
  try {
    const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, ...environment } = process.env;
    const run = spawnSync(process.execPath, [command, '--version'], {
      env: { ...environment, TMPDIR: folder, ...more },
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stderr);
    const cache = join(folder, 'node-compile-cache');
    return existsSync(cache) ? readdirSync(cache, { recursive: true }).length : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a start leaves its compiled code to the next one', () => {
  assert.ok(filesKept({}) > 5);
});

test('a start keeps nothing where NODE_DISABLE_COMPILE_CACHE is set', () => {
  assert.equal(filesKept({ NODE_DISABLE_COMPILE_CACHE: '1' }), 0);
});
