// One program of the control plane as a child process: started with its output kept, watched until it is ready, stopped
// with a signal. It dies with this process, however this process ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from './limits.ts';

/** A running program. */
export class ServerProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #output: string;
  #end: string | undefined;

  /** Starts the program. Its environment is empty but for what is said here: settings of the caller's shell stay out. */
  constructor(name: string, path: string, args: readonly string[], directory: string) {
    this.name = name;
    this.#output = '';
    this.#child = spawn(path, [...args], {
      cwd: directory,
      env: { PATH: process.env.PATH ?? '', HOME: directory, DOVETAIL_DIE_WITH_PARENT: String(process.pid) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-LIMITS.keptOutputLength);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    });
    this.#ended.then((end) => {
      this.#end = end;
    });
  }

  /** The process's id, for tests that kill or stop it themselves. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it wrote last. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when `isReady` answers true. Throws with its output when the program ends or takes too long. */
  async waitUntil(isReady: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + LIMITS.readyMs;
    while (!(await isReady())) {
      if (this.#end !== undefined) throw new Error(`start ${this.name}: it ended with ${this.#end}\n${this.#output}`);
      if (performance.now() > deadline) {
        throw new Error(`start ${this.name}: it is not ready after ${LIMITS.readyMs} ms\n${this.#output}`);
      }
      await sleep(LIMITS.readyPollMs);
    }
  }

  /** Throws with its output when the program has ended. */
  assertRunning(): void {
    if (this.#end !== undefined) throw new Error(`${this.name} ended with ${this.#end}\n${this.#output}`);
  }

  /** Ends the program: SIGTERM, and SIGKILL where that is not enough. */
  async stop(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), LIMITS.stopMs);
    await this.#ended;
    clearTimeout(killer);
  }
}

/** Whether a GET is answered with 200. Certificates are not looked at: this only asks whether somebody is there. */
export function answersOk(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? requestTls : request;
    const call = send(url, { rejectUnauthorized: false, agent: false, timeout: LIMITS.callMs }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('error', () => resolve(false));
    call.once('timeout', () => call.destroy());
    call.end();
  });
}

/** So many loopback ports that nobody listens on. Another process may take one before it is used; starting fails then. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
