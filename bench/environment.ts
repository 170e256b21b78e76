// What a figure was measured on: without it a figure says nothing. Reads the machine; changes nothing.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Where and on what the benchmark ran. */
export interface Environment {
  readonly cpu: string;
  readonly coreCount: number;
  readonly memoryMebibytes: number;
  /** Load over one minute when the run began: on a busy machine times mean little. */
  readonly loadAverage: number;
  readonly nodeVersion: string;
  readonly platform: string;
  /** Short hash of the commit, with `+changes` when the work tree differs from it; `unknown` outside git. */
  readonly commit: string;
}

/** Reads it once. */
export function readEnvironment(): Environment {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    coreCount: processors.length,
    memoryMebibytes: Math.round(totalmem() / 2 ** 20),
    loadAverage: loadavg()[0] ?? 0,
    nodeVersion: process.version,
    platform: `${process.platform}-${process.arch}`,
    commit: readCommit(),
  };
}

function readCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: fileURLToPath(new URL('../', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+changes';
    return `${git('rev-parse', '--short', 'HEAD')}${changes}`;
  } catch {
    return 'unknown';
  }
}
