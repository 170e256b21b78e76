// What the calls of a run of tests asked of IAM, written down for e2e/iam: one file for each test file, anew with each run. Runs
// side by side have folders of their own, and so has each checkout for files that are run by hand.
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuthorizationRequest } from './evaluator.ts';

/** Set by `npm run e2e:aws`. */
const RUN = process.env.AWS_CALLS_RUN;
const CHECKOUT = createHash('sha256')
  .update(import.meta.url)
  .digest('hex')
  .slice(0, 16);
const CACHE = fileURLToPath(new URL('../../../../.cache/aws-calls/', import.meta.url));
const DIRECTORY = join(CACHE, RUN === undefined ? CHECKOUT : `run-${RUN}`);

const asked = new Map<string, AuthorizationRequest>();

/** Adds to what this process has asked for. */
export function record(requests: readonly AuthorizationRequest[]): void {
  for (const request of requests) asked.set(JSON.stringify(request), request);
}

/** Writes it down. */
export function writeRecorded(): void {
  mkdirSync(DIRECTORY, { recursive: true });
  const name = `${basename(process.argv[1] ?? 'unknown', '.test.ts')}.json`;
  writeFileSync(join(DIRECTORY, name), JSON.stringify([...asked.values()]));
}

/** What was asked, by test file. */
export function readRecorded(): ReadonlyMap<string, readonly AuthorizationRequest[]> {
  const names = globSync('*.json', { cwd: DIRECTORY }).sort();
  return new Map(
    names.map((name) => [basename(name, '.json'), JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8'))]),
  );
}

/** Ends a run whose calls have been looked at; what was run by hand stays. */
export function forgetRecorded(): void {
  if (RUN !== undefined) rmSync(DIRECTORY, { recursive: true, force: true });
}
