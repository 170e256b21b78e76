// `npm test`: runs every *.test.ts outside e2e/ by node's own runner and prints its totals. With arguments only the
// files whose path contains one of them; an argument that starts with "e2e/" looks there. `--all` asks files that run a part
// of their cases for all of them, by E2E_ALL=1 in their environment. A run in which no test ran is a failure, and so is a file
// without tests. It is not a test framework: tests use node:test directly.
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));

/** One test file may take this long before it counts as hung; with all of its cases longer. */
const TEST_FILE_TIMEOUT_MS = 15 * 60_000;
const WHOLE_FILE_TIMEOUT_MS = 60 * 60_000;

/** Files run at once: each is a process of its own, and several start workers and servers themselves. */
const TEST_FILE_CONCURRENCY = Math.max(1, Math.min(4, availableParallelism()));

/** Files that measure time run after the others, one by one: beside other work they would judge the machine. */
const TIMING_FILE = /\.timing\.test\.ts$/;

interface Totals {
  passedCount: number;
  failedCount: number;
  skippedCount: number;
}

const asksForAll = process.argv.includes('--all');
if (asksForAll) process.env.E2E_ALL = '1';
const filters = process.argv.slice(2).filter((argument) => argument !== '--all');
const files = findTestFiles(filters);
if (files.length === 0) {
  console.error(`run tests: no test file matches (${filters.join(', ') || 'no filter'})`);
  process.exit(1);
}

const startedMs = performance.now();
const totals: Totals = { passedCount: 0, failedCount: 0, skippedCount: 0 };
const emptyFiles: string[] = [];
await runFiles(
  files.filter((file) => !TIMING_FILE.test(file)),
  TEST_FILE_CONCURRENCY,
);
await runFiles(
  files.filter((file) => TIMING_FILE.test(file)),
  1,
);
for (const file of emptyFiles) console.error(`run tests: ${file} declares no test`);
const passedCount = totals.passedCount - emptyFiles.length;
const failedCount = totals.failedCount + emptyFiles.length;
const skipped = totals.skippedCount > 0 ? `, ${totals.skippedCount} skipped` : '';
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
if (passedCount + failedCount === 0) console.error('run tests: no test ran');
if (failedCount > 0 || passedCount === 0) process.exitCode = 1;
console.log(`tests: ${passedCount} passed, ${failedCount} failed${skipped} in ${files.length} files, ${seconds} s`);

/** Runs some files, prints as it goes, and adds to the totals. */
async function runFiles(paths: readonly string[], concurrency: number): Promise<void> {
  if (paths.length === 0) return;
  const stream = run({
    files: paths.map((path) => join(rootDirectory, path)),
    concurrency,
    timeout: asksForAll ? WHOLE_FILE_TIMEOUT_MS : TEST_FILE_TIMEOUT_MS,
  });
  stream.on('test:pass', (event) => {
    // The runner reports a file that declares no test as one test that passed, under the file's name.
    if (event.nesting === 0 && event.name === event.file) emptyFiles.push(event.name.slice(rootDirectory.length));
  });
  stream.on('test:summary', ({ file, counts }) => {
    // The summary without a file is the one of the whole run.
    if (file !== undefined) return;
    const skippedCount = counts.skipped + counts.todo;
    totals.passedCount += counts.passed;
    totals.skippedCount += skippedCount;
    // Cancelled tests failed as well; a file that crashed before its first test counts as one.
    totals.failedCount += counts.tests - counts.passed - skippedCount;
  });
  const reporter = stream.compose(new spec());
  reporter.pipe(process.stdout, { end: false });
  await finished(reporter);
}

function findTestFiles(patterns: readonly string[]): string[] {
  const inE2e = patterns.some((pattern) => pattern.startsWith('e2e/'));
  return globSync('**/*.test.ts', {
    cwd: rootDirectory,
    exclude: (path) => /(^|\/)(node_modules|dist|\.git)$/.test(path),
  })
    .filter((path) => inE2e || !path.startsWith('e2e/'))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
    .sort();
}
