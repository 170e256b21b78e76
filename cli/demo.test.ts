// `dovetail demo` in a process of its own: what it tells, how it ends, and what it says of wrong input.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Shown } from '../controller/page/index.ts';
import { ROOT, runProcess } from './testing.ts';

const FREE_PORTS = [
  '--page-port',
  '0',
  '--grpc-port',
  '0',
  '--http-port',
  '0',
  '--health-port',
  '0',
  '--metrics-port',
  '0',
];

test('the demo tells in plain lines how five pods get a node, and ends when they run', async () => {
  const { exitCode, out, err } = await runProcess(['demo', '--once', ...FREE_PORTS], {
    env: { FORCE_COLOR: undefined },
  });
  assert.equal(exitCode, 0, out + err);
  const told = [
    /simulated cluster and cloud/,
    /Instances start 10 times faster than on EC2; prices are those of us-east-1/,
    / s {2}deployment\/inflate is scaled to 5$/m,
    / s {2}5 pods of deployment\/inflate wait for a node$/m,
    / s {2}plan 1 \([\d.]+ ms\): \w+\.\w+ spot in us-east-1\w, ~\$0\.\d+ an hour, for 5 pods of deployment\/inflate/m,
    / s {2}node default-\w+ is starting: i-\w+/m,
    / s {2}node default-\w+ has joined the cluster: ip-/m,
    / s {2}node default-\w+ is ready/m,
    / s {2}5 pods of deployment\/inflate run$/m,
    /^5 pods run, none waits; 1 node, CPU \d+ %, memory \d+ % full; ~\$0\.\d+ an hour, ~\$[\d.]+ a month$/m,
  ];
  let from = 0;
  for (const pattern of told) {
    const found = out.slice(from).search(pattern);
    assert.ok(found >= 0, `${pattern} is missing, or comes too early:\n${out}`);
    from += found;
  }
  // It is asked for while the node starts.
  assert.match(out, / s {2}plan 1, why: the cheapest of [\d,]+ offerings/m);
  assert.ok(!out.includes('\u001b'), 'there are no terminal codes without a terminal');
});

test('the demo runs manifests of the user, and says what would let in a pod that finds no place', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dovetail-demo-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pool = { apiVersion: 'karpenter.sh/v1', kind: 'NodePool', metadata: { name: 'mine' }, spec: {} };
  const nodeClass = {
    apiVersion: 'karpenter.k8s.aws/v1',
    kind: 'EC2NodeClass',
    metadata: { name: 'default' },
    spec: {
      role: 'nodes',
      subnetSelectorTerms: [{ tags: { team: 'shop' } }],
      securityGroupSelectorTerms: [{ tags: { team: 'shop' } }],
    },
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'giant' },
    spec: { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '4000' } } }] },
  };
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } };
  const file = join(folder, 'mine.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pool, nodeClass, pod, service] }));
  const running = startDemoProcess(['-f', file]);
  t.after(() => running.child.kill('SIGKILL'));
  await running.until(/plan 1, to let pod\/giant in: /);
  assert.match(running.text(), /Service web: the demo's cluster does nothing with it/);
  assert.match(running.text(), /no place for 1 pod of pod\/giant: pool mine: /);
  const page = /page +(http:\/\/127\.0\.0\.1:\d+)/.exec(running.text())?.[1];
  const shown = (await (await fetch(`${page}/state`)).json()) as Shown;
  assert.equal(shown.overview.waiting[0]?.workload, 'pod/giant');
  assert.equal(shown.overview.waiting[0]?.kind, 'left-out');
  assert.equal(shown.actions?.zones.length, 6);
  running.child.kill('SIGINT');
  assert.equal(await running.ended, 0, running.text());
});

test('daemonsets, jobs and replica sets of the user get their pods, and nodes for them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dovetail-demo-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const template = (app: string, cpu: string, more: object = {}) => ({
    metadata: { labels: { app } },
    spec: {
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'main', image: 'x', resources: { requests: { cpu } } }],
      ...more,
    },
  });
  const selector = (app: string) => ({ matchLabels: { app } });
  const workload = (apiVersion: string, kind: string, name: string, spec: object) => ({
    apiVersion,
    kind,
    metadata: { name },
    spec,
  });
  const items = [
    workload('apps/v1', 'DaemonSet', 'logs', { selector: selector('logs'), template: template('logs', '200m') }),
    workload('apps/v1', 'ReplicaSet', 'web', {
      replicas: 3,
      selector: selector('web'),
      template: template('web', '1'),
    }),
    workload('batch/v1', 'Job', 'report', {
      completions: 4,
      parallelism: 2,
      template: template('report', '500m', { restartPolicy: 'Never' }),
    }),
  ];
  const file = join(folder, 'workloads.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const pool = 'examples/mission/01-default-nodepool-and-nodeclass.yaml';
  const { exitCode, out } = await runProcess(['demo', '--once', ...FREE_PORTS, '-f', pool, '-f', file]);
  assert.equal(exitCode, 0, out);
  for (const running of ['3 pods of replicaset/web run', '2 pods of job/report run', 'of daemonset/logs run']) {
    assert.ok(out.includes(running), out);
  }
  assert.match(out, /^\d pods run, none waits; \d nodes?,/m);
  assert.ok(!out.includes('does nothing with it'), out);
});

test('a port that is taken is named with the flag that changes it', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  for (const flag of ['--grpc-port', '--page-port']) {
    const { exitCode, err } = await runProcess(['demo', ...FREE_PORTS, flag, String(port)]);
    assert.equal(exitCode, 2);
    assert.match(
      err,
      new RegExp(`127\\.0\\.0\\.1:${port}: another program listens there\\. Choose another port with ${flag}`),
    );
  }
});

test('manifests that can not be read, or without a pool, end the demo before it begins', async () => {
  const nowhere = await runProcess(['demo', ...FREE_PORTS, '-f', 'no/such/folder']);
  assert.equal(nowhere.exitCode, 2);
  assert.match(nowhere.err, /no\/such\/folder: there is no such file or folder/);
  const poolless = await runProcess(['demo', ...FREE_PORTS, '-f', 'examples/mission/02-inflate-deployment.yaml']);
  assert.equal(poolless.exitCode, 2);
  assert.match(poolless.err, /the manifests have no NodePool/);
});

test('an unknown region is refused with those that there are', async () => {
  const { exitCode, err } = await runProcess(['demo', ...FREE_PORTS, '--region', 'eu-nowhere-1']);
  assert.equal(exitCode, 2, err);
  assert.match(err, /--region: .*eu-central-1/);
});

interface DemoProcess {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly ended: Promise<number | null>;
  /** Resolves when the output has it; rejects when the process ends before. */
  until(pattern: RegExp): Promise<void>;
}

function startDemoProcess(args: readonly string[]): DemoProcess {
  const child = spawn(process.execPath, ['bin/dovetail.js', 'demo', ...FREE_PORTS, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (const listener of heard) listener();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const until = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        heard.delete(look);
        resolve();
      };
      heard.add(look);
      ended.then((code) => reject(new Error(`ended with ${code} before ${pattern}: ${text}`)), reject);
      look();
    });
  return { child, text: () => text, ended, until };
}
