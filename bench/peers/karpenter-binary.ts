// Where the program with Karpenter's scheduler in it comes from: a folder that an earlier run built, or a build from Go
// modules. It is kept under .cache, which git ignores. Nothing is solved here.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS } from './limits.ts';

const sourceDirectory = fileURLToPath(new URL('./karpenter/', import.meta.url));
const cacheDirectory = fileURLToPath(new URL('../../.cache/karpenter-peer/', import.meta.url));
const PROGRAM = 'karpenter';

/**
 * The path of the program, built where it is not there yet. A first build takes minutes, says so on standard error and
 * runs at a low priority.
 *
 * @throws Error saying what is missing and how to get it
 */
export async function karpenterProgram(): Promise<string> {
  const directory = join(cacheDirectory, buildKey());
  const program = join(directory, PROGRAM);
  if (!existsSync(program)) await build(directory);
  return program;
}

/** Changes whenever the build would give something else. */
function buildKey(): string {
  const hash = createHash('sha256');
  const files = globSync(['go.mod', 'go.sum', '*.go'], { cwd: sourceDirectory }).filter(
    (file) => !file.endsWith('_test.go'),
  );
  for (const file of files.sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(sourceDirectory, file)))
      .update('\0');
  }
  return hash.update(goVersion()).digest('hex').slice(0, 16);
}

function goVersion(): string {
  try {
    return execFileSync('go', ['version'], { cwd: sourceDirectory, encoding: 'utf8' }).trim();
  } catch (error) {
    throw new Error(
      'build the Karpenter peer: the command go does not run; install Go 1.26 or newer (https://go.dev/dl) and put it on the PATH',
      { cause: error },
    );
  }
}

async function build(directory: string): Promise<void> {
  console.error('karpenter peer: building it from Go modules, once per version: some minutes on two cores');
  const started = performance.now();
  const scratch = `${directory}.${process.pid}`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  try {
    await goBuild(join(scratch, PROGRAM), started);
    // Two runs may build at once: the first to finish wins, and the folder is whole or not there.
    if (!existsSync(directory)) renameSync(scratch, directory);
    removeOlder(directory);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.error(`karpenter peer: built in ${Math.round((performance.now() - started) / 1000)} s`);
}

/** Only the program in use is kept. */
function removeOlder(directory: string): void {
  for (const name of globSync('*', { cwd: cacheDirectory })) {
    if (name !== basename(directory) && /^[0-9a-f]{16}$/.test(name)) {
      rmSync(join(cacheDirectory, name), { recursive: true, force: true });
    }
  }
}

function goBuild(output: string, started: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nice', ['-n', '10', 'go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', output, '.'], {
      cwd: sourceDirectory,
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: LIMITS.buildMs,
    });
    const progress = setInterval(() => {
      console.error(`karpenter peer: still building after ${Math.round((performance.now() - started) / 60_000)} min`);
    }, 60_000);
    child.once('error', (error) => {
      clearInterval(progress);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      clearInterval(progress);
      if (code === 0) resolve();
      else reject(new Error(`build the Karpenter peer: go build ended with ${signal ?? `code ${code}`}`));
    });
  });
}
