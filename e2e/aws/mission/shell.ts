// A shell as a person has it open through the whole walk-through: what one command sets the next ones see. It keeps what was
// said, command by command.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from './limits.ts';

/** A command that has been run. */
export interface Ran {
  readonly command: string;
  /** What it said, on either stream, in its order. */
  readonly output: string;
  /** Its exit code, or INTERRUPTED. */
  readonly status: number;
}

/** In place of the exit code of a command that was ended as by Ctrl-C. */
export const INTERRUPTED = 130;

/** The shell. */
export class Shell {
  readonly #child: ChildProcess;
  readonly #directory: string;
  #said = '';
  #count = 0;

  /** @param directory where it stands; scripts and whatever commands write go there */
  constructor(directory: string, environment: NodeJS.ProcessEnv) {
    this.#directory = mkdtempSync(join(directory, 'commands-'));
    // A process group of its own, so that an interrupt reaches what runs in it and not the tests.
    this.#child = spawn('/bin/bash', ['--norc', '--noprofile'], { cwd: directory, env: environment, detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
    // It outlives the interrupts that end its commands.
    this.#child.stdin?.write('exec 2>&1\ntrap : INT\n');
  }

  /** Runs a command to its end; with `until`, interrupts it as Ctrl-C does once it has said that. */
  async run(command: string, until?: RegExp): Promise<Ran> {
    this.#count += 1;
    const file = join(this.#directory, `${this.#count}.sh`);
    writeFileSync(file, command);
    const mark = `-- end of ${this.#count}, exit code `;
    const start = this.#said.length;
    this.#child.stdin?.write(`source ${file} </dev/null\nprintf '%s%d\\n' '${mark}' $?\n`);
    const deadline = performance.now() + LIMITS.commandMs;
    let isInterrupted = false;
    for (;;) {
      const said = this.#said.slice(start);
      const end = said.indexOf(mark);
      if (end >= 0 && said.indexOf('\n', end) > 0) {
        const status = Number(said.slice(end + mark.length).split('\n')[0]);
        return { command, output: said.slice(0, end), status: isInterrupted ? INTERRUPTED : status };
      }
      if (this.#child.exitCode !== null) throw new Error(`run ${command}: the shell has ended\n${said}`);
      if (performance.now() > deadline) throw new Error(`run ${command}: not after ${LIMITS.commandMs} ms\n${said}`);
      if (until?.test(said) && !isInterrupted) {
        isInterrupted = true;
        process.kill(-(this.#child.pid ?? 0), 'SIGINT');
      }
      await new Promise((resolve) => setTimeout(resolve, LIMITS.pollMs));
    }
  }

  /** Ends it, with whatever runs in it. */
  close(): void {
    if (this.#child.exitCode === null && this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The commands of a script, each whole: over lines that go on, here-documents, open quotes and loops. Comments are left out. */
export function commandsOf(script: string): string[] {
  const commands: string[] = [];
  let lines: string[] = [];
  for (const line of script.split('\n')) {
    if (lines.length === 0 && (line.trim() === '' || line.startsWith('#'))) continue;
    lines.push(line);
    const text = lines.join('\n');
    if (isWhole(text)) {
      commands.push(text);
      lines = [];
    }
  }
  if (lines.length > 0) throw new Error(`split a script: its end belongs to no command\n${lines.join('\n')}`);
  return commands;
}

function isWhole(text: string): boolean {
  const [, word] = /<<(\w+)/.exec(text) ?? [];
  if (word !== undefined) return text.endsWith(`\n${word}`);
  if (text.endsWith('\\') || text.split("'").length % 2 === 0) return false;
  return !/^for /.test(text) || /\ndone$/.test(text);
}
