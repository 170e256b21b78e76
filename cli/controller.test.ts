// `dovetail controller` as far as it comes without a cluster: its settings, and what it refuses. What it does in a cluster is
// shown by e2e/controller.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { parseStrictly, scrapedValue } from '../controller/metrics/testing/index.ts';
import type { Shown } from '../controller/page/index.ts';
import { smallCloudFacts, startCloudProcess } from '../controller/simulated-cloud/testing/index.ts';
import { ROOT, runHere, runProcess } from './testing.ts';

test('its help lists every setting by flag and variable, and not the options of other commands', async () => {
  const { exitCode, out, err } = await runHere(['controller', '--help']);
  assert.equal(exitCode, 0, err);
  assert.match(out, /--cluster-name \(CLUSTER_NAME\)/);
  assert.match(out, /--simulated-cloud \(SIMULATED_CLOUD\)/);
  assert.doesNotMatch(out, /--filename/);
});

test('all that is wrong with its settings is told at once', async () => {
  const { exitCode, err } = await runHere(['controller', '--cluster-name', 'shop', '--no-such', '--metrics-port', 'x']);
  assert.equal(exitCode, 2);
  assert.match(err, /--no-such: there is no such flag/);
  assert.match(err, /--metrics-port \(METRICS_PORT\): "x" is not a whole number/);
});

test('only a cloud on this machine is taken', async () => {
  for (const written of ['7070', 'cloud.example:7070', '127.0.0.1:0', '127.0.0.1:70000']) {
    const { exitCode, err } = await runHere(['controller', '--cluster-name=shop', `--simulated-cloud=${written}`]);
    assert.equal(exitCode, 2, written);
    assert.match(err, /--simulated-cloud \(SIMULATED_CLOUD\): ".*" is not/, written);
  }
});

test('a kubeconfig that is not there and a cloud that is not there are told, and end it', async () => {
  const nobody = await freePort();
  const env = { CLUSTER_NAME: 'shop', POD_NAMESPACE: 'karpenter', SIMULATED_CLOUD: `127.0.0.1:${nobody}` };
  const noConfig = await runProcess(['controller'], { env: { ...env, KUBECONFIG: '/nonexistent/config' } });
  assert.equal(noConfig.exitCode, 2, noConfig.err);
  assert.match(noConfig.err, /read kubeconfig/);
  const noCloud = await runProcess(['controller'], { env: { ...env, KUBECONFIG: '', HOME: '/nonexistent' } });
  assert.equal(noCloud.exitCode, 3, noCloud.err);
  assert.match(noCloud.err, /--simulated-cloud 127\.0\.0\.1:\d+: call the simulated cloud/);
  assert.match(noCloud.out, /"level":"WARN".*consolidation, drift and expiration are not built yet/);
});

test('where no API server answers it goes on asking, is alive and not ready, and ends when it is told to', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-no-server-'));
  const cloud = await startCloudProcess({ facts: smallCloudFacts() });
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(`https://127.0.0.1:${await freePort()}`)));
  const flags = [
    '--metrics-port=0',
    '--health-probe-port=0',
    '--webhook-port=0',
    '--bind-address=127.0.0.1',
    '--page',
    '--page-port=0',
  ];
  const env = { CLUSTER_NAME: 'shop', POD_NAMESPACE: 'karpenter', SIMULATED_CLOUD: `127.0.0.1:${cloud.port}` };
  const child = spawn(process.execPath, ['bin/dovetail.js', 'controller', ...flags], {
    cwd: ROOT,
    env: { ...process.env, ...env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await cloud.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const lines: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(line) as Record<string, unknown>);
    const said = (message: string) => lines.find((one) => one.message === message);
    if (said('failed reaching for the lease') === undefined || said('failed watching') === undefined) continue;
    const address = said('serving health probes')?.address as { readonly host: string; readonly port: number };
    const { host, port } = address;
    assert.equal((await fetch(`http://${host}:${port}/healthz`)).status, 200);
    assert.equal((await fetch(`http://${host}:${port}/readyz`)).status, 503);
    const scraped = await scrape(said('serving metrics')?.address);
    // The planning service of this process and the controller, in one text.
    assert.equal(scrapedValue(scraped, 'dovetail_workers'), 1);
    assert.equal(scrapedValue(scraped, 'karpenter_build_info'), 1);
    assert.equal(scrapedValue(scraped, 'leader_election_master_status'), 0);
    assert.ok(!scraped.has('karpenter_cluster_state_synced'), 'a replica that does not lead tells of the cluster');
    const page = String(said('showing the cluster on a page')?.page);
    const shown = (await (await fetch(`${page}/state`)).json()) as Shown;
    assert.deepEqual([shown.overview.cluster, shown.overview.isSynced], ['shop', false]);
    break;
  }
  assert.equal(child.exitCode, null, JSON.stringify(lines));
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

/** All metrics of a process, read as strictly as can be. */
async function scrape(address: unknown) {
  const { host, port } = address as { readonly host: string; readonly port: number };
  return parseStrictly(await (await fetch(`http://${host}:${port}/metrics`)).text());
}

/** Nothing of the machine's own AWS configuration, and an AWS that nobody answers for. */
async function noAws(): Promise<Record<string, string>> {
  return {
    AWS_REGION: '',
    AWS_DEFAULT_REGION: '',
    AWS_CONFIG_FILE: '/nonexistent/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}`,
    AWS_ACCESS_KEY_ID: 'nobody',
    AWS_SECRET_ACCESS_KEY: 'not-to-be-told',
  };
}

/** Starts the controller with EC2 as its cloud, on an API server that nobody answers for. */
async function spawnOnAws(directory: string, more: Readonly<Record<string, string>>) {
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(`https://127.0.0.1:${await freePort()}`)));
  const flags = ['--metrics-port=0', '--health-probe-port=0', '--bind-address=127.0.0.1'];
  const env = { CLUSTER_NAME: 'shop', POD_NAMESPACE: 'karpenter', ...(await noAws()), KUBECONFIG: kubeconfig, ...more };
  return spawn(process.execPath, ['bin/dovetail.js', 'controller', ...flags], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('without a region it says where it looked for one, and ends', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-no-region-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const child = await spawnOnAws(directory, {});
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.resume();
  assert.deepEqual(await once(child, 'close'), [2, null]);
  assert.match(err, /AWS_REGION: no region is known/);
});

test('while AWS does not say whose account it is, it is alive, not ready, and says why without a secret', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-no-account-'));
  const child = await spawnOnAws(directory, { AWS_REGION: 'us-west-2' });
  const ended = once(child, 'exit');
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.includes('failed finding out whose account it is')) break;
  }
  assert.match(lines.join('\n'), /sts:GetCallerIdentity: /);
  assert.doesNotMatch(lines.join('\n'), /not-to-be-told/);
  assert.equal(child.exitCode, null);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

test('settings of AWS beside a simulated cloud are said to change nothing', async (t) => {
  const cloud = await startCloudProcess({ facts: smallCloudFacts() });
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-both-'));
  const more = { SIMULATED_CLOUD: `127.0.0.1:${cloud.port}`, INTERRUPTION_QUEUE: 'shop' };
  const child = await spawnOnAws(directory, more);
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await cloud.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  for await (const line of createInterface({ input: child.stdout })) {
    assert.ok(!line.includes('serving health probes'), 'it was not said before the work began');
    if (line.includes('--interruption-queue (INTERRUPTION_QUEUE) changes nothing')) break;
  }
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

function kubeconfigOf(server: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user: { token: 'none' } }],
  };
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
