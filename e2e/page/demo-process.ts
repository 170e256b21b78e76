// `dovetail demo` as a process that a test starts, looks into by what its page answers, and stops. It is no part of the demo:
// everything goes through the command line and HTTP.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Shown } from '../../controller/page/index.ts';

const rootDirectory = fileURLToPath(new URL('../../', import.meta.url));

const START_TIMEOUT_MS = 60_000;
/** After so long it counts as hung: a crowd on a machine that is busy with other things takes its time. */
const UNTIL_TIMEOUT_MS = 180_000;
const LOOK_MS = 100;

const SERVICE_PORTS = ['--grpc-port', '0', '--http-port', '0', '--health-port', '0', '--metrics-port', '0'];

/** One demo. */
export class DemoProcess {
  readonly #child: ChildProcess;
  #text = '';
  /** http://127.0.0.1:PORT */
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    child.stdout?.on('data', (chunk: string) => {
      this.#text += chunk;
    });
  }

  /** Starts a demo; resolves when its page answers. Port 0 takes any free one. */
  static async start(args: readonly string[] = [], pagePort = 0): Promise<DemoProcess> {
    const command = ['bin/dovetail.js', 'demo', ...SERVICE_PORTS, '--page-port', String(pagePort), ...args];
    const child = spawn(process.execPath, command, { cwd: rootDirectory, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    }
    const endMs = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const url = /page +(http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
      if (url !== undefined) return new DemoProcess(child, url);
      if (child.exitCode !== null || performance.now() > endMs) throw new Error(`start demo: no page: ${text}`);
      await pause(LOOK_MS);
    }
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** What it has written since its page was there. */
  get text(): string {
    return this.#text;
  }

  /** What there is now, by the page's own answer. */
  async state(): Promise<Shown> {
    return (await (await fetch(`${this.url}/state`)).json()) as Shown;
  }

  /** Asks for something as the page does; answers what came of it. */
  async act(name: string, body: object = {}): Promise<{ readonly status: number; readonly message: string }> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.url}/actions/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, ...((await answer.json()) as { readonly message: string }) };
  }

  /** Waits until something holds of the state, and answers that state. */
  async until(what: string, holds: (shown: Shown) => boolean): Promise<Shown> {
    const endMs = performance.now() + UNTIL_TIMEOUT_MS;
    for (;;) {
      const shown = await this.state();
      if (holds(shown)) return shown;
      if (performance.now() > endMs) {
        throw new Error(
          `${what}: not within ${UNTIL_TIMEOUT_MS} ms\n${JSON.stringify(shown.overview.totals)}\n${this.#text}`,
        );
      }
      await pause(LOOK_MS);
    }
  }

  /** Waits until exactly so many pods run, none waits or goes, and all nodes are ready. */
  untilRunning(podCount: number): Promise<Shown> {
    return this.until(`${podCount} pods run`, ({ overview: { totals, workloads } }) => {
      const others = workloads.reduce((sum, { starting, ending }) => sum + starting + ending, 0);
      return totals.running === podCount && totals.waiting === 0 && others === 0 && totals.ready === totals.nodes;
    });
  }

  /** Holds it still, or lets it go on: to whoever looks on it is a machine that sleeps. */
  hold(isHeld: boolean): void {
    this.#child.kill(isHeld ? 'SIGSTOP' : 'SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGINT');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), START_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }
}
