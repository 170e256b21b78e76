// The Python environment that moto runs in: made once, kept in .cache under a hash of the versions that it holds.
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS } from './limits.ts';

const requirementsFile = fileURLToPath(new URL('./requirements.txt', import.meta.url));
const cacheDirectory = fileURLToPath(new URL('../../../.cache/', import.meta.url));

/**
 * The Python that has moto. Throws where it is not installed: test files run side by side, and each would install it into
 * the same place at once.
 */
export function motoPython(): string {
  const directory = environmentDirectory();
  if (!isComplete(directory)) throw new Error('run moto: it is not installed; run `npm run e2e:aws:install` first');
  return pythonOf(directory);
}

/**
 * The AWS CLI of the same environment, as a shell takes it. Its own first line names the place where it was installed, which
 * another checkout that shares the cache may not have.
 */
export function awsCli(): string {
  const directory = environmentDirectory();
  return `"${pythonOf(directory)}" "${join(directory, 'bin', 'aws')}"`;
}

/** Installs moto where it is missing, says so on standard error, and returns the Python that has it. For one process. */
export function installMoto(): string {
  const directory = environmentDirectory();
  if (!isComplete(directory)) install(directory);
  return pythonOf(directory);
}

function environmentDirectory(): string {
  const hash = createHash('sha256').update(readFileSync(requirementsFile)).update(pythonVersion()).digest('hex');
  return join(cacheDirectory, `moto-${hash.slice(0, 16)}`);
}

function isComplete(directory: string): boolean {
  return existsSync(join(directory, 'complete'));
}

function pythonOf(directory: string): string {
  return join(directory, 'bin', 'python');
}

function pythonVersion(): string {
  const found = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  if (found.status !== 0) {
    throw new Error('run moto: python3 does not run; install Python 3.10 or newer with its venv module (python3-venv)');
  }
  return found.stdout.trim();
}

function install(directory: string): void {
  console.error('moto: installing it from PyPI, once on this machine: about 90 MB');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(cacheDirectory, { recursive: true });
  // Paths of an environment are written into it: it is made where it stays, and marked when it is whole.
  const options: ExecFileSyncOptionsWithStringEncoding = {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LIMITS.installMs,
    encoding: 'utf8',
  };
  try {
    execFileSync('python3', ['-m', 'venv', directory], options);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirementsFile];
    execFileSync(join(directory, 'bin', 'python'), pip, options);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    const said = String((error as { readonly stderr?: string }).stderr ?? '').trim();
    throw new Error(`install moto: it needs the venv module of Python and a way to PyPI\n${said}`, { cause: error });
  }
  const mark = join(directory, 'complete.new');
  mkdirSync(mark);
  renameSync(mark, join(directory, 'complete'));
}
