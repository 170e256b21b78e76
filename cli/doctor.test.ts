// `dovetail doctor` without a way to AWS: nothing is asked of the network. With one, it is held to moto (e2e/aws).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHere, runProcess } from './testing.ts';

/** No configuration but what a case gives. */
const NOWHERE: NodeJS.ProcessEnv = {
  HOME: '/nonexistent',
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_REGION: '',
  AWS_DEFAULT_REGION: '',
  AWS_ACCESS_KEY_ID: '',
  AWS_PROFILE: '',
  CLUSTER_NAME: '',
};

test('a cluster has to be named, and forms are those that there are', async () => {
  const unnamed = await runHere(['doctor']);
  assert.equal(unnamed.exitCode, 2);
  assert.match(unnamed.err, /--cluster-name/);
  const form = await runHere(['doctor', '--cluster-name', 'shop', '-o', 'yaml']);
  assert.equal(form.exitCode, 2);
});

test('without a region it says so, and how to set one', async () => {
  const { exitCode, out } = await runProcess(['doctor', '--cluster-name', 'shop'], { env: NOWHERE });
  assert.equal(exitCode, 1);
  assert.match(out, /^region: No region is known/m);
  assert.match(out, /^ {2}export AWS_REGION=REGION$/m);
});

test('without credentials it says so, names what it did not look at, and settings are looked at all the same', async () => {
  const args = ['doctor', '--cluster-name', 'shop', '--region', 'us-west-2', '-o', 'json'];
  const env = { ...NOWHERE, AWS_DEFAULT_INSTANCE_PROFILE: 'old' };
  const { exitCode, out } = await runProcess(args, { env });
  assert.equal(exitCode, 1);
  const { findings, unchecked } = JSON.parse(out) as Record<string, { check: string; commands?: string[] }[]>;
  assert.deepEqual(
    findings?.map(({ check }) => check),
    ['setting', 'credentials'],
  );
  assert.match(findings?.[1]?.commands?.[1] ?? '', /role-arn=arn:aws:iam::ACCOUNT:role\/KarpenterControllerRole-shop$/);
  assert.deepEqual(
    unchecked?.map(({ check }) => check),
    ['everything else'],
  );
});

test('a context that the kubeconfig does not have is wrong input', async () => {
  const args = ['doctor', '--cluster-name', 'shop', '--region', 'us-west-2', '--context', 'nobody'];
  const { exitCode, err } = await runProcess(args, { env: { ...NOWHERE, KUBECONFIG: '/nonexistent/kubeconfig' } });
  assert.equal(exitCode, 2);
  assert.match(err, /--context nobody/);
});
