// `dovetail feed` without a way to AWS: nothing is asked of the network. With one, it is held to moto (e2e/aws).
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
};

test('a service or a file has to be named', async () => {
  const { exitCode, err } = await runHere(['feed']);
  assert.equal(exitCode, 2);
  assert.match(err, /--engine-address: name the service to feed, or a file to --record into/);
});

test('a period is written as the controller’s, and may not be too short', async () => {
  const args = ['feed', '--engine-address', '127.0.0.1:1', '--price-refresh-interval'];
  for (const [written, words] of [
    ['soon', /--price-refresh-interval: "soon" is not/],
    ['5s', /--price-refresh-interval: "5s" is less than 60000 ms/],
  ] as const) {
    const { exitCode, err } = await runHere([...args, written]);
    assert.equal(exitCode, 2);
    assert.match(err, words);
  }
});

test('without a region it says so', async () => {
  const { exitCode, err } = await runProcess(['feed', '--engine-address', '127.0.0.1:1'], { env: NOWHERE });
  assert.equal(exitCode, 2);
  assert.match(err, /--region: none is known/);
});

test('without credentials it ends, and says what is missing', async () => {
  const args = ['feed', '--engine-address', '127.0.0.1:1', '--region', 'us-west-2'];
  const { exitCode, err } = await runProcess(args, { env: NOWHERE });
  assert.equal(exitCode, 3);
  assert.match(err, /sts:GetCallerIdentity: not permitted: .*credentials/i);
});
