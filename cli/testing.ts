// For the command's tests: a console that remembers, and runs of the real command in this process or in one of its own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommandConsole } from './console.ts';
import { runProgram } from './program.ts';

/** What a run of the command came to. */
export interface CommandRun {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Runs the command in this process. */
export async function runHere(args: readonly string[], input = ''): Promise<CommandRun> {
  const written = { out: '', err: '' };
  const console: CommandConsole = {
    out: remember((text) => {
      written.out += text;
    }),
    err: remember((text) => {
      written.err += text;
    }),
    readInput: async () => new TextEncoder().encode(input),
  };
  const exitCode = await runProgram(args, { console, stopped: new AbortController().signal });
  return { exitCode, ...written };
}

function remember(add: (text: string) => void): CommandConsole['out'] {
  return {
    write: (text) => {
      add(text);
      return true;
    },
    once: () => undefined,
  };
}

/** Runs bin/dovetail.js in a process of its own, with the Node that runs this test unless told otherwise. */
export function runProcess(
  args: readonly string[],
  settings: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CommandRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/dovetail.js', ...args], {
      cwd: ROOT,
      env: { ...process.env, ...settings.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const written = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written.err += text;
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, ...written }));
    child.stdin.end(settings.input ?? '');
  });
}
