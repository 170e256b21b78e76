// Where the programs of the control plane come from: a folder that the environment names, a folder that an earlier run
// built, or a build from Go modules. It answers a folder with one entry a program, as KUBEBUILDER_ASSETS has it. It starts
// none of them.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS } from './limits.ts';

/** The programs of a control plane. */
export const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-scheduler', 'kube-controller-manager', 'kubectl'] as const;

/** One of them. */
export type ProgramName = (typeof PROGRAMS)[number];

const sourceDirectory = fileURLToPath(new URL('./program/', import.meta.url));
const cacheDirectory = fileURLToPath(new URL('../../.cache/controlplane/', import.meta.url));

/** The programs' folder and whether the scheduler in it has our plugin. */
export interface ControlPlanePrograms {
  readonly directory: string;
  /** False for a folder of somebody else's making: its kube-scheduler knows nothing of pins. */
  readonly hasPinPlugin: boolean;
}

/**
 * Finds or builds the programs. Building says so on standard error, takes five to eight minutes on two idle cores the first
 * time and under a minute after a change of the program, and runs at a low priority.
 *
 * @param needs.pinPlugin true where the scheduler must have our plugin: KUBEBUILDER_ASSETS is passed over unless it was
 *   made by this build
 * @throws Error saying what is missing and how to get it
 */
export async function controlPlanePrograms(needs: { readonly pinPlugin: boolean }): Promise<ControlPlanePrograms> {
  const assets = process.env.KUBEBUILDER_ASSETS ?? '';
  if (assets !== '') {
    const missing = ['etcd', 'kube-apiserver'].filter((name) => !existsSync(join(assets, name)));
    if (missing.length > 0) {
      throw new Error(`use KUBEBUILDER_ASSETS: ${assets} has no ${missing.join(' and no ')}; unset it to build them`);
    }
    const hasPinPlugin = existsSync(join(assets, OWN_PROGRAM));
    if (hasPinPlugin || !needs.pinPlugin) return { directory: assets, hasPinPlugin };
    console.error(
      `control plane: KUBEBUILDER_ASSETS is passed over, its kube-scheduler lacks the plugin that pins pods (no ${OWN_PROGRAM} in it)`,
    );
  }
  const directory = join(cacheDirectory, buildKey());
  if (!existsSync(join(directory, OWN_PROGRAM))) await build(directory);
  return { directory, hasPinPlugin: true };
}

/** The one binary behind all the names. */
const OWN_PROGRAM = 'controlplane';

/** Changes whenever the build would give something else. */
function buildKey(): string {
  const hash = createHash('sha256');
  const files = globSync(['go.mod', 'go.sum', '*.go'], { cwd: sourceDirectory }).sort();
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(sourceDirectory, file)))
      .update('\0');
  return hash.update(goVersion()).digest('hex').slice(0, 16);
}

/** The version of Kubernetes that is linked; the programs report it only when the build says it. */
function linkedVersion(): string {
  const [, version] =
    /^\s*k8s\.io\/kubernetes (v\d+\.\d+\.\d+)$/m.exec(readFileSync(join(sourceDirectory, 'go.mod'), 'utf8')) ?? [];
  if (version === undefined)
    throw new Error('build the control plane: program/go.mod does not require k8s.io/kubernetes');
  return version;
}

function goVersion(): string {
  try {
    return execFileSync('go', ['version'], { cwd: sourceDirectory, encoding: 'utf8' }).trim();
  } catch (error) {
    throw new Error(
      'build the control plane: the command go does not run; install Go 1.26 or newer (https://go.dev/dl), ' +
        'or set KUBEBUILDER_ASSETS to a folder that an earlier build filled',
      { cause: error },
    );
  }
}

async function build(directory: string): Promise<void> {
  console.error(
    'control plane: building it from Go modules: five to eight minutes on two idle cores the first time, a minute later on',
  );
  const started = performance.now();
  const scratch = `${directory}.${process.pid}`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const kubernetesVersion = linkedVersion();
  const [major = '', minor = ''] = kubernetesVersion.slice(1).split('.');
  const version = 'k8s.io/component-base/version.git';
  const flags = [
    '-s -w',
    `-X ${version}Version=${kubernetesVersion}`,
    `-X ${version}Major=${major}`,
    `-X ${version}Minor=${minor}`,
  ].join(' ');
  const output = join(scratch, OWN_PROGRAM);
  try {
    await runQuietly('go', ['build', '-trimpath', '-ldflags', flags, '-o', output, '.'], started);
    for (const name of PROGRAMS) symlinkSync(OWN_PROGRAM, join(scratch, name));
    // Two runs may build at once: the first to finish wins, the folder is whole or not there.
    if (!existsSync(directory)) renameSync(scratch, directory);
    removeOlder(directory);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.error(`control plane: built in ${Math.round((performance.now() - started) / 1000)} s`);
}

/** One binary has 130 MB: only the one in use is kept. */
function removeOlder(directory: string): void {
  for (const name of globSync('*', { cwd: cacheDirectory })) {
    if (name !== basename(directory) && /^[0-9a-f]{16}$/.test(name)) {
      rmSync(join(cacheDirectory, name), { recursive: true, force: true });
    }
  }
}

/** Runs a command of the Go toolchain at low priority, saying every minute that it still runs. */
function runQuietly(command: string, args: readonly string[], started: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nice', ['-n', '10', command, ...args], {
      cwd: sourceDirectory,
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: LIMITS.buildMs,
    });
    const progress = setInterval(() => {
      console.error(`control plane: still building after ${Math.round((performance.now() - started) / 60_000)} min`);
    }, 60_000);
    child.once('error', (error) => {
      clearInterval(progress);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      clearInterval(progress);
      if (code === 0) resolve();
      else reject(new Error(`build the control plane: go build ended with ${signal ?? `code ${code}`}`));
    });
  });
}
