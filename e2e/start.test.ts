// `npm run e2e:start`: the service as a user starts it, by npm, on free ports: it says where it listens, is ready,
// answers a call made with nothing but HTTP and JSON, and ends when it is told to.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));

/** From npm's start to the welcome: the goal for the service alone is far below this, npm and a busy machine are not. */
const READY_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 10_000;

interface StartedService {
  readonly npm: ChildProcess;
  readonly welcome: string;
  readonly startedInMs: number;
  /** What it has written to standard error so far. */
  readonly errorText: () => string;
}

/** Starts `npm start` in a process group of its own and waits for its welcome. */
async function startByNpm(): Promise<StartedService> {
  const startedMs = performance.now();
  const npm = spawn(
    'npm',
    ['start', '--', '--grpc-port', '0', '--http-port', '0', '--health-port', '0', '--metrics-port', '0'],
    {
      cwd: rootDirectory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let out = '';
  let error = '';
  npm.stderr.on('data', (chunk: Buffer) => {
    error += chunk.toString();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`npm start is not ready: ${out}${error}`)), READY_TIMEOUT_MS);
  npm.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    if (out.includes('Ctrl-C ends it.')) resolve();
  });
  npm.once('exit', (code) => reject(new Error(`npm start ended with code ${code}: ${out}${error}`)));
  try {
    await promise;
  } catch (cause) {
    stopGroup(npm, 'SIGKILL');
    throw cause;
  } finally {
    clearTimeout(timer);
  }
  return { npm, welcome: out, startedInMs: performance.now() - startedMs, errorText: () => error };
}

/** As a terminal's ctrl-C does: the signal goes to npm and to everything below it. */
function stopGroup(npm: ChildProcess, signal: NodeJS.Signals): void {
  if (npm.pid === undefined) return;
  try {
    process.kill(-npm.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

function addressIn(welcome: string, pattern: RegExp): string {
  const address = pattern.exec(welcome)?.[1];
  assert.ok(address !== undefined, welcome);
  return address;
}

test('npm start says where it listens, is ready, answers a call and ends when told to', async () => {
  const { npm, welcome, startedInMs, errorText } = await startByNpm();
  console.log(`npm start was ready after ${startedInMs.toFixed(0)} ms, npm included`);
  try {
    assert.ok(welcome.split('\n').length <= 40, 'the welcome does not fit on one screen');
    assert.match(welcome, /gRPC +127\.0\.0\.1:\d+/);
    const health = addressIn(welcome, /(http:\/\/127\.0\.0\.1:\d+\/readyz)/);
    assert.equal((await fetch(health)).status, 200);

    // The welcome's own curl line is tried, so that it cannot be wrong.
    const url = addressIn(welcome, /curl -s (http:\S+)/);
    const body = addressIn(welcome, /-d '(\{.*\})'/);
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal(response.status, 200);
    const { plan } = (await response.json()) as { plan: { nodes: { pods: { names: string[] }[] }[]; hash: string } };
    const names = plan.nodes.flatMap((node) => node.pods.flatMap((pods) => pods.names));
    assert.deepEqual(names.sort(), ['web-1', 'web-2']);
    assert.match(plan.hash, /^[0-9a-f]{64}$/);

    // `close` comes when the last process that holds the pipes has ended: the service, not only npm, which has its own
    // way of ending on a signal.
    const closed = once(npm, 'close', { signal: AbortSignal.timeout(END_TIMEOUT_MS) });
    stopGroup(npm, 'SIGINT');
    await closed;
    assert.match(errorText(), /ending/);
    await assert.rejects(fetch(health));
  } finally {
    stopGroup(npm, 'SIGKILL');
  }
});
