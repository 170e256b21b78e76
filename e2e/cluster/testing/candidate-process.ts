// One candidate as a child process, and what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('candidate.ts', import.meta.url));

/** The process. */
export class CandidateProcess {
  readonly identity: string;
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #said: string[] = [];

  constructor(identity: string, kubeconfig: string, namespace: string) {
    this.identity = identity;
    const child = spawn(process.execPath, [program, kubeconfig, namespace, identity], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#said.push(line));
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`)));
    this.#child = child;
  }

  /** Whether the last that it said is that it leads. A process that is stopped or dead says nothing new. */
  get saysItLeads(): boolean {
    return this.#said.at(-1)?.startsWith('leads') ?? false;
  }

  /** Epochs of its terms, in order. */
  get epochs(): bigint[] {
    return this.#said.filter((line) => line.startsWith('leads')).map((line) => BigInt(line.slice('leads '.length)));
  }

  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}
