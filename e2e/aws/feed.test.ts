// `dovetail feed` and `dovetail prices` as users run them, on moto behind the fault proxy and a service of its own; and a
// recording of the region, from which the embedded catalogue is made as it is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { embeddedRegionSource, type RunningServer } from '../../server/index.ts';
import { startTestServer } from '../../server/testing/index.ts';
import { type AwsWorld, PRICES, startAwsWorld } from './aws-world.ts';
import { ACCOUNT, REGION } from './moto/index.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/dovetail.js', import.meta.url));

interface Run {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

describe('dovetail feed', () => {
  let world: AwsWorld;
  let server: RunningServer;
  let folder: string;

  before(async () => {
    world = await startAwsWorld();
    server = await startTestServer({ regions: embeddedRegionSource });
    folder = mkdtempSync(join(tmpdir(), 'dovetail-feed-'));
  });
  after(async () => {
    await server?.close();
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function run(...args: readonly string[]): Promise<Run> {
    const env = {
      ...process.env,
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: world.proxy.endpoint,
      AWS_ACCESS_KEY_ID: 'tests',
      AWS_SECRET_ACCESS_KEY: 'tests',
    };
    return new Promise((resolve) => {
      execFile(process.execPath, [PROGRAM, ...args], { env }, (error, out, err) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  }

  const prices = async (...more: readonly string[]) => {
    const args = ['prices', 'm7i.large', 'm5.large', '--region', REGION, '--zone', `${REGION}a`];
    const { out, exitCode } = await run(...args, '--engine-address', server.grpcAddress, ...more);
    assert.equal(exitCode, 0);
    return out;
  };

  test('feeds once: prices of the account are told with source and age, and those of nobody’s account stay', async () => {
    const fed = await run('feed', '--engine-address', server.grpcAddress, '--once');
    assert.equal(fed.exitCode, 0, fed.err);
    assert.match(fed.err, /"message":"fed offerings"/);
    const own = await prices('--account', ACCOUNT);
    const dollars = PRICES['m7i.large'].toFixed(4).replace('.', '\\.');
    assert.match(own, new RegExp(`m7i\\.large +\\S+ +on-demand +\\$${dollars} +reported +\\d+[sm]`));
    assert.match(own, /m5\.large +\S+ +spot +\$0\.0000 +reported +\d+[sm]/);
    assert.match(own, /m5\.large +\S+ +on-demand +~\$0\.0960 +estimated +-/);
    assert.match(await prices(), /m7i\.large +\S+ +on-demand +~\$\S+ +estimated +-/);
  });

  test('feeds the catalogue of nobody’s account where it is told to', async () => {
    const fed = await run('feed', '--engine-address', server.grpcAddress, '--once', '--shared');
    assert.equal(fed.exitCode, 0, fed.err);
    assert.match(await prices(), /m7i\.large +\S+ +on-demand +\$\S+ +reported/);
  });

  test('says which right is missing, and that nothing was fed', async () => {
    const refusal = { kind: 'refuse', code: 'UnauthorizedOperation', message: 'no' } as const;
    world.proxy.faults.plan('DescribeInstanceTypeOfferings', refusal);
    const { exitCode, err } = await run('feed', '--engine-address', server.grpcAddress, '--once');
    assert.equal(exitCode, 3);
    assert.match(err, /has to allow ec2:DescribeInstanceTypeOfferings/);
    assert.match(err, /AWS did not say what is offered where/);
    world.proxy.faults.clear();
  });

  test('says that nobody answers at the service’s address', async () => {
    const { exitCode, err } = await run('feed', '--engine-address', '127.0.0.1:1', '--once');
    assert.equal(exitCode, 3);
    assert.match(err, /list offerings: .*ECONNREFUSED/);
  });

  test('records the region as AWS describes it', async () => {
    const file = join(folder, 'recorded.json');
    const { exitCode, out, err } = await run('feed', '--record', file);
    assert.equal(exitCode, 0, err);
    assert.match(out, /recorded\.json: \d+ types, 4 zones, 4 prices of us-west-2/);
    const recording = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(recording.schema, 1);
    assert.equal(recording.types['m5.large'].MemoryInfo.SizeInMiB, 8_192);
    assert.ok(recording.offeringsByZone[`${REGION}a`].includes('m5.large'));
    assert.deepEqual(recording.zones[0], { name: `${REGION}a`, zoneId: 'usw2-az2' });
    assert.equal(recording.onDemandPrices['m7i.large'], PRICES['m7i.large'].toFixed(9));
  });
});
