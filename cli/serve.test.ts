// `dovetail serve` in a process of its own: the screen it shows, the example on it, a port that is taken, its end.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { PlanReport } from '../controller/kubernetes/index.ts';
import { ROOT, runHere, runProcess } from './testing.ts';

const FREE_PORTS = [
  '--grpc-port',
  '0',
  '--http-port',
  '0',
  '--health-port',
  '0',
  '--metrics-port',
  '0',
  '--workers',
  '1',
  '--log-level',
  'error',
];
const READY_WITHIN_MS = 60_000;

interface Serving {
  readonly child: ChildProcess;
  readonly screen: string;
  /** The exit code, or null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts the command and waits for its screen. */
function startServing(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Serving> {
  const child = spawn(process.execPath, ['bin/dovetail.js', 'serve', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return new Promise((resolve, reject) => {
    let screen = '';
    let errors = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`no screen within ${READY_WITHIN_MS} ms: ${screen}${errors}`));
    }, READY_WITHIN_MS);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
      if (!screen.includes('Ctrl-C')) return;
      clearTimeout(timer);
      resolve({ child, screen, ended });
    });
    ended.then((exitCode) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${exitCode}: ${errors}`));
    }, reject);
  });
}

describe('serve', () => {
  let serving: Serving;

  before(async () => {
    serving = await startServing(FREE_PORTS);
  });

  after(() => {
    serving?.child.kill('SIGKILL');
  });

  test('says in one screen where it listens', () => {
    const lines = serving.screen.trimEnd().split('\n');
    assert.ok(lines.length <= 24, `${lines.length} lines`);
    assert.match(serving.screen, /gRPC +127\.0\.0\.1:\d+/);
    assert.match(serving.screen, /Connect \(JSON\) +http:\/\/127\.0\.0\.1:\d+/);
    assert.match(serving.screen, /health +http:\/\/127\.0\.0\.1:\d+\/readyz/);
  });

  test('is ready where it says so', async () => {
    const url = /http:\/\/\S+\/readyz/.exec(serving.screen)?.[0] ?? '';
    assert.equal((await fetch(url)).status, 200);
  });

  test('tells its metrics where it says so', async () => {
    const url = /http:\/\/\S+\/metrics/.exec(serving.screen)?.[0] ?? '';
    const response = await fetch(url);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /^dovetail_build_info\{version="[^"]+",node_version="24\.[^"]+"\} 1$/m);
  });

  test('answers the curl example that it shows', async () => {
    const [, url = '', type = '', body = ''] =
      /curl -s (\S+) -H 'content-type: (\S+)' -d '(.*)'/.exec(serving.screen) ?? [];
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
    assert.equal(response.status, 200);
    const { plan } = (await response.json()) as { plan: { nodes: { pods: { names: string[] }[] }[] } };
    assert.deepEqual(
      plan.nodes.flatMap(({ pods }) => pods.flatMap(({ names }) => names)),
      ['web-1', 'web-2'],
    );
  });

  test('answers the solve example that it shows', async () => {
    const [, line = ''] = /npx dovetail (solve .*)/.exec(serving.screen) ?? [];
    const { exitCode, out, err } = await runHere([...line.split(' '), '-o', 'json']);
    assert.equal(exitCode, 0, err);
    assert.equal((JSON.parse(out) as PlanReport).nodes.flatMap(({ pods }) => pods).length, 5);
  });

  test('a second one on the same port names the flag that changes it', async () => {
    const port = /gRPC +127\.0\.0\.1:(\d+)/.exec(serving.screen)?.[1] ?? '';
    const { exitCode, err } = await runProcess(['serve', ...FREE_PORTS, '--grpc-port', port]);
    assert.equal(exitCode, 2);
    assert.equal(
      // A machine with much to do takes longer than two seconds, and is told so.
      err.replace(/^starting: still going .*\n/, ''),
      `error: start gRPC: cannot listen on 127.0.0.1:${port}: another program listens there. ` +
        'Choose another port with --grpc-port PORT (0 takes any free one)\n',
    );
  });

  test('the ports for HTTP, health and metrics name theirs', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    try {
      for (const flag of ['--http-port', '--health-port', '--metrics-port']) {
        const { exitCode, err } = await runHere(['serve', ...FREE_PORTS, flag, port]);
        assert.equal(exitCode, 2);
        assert.match(err, new RegExp(`another program listens there\\. Choose another port with ${flag} PORT`));
      }
    } finally {
      taken.close();
    }
  });

  test('ends with 0 when it is asked to', async () => {
    serving.child.kill('SIGTERM');
    assert.equal(await serving.ended, 0);
  });
});

describe('arguments of serve', () => {
  test('an address that others reach needs TLS or a word', async () => {
    const { exitCode, err } = await runHere(['serve', ...FREE_PORTS, '--bind-address', '0.0.0.0']);
    assert.equal(exitCode, 2);
    assert.match(err, /--tls-cert, --tls-key and --tls-client-ca .* or say --insecure/);
  });

  test('mutual TLS needs all three files, and files that are there', async () => {
    const half = await runHere(['serve', ...FREE_PORTS, '--tls-cert', 'a.pem']);
    assert.equal(half.exitCode, 2);
    assert.match(half.err, /needs three files: --tls-key and --tls-client-ca missing/);
    const gone = await runHere(['serve', ...FREE_PORTS, '--tls-cert', 'a', '--tls-key', 'b', '--tls-client-ca', 'c']);
    assert.match(gone.err, /--tls-cert a: ENOENT/);
  });

  test('numbers and levels are checked', async () => {
    assert.match((await runHere(['serve', '--grpc-port', '70000'])).err, /whole number from 0 to 65535/);
    assert.match((await runHere(['serve', '--workers', '0'])).err, /whole number from 1 to 256/);
    assert.match(
      (await runHere(['serve', '--log-level', 'loud'])).err,
      /Allowed choices are debug, info, warn, error, silent/,
    );
  });

  test('settings come from the environment too', async () => {
    const env = {
      DOVETAIL_GRPC_PORT: '0',
      DOVETAIL_HTTP_PORT: '0',
      DOVETAIL_HEALTH_PORT: '0',
      DOVETAIL_METRICS_PORT: '0',
      DOVETAIL_WORKERS: '1',
      LOG_LEVEL: 'silent',
    };
    const serving = await startServing([], env);
    try {
      assert.match(serving.screen, /1 worker,/);
      assert.doesNotMatch(serving.screen, /:50051/);
    } finally {
      serving.child.kill('SIGINT');
    }
    assert.equal(await serving.ended, 0);
  });
});
