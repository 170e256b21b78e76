// A terminal that a test types into and reads: tmux, with a server of its own for each.
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const rootDirectory = fileURLToPath(new URL('../../', import.meta.url));

const UNTIL_TIMEOUT_MS = 60_000;
const LOOK_MS = 100;

let terminalCount = 0;

/** One terminal with one command in it. */
export class Terminal {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Starts a command of words without spaces; when it ends, its exit code is written as "ended with N". */
  static async open(
    command: readonly string[],
    size: { readonly columns: number; readonly rows: number },
  ): Promise<Terminal> {
    terminalCount += 1;
    const terminal = new Terminal(`dovetail-${process.pid}-${terminalCount}`);
    const { columns, rows } = size;
    const shell = `${command.join(' ')}; echo ended with $?; sleep 600`;
    const at = ['-x', String(columns), '-y', String(rows), '-c', rootDirectory];
    try {
      // Without the status line, which would take a row.
      await terminal.#tmux('-f', '/dev/null', 'new-session', '-d', ...at, shell, ';', 'set', 'status', 'off');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new Error('there is no tmux: on Debian and Ubuntu `apt-get install tmux` brings it', { cause: error });
    }
    return terminal;
  }

  /** What is on the screen, a line each, without the empty ones at the end. */
  async screen(): Promise<string[]> {
    const { stdout } = await this.#tmux('capture-pane', '-p');
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  }

  async press(key: string): Promise<void> {
    await this.#tmux('send-keys', key);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Waits until something holds of the screen, and answers that screen. */
  async until(what: string, holds: (lines: readonly string[]) => boolean | Promise<boolean>): Promise<string[]> {
    const endMs = performance.now() + UNTIL_TIMEOUT_MS;
    for (;;) {
      const lines = await this.screen();
      if (await holds(lines)) return lines;
      if (performance.now() > endMs) throw new Error(`${what}: not within ${UNTIL_TIMEOUT_MS} ms\n${lines.join('\n')}`);
      await pause(LOOK_MS);
    }
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined);
  }

  #tmux(...args: string[]): Promise<{ readonly stdout: string }> {
    return run('tmux', ['-L', this.#socket, ...args], {
      env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' },
    });
  }
}
