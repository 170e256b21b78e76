// `npm test`: runs every *.test.ts outside e2e/ by node's own runner and prints its totals. With arguments only the
// files whose path contains one of them; an argument that starts with "e2e/" looks there. A run in which no test ran
// is a failure. It is not a test framework: tests use node:test directly.
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));

/** One test file may take this long before it counts as hung. */
const TEST_FILE_TIMEOUT_MS = 5 * 60_000;

/** Files run at once: each is a process of its own, and several start workers and servers themselves. */
const TEST_FILE_CONCURRENCY = Math.max(1, Math.min(4, availableParallelism()));

const filters = process.argv.slice(2);
const files = findTestFiles(filters);
if (files.length === 0) {
  console.error(`run tests: no test file matches (${filters.join(', ') || 'no filter'})`);
  process.exit(1);
}

const started = performance.now();
const counts = { passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
const stream = run({
  files: files.map((file) => join(rootDirectory, file)),
  concurrency: TEST_FILE_CONCURRENCY,
  timeout: TEST_FILE_TIMEOUT_MS,
});
/** Files that declare no test: the runner itself reports such a file as one test that passed, under the file's name. */
const emptyFiles: string[] = [];
stream.on('test:pass', (event) => {
  if (event.nesting === 0 && event.name === event.file) emptyFiles.push(event.name.slice(rootDirectory.length));
});
stream.on('test:summary', (summary) => {
  // The summary without a file is the one of the whole run.
  if (summary.file !== undefined) return;
  counts.passed = summary.counts.passed;
  counts.cancelled = summary.counts.cancelled;
  counts.skipped = summary.counts.skipped;
  counts.todo = summary.counts.todo;
  // The runner counts a file that crashed before its first test as one failed test: that is what it is.
  counts.failed = summary.counts.tests - summary.counts.passed - summary.counts.skipped - summary.counts.todo;
});
stream.on('end', () => {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const passed = counts.passed - emptyFiles.length;
  const failed = counts.failed + emptyFiles.length;
  for (const file of emptyFiles) console.error(`run tests: ${file} declares no test`);
  // Written after the reporter's own summary, so that the last line is always this one.
  process.on('exit', () => {
    const more = counts.skipped + counts.todo > 0 ? `, ${counts.skipped} skipped, ${counts.todo} to do` : '';
    console.log(`tests: ${passed} passed, ${failed} failed${more} in ${files.length} files, ${seconds} s`);
  });
  if (passed + failed === 0) console.error('run tests: no test ran');
  if (failed > 0 || passed === 0) process.exitCode = 1;
});
stream.compose(new spec()).pipe(process.stdout);

function findTestFiles(patterns: readonly string[]): string[] {
  const inE2e = patterns.some((pattern) => pattern.startsWith('e2e/'));
  return globSync('**/*.test.ts', {
    cwd: rootDirectory,
    exclude: (path) => /(^|\/)(node_modules|dist|\.git)$/.test(path),
  })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => inE2e || !path.startsWith('e2e/'))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
    .sort();
}
