// `dovetail controller` as far as it comes without a cluster: its settings, and what it refuses. What it does in a cluster is
// shown by e2e/controller.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { runHere, runProcess } from './testing.ts';

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

test('without a cloud it says that there is no adapter for EC2 yet', async () => {
  const { exitCode, err, out } = await runHere(['controller', '--cluster-name=shop']);
  assert.equal(exitCode, 2);
  assert.match(err, /no EC2 adapter is built yet.*--simulated-cloud/);
  assert.equal(out, '');
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

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
