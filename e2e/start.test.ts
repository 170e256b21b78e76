// `npm run e2e:start`: what the README says of the first two commands, by npm, on free ports: `npm start` tells how five pods
// get a node, its service answers a call made with nothing but HTTP and JSON, it ends when it is told to, and with --once by
// itself. `dovetail serve` says what to try, and that works.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));

/** From npm's start to what is waited for: the goals are far below this, npm and a busy machine are not. */
const READY_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 10_000;

const FREE_PORTS = ['--grpc-port', '0', '--http-port', '0', '--health-port', '0', '--metrics-port', '0'];

interface Started {
  readonly process: ChildProcess;
  /** What it has written so far. */
  readonly text: () => string;
  /** Resolves with the time since the start when the output has it; rejects when that takes too long or the process ends. */
  until(pattern: RegExp): Promise<number>;
}

/** Starts a command in a process group of its own, as a terminal does. */
function start(command: string, args: readonly string[]): Started {
  const startedMs = performance.now();
  const started = spawn(command, args, { cwd: rootDirectory, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const heard = new Set<() => void>();
  for (const stream of [started.stdout, started.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const listener of heard) listener();
    });
  }
  const until = async (pattern: RegExp): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const look = (): void => {
      if (pattern.test(text)) resolve(performance.now() - startedMs);
    };
    const timer = setTimeout(() => reject(new Error(`${pattern} does not come: ${text}`)), READY_TIMEOUT_MS);
    const onExit = (code: number | null): void => reject(new Error(`ended with ${code} before ${pattern}: ${text}`));
    heard.add(look);
    started.once('exit', onExit);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      heard.delete(look);
      started.off('exit', onExit);
    }
  };
  return { process: started, text: () => text, until };
}

/**
 * Ends as a terminal's ctrl-C does: the signal goes to npm and to everything below it. Resolves when the last process that
 * holds the pipes has ended: the command, not only npm, which has its own way of ending on a signal.
 */
async function interrupt({ process: started }: Started): Promise<void> {
  const closed = once(started, 'close', { signal: AbortSignal.timeout(END_TIMEOUT_MS) });
  stopGroup(started, 'SIGINT');
  await closed;
}

function stopGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

function addressIn(welcome: string, pattern: RegExp): string {
  const address = pattern.exec(welcome)?.[1];
  assert.ok(address !== undefined, welcome);
  return address;
}

async function callOf(url: string, body: string): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(response.status, 200);
  const { plan } = (await response.json()) as { plan: { nodes: { pods: { names: string[] }[] }[]; hash: string } };
  const names = plan.nodes.flatMap((node) => node.pods.flatMap((pods) => pods.names));
  assert.deepEqual(names.sort(), ['web-1', 'web-2']);
  assert.match(plan.hash, /^[0-9a-f]{64}$/);
}

test('npm start tells how five pods get a node, serves calls meanwhile, and ends when told to', async () => {
  const demo = start('npm', ['start', '--', '--page-port', '0', ...FREE_PORTS]);
  try {
    const welcomedMs = await demo.until(/Ctrl-C ends it\./);
    const health = addressIn(demo.text(), /(http:\/\/127\.0\.0\.1:\d+\/readyz)/);
    assert.equal((await fetch(health)).status, 200);
    const page = addressIn(demo.text(), /page +(http:\/\/127\.0\.0\.1:\d+)/);
    assert.match(await (await fetch(page)).text(), /<title>Dovetail<\/title>/);
    const joinedMs = await demo.until(/node \S+ has joined the cluster/);
    const runningMs = await demo.until(/ s {2}5 pods of deployment\/inflate run/);
    const seconds = [welcomedMs, joinedMs, runningMs].map((ms) => `${(ms / 1000).toFixed(1)} s`);
    console.log(
      `npm start: welcome after ${seconds[0]}, first node ${seconds[1]}, five pods run ${seconds[2]}, npm included`,
    );
    await interrupt(demo);
    assert.match(demo.text(), /ending/);
    await assert.rejects(fetch(health));
  } finally {
    stopGroup(demo.process, 'SIGKILL');
  }
});

test('npm start -- --once ends by itself when the five pods run', async () => {
  const demo = start('npm', ['start', '--', '--once', '--page-port', '0', ...FREE_PORTS]);
  try {
    const [code] = await once(demo.process, 'close', { signal: AbortSignal.timeout(READY_TIMEOUT_MS) });
    assert.equal(code, 0, demo.text());
    assert.match(demo.text(), /^5 pods run, none waits; 1 node, /m);
  } finally {
    stopGroup(demo.process, 'SIGKILL');
  }
});

test('dovetail serve says where it listens and what to try, and the call that it shows works', async () => {
  const service = start(process.execPath, ['bin/dovetail.js', 'serve', ...FREE_PORTS]);
  try {
    await service.until(/Ctrl-C ends it\./);
    const welcome = service.text();
    assert.ok(welcome.split('\n').length <= 40, 'the welcome does not fit on one screen');
    assert.match(welcome, /gRPC +127\.0\.0\.1:\d+/);
    const health = addressIn(welcome, /(http:\/\/127\.0\.0\.1:\d+\/readyz)/);
    assert.equal((await fetch(health)).status, 200);
    await callOf(addressIn(welcome, /curl -s (http:\S+)/), addressIn(welcome, /-d '(\{.*\})'/));
    await interrupt(service);
    assert.match(service.text(), /ending/);
    await assert.rejects(fetch(health));
  } finally {
    stopGroup(service.process, 'SIGKILL');
  }
});
