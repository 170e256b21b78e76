// `dovetail controller` as a process of its own, as its ServiceAccount and with nothing else, and what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseStrictly, type ScrapedMetric } from '../../controller/metrics/testing/index.ts';
import { LIMITS } from './limits.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** What it is started with. */
export interface ControllerProcessOptions {
  readonly kubeconfig: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly podName: string;
  /** More flags. */
  readonly flags?: readonly string[];
  /** More of the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A line of its log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** The process. */
export class ControllerProcess {
  /** Its log up to now. */
  readonly lines: LogLine[] = [];
  /** What it wrote that is no line of the log. */
  readonly otherLines: string[] = [];
  /** `code N`, or the signal. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;

  constructor(options: ControllerProcessOptions) {
    const { kubeconfig, clusterName, namespace, podName, flags = [], environment = {} } = options;
    const { lease, certificateLifetime } = LIMITS;
    this.#child = spawn(
      process.execPath,
      [
        'bin/dovetail.js',
        'controller',
        '--bind-address=127.0.0.1',
        '--metrics-port=0',
        '--health-probe-port=0',
        '--webhook-port=0',
        `--webhook-certificate-lifetime=${certificateLifetime}`,
        `--leader-election-lease-duration=${lease.duration}`,
        `--leader-election-renew-deadline=${lease.renewDeadline}`,
        `--leader-election-retry-period=${lease.retryPeriod}`,
        ...flags,
      ],
      {
        cwd: ROOT,
        // Nothing of the caller's own settings reaches it.
        env: {
          PATH: process.env.PATH ?? '',
          HOME: '/nonexistent',
          KUBECONFIG: kubeconfig,
          CLUSTER_NAME: clusterName,
          POD_NAME: podName,
          POD_NAMESPACE: namespace,
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    this.ended = new Promise((resolve) =>
      this.#child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`)),
    );
  }

  /** Where the API server may ask it; undefined until it listens, and once it has ended. */
  get webhookPort(): number | undefined {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return undefined;
    const address = this.lines.find(({ message }) => message === 'listening for the webhook')?.address;
    return (address as { readonly port: number } | undefined)?.port;
  }

  /** Whether it leads, as far as it has said. */
  get leads(): boolean {
    const last = this.lines.findLast(({ message }) => message === 'became leader' || message === 'stopped leading');
    return last?.message === 'became leader';
  }

  says(message: string): boolean {
    return this.lines.some((line) => line.message === message);
  }

  /** Lines that `grep -i error` finds, and what is no line at all. */
  get complaints(): unknown[] {
    return [...this.lines.filter((line) => /error/i.test(JSON.stringify(line))), ...this.otherLines];
  }

  /** Answers of its health endpoint; 0 while nobody listens. */
  async health(path: '/healthz' | '/readyz'): Promise<number> {
    const address = this.lines.find(({ message }) => message === 'serving health probes')?.address;
    if (address === undefined) return 0;
    const { host, port } = address as { readonly host: string; readonly port: number };
    return await get(host, port, path);
  }

  /** Its metrics, read as strictly as they can be. */
  async metrics(): Promise<ReadonlyMap<string, ScrapedMetric>> {
    const address = this.lines.find(({ message }) => message === 'serving metrics')?.address;
    const { host, port } = address as { readonly host: string; readonly port: number };
    const response = await fetch(`http://${host}:${port}/metrics`);
    if (response.headers.get('content-type') !== PROMETHEUS_TEXT)
      throw new Error('metrics are not Prometheus text 0.0.4');
    return parseStrictly(await response.text());
  }

  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  /** Ends it however that is done; for after a test. */
  async end(): Promise<void> {
    this.signal('SIGTERM');
    // One that has been stopped hears nothing else.
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), LIMITS.stopMs);
    await this.ended;
    clearTimeout(timer);
  }

  #take(line: string): void {
    try {
      this.lines.push(JSON.parse(line) as LogLine);
    } catch {
      this.otherLines.push(line);
    }
  }
}

function get(host: string, port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const call = request({ host, port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.once('error', () => resolve(0));
    call.end();
  });
}
